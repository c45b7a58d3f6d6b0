"""`offkey stores [PATH|URL...]`: what CI's secret stores hold, which jobs use it, and what of it has leaked.

Repositories are scanned, the configured providers' stores are read; nothing is changed anywhere, and no value is sent.
Exit code: 10 when a stored value is one that has leaked, else 3 when nothing could be read from any store, else 14 when
something could not be looked at, else 0.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from offboarding import scanned, tables
from offboarding.asking import storelists, stores
from offboarding.asking.stores import Held, Joined
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.scanned import Scanned
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.fingerprint import ephemeral_key
from offkey.model import Finding, Gap, timestamp, to_json
from revokers.stores.registry import READERS
from scanner.matching.rulecache import load_all
from scanner.output.printable import printable
from scanner.output.words import brief
from scanner.pipelines import used
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.gitenv import user_cache
from scanner.repository.sources import Target, open_target
from scanner.scan import Options, ScanResult, scan

_JOBS_SHOWN = 4


@dataclass(frozen=True)
class _Looked:
    """What was found in the repositories and in the stores, and what could not be looked at."""

    findings: Mapping[str, Finding]
    joined: Joined
    gaps: tuple[Gap, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey stores`."""
    parser.add_argument(
        "targets", nargs="*", metavar="PATH|URL", help="repositories (default: those of [repositories])"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE")
    parser.add_argument("--jobs", "-j", type=int, metavar="N", help="processes (default: one for each processor)")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Scan, read the stores, join, show. Raises UsageError where there is nothing to look at."""
    settings = config.load(args.config)
    names = args.targets or list(settings.repositories.paths)
    if not names:
        raise UsageError("no repository is named", advice="name one, or list them under [repositories] in offkey.toml")
    with ExitStack() as stack:
        looked = _look(args, settings, list(dict.fromkeys(names)), ui, stack)
    if args.format == "json":
        ui.out.print(json.dumps(_data(looked), indent=2), markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(looked, ui)
    if any(held.secret.equals for held in looked.joined.held):
        return Exit.OPEN
    if not looked.joined.held and looked.gaps:
        return Exit.NOTHING_EXAMINED
    return Exit.GAPS if looked.gaps else Exit.DONE


def _look(args: argparse.Namespace, settings: Config, names: Sequence[str], ui: UI, stack: ExitStack) -> _Looked:
    gaps: list[Gap] = []
    key = settings.org_key() or ephemeral_key()
    ruleset = load_all([str(path) for path in args.rules], cache=user_cache())
    targets = list(_targets(names, ui, stack, gaps))
    with ui.progress("Scanning"):
        result = scan(targets, ruleset, key, Options(jobs=args.jobs or _processors(), excuse=False))
    with ui.progress("Reading CI configuration"):
        told = used.look(targets, result.findings, ruleset, every=True)
    findings = [f for f in told.findings if f.fingerprint not in settings.canaries.fingerprints]
    values = _values(targets, result, findings, gaps)
    where = storelists.whereabouts(settings, {target.name for target in targets} | {use.repo for use in told.names})
    if not any(settings.instances_of(name) for name in READERS):
        advice = f"add one of {', '.join(READERS)} to [providers] in offkey.toml"
        gaps.append(Gap(where="secret stores", why="no provider of secret stores is configured", advice=advice))
    with ui.progress("Reading secret stores"):
        lists = storelists.read(settings, where, storelists.comparison(key, values))
    joined = stores.join(lists.stored, told.names, findings, where, lists.unread)
    unread = (*result.gaps, *told.gaps, *gaps, *lists.gaps)
    return _Looked({finding.fingerprint: finding for finding in findings}, joined, tuple(dict.fromkeys(unread)))


def _targets(names: Sequence[str], ui: UI, stack: ExitStack, gaps: list[Gap]) -> Iterator[Target]:
    for name in names:
        shown = without_credentials(name)
        try:
            if is_url(name):
                with ui.progress(f"Cloning {shown}"):
                    yield Target(shown, git=stack.enter_context(temporary_mirror(name)))
            else:
                yield open_target(name)
        except OffkeyError as error:
            gaps.append(Gap(where=shown, why=str(error), advice=error.advice))


def _values(
    targets: Sequence[Target], result: ScanResult, findings: Sequence[Finding], gaps: list[Gap]
) -> Iterator[tuple[str, Any]]:
    """(fingerprint, value) of each finding: the part that authenticates."""
    clones = {target.name: target.git.path for target in targets if target.git is not None and is_url(target.name)}
    for fingerprint, parts in scanned.values(Scanned(result, clones, b""), findings, gaps).items():
        if "secret" in parts:
            yield fingerprint, parts["secret"]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _data(looked: _Looked) -> dict[str, Any]:
    leaked = {fingerprint for held in looked.joined.held for fingerprint in (*held.secret.equals, *held.alike)}
    return {
        "stored": [
            {**to_json(held.secret), "uses": to_json(held.uses), "same_name_as": list(held.alike)}
            for held in looked.joined.held
        ],
        "missing": to_json(looked.joined.missing),
        "leaked": to_json(tuple(looked.findings[one] for one in sorted(leaked))),
        "gaps": to_json(looked.gaps),
    }


def _show(looked: _Looked, ui: UI) -> None:
    """Each stored secret with a line for each thing known of it, then the names that no store has."""
    for held in looked.joined.held:
        ui.out.print(Text(printable(stores.title(held.secret)), style="bold"))
        for line in _about(held, looked.findings):
            ui.out.print(Text(f"  {printable(line)}"))
    if not looked.joined.held:
        ui.out.print("No store that could be read holds anything.")
    for missing in looked.joined.missing:
        doubt = f" ({missing.doubt})" if missing.doubt else ""
        ui.out.print(Text(printable(f"{missing.name} is in no store of {missing.project}{doubt}"), style="bold yellow"))
        for line in brief(missing.uses, _JOBS_SHOWN):
            ui.out.print(Text(f"  {printable(line)}"))
    tables.show_gaps(looked.gaps, ui)


def _about(held: Held, findings: Mapping[str, Finding]) -> Iterator[str]:
    secret = held.secret
    dates = (("made", secret.created), ("last changed", secret.updated))
    known = [secret.note, *(f"{word} {timestamp(at)[:10]}" for word, at in dates if at)]
    if any(known):
        yield ", ".join(filter(None, known))
    yield from _leaks(held, findings)
    if held.uses:
        yield from (f"used by {line}" for line in brief(held.uses, _JOBS_SHOWN))
    else:
        yield stores.UNUSED if secret.store in stores.SYSTEMS else "what uses it is not read"


def _leaks(held: Held, findings: Mapping[str, Finding]) -> Iterator[str]:
    for fingerprint in held.secret.equals:
        yield f"the same value as {_finding(findings[fingerprint])}"
    for fingerprint in held.alike:
        yield f"perhaps {_finding(findings[fingerprint])}: under the same name"


def _finding(finding: Finding) -> str:
    place = next(iter(finding.places), None)
    where = f" in {Path(place.repo).name}:{place.path or place.object_type}:{place.line}" if place else ""
    return f"{finding.kind} {finding.redacted}{where}"
