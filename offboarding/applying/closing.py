"""When a run is over: the exit code that it comes to, its closing, and the end of its copies of repositories."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from offboarding import mirror
from offboarding.applying import keeping
from offboarding.applying.outcomes import SETTLED
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offkey.errors import Exit
from offkey.model import Gap, Outcome, Plan, Receipt


def close_if_done(
    plan: Plan, receipts: Sequence[Receipt], ledger: Ledger, state: Path, *, keep_mirror_days: int = 0
) -> bool:
    """Close a run in which nothing is open, and delete its copies of repositories. Says whether it is closed.

    Copies that are kept for some days are deleted by the first check after them.
    """
    final = SETTLED - {Outcome.PROPOSED}
    if len(receipts) < len(plan.steps) or any(receipt.outcome not in final for receipt in receipts):
        return False
    by_step = {receipt.step: receipt for receipt in receipts}
    if any(keeping.may_still_run(plan, step, by_step[step.id]) for step in plan.steps):
        return False
    if not past(ledger.events(plan.run)).closed:
        ledger.append("run.closed", plan.run, {"digest": plan.digest})
    if not keep_mirror_days:
        mirror.delete(state, plan.run)
    return True


def outlived(closed: datetime | None, now: datetime, keep_mirror_days: int) -> bool:
    """Whether a run that closed then has kept its copies of repositories for long enough."""
    return closed is not None and now >= closed + timedelta(days=keep_mirror_days)


def code(receipts: Sequence[Receipt], gaps: Sequence[Gap], waiting: int = 0) -> Exit:
    """The exit code that the receipts and gaps of a run come to; `waiting` steps are still to be done."""
    if waiting or any(receipt.outcome not in SETTLED for receipt in receipts):
        return Exit.NOT_ALL_CONFIRMED
    if any(receipt.optout for receipt in receipts):
        return Exit.OPEN
    return Exit.GAPS if gaps else Exit.DONE
