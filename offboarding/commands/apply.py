"""`offkey apply PLAN`: carry out an approved plan, proving each step.

Exit code: 11 without an approval that counts, or when another approver is all that is missing (four_eyes), 12 when the
plan is not the one that was made, has expired, is before its time or touches a break-glass account, 13 when not
everything is confirmed dead or somebody still has to act, 10 when nothing but what opt-outs keep is left open, 14 when
all is done but gaps remain, else 0.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from offboarding import mirror, previews, tables
from offboarding.applying import apply, wiring
from offboarding.applying.alongside import beside
from offboarding.applying.closing import close_if_done, code
from offboarding.applying.executors import Executors
from offboarding.approval.approve import ApprovalRefused
from offboarding.approval.duties import Duties, Role
from offboarding.configuration import config
from offboarding.containment import departure
from offboarding.evidence import survivors
from offboarding.identity import directory
from offboarding.identity.directory import Directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.opening import trigger_of
from offboarding.optouts import notices, office, views
from offboarding.planning import plan as plans
from offboarding.planning import refusals
from offboarding.remedy.executor import Beside
from offboarding.rotation.rotator import Rotator
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import Approval, Outcome, Plan, timestamp
from scanner.output.printable import printable


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey apply`."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the file that `offkey plan -o` wrote")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut off")
    parser.add_argument("--early", action="store_true", help="do it although the person has not left yet")
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
    duties = settings.approvers.duties(settings.policy.four_eyes)
    _check_executor(settings, duties)
    store = opened(settings, state)
    try:
        with run_lock(state, plan.run, _now()):
            ledger = Ledger(store, _now, "offkey")
            told = past(ledger.events(plan.run))
            if told.started and not args.resume and len(told.receipts) < len(plan.steps):
                raise UsageError("this run was begun and cut off", advice="go on with `offkey apply --resume`")
            accepted = apply.check_approvals(
                plan, told.approvals, ledger, register, _now(), people=people, duties=duties
            )
            refusals.check_break_glass(plan, settings.limits())
            _refuse_early(plan, ledger, people, early=args.early)
            credentials = mirror.reader(state, plan.run, key)
            together = beside(plan, ledger, credentials)
            executors, rotators = _equipped(settings, plan, _longest(accepted), state, ui, together=together)
            with ui.lanes("Applying") as (advance, lane):
                receipts = apply.apply(
                    plan,
                    told.approvals,
                    executors,
                    ledger,
                    register=register,
                    credentials=credentials,
                    key=key,
                    now=_now,
                    sleep=time.sleep,
                    confirm_seconds=settings.policy.confirm_seconds,
                    hand_over_days=settings.policy.hand_over_days,
                    step_seconds=settings.policy.step_seconds,
                    assignees=settings.policy.assignees,
                    progress=advance,
                    lane=lane,
                    people=people,
                    duties=duties,
                    optouts=office.judge(settings, ledger, _now).why_not,
                    rotators=rotators,
                )
            close_if_done(plan, receipts, ledger, state, keep_mirror_days=settings.verify.keep_mirror_days)
            views.tell(notices.tell(settings.optouts, state, ledger, _now), ui)
            told = past(ledger.events(plan.run))
        return publishing.finish(ledger, settings, state, ui, _show(plan, told, ui))
    finally:
        store.close()


def _check_executor(settings: config.Config, duties: Duties) -> None:
    """Where executors are named, whoever this installation belongs to must be one. Raises ApprovalRefused."""
    named = any(Role.EXECUTOR in roles for roles in duties.roles.values())
    if named and not duties.may(settings.requester(), Role.EXECUTOR):
        raise ApprovalRefused(
            f"{settings.requester()} does not have the role of an executor",
            advice="let an executor apply the plan: [approvers.roles] and `requester` in offkey.toml",
        )


def _refuse_early(plan: Plan, ledger: Ledger, people: Directory, *, early: bool) -> None:
    """Nothing is ended before the person leaves, unless that is said; that it was, is recorded.

    Raises TooEarly, and NotConfirmed where the directory has taken the departure back since the plan was made.
    """
    trigger = trigger_of(ledger, plan.run)
    try:
        departure.refuse_before(plan.person, trigger, _now())
        departure.refuse_put_off(plan.person, trigger, people, _now())
    except (departure.TooEarly, departure.NotConfirmed) as error:
        if not early:
            raise
        at = departure.effective_at(plan.person, trigger)
        body = {"effective_at": timestamp(at) if at else "", "why": str(error)}
        ledger.append("run.advanced", plan.run, body)


def _equipped(
    settings: config.Config, plan: Plan, approval: Approval, state: Path, ui: UI, *, together: Beside
) -> tuple[Executors, dict[str, Rotator]]:
    """Who carries out the steps, having said for whom nothing is configured."""
    executors, gaps = wiring.executors(settings, plan, approval, state, _now, beside=together)
    rotators, unset = wiring.rotators(settings, plan, approval, _now)
    for gap in dict.fromkeys((*gaps, *unset)):
        ui.err.print(printable(f"{gap.where}: {gap.why}"), style="yellow", markup=False)
    return executors, rotators


def _longest(accepted: Sequence[Approval]) -> Approval:
    """The approval under which requests are sent: of several that hold, the last to run out."""
    return max(accepted, key=lambda approval: approval.expires_at)


def _show(plan: Plan, told: Past, ui: UI) -> Exit:
    receipts = [told.receipts[step.id] for step in plan.steps if step.id in told.receipts]
    left = survivors.survivors(plan, told.receipts, _now(), told.held)
    tables.show_receipts(plan, receipts, ui)
    previews.show_survivors(plan, left, ui)
    tables.show_gaps(plan.gaps, ui)
    proposed = sum(receipt.outcome is Outcome.PROPOSED for receipt in receipts)
    if proposed:
        ui.out.print(f"{proposed} changes wait for their reviewers; `offkey verify {plan.run}` looks again.")
    kept = sum(bool(receipt.optout) for receipt in receipts)
    if kept:
        ui.out.print(
            f"{kept} steps are kept by opt-outs: that access is open. `offkey optout due` says when it must end."
        )
    waiting = len(plan.steps) - len(receipts)
    held = sum(one.outcome is None and one.step.id in told.held for one in left)
    _say_what_waits(held, waiting - held, ui)
    ui.out.print(f"Evidence: offkey report {plan.run} -o evidence", markup=False, highlight=False)
    if held and held == sum(one.open for one in left) and not _hanging(told):
        return Exit.WAITS_FOR_APPROVAL
    return code(receipts, plan.gaps, waiting)


def _say_what_waits(held: int, observed: int, ui: UI) -> None:
    """What to do about steps that were held back, and about those that wait for time to pass."""
    told = []
    if held:
        told.append(
            f"{held} steps are held back, as said above. Once another approver has signed (`offkey approve PLAN`) or "
            "the provider answers, go on with `offkey apply PLAN --resume`."
        )
    if observed:
        told.append(
            f"{observed} steps wait: until a successor is used and the old one is not ([[rotation]]), or until what "
            "was switched off has been so for long enough (observe_hours). Go on with `offkey apply PLAN --resume`; if "
            "something broke, `offkey undo PLAN NUMBER` switches it on again."
        )
    for line in told:
        ui.out.print(line, markup=False, highlight=False)


def _hanging(told: Past) -> bool:
    """Whether a step is held back for anything but a missing approval."""
    return any(apply.HANGS in why for step, why in told.held.items() if step not in told.receipts)


def _now() -> datetime:
    return datetime.now(UTC)
