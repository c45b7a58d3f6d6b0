"""`offkey revokers`: what offkey can end by itself, how, and what it needs for that."""

import argparse

from rich.table import Table

from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import Action
from revokers import REGISTRY


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider", nargs="?", choices=sorted(REGISTRY), help="only this one, with its permissions")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """A row for each kind and option, in the order of execution."""
    table = Table()
    for column in ("kind", "action", "undone?", "by", "extra yes", "breaks"):
        table.add_column(column, overflow="fold")
    names = [args.provider] if args.provider else sorted(REGISTRY)
    for name in names:
        for kind, ways in sorted(REGISTRY[name].HANDLES.items()):
            for way in ways:
                by_hand = way.action in (Action.HAND_OVER, Action.KEEP)
                undone = "" if by_hand else "yes" if way.reversible else "no"
                table.add_row(kind, way.action, undone, "" if by_hand else way.by, way.needs, ", ".join(way.breaks))
    ui.out.print(table)
    if args.provider:
        needs = Table(title=f"What the {args.provider} credential needs", title_justify="left")
        needs.add_column("permission", overflow="fold")
        needs.add_column("for", overflow="fold")
        for permission, purpose in REGISTRY[args.provider].NEEDS.items():
            needs.add_row(permission, purpose)
        ui.out.print(needs)
    ui.out.print("Every other kind is handed over with instructions: see `offkey rules list`.", style="dim")
    return Exit.DONE
