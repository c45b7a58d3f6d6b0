"""`offkey report RUN -o DIR`: write the evidence folder of a run.

Exit code: 0 when it is written, whatever the run came to; 3 when there is no such run; 14 when it is written and a sink
has not got the newest checkpoint.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from offboarding.configuration import config
from offboarding.evidence import evidence
from offboarding.ledger import keys, outside, publishing
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.opening import opened
from offboarding.ui import UI
from offkey.errors import Exit, UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey report`."""
    parser.add_argument("run", metavar="RUN", help="the name that `offkey plan` printed, or its plan file")
    parser.add_argument("--output", "-o", type=Path, metavar="DIR", help="default: evidence-RUN here")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="make the proofs for this checkpoint")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the run was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Build the folder from the ledger alone, write it, and record its digest once."""
    settings = config.load(args.config)
    name = run_name(args.run)
    folder = args.output or Path(f"evidence-{name}")
    register = settings.approvers.register_file
    signer, known = keys.signer(settings), keys.verifiers(settings)
    checkpoint = outside.read(args.checkpoint, known) if args.checkpoint else None
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, lambda: datetime.now(UTC), "offkey")
        events = ledger.events()
        files = evidence.build(events, name, _read(register), checkpoint, signer)
        sealed = evidence.seal(files, folder)
        mine = [event for event in events if event.run == name]
        if not any(event.type == evidence.SEALED and event.body["manifest"] == sealed for event in mine):
            ledger.append(evidence.SEALED, name, {"manifest": sealed})
        unpublished = publishing.publish(ledger, settings, state)
    finally:
        store.close()
    ui.out.print(f"{folder / 'report.html'}", markup=False, highlight=False, soft_wrap=True)
    ui.out.print(f"manifest {sealed}", markup=False, highlight=False, soft_wrap=True)
    ui.out.print(f"anybody can check it without offkey: python3 {folder / 'verify.py'} {folder}", soft_wrap=True)
    publishing.tell(unpublished, ui)
    return Exit.GAPS if unpublished else Exit.DONE


def run_name(given: str) -> str:
    """A run's name from a name or a plan file."""
    if given.endswith(".json") and Path(given).is_file():
        from offboarding.planning import plan

        return plan.read(Path(given)).run
    return given


def _read(register: Path | None) -> bytes:
    try:
        return register.read_bytes() if register else b""
    except OSError as error:
        raise UsageError(f"{register}: {error.strerror}", advice="set `register` under [approvers]") from error
