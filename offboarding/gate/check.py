"""Which findings of a scan are a departed person's: by directory and ledger, or by an exported list.

A gate that cannot know must not pass silently: without any source it is a usage error, and what a source cannot tell
is a Gap.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from offboarding import scanned
from offboarding.configuration import config
from offboarding.gate import judging, known, leavers, listed
from offboarding.gate.judging import Judged, Tie
from offboarding.gate.known import Run
from offboarding.identity import directory as directories
from offboarding.identity import overrides, whose
from offboarding.identity.directory import Directory
from offboarding.identity.overrides import Overrides
from offboarding.identity.population import Population
from offboarding.ledger.access import opened
from offboarding.ledger.chain import erased_runs
from offboarding.ledger.ledger import Ledger
from offboarding.scanned import Scanned
from offboarding.state import DATABASE
from offboarding.ui import UI
from offkey.errors import UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Finding, Gap
from rules import RuleSet
from scanner.output.printable import printable


@dataclass(frozen=True, slots=True)
class Sources:
    """What the organisation knows: its directory, decisions, and the runs in its ledger. Of `erased` runs nothing."""

    directory: Directory
    decided: Overrides
    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    erased: tuple[str, ...] = ()


def sources(path: Path | None, state: Path | None, now: datetime) -> Sources:
    """Directory and ledger, as far as there are any. Raises UsageError when there is neither."""
    settings = config.load(path)
    folder = settings.state_dir(state)
    has_ledger = bool(settings.ledger.database) or (folder / DATABASE).is_file()
    if settings.directory.people is None and not settings.directory.exports and not has_ledger:
        raise UsageError(
            "it is not known who has departed: there is neither a directory nor a ledger",
            advice="set `people` under [directory] in offkey.toml, name the state folder with --state, or give a list "
            "made by `offkey gate export` with --departed-list",
        )
    told = directories.load(settings.directory.people, settings.directory.exports)
    decided = overrides.load(settings.directory.overrides)
    runs, erased = _runs(settings, folder, now) if has_ledger else ((), ())
    gaps = (*told.gaps, *overrides.unheeded(decided, told, settings.directory.overrides))
    key = settings.org_key()
    return Sources(told, decided, runs, (*gaps, *_other_keys(runs, key)), erased)


def _runs(settings: config.Config, folder: Path, now: datetime) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The runs in the ledger, and the names of those that were erased."""
    store = opened(settings, folder)
    try:
        ledger = Ledger(store, lambda: now, "offkey gate")
        events = {name: ledger.events(name) for name in ledger.runs()}
        found = (known.read(name, told) for name, told in events.items())
        erased = tuple(name for name, told in events.items() if erased_runs(told))
        return tuple(run for run in found if run is not None), erased
    finally:
        store.close()


def _other_keys(runs: Sequence[Run], key: OrgKey | None) -> list[Gap]:
    """Fingerprints mean nothing without the key that made them."""
    if runs and key is None:
        raise UsageError(
            "the ledger's credentials cannot be recognised without the organisation key",
            advice="set `key` under [organisation] in offkey.toml, or give --departed-list",
        )
    return [
        Gap(
            where=f"run {run.name}",
            why="it was planned with another organisation key: its credentials cannot be recognised",
            advice="plan it again with the present key",
        )
        for run in runs
        if run.told.plan is not None and key is not None and run.told.plan.key_id != key.id
    ]


def gated_by(args: argparse.Namespace, ui: UI, done: Scanned, rules: RuleSet) -> tuple[Scanned, tuple[Finding, ...]]:
    """The scan with the gate's own gaps, and the findings that must not ship. Says how many others there are.

    Raises UsageError where there is nothing to know departed people by.
    """
    told = judge(done, args, datetime.now(UTC), frozenset(rule.kind for rule in rules.rules))
    for finding in told.dead:
        _say(ui, f"let through, proven dead: {finding.kind} {finding.redacted}: {finding.evidence[0]}")
    others = len(done.result.findings) - len(told.blocked) - len(told.dead)
    if others:
        _say(ui, f"{others} more found, not known to be a departed person's; `offkey scan` shows all")
    gaps = tuple(sorted({*done.result.gaps, *told.gaps}, key=lambda gap: (gap.where, gap.why)))
    return replace(done, result=replace(done.result, gaps=gaps)), told.blocked


def _say(ui: UI, line: str) -> None:
    ui.err.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def judge(done: Scanned, args: argparse.Namespace, now: datetime, kinds: frozenset[str]) -> Judged:
    """The findings that must not ship, those that are dead, and what nobody can tell. Raises UsageError.

    `kinds` are those that were looked for.
    """
    findings = done.result.findings
    if args.departed_list is not None:
        ties, gaps = _by_list(done, findings, args.departed_list, now, kinds=kinds)
    else:
        told = sources(args.config, args.state, now)
        ties, gaps = by_ledger(findings, told, now, args.within)
        gaps += known.unsought(known.living_kinds(told.runs), kinds)
    judged = judging.judged(findings, ties, block_dead=args.block_dead, explain=args.explain)
    return replace(judged, gaps=tuple(gaps))


def _by_list(
    done: Scanned, findings: Sequence[Finding], file: Path, now: datetime, *, kinds: frozenset[str]
) -> tuple[dict[str, list[Tie]], list[Gap]]:
    told = listed.read(file)
    gaps = [*listed.doubts(told, now), *known.unsought(told.kinds, kinds)]
    values = scanned.values(done, findings, gaps)
    return listed.ties(told, findings, values), gaps


def by_ledger(
    findings: Sequence[Finding], told: Sources, now: datetime, within: timedelta
) -> tuple[dict[str, list[Tie]], list[Gap]]:
    """Why each finding, by fingerprint, is a departed person's; and what the sources leave open."""
    ties = judging.ties_of_runs(findings, known.by_fingerprint(told.runs))
    population = Population(whose.authors(findings))
    gone = leavers.leavers(told.directory, told.runs, now, within)
    people = ((one, leavers.resolved(one, told.directory, population, told.decided)) for one in gone)
    of_people, gaps = judging.ties_of_people(findings, people)
    for fingerprint, held in of_people.items():
        ties.setdefault(fingerprint, []).extend(held)
    return ties, [*told.gaps, *gaps]
