"""`offkey import REPORT...`: what other scanners reported, as findings of ours, with whoever brought it in.

Reads JSON of gitleaks and betterleaks, JSON lines of TruffleHog, JSON and JSON lines of Kingfisher, and SARIF. Each
value is looked for in the repositories named with --repo; what is shown and remembered is what `offkey scan` gives.

Exit code: 10 when anything is found again, else 14 when something is not, else 0.
"""

import argparse
import os
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from offboarding import scanned
from offboarding.configuration import scansettings
from offboarding.identity import whose
from offboarding.memory import ScanMemory
from offboarding.reports import again, formats
from offboarding.scanned import Scanned
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.fingerprint import ephemeral_key
from scanner.matching.rulecache import load_all
from scanner.output.printable import printable
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.gitenv import user_cache
from scanner.repository.sources import Target, open_target
from scanner.scan import Options, scan

_FORMATS = ("table", "json", "jsonl", "sarif", "csv")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey import`."""
    parser.epilog = (
        "Nothing of a report is kept but where it pointed to; values in it are never stored. `offkey plan` scans the "
        "configured repositories by itself: what offkey's own rules find there needs no import to be in a plan. What "
        "only the report knows (kinds imported.*, or found by its value alone) is in no plan: take over the tool's "
        "rules with `offkey rules import` and give them to `offkey plan --rules`, or have it ended by hand."
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="JSON, JSON lines or SARIF")
    parser.add_argument(
        "--repo",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATH|URL",
        help="the repositories or folders that the reports are about (default: this one)",
    )
    parser.add_argument(
        "--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="further rules"
    )
    parser.add_argument(
        "--explain", action="store_true", help="why each is a credential, and whose, and all its places"
    )
    parser.add_argument("--show-secrets", action="store_true", help="print the values themselves")
    parser.add_argument("--format", choices=_FORMATS, default="table", help="default: table, also when piped")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write there (mode 0600), not to the screen")
    state = parser.add_mutually_exclusive_group()
    state.add_argument("--state", type=Path, metavar="DIR", help="where earlier findings are remembered")
    state.add_argument("--no-state", action="store_true", help="neither read nor remember earlier findings")
    parser.add_argument("--jobs", "-j", type=int, metavar="N", help="processes (default: one for each processor)")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Read, scan, find again, remember, show. Raises OffkeyError for a report or a repository that cannot be read."""
    scanned.check_output(args.output)
    reports = [one for path in args.reports for one in formats.read(path)]
    settings = scansettings.load(args.config, user_cache())
    ruleset = load_all([str(path) for path in args.rules], cache=user_cache())
    scanned.tell_unread(ui, ruleset)
    own_key = settings.org_key()
    key = own_key or ephemeral_key()
    options = Options(jobs=max(1, args.jobs or os.cpu_count() or 1), excuse=False)  # another tool has not excused it
    with ExitStack() as stack:
        memory = None
        if own_key is not None and not args.no_state:
            memory = stack.enter_context(closing(ScanMemory.open(settings.state_dir(args.state))))
        targets = [_opened(name, stack, ui) for name in dict.fromkeys(args.repo or ["."])]
        clones = {one.name: one.git.path for one in targets if one.git is not None and is_url(one.name)}
        with ui.progress("Scanning"):
            result = scan(targets, ruleset, key, options, vault=memory)
            done = Scanned(result, clones, b"")
            found = again.find(reports, done, targets, ruleset, key=key, options=options)
        findings = whose.with_owners(found.findings, settings.owners)
        if memory is not None:
            findings = tuple(memory.remember(findings, datetime.now(UTC), ruleset.digest))
        gaps = tuple(sorted({*result.gaps, *found.gaps}, key=lambda gap: (gap.where, gap.why)))
        code = Exit.OPEN if findings else Exit.GAPS if gaps else Exit.DONE
        shown = Scanned(replace(result, findings=findings, gaps=gaps), clones, b"")
        look = scanned.Look(
            args.format,
            explain=args.explain,
            reasons=args.explain,
            show_secrets=args.show_secrets,
            ephemeral=own_key is None,
            exit_code=code,
        )
        scanned.show(ui, look, scanned.Report(shown, findings, found.ruleset), args.output)
    line = f"{len(reports)} reported, {len(reports) - found.missed} of them found again as {len(findings)} credentials"
    ui.err.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return code


def _opened(name: str, stack: ExitStack, ui: UI) -> Target:
    if not is_url(name):
        return open_target(name)
    shown = without_credentials(name)
    with ui.progress(f"Cloning {shown}"):
        return Target(shown, git=stack.enter_context(temporary_mirror(name)))
