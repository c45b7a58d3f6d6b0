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
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Verify the ledger, or print it (JSON lines) or its checkpoint (JSON) on standard output."""
    store = Store.open(config.load(args.config).state_dir(args.state))
    ledger = Ledger(store, lambda: datetime.now(UTC), "offkey ledger")
    try:
        if args.what == "verify":
            return _verify(ledger, _read(args.checkpoint) if args.checkpoint else None, ui)
        records = ledger.events(args.run) if args.what == "export" else [ledger.checkpoint()]
        for record in records:
            line = canonical(to_json(record)).decode()
            ui.out.print(line, markup=False, highlight=False, soft_wrap=True, emoji=False)
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
