"""The other yes that a `Writer` takes: a standing approval, verified for exactly one plan (DESIGN rule 1).

`offboarding/containment/consent.py` alone makes one, after it has verified both signatures; a test walks the code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from offkey.model import Approval

LEAST_APPROVERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """`standing` is the standing approval's digest, `signatures` are pairs of approver and signature.

    `stopped` is asked before every request that changes something: why nothing more may be done, or "".
    """

    plan_digest: str
    standing: str
    signatures: tuple[tuple[str, str], ...]
    expires_at: datetime
    stopped: Callable[[], str]

    @property
    def signed(self) -> bool:
        """Whether two different approvers signed."""
        names = {approver.casefold() for approver, signature in self.signatures if approver and signature}
        return bool(self.standing) and len(names) >= LEAST_APPROVERS


Yes = Approval | Warrant
"""What a Writer cannot be made without."""
