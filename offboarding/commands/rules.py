"""`offkey rules list|check|import`: the kinds that are known, whether rule files are sound, others' rules as ours.

`rules import FILE -o OUT.toml` takes one rule file of gitleaks, betterleaks or Kingfisher. It ends with 14 when a rule
of it is not carried over, else with 0; what is lost of the others is said, too.
"""

import argparse
import re
from pathlib import Path

from rich.table import Table

from offboarding.scanned import check_output, write_private
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from revokers import REGISTRY
from rules import load
from rules.foreign.read import PROVIDER, Imported, read
from rules.foreign.writing import toml
from rules.loader import text_of
from scanner.output.printable import printable

_PROVIDER = re.compile(r"[a-z][a-z0-9]*")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("list", "check", "import"),
        help="list the kinds; check rule files and say nothing more; or write another scanner's rules as ours",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="rule files besides the bundled: of your own, or of gitleaks, betterleaks or Kingfisher",
    )
    taken = parser.add_argument_group("import")
    taken.add_argument("--output", "-o", type=Path, metavar="FILE", help="the rule file to write (default: the screen)")
    taken.add_argument(
        "--provider", default=PROVIDER, metavar="NAME", help=f"how the kinds begin (default: {PROVIDER}.)"
    )


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Loading proves every rule by its examples; a file with an error ends with exit code 2 and says which."""
    if args.what == "import":
        return _import(args, ui)
    if args.output or args.provider != PROVIDER:
        raise UsageError("--output and --provider are for `rules import`", advice="leave them out")
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
    untried = sum(min(len(rule.examples), len(rule.counterexamples)) < 2 for rule in found.rules)
    if untried:
        ui.out.print(f"{untried} of them were taken over from another scanner and have no examples to be tried on")
    for line in found.unread:
        _say(ui, line)
    return Exit.DONE


def _import(args: argparse.Namespace, ui: UI) -> Exit:
    if len(args.files) != 1:
        raise UsageError("import takes one rule file", advice="name one; import others one by one")
    if not _PROVIDER.fullmatch(args.provider):
        raise UsageError(f"--provider {args.provider}: is no name", advice="use small letters and digits")
    check_output(args.output)
    path: Path = args.files[0]
    taken = read(path, text_of(path), args.provider)
    if taken is None:
        raise UsageError(
            f"{path}: is no rule file of gitleaks, betterleaks or Kingfisher",
            advice="those of offkey need no import: name them with --rules",
        )
    text, dropped = toml(taken, path.name)
    _tell(ui, taken, dropped)
    if not taken.carried:
        raise UsageError(f"{path}: no rule of it can be carried over", advice="write them anew: see docs/rules.md")
    if args.output:
        write_private(args.output, text)
        load([args.output])  # whoever imports it shall not be the first to hear that it is refused
    else:
        ui.stream.write(text)
    return Exit.GAPS if taken.missing else Exit.DONE


def _tell(ui: UI, taken: Imported, dropped: list[str]) -> None:
    """What became of the file, on standard error: the rules themselves may go to standard output."""
    total = len(taken.carried) + len(taken.missing)
    untried = sum("untried" in one.row for one in taken.carried)
    _say(ui, f"{taken.tool}: {len(taken.carried)} of {total} rules carried over, {untried} of them without examples")
    for name, why in taken.lost:
        _say(ui, f"not carried over: {name + ': ' if name else ''}{why}")
    for one in taken.carried:
        for note in one.notes:
            _say(ui, f"{one.draft.id}: {note}")
    for line in dropped:
        _say(ui, line)


def _say(ui: UI, line: str) -> None:
    ui.err.print(printable(line), markup=False, highlight=False, soft_wrap=True)
