"""Takes back a DISABLE: what an apply has switched off is switched on again, and its deletion does not happen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from offboarding.applying.executors import Executors, ProviderExecutor
from offboarding.applying.step import FIRST_WAIT, LONGEST_WAIT, Credentials
from offboarding.containment.history import so_far
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offkey.errors import OffkeyError, UsageError
from offkey.model import CLOSED, Action, Check, Credential, Liveness, Outcome, Plan, Receipt, Step


class NotUndone(OffkeyError):
    """It was asked for, and is not seen to live again."""


def find(plan: Plan, named: str) -> Step:
    """The step by its number in the plan, from 1, or its id. Raises UsageError."""
    numbered = dict(enumerate(plan.steps, 1))
    step = numbered.get(int(named)) if named.isdecimal() else next((s for s in plan.steps if s.id == named), None)
    if step is None:
        raise UsageError(f"the plan has no step {named}", advice=f"name a number from 1 to {len(plan.steps)}, or an id")
    return replace(step, action=step.keeps) if step.keeps else step  # what the end of an opt-out has made of it


def undo(
    plan: Plan,
    step: Step,
    executors: Executors,
    ledger: Ledger,
    *,
    reason: str,
    credentials: Credentials,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    confirm_seconds: float = 30,
) -> Receipt:
    """Switch it on again, once, and see that it lives. Returns the step's new receipt, which is in the ledger.

    The caller holds the run's lock and has checked the plan's approvals. Raises UsageError where there is nothing to
    take back, NotAutomatic and NotIdentified where nothing was sent, and NotUndone.
    """
    before = _checked(plan, step, ledger)
    executor = executors.get(step.point.provider)
    if not isinstance(executor, ProviderExecutor):
        raise UsageError(f"nothing is configured to write for {step.point.provider}", advice="add it to offkey.toml")
    credential = credentials(step.point) if step.point.fingerprint and step.point.places else None
    started, mark = now(), len(executor.exchanges)
    ledger.append("undo.intent", plan.run, {"step": step.id, "reason": reason})
    executor.undo(step, credential)
    after = _lives(executor, step, credential, sleep, confirm_seconds)
    exchanges = tuple(executor.exchanges[mark:])
    ledger.append("undo.done", plan.run, {"step": step.id, "after": after, "exchanges": exchanges})
    if after.liveness is not Liveness.LIVE:
        raise NotUndone(f"it is not seen to live again: {after.reason}", advice="look at the provider's console")
    receipt = replace(
        before,
        outcome=Outcome.UNDONE,
        before=before.after,
        after=after,
        exchanges=exchanges,
        started_at=started,
        finished_at=now(),
        note=f"switched on again: {reason}",
        advice="end it by hand once what used it has another, or plan again",
        assignee=plan.requester,
    )
    ledger.append("step.receipt", plan.run, {"receipt": receipt})
    return receipt


def _checked(plan: Plan, step: Step, ledger: Ledger) -> Receipt:
    """The receipt of what is taken back. Raises UsageError."""
    events = ledger.events(plan.run)
    receipts = past(events).receipts
    receipt = receipts.get(step.id)
    # What containment switched off, the full plan finds dead already: it is ours all the same.
    contained = so_far(events).past.receipts.get(step.id)
    ours = [one for one in (receipt, contained) if one is not None and one.outcome is Outcome.DISABLED]
    dead = receipt is None or receipt.outcome in (Outcome.DISABLED, Outcome.ALREADY_DEAD)
    if step.action is not Action.DISABLE or not ours or not dead:
        done = receipt.outcome.value if receipt else "not begun"
        raise UsageError(
            f"step {step.id} is {step.action.value}, {done}: only what was switched off can be switched on again",
            advice="`offkey report` lists the steps and what became of them",
        )
    second = next(
        (other for other in plan.steps if other.after == step.id and other.action is not Action.REWRITE), None
    )
    if second is not None and second.id in receipts and receipts[second.id].outcome in CLOSED:
        raise UsageError("it is deleted for good", advice="make a new credential at the provider")
    return ours[0]


def _lives(
    executor: ProviderExecutor,
    step: Step,
    credential: Credential | None,
    sleep: Callable[[float], None],
    confirm_seconds: float,
) -> Check:
    """Ask until it is seen to live or the deadline has passed."""
    waited, pause = 0.0, FIRST_WAIT
    while True:
        check = executor.after(step, credential)
        if check.liveness is Liveness.LIVE or waited >= confirm_seconds:
            return check
        sleep(pause)
        waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT)
