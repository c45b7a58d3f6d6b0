"""Keyed fingerprints: the only form in which a credential's value leaves memory (DESIGN rule 7)."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from offkey.errors import OffkeyError
from offkey.secret import Secret

KEY_BYTES = 32


class KeyUnusable(OffkeyError):
    """The organisation key is missing, too short or of another organisation."""


@dataclass(frozen=True)
class OrgKey:
    """The organisation's fingerprint key. `ephemeral` keys last one process and are never stored or printed."""

    key: Secret
    ephemeral: bool = False

    def __post_init__(self) -> None:
        if len(self.key.reveal()) < KEY_BYTES:
            raise KeyUnusable(
                f"the organisation key is shorter than {KEY_BYTES} bytes", advice="run `offkey doctor --init`"
            )

    @property
    def id(self) -> str:
        """Eight hex characters that tell one organisation key from another, derived one-way."""
        return hmac.new(self.key.reveal(), b"offkey-key-id", hashlib.sha256).hexdigest()[:8]

    def fingerprint(self, kind: str, parts: Mapping[str, bytes]) -> str:
        """`hmac-sha256:<key id>:<64 hex>` over the kind and each named part.

        Part names and lengths are framed, so no two different credentials share an input.
        """
        mac = hmac.new(self.key.reveal(), digestmod=hashlib.sha256)
        for piece in (kind.encode(), *(x for name in sorted(parts) for x in (name.encode(), parts[name]))):
            mac.update(len(piece).to_bytes(8, "big") + piece)
        return f"hmac-sha256:{self.id}:{mac.hexdigest()}"


def ephemeral_key() -> OrgKey:
    """A random key for one process: groups equal values together, means nothing outside."""
    return OrgKey(Secret(secrets.token_bytes(KEY_BYTES)), ephemeral=True)
