"""`offkey verify RUN`: is everything still dead at its issuer? `offkey verify DIR`: is the evidence intact?

Exit code for a run: 10 when something is alive again or an opt-out keeps it (or keeps it no more), 13 when something is
open or cannot be seen, 14 when only gaps remain, else 0. For a folder: 0 when nothing contradicts it, else 1.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from offboarding import mirror, tables
from offboarding.applying import keeping, wiring
from offboarding.commands.apply import close_if_done, code
from offboarding.commands.report import run_name
from offboarding.configuration import config
from offboarding.evidence import evidence, verify
from offboarding.evidence_kit import verify as kit
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import office
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.fingerprint import KeyUnusable
from offkey.model import CLOSED, Action, Gap, Liveness, Outcome
from scanner.output.printable import printable


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey verify`."""
    parser.add_argument("what", metavar="RUN|DIR", help="a run's name or plan file, or an evidence folder")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint kept elsewhere, for a folder")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the run was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Verify a folder offline, or a run at its providers; the latter only reads there."""
    if Path(args.what).is_dir():
        return _folder(Path(args.what), args.checkpoint, ui)
    return _run(args, ui)


def _folder(folder: Path, checkpoint: Path | None, ui: UI) -> Exit:
    verdict = kit.verify(folder, checkpoint)
    for word, lines, style in (("ok", verdict.passed, "green"), ("note", verdict.notes, "yellow")):
        for line in lines:
            ui.out.print(Text.assemble((f"  {word:5}", style), line))
    for line in verdict.problems:
        ui.out.print(Text.assemble(("  FAIL ", "bold red"), line))
    ui.out.print("NOT INTACT" if verdict.problems else "INTACT", style="bold")
    return Exit.ERROR if verdict.problems else Exit.DONE


def _run(args: argparse.Namespace, ui: UI) -> Exit:
    settings = config.load(args.config)
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    state, name = settings.state_dir(args.state), run_name(args.what)
    store = Store.open(state)
    try:
        with run_lock(state, name, _now()), ui.progress("Asking again") as advance:
            ledger = Ledger(store, _now, "offkey")
            told = past(ledger.events(name))
            if told.plan is None:
                raise evidence.NothingToSeal(f"no plan was made in a run {name!r}", advice="see `offkey ledger export`")
            judge = office.judge(settings, ledger, _now)
            lapsed = kept_no_more(told, judge.why_not, _now())
            told.plan = keeping.as_it_is(told.plan, told.receipts, told.acting, judge.why_not, _now())
            ask, gaps = wiring.askers(settings, told.plan, _now)
            seen = []
            watcher = wiring.watcher(settings, told.plan, state, _now)
            remedy = None if isinstance(watcher, Gap) else watcher
            for result in verify.recheck(told, ask, mirror.reader(state, name, key), _now, remedy):
                seen.append(result)
                advance(len(seen), len(told.plan.steps), tables.named(result.step.point))
            _record(ledger, name, seen)
            told = past(ledger.events(name))
            assert told.plan is not None
            if not lapsed:
                close_if_done(told.plan, list(told.receipts.values()), ledger, state)
    finally:
        store.close()
    for line in lapsed:
        ui.out.print(Text(printable(f"KEPT NO MORE: {line}"), style="bold red"))
    found = _show(told, seen, gaps, ui)
    return Exit.OPEN if lapsed else found


def kept_no_more(told: Past, why_not: keeping.WhyNot, now: datetime) -> list[str]:
    """Each step that was left out and must not be any more: its opt-out has ended, or it never had one."""
    assert told.plan is not None
    found = []
    for step in told.plan.steps:
        receipt = told.receipts.get(step.id)
        if receipt is None or receipt.outcome is not Outcome.SKIPPED:
            continue
        silent = step.action is not Action.KEEP or (step.keeps is not None and receipt.optout != step.how)
        why = "it was left out without an opt-out" if silent else ""
        if step.keeps and not why:
            why = keeping.fault(told.plan, step, why_not, now)
        if why:
            found.append(f"{tables.named(step.point)}, opt-out {step.how or 'none'}: {why}")
    return found


def _record(ledger: Ledger, name: str, seen: Sequence[verify.Rechecked]) -> None:
    started = _now()
    results = [
        {"step": r.step.id, "liveness": r.check.liveness.value, "status": r.check.status, "reason": r.check.reason}
        for r in seen
    ]
    ledger.append("run.verified", name, {"results": results})
    for result in seen:
        if result.settled_now and result.before is not None:
            ledger.append("step.receipt", name, {"receipt": verify.receipt_of(result, started)})


def _show(told: Past, seen: Sequence[verify.Rechecked], gaps: Sequence[Gap], ui: UI) -> Exit:
    assert told.plan is not None
    ui.out.print(Text.assemble(("Asked again for ", "bold"), (told.plan.person.id, "bold cyan")))
    numbers = {step.id: number for number, step in enumerate(told.plan.steps, 1)}
    rows = tables.columns(4)
    for r in seen:
        style = {True: "green", False: "bold red", None: "yellow"}[r.still]
        was = r.before.outcome.value if r.before else "open"
        now = Text.assemble((r.check.liveness.value, style), f" {r.check.reason}")
        rows.add_row(str(numbers[r.step.id]), was, Text(tables.named(r.step.point)), now)
    ui.out.print(rows)
    tables.show_gaps(gaps, ui)
    for r in _alive(seen):
        ui.out.print(Text(f"ALIVE AGAIN: {tables.named(r.step.point)}: {r.check.reason}", style="bold red"))
    return outcome(told, seen, [*told.plan.gaps, *gaps])


def _alive(seen: Sequence[verify.Rechecked]) -> list[verify.Rechecked]:
    return [r for r in seen if r.before and r.before.outcome in CLOSED and r.still is False]


def outcome(told: Past, seen: Sequence[verify.Rechecked], gaps: Sequence[Gap]) -> Exit:
    """The exit code that a run, as it is now, comes to. A step that nobody has done yet is open."""
    assert told.plan is not None
    if _alive(seen):
        return Exit.OPEN
    undone = any(step.id not in told.receipts for step in told.plan.steps)
    if undone or any(r.check.liveness is Liveness.UNKNOWN for r in seen):
        return Exit.NOT_ALL_CONFIRMED
    return code(list(told.receipts.values()), gaps)


def _now() -> datetime:
    return datetime.now(UTC)
