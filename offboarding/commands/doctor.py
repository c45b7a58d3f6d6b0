"""`offkey doctor`: is everything in place, and if not, what to do. `--init` writes a first configuration before.

Exit code: 0, or 1 when any check failed.
"""

import argparse
from pathlib import Path

from rich.table import Table
from rich.text import Text

from offboarding.configuration import beginning, doctor
from offboarding.state import CONFIGURATION
from offboarding.ui import UI
from offkey.errors import Exit

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey doctor`."""
    parser.add_argument(
        "--init", action="store_true", help="write offkey.toml, people.yaml, approvers and the organisation key first"
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Check everything and show one line for each check."""
    if args.init:
        for path, new in beginning.write(args.config or CONFIGURATION):
            ui.out.print(f"{'written' if new else 'kept as it was'}: {path}", markup=False, highlight=False)
        ui.out.print(f"Keep {beginning.KEY} out of version control, and a copy of it in a safe place.")
    table = Table()
    table.add_column("")
    for column in ("check", "found", "what to do"):
        table.add_column(column, overflow="fold")
    results = []
    with ui.progress("Checking") as advance:
        for result in doctor.examine(args.config, args.state):
            results.append(result)
            advance(len(results), len(results) + 1, result.what)
            words = (result.what, result.detail, "" if result.state == "ok" else result.advice)
            table.add_row(Text(result.state, style=STYLES[result.state]), *(Text(word) for word in words))
    ui.out.print(table)
    return Exit.ERROR if any(result.state == "fail" for result in results) else Exit.DONE
