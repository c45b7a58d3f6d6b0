"""`offkey verify RUN`: is everything still dead? `offkey verify --due`: the same for all runs whose time has come.

`offkey verify DIR|ZIP` checks an evidence folder instead: 0 when nothing contradicts it, else 1.

Exit code for runs, of several the first that applies: 10 when something came back, a credential was used after its end,
or something is left out without an opt-out in force, 1 when a run could not be checked, 13 when something is open or
cannot be seen, 14 when only gaps remain or a run was held by another process, else 0. With --due and nothing due it is
0.
"""

import argparse
import functools
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from offboarding import tables
from offboarding.commands.report import run_name
from offboarding.configuration import config
from offboarding.evidence_kit import verify as kit
from offboarding.ledger import erasing, publishing
from offboarding.ledger.access import opened
from offboarding.ledger.chain import erased_runs
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.state import RunLocked, run_lock
from offboarding.ui import UI
from offboarding.verifying import checking, code, drift, schedule, showing
from offboarding.verifying.checking import Checked, Desk
from offboarding.verifying.record import record
from offboarding.verifying.schedule import Due
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.fingerprint import KeyUnusable, OrgKey
from offkey.model import timestamp

_WORST = (Exit.OPEN, Exit.ERROR, Exit.NOT_ALL_CONFIRMED, Exit.GAPS)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey verify`."""
    parser.add_argument("what", metavar="RUN|DIR", nargs="?", help="a run's name or plan file, or an evidence folder")
    parser.add_argument("--due", action="store_true", help="every run whose check is due ([verify] schedule); for cron")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint kept elsewhere, for a folder")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--key", default="", metavar="VKEY", help="the ledger's public key, for a folder")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the run was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Verify a folder offline, or runs at their providers; the latter only reads there."""
    if args.due == (args.what is not None):
        raise UsageError("name a run or a folder, or give --due", advice="offkey verify RUN, or offkey verify --due")
    if args.what is not None and (Path(args.what).is_dir() or _packed(Path(args.what))):
        if args.format == "json":
            raise UsageError("--format json is for runs", advice="verify.py in the folder reads its files")
        return _folder(Path(args.what), args.checkpoint, args.key, ui)
    return _runs(args, ui)


def _packed(path: Path) -> bool:
    return path.suffix == ".zip" and path.is_file()


def _folder(folder: Path, checkpoint: Path | None, key: str, ui: UI) -> Exit:
    verdict = kit.verify(folder, checkpoint, key)
    for word, lines, style in (("ok", verdict.passed, "green"), ("note", verdict.notes, "yellow")):
        for line in lines:
            ui.out.print(Text.assemble((f"  {word:5}", style), line))
    for line in verdict.problems:
        ui.out.print(Text.assemble(("  FAIL ", "bold red"), line))
    ui.out.print("NOT INTACT" if verdict.problems else "INTACT", style="bold")
    return Exit.ERROR if verdict.problems else Exit.DONE


def _runs(args: argparse.Namespace, ui: UI) -> Exit:
    settings = config.load(args.config)
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, _now, "offkey")
        times = settings.verify.schedule
        if args.due:
            wanted = schedule.due(ledger.events(), times, _now())
        else:
            wanted = [Due(run_name(args.what), schedule.BY_HAND)]
        with ui.progress("Asking again") as advance:
            desk = Desk(
                config=settings,
                ledger=ledger,
                state=state,
                key=key,
                code=_code(settings, key, state, ledger, wanted),
                now=_now,
                tell=lambda what, done, total: advance(done, total, what),
            )
            checked, failed = _checked(desk, wanted, due=args.due)
        events = ledger.events() if args.due else []
        nearest = schedule.upcoming(events, times, _now()) if args.due else None
        unpublished = publishing.publish(ledger, settings, state)
    finally:
        store.close()
    troubles = [Exit.GAPS if isinstance(error, RunLocked) else Exit.ERROR for error in failed.values()]
    worst = _worst([*(one.code for one in checked), *troubles, *([Exit.GAPS] if unpublished else [])])
    publishing.tell(unpublished, ui)
    tables.show_erased(erasing.note(erased_runs(events)), ui)
    if args.format == "json":
        text = json.dumps(showing.data(checked, failed, worst, nearest), indent=2)
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
        return worst
    showing.show(checked, failed, ui)
    if args.due:
        ui.out.print(_told(len(wanted), nearest), markup=False, highlight=False)
    return worst


def _checked(desk: Desk, wanted: Sequence[Due], *, due: bool) -> tuple[list[Checked], dict[str, OffkeyError]]:
    """What each check came to. With `due`, one run's trouble keeps no other from being checked."""
    checked: list[Checked] = []
    failed: dict[str, OffkeyError] = {}
    for one in wanted:
        try:
            with run_lock(desk.state, one.run, desk.now()):
                if not due or _still_due(desk, one.run):
                    checked.append(checking.check(desk, one.run, one.slot, one.missed))
        except OffkeyError as error:
            if not due:
                raise
            failed[one.run] = error
    if due:
        _tidy(desk, {one.run for one in wanted})
    return checked, failed


def _still_due(desk: Desk, run: str) -> bool:
    """Another process may have checked it just now."""
    return bool(schedule.due(desk.ledger.events(run), desk.config.verify.schedule, desk.now()))


def _tidy(desk: Desk, done: set[str]) -> None:
    """Runs that are not due may have kept their copies of repositories for long enough."""
    for name in desk.ledger.runs():
        known = record(desk.ledger.events(name)) if name not in done else None
        if known is not None and known.closed is not None:
            try:
                with run_lock(desk.state, name, desk.now()):
                    checking.tidied(desk, name, known)
            except RunLocked:
                continue  # it is looked at next time


def _code(
    settings: config.Config, key: OrgKey, state: Path, ledger: Ledger, wanted: Iterable[Due]
) -> Callable[[], code.Code]:
    """What reads the repositories, when it is first called, with the commits since the first of the people left."""
    names = [one.run for one in wanted]

    @functools.cache
    def read() -> code.Code:
        import rules

        plans = [plan for name in names if (plan := past(ledger.events(name)).plan) is not None]
        since = min((drift.left(plan) for plan in plans), default=_now())
        return code.read(settings.repositories.paths, rules.load(), key, state, since)

    return read


def _worst(codes: Sequence[Exit]) -> Exit:
    return next((code for code in _WORST if code in codes), Exit.DONE)


def _told(number: int, nearest: tuple[datetime, str] | None) -> str:
    later = f"; next is {nearest[1]}, at {timestamp(nearest[0])}" if nearest else ""
    return f"{number or 'no'} checks were due{later}"


def _now() -> datetime:
    return datetime.now(UTC)
