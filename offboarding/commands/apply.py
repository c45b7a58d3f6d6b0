"""`offkey apply PLAN`: carry out an approved plan, proving each step.

Exit code: 11 without an approval that counts, 12 when the plan is not the one that was made or has expired, 13 when
not everything is confirmed dead or somebody still has to act, 10 when nothing but what opt-outs keep is left open, 14
when all is done but gaps remain, else 0.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from offboarding import mirror, tables
from offboarding.applying import apply, keeping, wiring
from offboarding.applying.executors import Executors
from offboarding.applying.outcomes import SETTLED
from offboarding.configuration import config
from offboarding.identity import directory
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import notices, office, views
from offboarding.planning import plan as plans
from offboarding.rotation.rotator import Rotator
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import Approval, Gap, Outcome, Plan, Receipt


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey apply`."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the file that `offkey plan -o` wrote")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut off")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the plan was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Apply what is still to be done, and show what became of it."""
    settings = config.load(args.config)
    register = settings.approvers.register_file
    if register is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    plan, state = plans.read(args.plan), settings.state_dir(args.state)
    if plan.key_id != key.id:
        raise KeyUnusable("the plan was made with another organisation key", advice="use that key, or plan again")
    people = directory.load(settings.directory.people, settings.directory.exports)
    store = Store.open(state)
    try:
        with run_lock(state, plan.run, _now()):
            ledger = Ledger(store, _now, "offkey")
            told = past(ledger.events(plan.run))
            if told.started and not args.resume and len(told.receipts) < len(plan.steps):
                raise UsageError("this run was begun and cut off", advice="go on with `offkey apply --resume`")
            accepted = apply.check_approvals(plan, told.approvals, ledger, register, _now(), people=people)
            executors, rotators = _equipped(settings, plan, _longest(accepted), state, ui)
            with ui.progress("Applying") as advance:
                receipts = apply.apply(
                    plan,
                    told.approvals,
                    executors,
                    ledger,
                    register=register,
                    credentials=mirror.reader(state, plan.run, key),
                    key=key,
                    now=_now,
                    sleep=time.sleep,
                    confirm_seconds=settings.policy.confirm_seconds,
                    hand_over_days=settings.policy.hand_over_days,
                    progress=advance,
                    people=people,
                    optouts=office.judge(settings, ledger, _now).why_not,
                    rotators=rotators,
                )
            close_if_done(plan, receipts, ledger, state)
            views.tell(notices.tell(settings.optouts, state, ledger, _now), ui)
    finally:
        store.close()
    return _show(plan, receipts, ui)


def _equipped(
    settings: config.Config, plan: Plan, approval: Approval, state: Path, ui: UI
) -> tuple[Executors, dict[str, Rotator]]:
    """Who carries out the steps, having said for whom nothing is configured."""
    executors, gaps = wiring.executors(settings, plan, approval, state, _now)
    rotators, unset = wiring.rotators(settings, plan, approval, _now)
    for gap in dict.fromkeys((*gaps, *unset)):
        ui.err.print(f"{gap.where}: {gap.why}", style="yellow", markup=False)
    return executors, rotators


def _longest(accepted: Sequence[Approval]) -> Approval:
    """The approval under which requests are sent: of several that hold, the last to run out."""
    return max(accepted, key=lambda approval: approval.expires_at)


def close_if_done(plan: Plan, receipts: Sequence[Receipt], ledger: Ledger, state: Path) -> bool:
    """Close a run in which nothing is open, and delete its copies of repositories. Says whether it is closed."""
    final = SETTLED - {Outcome.PROPOSED}
    if len(receipts) < len(plan.steps) or any(receipt.outcome not in final for receipt in receipts):
        return False
    by_step = {receipt.step: receipt for receipt in receipts}
    if any(keeping.may_still_run(plan, step, by_step[step.id]) for step in plan.steps):
        return False
    if not past(ledger.events(plan.run)).closed:
        ledger.append("run.closed", plan.run, {"digest": plan.digest})
    mirror.delete(state, plan.run)
    return True


def code(receipts: Sequence[Receipt], gaps: Sequence[Gap], waiting: int = 0) -> Exit:
    """The exit code that the receipts and gaps of a run come to; `waiting` steps are still to be done."""
    if waiting or any(receipt.outcome not in SETTLED for receipt in receipts):
        return Exit.NOT_ALL_CONFIRMED
    if any(receipt.optout for receipt in receipts):
        return Exit.OPEN
    return Exit.GAPS if gaps else Exit.DONE


def _show(plan: Plan, receipts: Sequence[Receipt], ui: UI) -> Exit:
    tables.show_receipts(plan, receipts, ui)
    tables.show_gaps(plan.gaps, ui)
    proposed = sum(receipt.outcome is Outcome.PROPOSED for receipt in receipts)
    if proposed:
        ui.out.print(f"{proposed} pull requests wait for their reviewers; `offkey verify {plan.run}` looks again.")
    kept = sum(bool(receipt.optout) for receipt in receipts)
    if kept:
        ui.out.print(
            f"{kept} steps are kept by opt-outs: that access is open. `offkey optout due` says when it must end."
        )
    waiting = len(plan.steps) - len(receipts)
    if waiting:
        ui.out.print(
            f"{waiting} steps wait: until a successor is used and the old one is not ([[rotation]]), or until what was "
            "switched off has been so for long enough (observe_hours). Go on with `offkey apply PLAN --resume`; if "
            "something broke, `offkey undo PLAN NUMBER` switches it on again.",
            markup=False,
            highlight=False,
        )
    ui.out.print(f"Evidence: offkey report {plan.run} -o evidence", markup=False, highlight=False)
    return code(receipts, plan.gaps, waiting)


def _now() -> datetime:
    return datetime.now(UTC)
