"""`offkey report RUN -o DIR`: write the evidence of a run, as a folder or one zip file.
`offkey report --population --from DAY --to DAY`: everybody who left in a period, against the runs.

Exit code for a run: 0 when it is written, whatever the run came to; 3 when there is no such run; 14 when it is written
and a sink has not got the newest checkpoint. For a population as of `offkey leavers due`: 10 when anybody is missing or
overdue.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from offboarding import tables
from offboarding.commands import leavers as leavers_command
from offboarding.configuration import config
from offboarding.evidence import evidence, leavers, population
from offboarding.identity import directory
from offboarding.ledger import erasing, keys, outside, publishing
from offboarding.ledger.access import opened
from offboarding.ledger.chain import erased_runs
from offboarding.ledger.ledger import Ledger
from offboarding.ui import UI
from offkey.canonical import content_digest, digest
from offkey.errors import Exit, UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey report`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("run", nargs="?", metavar="RUN", help="the name that `offkey plan` printed, or its plan file")
    what.add_argument("--population", action="store_true", help="all leavers of a period against the runs")
    parser.add_argument(
        "--from", dest="since", type=leavers_command.day, metavar="DAY", help="population: from this day"
    )
    parser.add_argument(
        "--to", dest="until", type=leavers_command.day, metavar="DAY", help="population: before this day"
    )
    parser.add_argument("--output", "-o", type=Path, metavar="DIR|ZIP", help="default: the folder evidence-RUN here")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="make the proofs for this checkpoint")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the run was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Build the evidence from the ledger alone, write it, and record its digest once."""
    if args.population:
        return _population(args, ui)
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
        sla = timedelta(hours=settings.policy.sla_hours)
        files = evidence.build(events, name, _read(register), checkpoint, signer=signer, sla=sla)
        sealed = _write(files, folder)
        mine = [event for event in events if event.run == name]
        if not any(event.type == evidence.SEALED and event.body["manifest"] == sealed for event in mine):
            ledger.append(evidence.SEALED, name, {"manifest": sealed})
        unpublished = publishing.publish(ledger, settings, state)
    finally:
        store.close()
    page = folder if folder.suffix == ".zip" else folder / "report.html"
    ui.out.print(f"{page}", markup=False, highlight=False, soft_wrap=True)
    ui.out.print(f"manifest {sealed}", markup=False, highlight=False, soft_wrap=True)
    verifier = "verify.py" if folder.suffix == ".zip" else folder / "verify.py"
    ui.out.print(f"anybody can check it without offkey: python3 {verifier} {folder}", soft_wrap=True)
    publishing.tell(unpublished, ui)
    return Exit.GAPS if unpublished else Exit.DONE


def _write(files: evidence.Files, place: Path) -> str:
    return evidence.pack(files, place) if place.suffix == ".zip" else evidence.seal(files, place)


def _population(args: argparse.Namespace, ui: UI) -> Exit:
    """Compare the directory with the ledger, and write what came of it."""
    if args.since is None or args.until is None or args.since >= args.until:
        raise UsageError("a population needs a period", advice="--from 2026-01-01 --to 2026-04-01")
    settings = config.load(args.config)
    told = settings.directory
    if told.people is None and not told.exports:
        raise UsageError("no directory is configured", advice="set `people` or `exports` under [directory]")
    people, now = directory.load(told.people, told.exports), datetime.now(UTC)
    store = opened(settings, settings.state_dir(args.state))
    try:
        events = Ledger(store, lambda: now, "offkey").events()
    finally:
        store.close()
    sla = timedelta(hours=settings.policy.sla_hours)
    found = leavers.due(people, leavers.runs(events), now, sla=sla, since=args.since, until=args.until)
    sources = [path for path in (told.people, *told.exports) if path is not None]
    files = population.build(
        population.Population(
            since=args.since,
            until=args.until,
            made_at=now,
            sla=sla,
            leavers=found,
            gaps=people.gaps,
            directory=digest([content_digest(path.read_bytes()) for path in sources]),
        )
    )
    place = args.output or Path(f"population-{args.since:%Y-%m-%d}-{args.until:%Y-%m-%d}")
    ui.out.print(f"{place}", markup=False, highlight=False, soft_wrap=True)
    ui.out.print(f"manifest {_write(files, place)}", markup=False, highlight=False, soft_wrap=True)
    missing = sum(one.status in leavers.URGENT for one in found)
    ui.out.print(f"{len(found)} leavers, {missing} of them missing or overdue")
    tables.show_erased(erasing.note(erased_runs(events)), ui)
    return leavers_command.code(found, bool(people.gaps))


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
