"""`offkey approve PLAN --as E-MAIL`: show a plan, and sign a yes to exactly it.

Exit code: 0 when the approval is signed and recorded, 11 when it still has to be signed or was not given.
"""

import argparse
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.text import Text

from offboarding import previews, tables
from offboarding.approval import approvals, approve, signing
from offboarding.approval.duties import Duties
from offboarding.asking import issuers
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.identity import directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.optouts.scope import words
from offboarding.planning import impact
from offboarding.planning import plan as plans
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.model import Approval, Plan, Step, timestamp
from scanner.output.printable import printable

MOST_LINES = 30


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey approve`."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the file that `offkey plan -o` wrote")
    parser.add_argument("--as", dest="approver", required=True, metavar="E-MAIL", help="who you are in the register")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="NEED", help="also give this extra yes that a step asks for"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--key", type=Path, metavar="FILE", help="sign with this SSH key, or a public key of your agent's")
    how.add_argument("--signature", type=Path, metavar="FILE", help="take the signature that you made by hand")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the plan was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Show the plan, ask, sign and record."""
    settings = config.load(args.config)
    register = settings.approvers.register_file
    if register is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    plan, now = plans.read(args.plan), datetime.now(UTC)
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, lambda: datetime.now(UTC), args.approver)
        approvals.check_made(plan, ledger)
        told = past(ledger.events(plan.run))
        duties = settings.approvers.duties(settings.policy.four_eyes).with_at_least(told.four_eyes)
        people = directory.load(settings.directory.people, settings.directory.exports)
        approval = _unsigned(args, settings, plan, now, duties=duties)
        previews.show_impact(impact.of(plan, issuers.options, duties), ui)
        show(plan, approval, ui)
        others = [one for one in told.approvals if one.at <= now < one.expires_at and one.plan_digest == plan.digest]
        if others:
            previews.show_allowance(duties.allowance(plan, others, people), "Without this approval", ui)
        previews.show_allowance(duties.allowance(plan, [*others, approval], people), "With this approval", ui)
        if told.register and told.register != signing.register_digest(register):
            ui.out.print("The register of approvers was changed after the plan was made.", style="yellow")
        if not args.key and not args.signature:
            return _explain(args, approval, ui)
        if not args.signature and not ui.confirm(f"Approve {len(plan.steps)} steps as {args.approver}?"):
            ui.err.print("not approved: say yes on a terminal, or give --yes")
            return Exit.WAITS_FOR_APPROVAL
        if args.key:
            ui.err.print("ssh-keygen signs now; touch your key if it blinks", style="dim")
            approval = approve.sign(approval, args.key.expanduser())
        approve.accept(plan, approval, register, datetime.now(UTC), people, duties=duties)
        kept = approvals.keep(args.plan, plan, approval, ledger, register)
        until = timestamp(approval.expires_at)
        ui.out.print(f"approved until {until}; recorded in the ledger and {kept}", markup=False)
        return publishing.finish(ledger, settings, state, ui)
    finally:
        store.close()


def _unsigned(args: argparse.Namespace, settings: Config, plan: Plan, now: datetime, *, duties: Duties) -> Approval:
    valid = timedelta(hours=settings.policy.approval_valid_hours)
    if args.signature:
        given = approvals.read_statement(args.plan, args.approver, args.signature)
        if given.approver != args.approver or given.expires_at > given.at + valid:
            raise UsageError(
                f"the statement is not {args.approver}'s for {settings.policy.approval_valid_hours} h: it was edited",
                advice="run `offkey approve` without --signature again",
            )
        return given
    people = directory.load(settings.directory.people, settings.directory.exports)
    return approve.approve(plan, args.approver, now, allows=args.allow, valid=valid, people=people, duties=duties)


def _explain(args: argparse.Namespace, approval: Approval, ui: UI) -> Exit:
    """Leave the statement for signing by hand, and say how."""
    statement = approvals.write_statement(args.plan, approval)
    ui.out.print("Not yet approved. Sign the statement with your own key, then hand in the signature:")
    command = signing.sign_command(Path("YOUR_KEY"), statement)
    again = f"offkey approve {args.plan} --as {args.approver} --signature {statement}.sig"
    for line in (command, again):
        ui.out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    return Exit.WAITS_FOR_APPROVAL


def show(plan: Plan, approval: Approval, ui: UI) -> None:
    """A plan as an approver needs it: what is done, what cannot be undone, what breaks, what nobody could see."""
    out = ui.out
    tables.show_plan(plan, ui)
    asked_by = f"run {plan.run}, asked by {plan.requester}, expires {timestamp(plan.expires_at)}"
    out.print(Text(f"\n{printable(asked_by)}"))
    out.print(f"digest {plan.digest}", style="dim", markup=False, highlight=False, soft_wrap=True)
    counts = Counter(step.action.value for step in plan.steps)
    out.print(", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing to do")
    breaks = sorted({what for step in plan.steps if _acts(step) for what in step.breaks})
    _lines("What breaks", breaks, ui)
    _lines(
        "Skipped by opt-out",
        [
            f"{o.id} {words(o.scope)}: {o.reason}, until {timestamp(o.expires_at)}, "
            + ("then it is done" if o.on_expiry == "run" else "then it waits for an approval")
            for o in plan.optouts
        ],
        ui,
    )
    for need in approve.needed(plan):
        number = sum(step.needs == need for step in plan.steps)
        given = "given here" if need in approval.allows else f"NOT given: without --allow {need} they are left out"
        out.print(f"{number} step(s) want the extra yes {need}: {given}", markup=False)


def _acts(step: Step) -> bool:
    return step.action.value not in ("KEEP", "HAND_OVER")


def _lines(title: str, lines: list[str], ui: UI) -> None:
    if lines:
        ui.out.print(f"{title}:", style="bold")
    for line in lines[:MOST_LINES]:
        ui.out.print(f"  {printable(line)}", markup=False, highlight=False)
    if len(lines) > MOST_LINES:
        ui.out.print(f"  ... and {len(lines) - MOST_LINES} more")
