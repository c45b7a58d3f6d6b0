"""`offkey gate export`: the list by which a CI machine knows departed people's credentials, for `scan --departed-list`.

Exit code: 14 when a value of a run that may still live could not be read for the list, else 0.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from offboarding import scanned, tables
from offboarding.configuration import config
from offboarding.gate import check, exporting, listed
from offboarding.gate.options import days
from offboarding.ledger import erasing
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.fingerprint import KeyUnusable
from scanner.matching.rulecache import load_all
from scanner.repository.gitenv import user_cache


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey gate`."""
    parser.add_argument("what", choices=("export",), help="write the list")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the list; mode 0600")
    parser.add_argument(
        "--within", type=days, default=timedelta(0), metavar="DAYS", help="also who leaves within so many days"
    )
    parser.add_argument(
        "--valid", type=days, default=timedelta(7), metavar="DAYS", help="an older list is a gap (default: 7)"
    )
    parser.add_argument("--no-addresses", action="store_true", help="leave out the digests of leavers' addresses")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which runs were made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Write the list. An older one in the same place is renewed: values that are gone now stay on it."""
    scanned.check_output(args.output)
    now = datetime.now(UTC)
    settings = config.load(args.config)
    told = check.sources(args.config, args.state, now)
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    before = listed.read(args.output) if args.output.is_file() else None
    setting = exporting.Setting(
        state=settings.state_dir(args.state),
        key=key,
        ruleset=load_all([], generic=False, cache=user_cache()),
        now=now,
        within=args.within,
        valid=args.valid,
    )
    made, gaps = exporting.export(told, setting, before, with_addresses=not args.no_addresses)
    scanned.write_private(args.output, made.text())
    line = f"{len(made.credentials)} credentials of {len(told.runs)} runs and {len(made.addresses)} addresses"
    ui.out.print(f"{args.output}: {line}", markup=False, highlight=False, soft_wrap=True)
    every = [*told.gaps, *gaps]
    tables.show_gaps(every, ui)
    tables.show_erased(erasing.note(told.erased), ui)
    return Exit.GAPS if every else Exit.DONE
