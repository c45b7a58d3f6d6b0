"""Who makes one successor, and the store that takes it, each with a Writer of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.ledger.history import Rotating
from offkey.fingerprint import OrgKey
from offkey.http import Writer
from offkey.model import AccessPoint, Credential, Exchange, Rotation
from offkey.secret import Secret
from revokers.rotation import Held, LastUse, Made, Maker, Replaceable, SecretStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotator:
    """Of one REPLACE step."""

    rotation: Rotation
    point: AccessPoint
    maker: Maker
    http: Writer
    settings: Any
    store: SecretStore
    store_http: Writer
    store_settings: Any

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What was sent to either, in the order of time."""
        return sorted([*self.http.exchanges, *self.store_http.exchanges], key=lambda exchange: exchange.at)

    @property
    def kind(self) -> Replaceable:
        """How the credential of this step is replaced."""
        return self.maker.KINDS[self.point.kind]

    def listed(self) -> Mapping[str, datetime]:
        """What the holder has. Raises as the maker's `listed` does, as do the next three."""
        return self.maker.listed(self.http, self.settings, self.point, self.rotation.successor)

    def create(self) -> Made:
        return self.maker.create(self.http, self.settings, self.point, self.rotation.successor)

    def used(self, identity: str) -> LastUse:
        return self.maker.used(self.http, self.settings, self.point, identity)

    def discard(self, identity: str) -> Exchange:
        return self.maker.discard(self.http, self.settings, self.point, identity)

    def look(self) -> Held:
        """What the store has now. Raises NotIdentified, Unclear, NoAnswer."""
        return self.store.look(self.store_http, self.store_settings, self.rotation.place, self.rotation.fields)

    def put(self, credential: Credential, before: Held) -> Exchange:
        """Write the parts under their names, once. Raises as the store's `put` does."""
        values = {name: credential.parts[part] for part, name in self.rotation.fields.items()}
        return self.store.put(self.store_http, self.store_settings, self.rotation.place, values, before)

    def fingerprint(self, key: OrgKey, kind: str, parts: Mapping[str, Secret]) -> str:
        """The keyed fingerprint of the parts that are stored."""
        return key.fingerprint(kind, {part: parts[part].reveal() for part in self.rotation.fields})

    def holds(self, key: OrgKey, kind: str, made: Rotating, now: Held) -> bool:
        """Whether the store has this very successor; where it tells no values, whether all that was written changed."""
        if now.values is None:
            pairs = zip(made.before, now.versions, strict=False)
            return len(made.before) == len(now.versions) and all(old != new for old, new in pairs)
        parts = {part: now.values.get(name, Secret(b"")) for part, name in self.rotation.fields.items()}
        return self.fingerprint(key, kind, parts) == made.fingerprint
