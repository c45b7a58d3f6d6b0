"""`offkey attest STEP --plan PLAN --as E-MAIL --note TEXT`: say, signed, that what was handed over is done.

It is looked at where anything can look. Exit code: 0 when nothing of the run is open any more, 13 when something is
(also when this step is seen to live), 14 when only gaps remain, 11 when the statement still has to be signed, 1 when it
does not count.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from offboarding import mirror, tables
from offboarding.applying import undo, wiring
from offboarding.applying.closing import close_if_done, code
from offboarding.approval import approvals, attesting, signing
from offboarding.approval.attestation import Attestation
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.evidence import verify
from offboarding.identity import directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.planning import plan as plans
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import Gap, Receipt, Step
from scanner.output.printable import printable


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey attest`."""
    parser.add_argument("step", metavar="STEP", help="the step's number in the plan, or its id")
    parser.add_argument("--plan", type=Path, required=True, metavar="PLAN", help="the file that `offkey plan -o` wrote")
    parser.add_argument("--as", dest="signer", required=True, metavar="E-MAIL", help="who you are in the register")
    parser.add_argument("--note", default="", metavar="TEXT", help="what you did; it is recorded")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--key", type=Path, metavar="FILE", help="sign with this SSH key, or a public key of your agent's")
    how.add_argument("--signature", type=Path, metavar="FILE", help="take the signature that you made by hand")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the plan was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Sign, check, look, and record."""
    settings = config.load(args.config)
    register = settings.approvers.register_file
    if register is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    plan, state = plans.read(args.plan), settings.state_dir(args.state)
    step = undo.find(plan, args.step)
    store = opened(settings, state)
    try:
        with run_lock(state, plan.run, _now()):
            ledger = Ledger(store, _now, args.signer)
            approvals.check_made(plan, ledger)
            told = past(ledger.events(plan.run))
            before = attesting.require_open(step, told.receipts.get(step.id))
            given = _given(args, plan.digest, step)
            if not given.signature:
                return _explain(args, given, ui)
            people = directory.load(settings.directory.people, settings.directory.exports)
            duties = settings.approvers.duties(settings.policy.four_eyes)
            since = before.finished_at
            attesting.accept(plan, step, given, register, _now(), since=since, people=people, duties=duties)
            seen = _seen(settings, told, step, state)
            receipt = attesting.settled(step, before, given, seen.check, seen.still, now=_now())
            attesting.record(ledger, plan.run, given, receipt)
            told = past(ledger.events(plan.run))
            keep = settings.verify.keep_mirror_days
            close_if_done(plan, list(told.receipts.values()), ledger, state, keep_mirror_days=keep)
        _say(step, receipt, ui)
        came_to = code(list(told.receipts.values()), plan.gaps, len(plan.steps) - len(told.receipts))
        return publishing.finish(ledger, settings, state, ui, came_to)
    finally:
        store.close()


def _given(args: argparse.Namespace, digest: str, step: Step) -> Attestation:
    if args.signature:
        return attesting.read_statement(args.plan, step.id, args.signer, args.signature)
    if not args.note.strip():
        raise UsageError("the statement does not say what was done", advice="say it with --note")
    given = Attestation(plan_digest=digest, step=step.id, signer=args.signer, at=_now(), note=args.note)
    return attesting.sign(given, args.key.expanduser()) if args.key else given


def _explain(args: argparse.Namespace, given: Attestation, ui: UI) -> Exit:
    """Leave the statement for signing by hand, and say how."""
    statement = attesting.write_statement(args.plan, given)
    ui.out.print("Not yet attested. Sign the statement with your own key, then hand in the signature:")
    command = signing.sign_command(Path("YOUR_KEY"), statement, signing.ATTESTING)
    again = f"offkey attest {given.step} --plan {args.plan} --as {given.signer} --signature {statement}.sig"
    for line in (command, again):
        ui.out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    return Exit.WAITS_FOR_APPROVAL


def _seen(settings: Config, told: Past, step: Step, state: Path) -> verify.Rechecked:
    """The step looked at, with the read credentials alone."""
    assert told.plan is not None
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    ask, _ = wiring.askers(settings, told.plan, _now)
    watcher = wiring.watcher(settings, told.plan, state, _now)
    remedy = None if isinstance(watcher, Gap) else watcher
    return verify.look(step, told, ask, mirror.reader(state, told.plan.run, key), _now, remedy=remedy)


def _say(step: Step, receipt: Receipt, ui: UI) -> None:
    open_still = receipt.outcome in attesting.OPEN
    words = "stays open" if open_still else receipt.outcome.value
    style = "bold red" if open_still else "green"
    text = f"{tables.named(step.point)}: {words}. {printable(receipt.note)}"
    ui.out.print(text, style=style, markup=False, highlight=False)


def _now() -> datetime:
    return datetime.now(UTC)
