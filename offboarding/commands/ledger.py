"""`offkey ledger verify|checkpoint|export`: is the record whole, what to keep elsewhere, and the record itself.

Exit code of verify: 0 when it agrees with an outside checkpoint, 14 when it is self-consistent but no checkpoint was
given, 1 when something in it was changed.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import cattrs

from offboarding.configuration import config
from offboarding.formats import export, ocsf
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.ui import UI
from offkey.canonical import canonical
from offkey.errors import Exit, UsageError
from offkey.model import from_json, to_json


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey ledger`."""
    parser.add_argument("what", choices=("verify", "checkpoint", "export"), help="what to do")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="verify: a checkpoint kept on another machine")
    parser.add_argument("--run", metavar="RUN", help="export: only the events of this run")
    parser.add_argument("--format", choices=export.FORMS, default="jsonl", help="export: the form (docs/formats.md)")
    parser.add_argument("--ocsf-version", choices=ocsf.VERSIONS, default=ocsf.VERSIONS[0], help="export: OCSF's")
    parser.add_argument("--since", metavar="SEQ|TIME", help="export: only events after this number, or from this time")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Verify the ledger, or print it (a line an event) or its checkpoint (JSON) on standard output."""
    after = export.since(args.since) if args.since else 0
    store = Store.open(config.load(args.config).state_dir(args.state))
    ledger = Ledger(store, lambda: datetime.now(UTC), "offkey ledger")
    try:
        if args.what == "verify":
            return _verify(ledger, _read(args.checkpoint) if args.checkpoint else None, ui)
        if args.what == "export":
            given = {"run": args.run, "after": after, "ocsf_version": args.ocsf_version}
            lines = export.lines(ledger.events(), args.format, **given)
        else:
            lines = iter([canonical(to_json(ledger.checkpoint())).decode()])
        for line in lines:
            ui.stream.write(line + "\n")  # what draws on a screen would expand tabs
        return Exit.DONE
    finally:
        store.close()


def _verify(ledger: Ledger, checkpoint: Checkpoint | None, ui: UI) -> Exit:
    verdict = ledger.verify(checkpoint)
    ui.out.print(f"{verdict.events} events: {verdict.text}", markup=False, highlight=False)
    for problem in verdict.problems[1:]:
        ui.out.print(f"  {problem}", markup=False, highlight=False)
    if not verdict.ok:
        return Exit.ERROR
    if not verdict.anchored:
        ui.err.print("  give --checkpoint FILE, made by `offkey ledger checkpoint` and kept on another machine")
    return Exit.DONE if verdict.anchored else Exit.GAPS


def _read(path: Path) -> Checkpoint:
    try:
        return from_json(json.loads(path.read_bytes()), Checkpoint)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", advice="name a file kept from `offkey ledger checkpoint`"
        ) from error
    except (ValueError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path} is no checkpoint", advice="`offkey ledger checkpoint` prints one") from error
