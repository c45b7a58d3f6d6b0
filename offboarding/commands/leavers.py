"""`offkey leavers due`: the directory against the ledger's runs. Who should have been offboarded, and was not?

Asks no provider and changes nothing. Exit code: 10 when anybody is missing or overdue, 13 when a run is open, 10 when
opt-outs keep something of somebody who has left, 14 when a run or the directory's exports leave something open, 3 when
the directory names no departure at all, else 0.
"""

import argparse
import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from offboarding import tables
from offboarding.configuration import config
from offboarding.evidence import leavers
from offboarding.evidence.leavers import URGENT, Due, Status
from offboarding.identity import directory
from offboarding.ledger import erasing
from offboarding.ledger.access import opened
from offboarding.ledger.chain import erased_runs
from offboarding.ledger.ledger import Ledger
from offboarding.moments import moment
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.model import timestamp
from scanner.output.formats import cell
from scanner.output.printable import json_printable, printable

COLUMNS = ("status", "person", "names", "left_at", "deadline", "run", "contained_at", "planned_at", "closed_at")
_STYLES = {Status.MISSING: "bold red", Status.OVERDUE: "red", Status.OPEN: "yellow", Status.KEPT: "yellow"}
_STYLES |= {Status.GAPS: "yellow", Status.LATE: "yellow"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey leavers`."""
    parser.add_argument("what", choices=("due",), help="who has left, or leaves when, and what became of it")
    parser.add_argument("--from", dest="since", type=day, metavar="TIME", help="who left at this day or later")
    parser.add_argument("--to", dest="until", type=day, metavar="TIME", help="who left before this day")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the runs are kept")


def day(text: str) -> datetime:
    """A day (its midnight in UTC), or a time with its zone."""
    try:
        made = moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a day nor a time with its zone") from error
    assert isinstance(made, datetime)
    return made


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Compare, and show the most urgent first."""
    settings = config.load(args.config)
    if settings.directory.people is None and not settings.directory.exports:
        raise UsageError("no directory is configured", advice="set `people` or `exports` under [directory]")
    people = directory.load(settings.directory.people, settings.directory.exports)
    now = datetime.now(UTC)
    store = opened(settings, settings.state_dir(args.state))
    try:
        events = Ledger(store, lambda: now, "offkey leavers").events()
    finally:
        store.close()
    sla = timedelta(hours=settings.policy.sla_hours)
    found = leavers.due(people, leavers.runs(events), now, sla=sla, since=args.since, until=args.until)
    if args.format == "table":
        _table(found, ui)
        tables.show_gaps(people.gaps, ui)
    else:
        text = _json(found) if args.format == "json" else _csv(found)
        ui.out.print(text, end="", markup=False, highlight=False, soft_wrap=True, emoji=False)
    tables.show_erased(erasing.note(erased_runs(events)), ui)
    return code(found, bool(people.gaps))


def code(found: Sequence[Due], gaps: bool) -> Exit:
    if any(one.status in URGENT for one in found):
        return Exit.OPEN
    if any(one.status is Status.OPEN for one in found):
        return Exit.NOT_ALL_CONFIRMED
    if any(one.status is Status.KEPT for one in found):
        return Exit.OPEN
    if gaps or any(one.status is Status.GAPS for one in found):
        return Exit.GAPS
    return Exit.DONE if found else Exit.NOTHING_EXAMINED


def _row(one: Due) -> dict[str, Any]:
    def told(at: datetime | None) -> str:
        return timestamp(at) if at else ""

    state = one.run
    return {
        "status": one.status.value,
        "person": one.person,
        "names": list(one.names),
        "left_at": told(one.left_at),
        "deadline": told(one.deadline),
        "run": state.run if state else "",
        "contained_at": told(state.contained_at) if state else "",
        "planned_at": told(state.planned_at) if state else "",
        "closed_at": told(state.closed_at) if state else "",
    }


def _json(found: Sequence[Due]) -> str:
    return json_printable(json.dumps([_row(one) for one in found], ensure_ascii=False, indent=2)) + "\n"


def _csv(found: Sequence[Due]) -> str:
    """RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in found:
        row = _row(one) | {"names": "; ".join(one.names)}
        writer.writerow([cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _table(found: Sequence[Due], ui: UI) -> None:
    if not found:
        ui.out.print("The directory names nobody who leaves.")
        return
    table = Table()
    for name in ("", "person", "leaves", "due", "run", "contained", "closed"):
        table.add_column(name, overflow="fold")
    for one in found:
        row = _row(one)
        cells = [row[name] for name in ("person", "left_at", "deadline", "run", "contained_at", "closed_at")]
        table.add_row(
            Text(one.status.value, style=_STYLES.get(one.status, "")), *(Text(printable(text)) for text in cells)
        )
    ui.out.print(table)
    missing = next((one for one in found if one.status is Status.MISSING), None)
    if missing is not None:
        ui.out.print(
            Text(f"Next: offkey contain {printable(missing.person)}, or offkey plan {printable(missing.person)}")
        )
