"""What opt-outs kept and keep no more: steps of plans that somebody has to let run now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from offboarding.ledger.history import Past, past
from offboarding.optouts.standing import Judge
from offkey.model import AuditEvent, Outcome, Plan, Step, timestamp


@dataclass(frozen=True, kw_only=True)
class Due:
    """`steps` were kept by the opt-out `id`, which does not hold any more (`why`). `how` is the way to let them run."""

    id: str
    plan: Plan
    steps: tuple[Step, ...]
    why: str
    how: str


def due(judge: Judge, events: Iterable[AuditEvent]) -> Iterator[Due]:
    """Of each person's newest plan, what its opt-outs keep no more; `events` is the whole ledger.

    An older plan's steps are taken up by a newer one of the same person.
    """
    by_run: dict[str, list[AuditEvent]] = {}
    for event in events:
        if event.run:
            by_run.setdefault(event.run, []).append(event)
    newest: dict[str, Past] = {}
    for told in (past(one) for one in by_run.values()):
        if told.plan is not None:
            before = newest.get(told.plan.person.id)
            if before is None or before.plan is None or before.plan.created_at <= told.plan.created_at:
                newest[told.plan.person.id] = told
    for told in newest.values():
        if told.plan is not None:
            yield from _of(judge, told, told.plan)


def _of(judge: Judge, told: Past, plan: Plan) -> Iterator[Due]:
    for optout in plan.optouts:
        steps = tuple(step for step in plan.steps if step.keeps and step.how == optout.id and _undone(told, step))
        why = judge.why_not(optout) if steps else ""
        if why:
            goes_on = optout.on_expiry == "run" and judge.now() < plan.expires_at and told.approvals
            again = f"offkey plan --resume-optout {optout.id}"
            how = f"offkey apply PLAN --resume (until {timestamp(plan.expires_at)}), or {again}" if goes_on else again
            yield Due(id=optout.id, plan=plan, steps=steps, why=why, how=how)


def _undone(told: Past, step: Step) -> bool:
    receipt = told.receipts.get(step.id)
    return receipt is None or receipt.outcome in (Outcome.SKIPPED, Outcome.HANDED_OVER)
