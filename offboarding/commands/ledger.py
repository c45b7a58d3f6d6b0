"""`offkey ledger`: is the record whole, what is kept elsewhere, and the record itself.

Exit code of verify: 0 when it extends every outside checkpoint, 14 when it is self-consistent but nothing outside was
given or could be read, 1 when something in it was changed or an outside checkpoint is not of it.
"""

import argparse
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from offboarding import mirror
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.formats import export, ocsf
from offboarding.ledger import erasing, keys, outside, publishing
from offboarding.ledger.access import opened
from offboarding.ledger.chain import Verdict, erased_runs
from offboarding.ledger.ledger import PUBLISHED, Ledger
from offboarding.state import CONFIGURATION
from offboarding.ui import UI
from offkey.canonical import canonical
from offkey.errors import Exit, UsageError
from offkey.model import to_json
from scanner.output.printable import printable

KEY = "ledger.key"
PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
WHAT = ("verify", "checkpoint", "export", "publish", "init", "erase")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey ledger`."""
    parser.add_argument("what", choices=WHAT, help="what to do")
    parser.add_argument("person", nargs="?", metavar="PERSON", help="erase: whose; left out, an erasure is ended")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="verify: one kept elsewhere"
    )
    parser.add_argument("--key", default="", metavar="VKEY", help="verify: the ledger's public key, or a file with it")
    parser.add_argument("--run", metavar="RUN", help="export: only the events of this run")
    parser.add_argument("--format", choices=export.FORMS, default="jsonl", help="export: the form (docs/formats.md)")
    parser.add_argument("--ocsf-version", choices=ocsf.VERSIONS, default=ocsf.VERSIONS[0], help="export: OCSF's")
    parser.add_argument("--since", metavar="SEQ|TIME", help="export: only events after this number, or from this time")
    parser.add_argument("--name", default="", metavar="NAME", help="init: the ledger's name, like example.com/offkey")
    parser.add_argument("--reason", default="", metavar="TEXT", help="erase: why, without naming the person")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Verify, publish or erase; or print the ledger (a line an event) or its checkpoint on standard output."""
    if args.person and args.what != "erase":
        raise UsageError(f"{args.what} takes no PERSON", advice="offkey ledger erase PERSON --reason TEXT")
    after = export.since(args.since) if args.since else 0
    settings = config.load(args.config)
    if args.what == "init":
        return _init(args, settings, ui)
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    ledger = Ledger(store, lambda: datetime.now(UTC), settings.organisation.requester or "offkey ledger")
    try:
        match args.what:
            case "verify":
                return _verify(args, ledger, settings, state, ui)
            case "erase":
                return _erase(args, ledger, settings, state, ui)
            case "publish":
                if not settings.ledger.sink:
                    raise UsageError("no sink is configured", advice="add [[ledger.sink]]: see docs/ledger.md")
                return _publish(ledger, settings, state, ui)
            case "checkpoint":
                _checkpoint(ledger, settings, ui)
            case "export":
                given = {"run": args.run, "after": after, "ocsf_version": args.ocsf_version}
                for line in export.lines(ledger.stream(), args.format, **given):
                    ui.stream.write(line + "\n")  # what draws on a screen would expand tabs
        return Exit.DONE
    finally:
        store.close()


def _line(record: Any, ui: UI) -> None:
    ui.out.print(canonical(record).decode(), markup=False, highlight=False, soft_wrap=True, emoji=False)


def _checkpoint(ledger: Ledger, settings: Config, ui: UI) -> None:
    signer = keys.signer(settings)
    if signer is None:
        _line(to_json(ledger.checkpoint()), ui)
        return
    note = signer.sign(ledger.checkpoint()).decode()
    ui.out.print(note, markup=False, highlight=False, soft_wrap=True, emoji=False, end="")


def _publish(ledger: Ledger, settings: Config, state: Path, ui: UI) -> Exit:
    before = ledger.store.size()
    gaps = publishing.publish(ledger, settings, state)
    publishing.tell(gaps, ui)
    for event in ledger.store.stream(publishing.ABOUT):
        if event.seq > before and event.type == PUBLISHED:
            ui.out.print(
                printable(f"published: a checkpoint over {event.body['size']} events in {event.body['sink']}"), **PLAIN
            )
    if ledger.store.size() == before:
        ui.out.print("nothing to publish: every sink has what happened so far")
    return Exit.GAPS if gaps else Exit.DONE


def _init(args: argparse.Namespace, settings: Config, ui: UI) -> Exit:
    path = (args.config or CONFIGURATION).with_name(KEY)
    made = keys.write(path, args.name or f"offkey-ledger-{secrets.token_hex(4)}")
    for line in (
        f"written: {path} (keep it to this host) and {path}.pub",
        "The public key, for everybody who verifies; keep a copy where this host cannot change it:",
        made.verifier.vkey,
    ):
        ui.out.print(line, **PLAIN)
    if not settings.ledger.key:
        ui.out.print(f'Set key = "file:{path.name}" under [ledger], and at least one [[ledger.sink]].', markup=False)
    return Exit.DONE


def _verify(args: argparse.Namespace, ledger: Ledger, settings: Config, state: Path, ui: UI) -> Exit:
    known = keys.verifiers(settings, args.key)
    given = [outside.read(path, known) for path in args.checkpoint]
    verdict, found = outside.verify(ledger, settings, state, known, given)
    _say(verdict, ui)
    for told in found.notes:
        ui.err.print(f"  {printable(told)}", **PLAIN)
    for gap in found.gaps:
        ui.err.print(f"  {printable(f'{gap.where}: {gap.why}')}", style="yellow", markup=False, soft_wrap=True)
        ui.err.print(f"    {printable(gap.advice)}", **PLAIN)
    if not verdict.ok:
        return Exit.ERROR
    if not verdict.events:
        ui.err.print(f"  the ledger in {printable(ledger.store.where)} is empty: is that the right one?", **PLAIN)
    if not verdict.anchored:
        ui.err.print(f"  {_way_out(settings)}", **PLAIN)
    return Exit.DONE if verdict.anchored and not found.gaps else Exit.GAPS


def _way_out(settings: Config) -> str:
    """What would exclude a replacement."""
    if settings.ledger.sink:
        return "run `offkey ledger publish`, or give --checkpoint FILE with one that was kept elsewhere"
    return (
        "configure a [[ledger.sink]], or give --checkpoint FILE, made by `offkey ledger checkpoint` and kept on "
        "another machine"
    )


def _say(verdict: Verdict, ui: UI) -> None:
    gone = f", {verdict.erased} of them erased" if verdict.erased else ""
    ui.out.print(printable(f"{verdict.events} events{gone}: {verdict.text}"), **PLAIN)
    for problem in verdict.problems[1:]:
        ui.out.print(f"  {printable(problem)}", **PLAIN)


def _erase(args: argparse.Namespace, ledger: Ledger, settings: Config, state: Path, ui: UI) -> Exit:
    if args.person is None:
        again = erasing.again(ledger)
        _drop_copies(erased_runs(ledger.stream()), state)
        told = f"{again} events whose erasure was recorded were still there" if again else "nothing was left to erase"
        ui.out.print(f"{told}; now they are erased" if again else told)
        return Exit.DONE
    found = erasing.find(ledger, args.person)
    erasing.check(found, args.reason)
    what = f"the contents of {len(found.numbers)} events ({', '.join(map(printable, found.runs)) or 'of no run'})"
    if not ui.confirm(f"Erase {what} for good?"):
        raise UsageError(f"not erased: {what}", advice="say yes on a terminal, or give --yes")
    event = erasing.erase(ledger, found, args.reason)
    _drop_copies(found.runs, state)
    ui.out.print(f"erased: {what}; recorded as event {event.seq}", **PLAIN)
    if found.fixed:
        ui.err.print(
            f"{len(found.fixed)} events were written before contents could be erased, and stay as they are: "
            f"{', '.join(map(str, found.fixed[:20]))}",
            style="yellow",
        )
    ui.err.print(
        "Not reached: plan files, evidence folders, what was exported, backups, mail, why opt-outs were cancelled, and "
        "run names made of an address.",
        **PLAIN,
    )
    return publishing.finish(ledger, settings, state, ui, Exit.GAPS if found.fixed else Exit.DONE)


def _drop_copies(runs: Iterable[str], state: Path) -> None:
    """The copies of repositories that were kept for checks of these runs: nobody can check them any more."""
    for run in runs:
        mirror.delete(state, run)
