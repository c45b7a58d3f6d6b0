"""A run against the clock: when the person left, when offkey was told, when each access was ended and seen dead. Pure.

The clock of an auditor starts at the hour of the person's leaving, which the HR system or the directory gave, and not
when somebody began to work on it: so a run that was told late shows as late, with the hours that were lost before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from offboarding.applying.outcomes import SETTLED
from offboarding.containment.history import so_far
from offboarding.ledger.history import Past, past
from offkey.model import DEATHS, AccessPoint, Action, AuditEvent, Check, Gap, Liveness, Outcome, Plan, Receipt, Step

DEFAULT_SLA = timedelta(hours=24)
"""What most policies promise, and what auditors compare with where nothing else is written down."""
_NO_ACCESS = frozenset({Action.REWRITE, Action.REPLACE, Action.KEEP})
"""What these do ends nobody's access, so that no clock runs for them."""


class Promptness(StrEnum):
    """`NOT_MEASURED`: nobody said when the person left. `OPEN`: not seen dead, whatever the hour."""

    IN_TIME = "in time"
    LATE = "late"
    OPEN = "open"
    DEAD_BEFORE = "dead before"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One step that ends access. `ended_at` is when the request was answered, `proven_at` when its end was seen.

    `plan` is the plan that it stands in: a run that was contained first, or planned anew, has several.
    """

    plan: Plan
    step: Step
    receipt: Receipt | None
    ended_at: datetime | None
    proven_at: datetime | None
    after: timedelta | None
    promptness: Promptness


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One access before and after the run, by the last that anybody saw of it."""

    point: AccessPoint
    before: Check | None
    after: Check | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One provider: how many accesses are known, and what of it could not be looked at."""

    provider: str
    points: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A run for its auditor. `left_at` is the hour of leaving; None where neither trigger nor directory gives it."""

    plan: Plan
    sla: timedelta
    left_at: datetime | None
    told_by: str
    received_at: datetime | None
    planned_at: datetime
    approved_at: datetime | None
    first_proven_at: datetime | None
    last_proven_at: datetime | None
    closed_at: datetime | None
    controls: tuple[Control, ...]
    changes: tuple[Change, ...]
    coverage: tuple[Coverage, ...]
    open_steps: tuple[Step, ...]

    def counted(self, promptness: Promptness) -> int:
        return sum(control.promptness is promptness for control in self.controls)

    @property
    def promptness(self) -> Promptness:
        """The run's: open while anything is, late when anything was."""
        found = {control.promptness for control in self.controls}
        for worst in (Promptness.OPEN, Promptness.LATE, Promptness.NOT_MEASURED, Promptness.IN_TIME):
            if worst in found:
                return worst
        return Promptness.DEAD_BEFORE if found else Promptness.NOT_MEASURED


def case(told: Past, events: Sequence[AuditEvent], sla: timedelta = DEFAULT_SLA) -> Case:
    """The case of a run from its events, those of its first plan included."""
    plan = told.plan
    assert plan is not None
    left_at, told_by, received_at = _departure(plan, events)
    controls = tuple(
        _control(made, step, receipt, left_at=left_at, sla=sla) for made, step, receipt in _ends(told, events)
    )
    proven = sorted(c.proven_at for c in controls if c.proven_at and c.promptness is not Promptness.DEAD_BEFORE)
    return Case(
        plan=plan,
        sla=sla,
        left_at=left_at,
        told_by=told_by,
        received_at=received_at,
        planned_at=plan.created_at,
        approved_at=min((approval.at for approval in told.approvals), default=None),
        first_proven_at=proven[0] if proven else None,
        last_proven_at=proven[-1] if proven else None,
        closed_at=next((event.at for event in reversed(events) if event.type == "run.closed"), None),
        controls=controls,
        changes=tuple(_changes(plan, told)),
        coverage=tuple(_coverage(plan)),
        open_steps=tuple(step for step in plan.steps if _open(told.receipts.get(step.id))),
    )


def _departure(plan: Plan, events: Sequence[AuditEvent]) -> tuple[datetime | None, str, datetime | None]:
    """(hour of leaving, who gave it, when offkey was told)."""
    opened = next((event for event in events if event.type == "run.opened"), None)
    trigger = opened.body.get("trigger") if opened else None
    if trigger:
        when = datetime.fromisoformat(trigger["effective_at"])
        return when, str(trigger["source"]), datetime.fromisoformat(trigger["received_at"])
    received = min(opened.at, plan.created_at) if opened else None  # a run is opened with its plan, when that is made
    return (plan.person.left_at, "the directory", received) if plan.person.left_at else (None, "", received)


def _ends(told: Past, events: Sequence[AuditEvent]) -> Iterator[tuple[Plan, Step, Receipt | None]]:
    """What containment and earlier plans ended, in their order, then all steps of the last plan."""
    contained = so_far(events)
    for ident, step in contained.steps.items():
        if _ended(contained.past.receipts.get(ident)):
            yield contained.made[ident], step, contained.past.receipts[ident]
    starts = [number for number, event in enumerate(events) if event.type == "plan.made"]
    for start, stop in pairwise(starts):
        earlier = past(events[start:stop])
        if earlier.plan is None or earlier.plan_digest == told.plan_digest:
            continue
        for step in earlier.plan.steps:
            if _ended(earlier.receipts.get(step.id)) and step.action not in _NO_ACCESS:
                yield earlier.plan, step, earlier.receipts[step.id]
    assert told.plan is not None
    for step in told.plan.steps:
        if step.action not in _NO_ACCESS:
            yield told.plan, step, told.receipts.get(step.id)


def _ended(receipt: Receipt | None) -> bool:
    return receipt is not None and receipt.outcome in DEATHS - {Outcome.ALREADY_DEAD}


def _control(plan: Plan, step: Step, receipt: Receipt | None, *, left_at: datetime | None, sla: timedelta) -> Control:
    proven = receipt is not None and receipt.outcome in DEATHS
    proven_at = (receipt.after.at if receipt.after else receipt.finished_at) if receipt and proven else None
    answered = [e.at for e in receipt.exchanges if 200 <= e.status < 300] if receipt else []
    after = proven_at - left_at if proven_at and left_at else None
    if not proven:
        promptness = Promptness.OPEN
    elif receipt and receipt.outcome is Outcome.ALREADY_DEAD:
        promptness = Promptness.DEAD_BEFORE
    elif after is None:
        promptness = Promptness.NOT_MEASURED
    else:
        promptness = Promptness.IN_TIME if after <= sla else Promptness.LATE
    ended_at = max(answered) if answered and proven else None
    return Control(
        plan=plan,
        step=step,
        receipt=receipt,
        ended_at=ended_at,
        proven_at=proven_at,
        after=after,
        promptness=promptness,
    )


def _open(receipt: Receipt | None) -> bool:
    return receipt is None or receipt.outcome not in SETTLED


def _changes(plan: Plan, told: Past) -> list[Change]:
    """Every access of the plan once, in the plan's order, those that merely lay within reach last."""
    found: dict[str, Change] = {}
    for step in plan.steps:
        point, receipt = step.point, told.receipts.get(step.id)
        known = found.get(point.id)
        before = known.before if known else (point.check or (receipt.before if receipt else None))
        seen = receipt.after if receipt and step.action not in (Action.REWRITE, Action.REPLACE) else None
        after = _later(known.after if known else None, seen)
        outcomes = [told.receipts[s.id].outcome for s in plan.steps if s.point.id == point.id and s.id in told.receipts]
        found[point.id] = Change(point=point, before=before, after=after, words=_words(outcomes, before, after))
    for point in plan.exposed:
        found.setdefault(
            point.id, Change(point=point, before=point.check, after=None, words="left alone: it was only within reach")
        )
    return list(found.values())


def _later(one: Check | None, other: Check | None) -> Check | None:
    return other if one is None or (other is not None and other.at >= one.at) else one


def _words(outcomes: Sequence[Outcome], before: Check | None, after: Check | None) -> str:
    if Outcome.SKIPPED in outcomes:
        return "kept by an opt-out"
    ended = [outcome for outcome in outcomes if outcome in DEATHS]
    if after is not None and after.liveness is Liveness.LIVE:
        return "still there"
    if ended and set(ended) == {Outcome.ALREADY_DEAD}:
        return "was gone before"
    if ended:
        return "ended"
    was = before.liveness.value if before else "not asked"
    return f"not seen dead (before: {was})"


def _coverage(plan: Plan) -> list[Coverage]:
    """Each provider with an access or a gap. A gap of no provider (a repository, a page of a scan) is its own line."""
    points: dict[str, set[str]] = {}
    for point in (*(step.point for step in plan.steps), *plan.exposed):
        points.setdefault(point.provider, set()).add(point.id)
    gaps: dict[str, list[Gap]] = {}
    for gap in plan.gaps:
        name = next((name for name in sorted(points, key=len, reverse=True) if _about(gap, name)), gap.where)
        gaps.setdefault(name, []).append(gap)
    return [
        Coverage(provider=name, points=len(points.get(name, ())), gaps=tuple(gaps.get(name, ())))
        for name in sorted({*points, *gaps})
    ]


def _about(gap: Gap, provider: str) -> bool:
    rest = gap.where.removeprefix(provider)
    return rest != gap.where and not rest[:1].isalnum()
