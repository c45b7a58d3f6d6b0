"""A standing approval: what may be switched off at once, and why it may not. Pure (DESIGN rule 1, ADR 22).

It lists (provider, kind, action) triples. A wildcard is written out when it is made, so that approvers see what they
sign and a later version of offkey adds nothing to it. What cannot be taken back, or needs an extra yes, is refused here
and again at every use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from offboarding.asking import issuers
from offboarding.configuration import providers
from offkey.canonical import canonical, digest
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import Action, Bond, Ownership, Step, to_json
from revokers.protocol import Option

ENDING = frozenset({Action.DISABLE, Action.REMOVE, Action.REVOKE})
ANY = "*"


class StandingRefused(OffkeyError):
    """No standing approval covers this now. Nothing was done; the full plan and its approval are the way."""

    exit_code = Exit.WAITS_FOR_APPROVAL


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cover:
    """One thing that may be done: `provider` is an instance's name, `kind` and `action` as in a step."""

    provider: str
    kind: str
    action: Action

    def __str__(self) -> str:
        return f"{self.provider}:{self.kind}:{self.action.value}"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What two approvers sign. The limits count steps begun: for one person in all, for everybody in 24 hours.

    `key_id` is the organisation key's: what was signed for another installation, whose instances may bear the same
    names, holds nowhere else. With `early` it also covers a departure that the directory confirms, before its time has
    come.
    """

    requester: str
    made_at: datetime
    expires_at: datetime
    covers: tuple[Cover, ...]
    most_per_person: int
    most_per_day: int
    early: bool = False
    key_id: str = ""
    version: int = 2

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its canonical JSON."""
        return digest(to_json(self))

    @property
    def id(self) -> str:
        """What people call it."""
        return f"st-{self.digest.removeprefix('sha256:')[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """One approver's signature under a standing approval."""

    standing: str
    approver: str
    at: datetime
    signature: str = ""

    @property
    def statement(self) -> bytes:
        """The bytes that the signature covers."""
        return canonical({key: value for key, value in to_json(self).items() if key != "signature"})


def covers_in(texts: Iterable[str], known: Sequence[str]) -> tuple[Cover, ...]:
    """The triples that `PROVIDER:KIND:ACTION` texts mean; kind and action may be `*`. `known` are instances' names.

    Raises UsageError for what offkey does not know, StandingRefused for what cannot be taken back.
    """
    found = {cover for text in texts for cover in _expanded(text, known)}
    if not found:
        raise UsageError("a standing approval covers something", advice="--cover okta:okta.account:DISABLE")
    return tuple(sorted(found))


def _expanded(text: str, known: Sequence[str]) -> list[Cover]:
    name, kind, word = ([*text.split(":"), "", ""])[:3]
    if text.count(":") != 2 or not (name and kind and word):
        raise UsageError(
            f"{text!r} is not PROVIDER:KIND:ACTION", advice="such as okta:okta.account:DISABLE, or aws:*:*"
        )
    if name not in known:
        raise UsageError(
            f"{name!r} is not configured",
            advice=f"name an instance of offkey.toml: {', '.join(known) or 'there is none'}",
        )
    handled = providers.revoker(name).HANDLES
    if kind != ANY and kind not in handled:
        raise UsageError(f"{name} has no kind {kind!r}", advice="`offkey revokers` lists them")
    if word not in {ANY, *(action.value for action in ENDING)}:
        raise UsageError(f"{word!r} ends nothing", advice="DISABLE, REMOVE, REVOKE or *")
    ways = [(each, way) for each in ([kind] if kind != ANY else sorted(handled)) for way in handled[each]]
    meant = [(each, way) for each, way in ways if word in (ANY, way.action.value)]
    good = [Cover(provider=name, kind=each, action=way.action) for each, way in meant if may_stand(way)]
    if not good:
        raise StandingRefused(
            f"{text}: {'it cannot be taken back' if meant else 'offkey does not do that'}",
            advice="a standing approval is for what can be taken back, and needs no extra yes",
        )
    return good


def may_stand(way: Option) -> bool:
    """Whether an option may be approved in advance: it can be taken back, needs nothing else, and goes by an id."""
    return way.reversible and way.action in ENDING and not way.needs and way.by == "id"


def make(
    requester: str,
    covers: tuple[Cover, ...],
    now: datetime,
    *,
    key_id: str,
    valid: timedelta,
    longest: timedelta,
    most_per_person: int,
    most_per_day: int,
    early: bool = False,
) -> Standing:
    """A standing approval that two approvers still have to sign. Raises StandingRefused beyond the policy's maximum."""
    if not timedelta(0) < valid <= longest:
        raise StandingRefused(
            f"it would hold for {valid.days} days; the limit is {longest.days}",
            advice="make it shorter, or raise max_days under [standing]",
        )
    if min(most_per_person, most_per_day) < 1:
        raise UsageError("a limit is at least 1", advice="--per-person and --per-day count steps")
    return Standing(
        requester=requester,
        key_id=key_id,
        made_at=now,
        expires_at=now + valid,
        covers=covers,
        most_per_person=most_per_person,
        most_per_day=most_per_day,
        early=early,
    )


def uncovered(standing: Standing, step: Step) -> str:
    """Why the step is not covered, or "". The revoker is asked again whether the action can be taken back."""
    point = step.point
    ways = [way for way in issuers.options(point) if way.action is step.action and way.reversible == step.reversible]
    if not step.reversible or not ways or not all(map(may_stand, ways)) or step.needs:
        return "it cannot be taken back, or needs a yes of its own"
    if point.ownership is not Ownership.PERSONAL or point.bond is not Bond.THEIRS:
        return "it is not plainly the person's own"
    if not point.provider_id:
        return "it cannot be named exactly at its issuer"
    if Cover(provider=point.provider, kind=point.kind, action=step.action) not in standing.covers:
        return f"{point.provider}:{point.kind}:{step.action.value} is not among what it covers"
    return ""


def rank(step: Step) -> int:
    """The order within one provider: the account's sign-in first, then sessions, then keys."""
    ways = [way for way in issuers.options(step.point) if way.action is step.action]
    session = "session" in step.point.kind
    if any(way.via == "person" for way in ways) and not session:
        return 0
    return 1 if session else 2
