"""Uses of what was ended, after its end (R40). Pure.

Clocks differ, and providers note uses in their own time: a use counts only when it is later than the end by more than
the tolerance. A provider that gives the day alone (its time is midnight) counts from the next day on. A use at a time
when offkey itself asked with the value is taken for that asking.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from offboarding.ledger.history import Past
from offboarding.verifying.drift import identity
from offkey.model import DEATHS, AccessPoint, Action, timestamp

RECENT = timedelta(hours=1)
"""A check asks with values for some time before it is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One use after the end. `key` names its evidence: the same is reported once."""

    key: str
    provider: str
    kind: str
    point: str
    ended_at: datetime
    used_at: datetime
    words: str


def find(
    told: Past, listed: Iterable[AccessPoint], asked: Iterable[datetime], tolerance: timedelta
) -> Iterator[Incident]:
    """What the providers' lists say of uses after the end. `asked` are the times of offkey's own checks."""
    ends, by_value = _ends(told), _by_value(told)
    own = list(asked)
    for point in sorted(listed, key=lambda point: point.id):
        ended = ends.get(identity(point))
        if ended is None or point.last_used is None or not is_later(point.last_used, ended, tolerance):
            continue
        if identity(point) in by_value and _may_be_ours(point.last_used, own, tolerance):
            continue
        used = timestamp(point.last_used)
        what = f"{point.kind} {point.provider_id}".strip()
        yield Incident(
            key=f"{point.provider}:{point.id}:{used}",
            provider=point.provider,
            kind=point.kind,
            point=point.id,
            ended_at=ended,
            used_at=point.last_used,
            words=f"{what} at {point.provider} was used {used}, after its end {timestamp(ended)}",
        )


def is_later(used: datetime, ended: datetime, tolerance: timedelta) -> bool:
    """Whether a use is surely later than the end."""
    if used.time() == time():
        return used.date() > (ended + tolerance).date()
    return used > ended + tolerance


def _may_be_ours(used: datetime, asked: Iterable[datetime], tolerance: timedelta) -> bool:
    if used.time() == time():
        return any(at.date() == used.date() for at in asked)
    return any(at - tolerance - RECENT <= used <= at + tolerance for at in asked)


def _ends(told: Past) -> dict[tuple[str, str, str], datetime]:
    """When each access point was first seen ended, of those whose end was not taken back."""
    assert told.plan is not None
    found: dict[tuple[str, str, str], datetime] = {}
    for step in told.plan.steps:
        receipt = told.receipts.get(step.id)
        if step.action is not Action.REWRITE and receipt is not None and receipt.outcome in DEATHS:
            ident = identity(step.point)
            found[ident] = min(found.get(ident, receipt.finished_at), receipt.finished_at)
    return found


def _by_value(told: Past) -> set[tuple[str, str, str]]:
    assert told.plan is not None
    return {identity(step.point) for step in told.plan.steps if step.point.fingerprint and step.point.places}
