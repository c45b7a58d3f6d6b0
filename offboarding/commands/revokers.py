"""`offkey revokers`: what offkey can end by itself, how, and what it needs for that."""

import argparse
import json
from collections import Counter

from rich.table import Table

import rules
from offboarding.applying import revoking
from offboarding.ui import UI
from offkey.errors import Exit
from revokers import REGISTRY


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider", nargs="?", choices=sorted(REGISTRY), help="only this one, with its permissions")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """A row for each kind: by whom it is ended, what shows the end, and what the contract test has seen of it."""
    rows = [row for row in revoking.rows(rules.load()) if args.provider in (None, row.provider)]
    if args.format == "json":
        ui.out.print(json.dumps([row.data() for row in rows], indent=1), soft_wrap=True, markup=False, highlight=False)
        return Exit.DONE
    shown = [row for row in rows if args.provider or row.how != revoking.HAND_OVER]
    table = Table()
    for column in ("kind", "how", "needs", "proof", "undone?", "contract", "tested"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "how"))
    for row in shown:
        undone = "" if row.how in (revoking.HAND_OVER, revoking.KEEP) else "yes" if row.reversible else "no"
        tested = str(row.tested or "")
        table.add_row(row.kind, row.how, row.needs, row.proof, undone, row.contract, tested)
    ui.out.print(table)
    if args.provider:
        _permissions(args.provider, ui)
    else:
        ways = Counter(row.how for row in rows)
        told = ", ".join(f"{count} {how}" for how, count in ways.most_common())
        ui.out.print(f"{len(rows)} kinds of {len({row.provider for row in rows})} providers: {told}.", style="dim")
        ui.out.print("What is handed over comes with instructions: see `offkey rules list`.", style="dim")
    return Exit.DONE


def _permissions(provider: str, ui: UI) -> None:
    needs = Table(title=f"What the {provider} credential needs", title_justify="left")
    needs.add_column("permission", overflow="fold")
    needs.add_column("for", overflow="fold")
    for permission, purpose in REGISTRY[provider].NEEDS.items():
        needs.add_row(permission, purpose)
    ui.out.print(needs)
