"""`offkey rules list|check`: the kinds that are recognised, and whether rule files are sound."""

import argparse
from pathlib import Path

from rich.table import Table

from offboarding.ui import UI
from offkey.errors import Exit
from revokers import REGISTRY
from rules import load


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", choices=("list", "check"), help="list the kinds, or check rule files and say nothing more"
    )
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="rule files of your own, besides the bundled"
    )


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Loading proves every rule by its examples; a file with an error ends with exit code 2 and says which."""
    found = load(args.files)
    if args.what == "list":
        handled = {kind for module in REGISTRY.values() for kind in module.HANDLES}
        table = Table()
        for column in ("kind", "what it is", "confidence", "ended by"):
            table.add_column(column, overflow="fold")
        for rule in found.rules:
            table.add_row(rule.kind, rule.name, rule.confidence, "offkey" if rule.kind in handled else "a person")
        ui.out.print(table)
    ui.out.print(
        f"{len(found.rules)} kinds of {len(found.providers)} providers, {found.digest}", highlight=False, soft_wrap=True
    )
    return Exit.DONE
