"""A signed statement that somebody has done what was handed over. Data alone: the ledger's history reads it, too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offkey.canonical import canonical
from offkey.model import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """`step` of exactly the plan with this digest; `note` says what was done, in the signer's words."""

    plan_digest: str
    step: str
    signer: str
    at: datetime
    note: str
    signature: str = ""

    @property
    def statement(self) -> bytes:
        """What the signature covers: the canonical JSON of everything but itself."""
        data: dict[str, Any] = to_json(self)
        return canonical({key: value for key, value in data.items() if key != "signature"})
