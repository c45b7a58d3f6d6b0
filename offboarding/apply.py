"""Carries out an approved plan: intent, act once, ask again, receipt. Every line is in the ledger before the next.

A kill at any point loses and repeats nothing (DESIGN rule 9): steps with a receipt are never done again, and a step
that was begun is looked at first. A mutation is never sent twice blindly.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from offboarding import approvals as approvals_kept
from offboarding import approve
from offboarding.directory import Directory
from offboarding.executors import Executors
from offboarding.history import past
from offboarding.ledger import Ledger, LedgerError
from offboarding.step import Credentials, Run, carry_out
from offkey.errors import Exit, OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import Action, Approval, Plan, Receipt

Progress = Callable[[int, int, str], None]


class ApplyRefused(OffkeyError):
    """Nothing was done: the plan has expired."""

    exit_code = Exit.PLAN_REFUSED


def apply(
    plan: Plan,
    approvals: Sequence[Approval],
    executors: Executors,
    ledger: Ledger,
    *,
    register: Path,
    credentials: Credentials,
    key: OrgKey,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    confirm_seconds: float = 30,
    hand_over_days: int = 7,
    people: Directory = approve.NOBODY,
    progress: Progress = lambda done, total, what: None,
) -> tuple[Receipt, ...]:
    """Do what is still to be done of an approved plan. Returns one receipt a step, in the plan's order.

    The caller holds the run's lock. `register` is the approvers' file. `credentials` re-reads a value by its address
    (raises Gone). Raises ApplyRefused or ApprovalRefused before anything is done, and LedgerError at once when
    something cannot be recorded; the same call made again goes on from there.
    """
    accepted = check_approvals(plan, approvals, ledger, register, now(), people=people)
    run = Run(
        plan=plan,
        allows=_allowed(plan, accepted, now()),
        executors=executors,
        ledger=ledger,
        credentials=credentials,
        key=key,
        now=now,
        sleep=sleep,
        confirm_seconds=confirm_seconds,
        hand_over=timedelta(days=hand_over_days),
        past=past(ledger.events(plan.run)),
    )
    receipts = run.past.receipts
    if all(step.id in receipts for step in plan.steps):
        return tuple(receipts[step.id] for step in plan.steps)
    run.note("apply.started", digest=plan.digest)
    # A rewrite waits for its kill even where the plan puts that later (what people do stands last).
    waiting = [step for step in plan.steps if step.after and step.action is Action.REWRITE]
    steps = [step for step in plan.steps if step not in waiting] + waiting
    for done, step in enumerate(steps):
        progress(done, len(steps), f"{step.action.value} {step.point.redacted or step.point.provider_id}")
        if step.id not in receipts:
            run = replace(run, allows=_allowed(plan, accepted, now()))
            receipts[step.id] = carry_out(run, step)
            run.note("step.receipt", receipt=receipts[step.id])
    progress(len(steps), len(steps), "")
    run.note("apply.finished", digest=plan.digest)
    return tuple(receipts[step.id] for step in plan.steps)


def _allowed(plan: Plan, accepted: Sequence[Approval], now: datetime) -> frozenset[str]:
    """The extra yeses that are in force now. Raises ApprovalRefused when nothing is: a long run may outlast its yes."""
    holding = [approval for approval in accepted if approval.at <= now < min(approval.expires_at, plan.expires_at)]
    if not holding:
        raise approve.ApprovalRefused(
            "the approval ran out before all steps were done", advice="approve again, then `offkey apply --resume`"
        )
    return frozenset(word for approval in holding for word in approval.allows)


def check_approvals(
    plan: Plan,
    approvals: Sequence[Approval],
    ledger: Ledger,
    register: Path,
    now: datetime,
    *,
    people: Directory = approve.NOBODY,
) -> list[Approval]:
    """The approvals that hold for exactly this plan, at least one.

    Raises LedgerError when the ledger was changed, NotThePlan, ApplyRefused, or ApprovalRefused with the reason of the
    last that does not hold.
    """
    whole = ledger.verify()
    if not whole.ok:
        raise LedgerError(whole.text, advice="restore the ledger from a copy; see `offkey ledger verify`")
    approvals_kept.check_made(plan, ledger)
    if now >= plan.expires_at:
        raise ApplyRefused("the plan has expired", advice="make it again with `offkey plan`: things have changed since")
    accepted: list[Approval] = []
    refused: OffkeyError | None = None
    for approval in approvals:
        try:
            approve.accept(plan, approval, register, now, people)
        except approve.ApprovalRefused as error:
            refused = error
        else:
            accepted.append(approval)
    if not accepted:
        raise refused or approve.ApprovalRefused("the plan has no approval", advice="`offkey approve PLAN --as E-MAIL`")
    return accepted
