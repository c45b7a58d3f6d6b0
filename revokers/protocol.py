"""What a provider's module must offer. A module is checked against `Revoker` by mypy where the registry names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from offkey.errors import OffkeyError
from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness

LAST_OWNER = "the organisation's last owner"
"""Evidence of access whose end would leave nobody to administer an organisation: a plan that ends it refuses itself."""
UNTOLD = "whether anybody else administers the organisation was not seen"
"""Evidence of access that is ended with an extra yes alone, for it may be the last owner's."""


class NotIdentified(OffkeyError):
    """The exact credential cannot be tied down: by value, or by an id that belongs to this holder. Nothing was sent."""


class NotAutomatic(OffkeyError):
    """offkey does not do this by itself: the advice says who does it and where. Nothing was sent."""


class Unclear(OffkeyError):
    """The provider answered, but not what was asked: a refusal, an error, or an answer without the expected fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be done about a kind of credential.

    `by` says what identifies it: its value, or an id. `needs` names the extra yes an approval must carry. `how` tells
    a person what to do by hand: for HAND_OVER, or when the extra yes is missing. `shows` lists the statuses that prove
    this very action; empty means that any DEAD does. `via` is who may: anybody who has the value ("value"), the
    credential itself ("self"), an administrator who ends this one credential ("admin") or the whole account ("person").
    `proof` names the answer that shows the end, "GET /user: 401". `mails` says whom the provider writes to about it.
    """

    action: Action
    reversible: bool
    needs: str = ""
    reason: str = ""
    breaks: tuple[str, ...] = ()
    by: Literal["value", "id"] = "id"
    how: str = ""
    shows: tuple[str, ...] = ()
    via: Literal["value", "self", "admin", "person"] = "admin"
    proof: str = ""
    mails: str = ""


def reached(option: Option, check: Check) -> bool:
    """True when the check proves that this action's end is reached.

    An inactive AWS key is DEAD and reaches DISABLE, but not REVOKE: that one needs the status "deleted".
    """
    return check.liveness is Liveness.DEAD and (not option.shows or check.status in option.shows)


@runtime_checkable
class Undoes(Protocol):
    """A module whose DISABLE can be taken back."""

    def undo(self, http: Writer, settings: Any, point: AccessPoint, credential: Credential | None, /) -> Exchange:
        """Take the DISABLE back, once. The exchange is no proof: ask `state`. Raises as `revoke` does."""


@runtime_checkable
class Trusts(Protocol):
    """A module whose provider lets people, or machines, sign in with SSH keys (ADR 16)."""

    def authorised(self, http: Reader, settings: Any, keys: frozenset[str], /) -> Iterator[AccessPoint | Gap]:
        """Each place where one of these public keys is authorised, whoever's it is, and a Gap for what was not read.

        `keys` are fingerprints, `SHA256:...` as `ssh-keygen -l` writes them; a point has its own in `redacted`.
        """


@runtime_checkable
class Identifies(Protocol):
    """A module that can say which listed key a value is, where the value itself names no holder (ADR 19)."""

    IDENTIFIES: Mapping[str, str]
    """The kinds, each with what makes it certain, as a sentence of the plan's evidence."""

    def identify(self, http: Reader, settings: Any, credential: Credential, /) -> AccessPoint:
        """The listed key that this value is, whoever's it is, with the id and kind that `inventory` gives it.

        By an id that stands in the value or that its issuer names, or by what is true of one key in lists of the whole
        organisation, read to their end. Raises NotIdentified where it is none or may be several, Unclear and NoAnswer
        where a list could not be read: then nothing is joined.
        """


@runtime_checkable
class Issues(Protocol):
    """A module that can tell from an answer whether the configured instance issued the value (ADR 18)."""

    def issued(self, settings: Any, answer: Check, /) -> bool | None:
        """Whether `check`'s answer is what this instance alone says; False: another's; None: that cannot be told."""


class Revoker(Protocol):
    """One provider. READS and WRITES are the whole of what may be sent, besides GET and HEAD."""

    PROVIDER: str
    URL: str
    HOSTS: frozenset[str]
    READS: frozenset[Operation]
    WRITES: frozenset[Operation]
    NEEDS: Mapping[str, str]
    """Each permission that the organisation's credential needs, with what for."""
    HANDLES: Mapping[str, tuple[Option, ...]]
    """Kinds with their options in the order of execution, reversible first."""
    BY_EMAIL: bool
    """Whether `inventory` finds a person by e-mail address alone; where nobody has it, it lists nothing."""
    gate: Gate

    def options(self, point: AccessPoint, /) -> tuple[Option, ...]:
        """The options for this one point: HANDLES, unless something about it forbids them (root keys, last owners)."""

    def check(self, http: Reader, credential: Credential, /) -> Check:
        """Ask the issuer, as the credential itself. Never raises for what a provider answers: that is UNKNOWN."""

    def inventory(self, http: Reader, settings: Any, account: Account, /) -> Iterator[AccessPoint | Gap]:
        """What the account holds, from the organisation's own lists; a Gap for each list that could not be read."""

    def state(self, http: Reader, settings: Any, point: AccessPoint, credential: Credential | None, /) -> Check:
        """Ask again, by the organisation's credential where that says more: the proof before and after a revocation."""

    def revoke(
        self, http: Writer, settings: Any, action: Action, point: AccessPoint, credential: Credential | None, /
    ) -> Exchange:
        """Do it, once. The exchange is no proof: ask `state`.

        Raises NotIdentified or NotAutomatic when nothing was sent, NoAnswer when it may or may not have happened.
        """
