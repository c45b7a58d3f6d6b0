"""The vocabulary: what the layers hand to each other (DESIGN section 4).

Frozen, slotted, JSON-able through `to_json` and `from_json`. `Credential` alone is neither: it lives in memory.
Times are aware datetimes in UTC and become RFC 3339 text with a `Z`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from offkey.canonical import digest
from offkey.found import Authorship as Authorship
from offkey.found import Claim as Claim
from offkey.found import Confidence as Confidence
from offkey.found import Finding as Finding
from offkey.found import Gap as Gap
from offkey.found import Ownership as Ownership
from offkey.found import Place as Place
from offkey.found import Reach as Reach
from offkey.found import Span as Span
from offkey.found import Use as Use
from offkey.found import timestamp as timestamp
from offkey.secret import Secret, SecretLeak

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


class Liveness(StrEnum):
    LIVE = "LIVE"
    DEAD = "DEAD"
    UNKNOWN = "UNKNOWN"


class Bond(StrEnum):
    """What ties a credential to the person. THEIRS needs evidence that a committer cannot write himself."""

    THEIRS = "theirs"
    INTRODUCED = "introduced"
    EXPOSED = "exposed"
    NONE = "none"


class Action(StrEnum):
    REVOKE = "REVOKE"
    DISABLE = "DISABLE"
    REMOVE = "REMOVE"
    ROTATE = "ROTATE"
    REPLACE = "REPLACE"
    REWRITE = "REWRITE"
    HAND_OVER = "HAND_OVER"
    KEEP = "KEEP"


class Outcome(StrEnum):
    REVOKED = "REVOKED"
    DISABLED = "DISABLED"
    REMOVED = "REMOVED"
    ROTATED = "ROTATED"
    REPLACED = "REPLACED"
    ALREADY_DEAD = "ALREADY_DEAD"
    PROPOSED = "PROPOSED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    NOT_IDENTIFIED = "NOT_IDENTIFIED"
    SKIPPED = "SKIPPED"
    HANDED_OVER = "HANDED_OVER"
    FAILED = "FAILED"
    UNDONE = "UNDONE"
    ATTESTED = "ATTESTED"


DEATHS = frozenset({Outcome.REVOKED, Outcome.DISABLED, Outcome.REMOVED, Outcome.ROTATED, Outcome.ALREADY_DEAD})
"""Outcomes that show a credential's end."""
CLOSED = DEATHS | {Outcome.REPLACED}
"""Outcomes after which nothing is left to do for a step. A replaced credential still lives; its successor is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    provider: str
    id: str
    login: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One name/e-mail/account held to be the person (or not), with the reason.

    `basis` is the best source of the evidence (`offboarding/identity/edges.py`); without one, nothing is proven.
    """

    name: str = ""
    email: str = ""
    account: Account | None = None
    evidence: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`certain` identities may be acted on, `probable` need a person's yes, `excluded` are shared, bots or others."""

    id: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    left_at: datetime | None = None
    certain: tuple[Identity, ...] = ()
    probable: tuple[Identity, ...] = ()
    excluded: tuple[Identity, ...] = ()
    confirmed_by_directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why a run begins. `kind` is leaver, mover (to `role`) or leave; the same delivery twice is the same run."""

    source: str
    delivery_id: str
    subject: str
    effective_at: datetime
    received_at: datetime
    kind: str = "leaver"
    involuntary: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A value in memory, for its issuer alone. `parts` by name; `secret` is the part that authenticates."""

    kind: str
    parts: Mapping[str, Secret]

    @property
    def secret(self) -> Secret:
        return self.parts["secret"]

    def __reduce__(self) -> NoReturn:
        raise SecretLeak("a Credential cannot be serialised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the issuer says. UNKNOWN always carries a reason; a 403, a time-out or a 5xx is UNKNOWN, never DEAD."""

    liveness: Liveness
    reason: str
    at: datetime
    holder: Account | None = None
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPoint:
    """One way in: a leaked key, a grant, a session, a membership. One noun, one path.

    `provider_id` identifies it at the provider, `fingerprint` by value; `places` is where the value can be re-read.
    """

    id: str
    provider: str
    kind: str
    holder: Account | None = None
    ownership: Ownership = Ownership.UNKNOWN
    bond: Bond = Bond.EXPOSED
    fingerprint: str = ""
    provider_id: str = ""
    redacted: str = ""
    last_used: datetime | None = None
    check: Check | None = None
    places: tuple[Place, ...] = ()
    evidence: tuple[str, ...] = ()
    usage: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an opt-out covers, all of it by name: `actions` at `systems` (instances), narrowed by kinds and credentials.

    A credential is named by its point's id, `provider:id` or fingerprint. No kinds, or no credentials, narrow nothing.
    """

    systems: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    kinds: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Why something of `subject` (the directory's id) stays a while. `subject_ids` are their accounts, `provider#id`.

    `on_expiry` is "run" or "approve"; without `allow_after_disable` it is void when the directory says that they left.
    """

    id: str
    subject: str
    scope: Scope
    reason: str
    requester: str
    requested_at: datetime
    not_before: datetime
    expires_at: datetime
    subject_ids: tuple[str, ...] = ()
    ticket: str = ""
    allow_after_disable: bool = False
    on_expiry: str = "approve"
    approver: str = ""
    approved_at: datetime | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Where the successor of a shared credential goes, from the configuration: a store, and the secret in it.

    `fields` gives for each part of the credential the name under which the store keeps it; `successor` is who takes the
    holder's place, where a holder cannot have two. `store_at` is the store's instance. The old one is switched off when
    it was not used for `quiet_hours`, and handed to people where it still is after `deadline_hours`.
    """

    store: str
    place: Mapping[str, str]
    fields: Mapping[str, str]
    quiet_hours: int
    deadline_hours: int
    successor: str = ""
    store_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do to one access point. `needs` names an extra yes that the approval must carry, or is empty.

    `after` is the step that comes first; with `observe_hours` it must have been done for that long. `rotation` is
    REPLACE's alone. `keeps` is what an opt-out (`how`) keeps a KEEP step from doing.
    """

    id: str
    point: AccessPoint
    action: Action
    reversible: bool
    reason: str
    breaks: tuple[str, ...] = ()
    needs: str = ""
    after: str = ""
    how: str = ""
    observe_hours: int = 0
    rotation: Rotation | None = None
    keeps: Action | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would be done: `steps`, and `exposed` for people to rotate. A step's `after` must be proven dead first.

    Not slotted: its digest is asked for at every turn, and kept.
    """

    run: str
    person: Person
    requester: str
    created_at: datetime
    expires_at: datetime
    rules_digest: str
    key_id: str
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...] = ()
    optouts: tuple[OptOut, ...] = ()
    exposed: tuple[AccessPoint, ...] = ()
    mirrors: tuple[str, ...] = ()
    role: str = ""
    version: int = 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the whole plan: any changed byte of meaning changes it."""
        return digest(to_json(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signed yes to exactly one plan. `allows` lists the extra yeses (`Step.needs`) it carries."""

    plan_digest: str
    approver: str
    at: datetime
    expires_at: datetime
    allows: tuple[str, ...] = ()
    signature: str = ""

    @property
    def signed(self) -> bool:
        """Whether there is a signature. Whether it holds, is verified before anything is done under it."""
        return bool(self.signature)

    @property
    def statement(self) -> dict[str, Any]:
        """What the signature covers: everything but itself."""
        return {key: value for key, value in to_json(self).items() if key != "signature"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One redacted request and answer. `status` 0 means that no answer came."""

    method: str
    target: str
    status: int
    at: datetime
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    step: str
    outcome: Outcome
    before: Check | None
    after: Check | None
    exchanges: tuple[Exchange, ...]
    started_at: datetime
    finished_at: datetime
    note: str = ""
    advice: str = ""
    assignee: str = ""
    due: datetime | None = None
    optout: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """With a `salt`, `hash` covers a commitment to `body` instead of `body` itself, which can then be erased."""

    seq: int
    at: datetime
    actor: str
    type: str
    run: str
    body: Mapping[str, Any]
    prev: str
    hash: str
    salt: str = ""


def _refuse_secret(_: object) -> NoReturn:
    raise SecretLeak("a Secret or Credential cannot be turned to JSON")


@cache
def _converter() -> "Converter":
    from cattrs import Converter  # takes as long to import as all else that a second scan reads
    from cattrs.gen import make_dict_unstructure_fn, override

    made = Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(datetime, timestamp)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    # A plan of before there was one of these fields keeps its digest.
    lately = override(omit_if_default=True)
    step = make_dict_unstructure_fn(Step, made, observe_hours=lately, rotation=lately, keeps=lately)
    made.register_unstructure_hook(Step, step)
    made.register_unstructure_hook(Plan, make_dict_unstructure_fn(Plan, made, exposed=lately, role=lately))
    made.register_unstructure_hook(Receipt, make_dict_unstructure_fn(Receipt, made, optout=lately))
    made.register_unstructure_hook(Secret, _refuse_secret)
    made.register_unstructure_hook(Credential, _refuse_secret)
    return made


def to_json(record: Any) -> Any:
    """Plain JSON data of any record of this module (or a tuple or dict of them)."""
    return _listed(_converter().unstructure(record))


def from_json(data: Any, kind: type[T]) -> T:
    """The record of type `kind` in plain JSON data. Unknown keys and wrong types raise `cattrs.BaseValidationError`."""
    return _converter().structure(data, kind)


def _listed(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _listed(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_listed(item) for item in data]
    if isinstance(data, Enum):
        return data.value
    if isinstance(data, str) and not data.isascii():
        # Git's paths need not be UTF-8; canonical JSON must be. Objects are re-read by id, so spelling it out will do.
        return data.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return data
