"""`offkey contain E-MAIL|--trigger FILE`: at once, what a standing approval covers; the full plan follows.

Exit code: 11 where no standing approval holds, 12 where the departure is in doubt or has not come, 13 when something
that was begun is not proven, 14 when a provider could not be asked or refused, 10 when access is left that only the
full plan ends, 3 when nothing was there to look at, else 0.
"""

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from offboarding import tables
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.containment import history
from offboarding.containment.contain import Contained, contain
from offboarding.containment.grounds import Grounds, Setting
from offboarding.identity import directory, overrides, people
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.opening import name_of, trigger_of
from offboarding.state import CONFIGURATION, run_lock
from offboarding.triggers import files
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable, OrgKey
from offkey.model import CLOSED, Receipt, Step, Trigger, timestamp
from scanner.output.printable import printable

LEFT_SHOWN = 30


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey contain`."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("subject", nargs="?", metavar="E-MAIL", help="an address, the id in people.yaml, provider:login")
    who.add_argument("--trigger", type=Path, metavar="FILE", help="JSON or CSV: person, effective_at with its zone")
    parser.add_argument("--person", default="", metavar="ID", help="whom to choose where the trigger file has several")
    parser.add_argument("--standing", default="", metavar="ID", help="this standing approval (default: the newest)")
    parser.add_argument("--early", action="store_true", help="do it although the person has not left yet")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the run is kept")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Contain one person, showing each proof as it comes."""
    received = datetime.now(UTC)
    settings = config.load(args.config)
    if settings.approvers.register_file is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    settings.requester()
    key, state = _key(settings), settings.state_dir(args.state)
    trigger = (
        files.one(args.trigger, received, args.person) if args.trigger else _by_directory(args, settings, received)
    )
    name = name_of(trigger.subject, trigger, received)
    store = opened(settings, state)
    try:
        with run_lock(state, name, received):
            ledger = Ledger(store, lambda: datetime.now(UTC), "offkey")
            trigger = _as_received(trigger, trigger_of(ledger, name))
            grounds = Grounds(
                Setting(
                    config=settings,
                    source=args.config or (CONFIGURATION if CONFIGURATION.is_file() else None),
                    state=state,
                    ledger=ledger,
                    run=name,
                    subject=trigger.subject,
                    trigger=trigger,
                    register=settings.approvers.register_file,
                    key=key,
                    early=args.early,
                    standing=args.standing,
                )
            )
            done = contain(grounds, lambda step, receipt: _tell(step, receipt, trigger, ui), time.sleep)
            measured = history.times(ledger.events(name))
        return publishing.finish(ledger, settings, state, ui, _show(done, measured, name, ui))
    finally:
        store.close()


def _key(settings: Config) -> OrgKey:
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    return key


def _by_directory(args: argparse.Namespace, settings: Config, now: datetime) -> Trigger:
    """The departure that the directory tells of: the same person and time is the same run."""
    told = settings.directory
    if args.person:
        raise UsageError("--person chooses from a trigger file", advice="give --trigger FILE too")
    known = directory.load(told.people, told.exports)
    person = people.resolve(args.subject, known, (), overrides=overrides.load(told.overrides))
    at = person.left_at or now
    return Trigger(
        source="directory",
        delivery_id=f"{person.id} {timestamp(at)}",
        subject=person.id,
        effective_at=at,
        received_at=now,
    )


def _as_received(trigger: Trigger, before: Trigger | None) -> Trigger:
    """The trigger, received when it first was: a run that goes on began then."""
    return replace(trigger, received_at=before.received_at) if before else trigger


def _tell(step: Step, receipt: Receipt, trigger: Trigger, ui: UI) -> None:
    """One line at once, when a step has come to its end."""
    seconds = (receipt.finished_at - trigger.received_at).total_seconds()
    style = "green" if receipt.outcome in CLOSED else "yellow"
    line = f"  {tables.named(step.point)}" + (f"  {printable(receipt.note)}" if receipt.outcome not in CLOSED else "")
    ui.out.print(Text.assemble(f"{seconds:8.2f} s  ", (receipt.outcome.value, style), line))


def _show(done: Contained, measured: history.Times | None, run: str, ui: UI) -> Exit:
    out = ui.out
    if measured is not None and measured.first is not None:
        out.print(f"First proven end {measured.first:.2f} s after the trigger, {len(measured.proven)} in all.")
    if done.left:
        out.print(f"Left to the full plan ({len(done.left)}):", style="bold")
    for step, why in done.left[:LEFT_SHOWN]:
        out.print(Text(f"  {step.action.value} {tables.named(step.point)}: {printable(why)}"), soft_wrap=True)
    if len(done.left) > LEFT_SHOWN:
        out.print(f"  and {len(done.left) - LEFT_SHOWN} more")
    if done.refused:
        out.print(f"Not contained ({len(done.refused)}):", style="bold red")
    for gap in done.refused:
        told = printable(f"  {gap.where}: {gap.why}" + (f" ({gap.advice})" if gap.advice else ""))
        out.print(Text(told), soft_wrap=True)
    tables.show_gaps(done.gaps, ui)
    out.print("No repository was scanned, and nothing was ended for good.")
    out.print(f"Next: offkey plan --run {run} -o plan.json", markup=False, highlight=False, soft_wrap=True)
    return code(done)


def code(done: Contained) -> Exit:
    """The exit code of a containment."""
    unproven = [
        ident for ident in done.steps if ident not in done.receipts or done.receipts[ident].outcome not in CLOSED
    ]
    if unproven:
        return Exit.NOT_ALL_CONFIRMED
    if done.refused or done.gaps:
        return Exit.GAPS
    if done.left:
        return Exit.OPEN
    return Exit.DONE if done.steps else Exit.NOTHING_EXAMINED
