"""What rotation asks of a provider that makes successors, and of a secret store that takes them (ADR 17).

A maker is `revokers/rotation/<provider>.py`. It has a gate of its own: only its Writer can make a credential.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from offkey.http import Gate, Reader, Writer
from offkey.model import AccessPoint, Check, Credential, Exchange
from offkey.secret import Secret
from revokers.protocol import Option

WHOLE = ""
"""The name under which a credential of one part is the whole secret, not a field of a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaceable:
    """A kind that can have a successor: the sets of parts of which a store is given one, and what ends the old one.

    `breaks` says what happens between the successor's making and the old one's end; `settles` for how many seconds a
    new one may not be known yet. `by_name`: the successor is another holder, whom the configuration names.
    """

    parts: tuple[frozenset[str], ...]
    ends: tuple[Option, ...]
    breaks: tuple[str, ...] = ()
    settles: float = 0
    by_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A successor in memory: its id at the provider, and its value."""

    provider_id: str
    credential: Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUse:
    """When a credential was last used, None for never; `tells` is False where the provider does not say."""

    tells: bool
    at: datetime | None = None
    by: str = ""


class Maker(Protocol):
    """A provider that can make a second credential of the same holder beside the first."""

    PROVIDER: str
    URL: str
    gate: Gate
    NEEDS: Mapping[str, str]
    KINDS: Mapping[str, Replaceable]

    def listed(self, http: Reader, settings: Any, point: AccessPoint, successor: str, /) -> Mapping[str, datetime]:
        """The ids of all that the point's holder has of its kind, with when each was made; the point's is among them.
        With `by_name` those of the holder and the successor that can be used.

        Raises NotIdentified where the holder is not the plan's or does not have it, Unclear, NoAnswer.
        """

    def create(self, http: Writer, settings: Any, point: AccessPoint, successor: str, /) -> Made:
        """Make one more for the same holder, or the named successor's, once.

        Raises NotIdentified or NotAutomatic when nothing was sent or it was refused for a limit, Unclear for another
        refusal, NoAnswer when it may or may not have happened.
        """

    def check(self, http: Reader, credential: Credential, /) -> Check:
        """Ask the issuer as the successor itself."""

    def used(self, http: Reader, settings: Any, point: AccessPoint, identity: str, /) -> LastUse:
        """When this one of the holder's was last used. Raises Unclear, NoAnswer."""

    def discard(self, http: Writer, settings: Any, point: AccessPoint, identity: str, /) -> Exchange:
        """Delete a successor that no store got. The exchange is no proof: ask `listed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a store has now: one version for each thing that is written, which a change of it changes, and the fields'
    values where the store tells them.
    """

    versions: tuple[str, ...]
    values: Mapping[str, Secret] | None = None


class SecretStore(Protocol):
    """A store whose existing secret takes the parts of a credential. `PROVIDER` names the table that is used."""

    PROVIDER: str
    NEEDS: Mapping[str, str]
    PLACES: tuple[frozenset[str], ...]
    """The sets of keys of which a place must have exactly one."""

    def refusal(self, place: Mapping[str, str], fields: Mapping[str, str], /) -> str:
        """What is wrong with an address or with the fields' names, in words, or "". Pure."""

    def gate(self, place: Mapping[str, str], /) -> tuple[Gate, str]:
        """The gate of this place and its fixed address, "" where there is none."""

    def look(self, http: Reader, settings: Any, place: Mapping[str, str], fields: Mapping[str, str], /) -> Held:
        """What is there. Raises NotIdentified where the secret does not exist, Unclear, NoAnswer."""

    def put(
        self, http: Writer, settings: Any, place: Mapping[str, str], values: Mapping[str, Secret], before: Held, /
    ) -> Exchange:
        """Give each name its value, and leave whatever else the secret holds. The last exchange says how
        it went. Raises Unclear when nothing was sent, NoAnswer when it may or may not have happened.
        """
