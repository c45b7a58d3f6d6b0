"""`offkey undo PLAN STEP`: switch on again what an apply has switched off.

The plan's approval must still hold. Exit code: 0 when it is seen to live again, 1 when it is not, 2 when there is
nothing to take back, 11 without an approval that counts.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from offboarding import mirror, tables
from offboarding.applying import apply, wiring
from offboarding.applying import undo as undoing
from offboarding.configuration import config
from offboarding.identity import directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.planning import plan as plans
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey undo`."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the file that `offkey plan -o` wrote")
    parser.add_argument("step", metavar="STEP", help="the step's number in the plan, or its id")
    parser.add_argument("--reason", required=True, help="what broke; it is recorded")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the plan was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Undo one step, and show what is so now."""
    settings = config.load(args.config)
    register, key = settings.approvers.register_file, settings.org_key()
    if register is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    plan, state = plans.read(args.plan), settings.state_dir(args.state)
    step = undoing.find(plan, args.step)
    people = directory.load(settings.directory.people, settings.directory.exports)
    duties = settings.approvers.duties(settings.policy.four_eyes)
    store = opened(settings, state)
    try:
        with run_lock(state, plan.run, _now()):
            ledger = Ledger(store, _now, "offkey")
            given = past(ledger.events(plan.run)).approvals
            accepted = apply.check_approvals(plan, given, ledger, register, _now(), people=people, duties=duties)
            longest = max(accepted, key=lambda approval: approval.expires_at)
            executors, _ = wiring.executors(settings, plan, longest, state, _now)
            receipt = undoing.undo(
                plan,
                step,
                executors,
                ledger,
                reason=args.reason,
                credentials=mirror.reader(state, plan.run, key),
                now=_now,
                sleep=time.sleep,
                confirm_seconds=settings.policy.confirm_seconds,
            )
        told = tables.check_words(receipt.after) if receipt.after else ""
        ui.out.print(f"{tables.named(step.point)}: {told}. It will not be deleted by this plan.", markup=False)
        return publishing.finish(ledger, settings, state, ui)
    finally:
        store.close()


def _now() -> datetime:
    return datetime.now(UTC)
