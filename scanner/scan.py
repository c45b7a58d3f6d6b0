"""Scans targets: objects and files go to the workers, their hits come back as one Finding per distinct secret value.

Offline: whoever wants a URL scanned clones it first (`scanner.repository.clone`).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from offkey.fingerprint import OrgKey
from offkey.found import Finding, Gap, Reach
from rules import RuleSet
from rules.light import light
from scanner.artefacts.opened import in_memory
from scanner.commits.attribution import Attributed, attribute
from scanner.commits.past import dump
from scanner.findings import Alike, Attributing, Held, gather
from scanner.matching.generic import without_noise
from scanner.matching.matcher import Matcher, open_matcher, redacted_text
from scanner.options import Options
from scanner.repository.files import FileItem
from scanner.repository.git import Git
from scanner.repository.sources import Target, expand, open_target
from scanner.workers import pool
from scanner.workers.examine import Worker
from scanner.workers.memory import Memory, Result, Vault, digest_of
from scanner.workers.rounds import Rounds
from scanner.workers.tally import Tally, Whole
from scanner.workers.whole import WholeWorker
from scanner.workers.work import Outcome, Setup, Task, small, split

__all__ = ["Examined", "Options", "Progress", "ScanResult", "scan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """How much was looked at. `bytes` is content after inflating; `suppressed` counts inline allowlist pragmas."""

    objects: int = 0
    files: int = 0
    bytes: int = 0
    suppressed: int = 0

    @property
    def nothing(self) -> bool:
        return not self.objects and not self.files


Progress = Callable[[Examined], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Findings and gaps in a fixed order; `seconds` of wall time is the one part that differs between equal runs."""

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    examined: Examined
    targets: tuple[str, ...]
    rules_digest: str
    key_id: str
    seconds: float = field(compare=False)


def scan(
    targets: Iterable[str | Path | Target],
    rules: RuleSet,
    key: OrgKey,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
    attributing: Callable[[int, int], None] | None = None,
    unopened: Iterable[Gap] = (),
    vault: Vault | None = None,
) -> ScanResult:
    """Look at everything that the targets keep.

    Raises UsageError and GitError for a target that cannot be opened at all, and for one that lacks the revision when
    it is the only one; whatever else cannot be looked at is a Gap, like the `unopened` that the caller tried in vain.
    `progress` is called with running counts as outcomes come in, `attributing` then with commits done and of how many,
    anew for each repository that holds a finding. `vault` keeps what is found for the next scan, which then reads only
    what is new; with an ephemeral key nothing is kept.
    """
    options = options or Options()
    began = time.monotonic()
    gaps = list(unopened)
    opened = [t if isinstance(t, Target) else open_target(t) for t in targets]
    sources = expand(opened, gaps, worktree=options.worktree)
    memory = _memory(vault, rules, key, options)
    rounds = Rounds(sources, options, Tally(gaps, sources), memory, attributing=attributing)
    names = tuple(source.name for source in sources)
    state = None
    if memory is not None:
        rounds.list_files()
        state = rounds.state()
        if state is not None and (known := memory.result(names, state.digest)) is not None:
            return _result(known.findings, known.gaps, known.examined, names, (rules, key, began))
    light_rules = light(rules)
    matcher = open_matcher(light_rules, rules.digest, choice=options.matcher, cache=options.cache)
    setup = Setup(
        gits=tuple(source.git for source in sources),
        rules=light_rules,
        digest=rules.digest,
        key=key.key.reveal(),
        matcher=options.matcher,
        cache=options.cache,
        limit=options.limit,
        verify=options.exhaustive,
        compiled=options.compiled,
        excuse=options.excuse,
    )
    tally = _looked_at(rounds, setup, matcher, progress)
    mask = partial(redacted_text, matcher, light_rules)
    alone = len({hit.target for hit in tally.hits()}) == 1
    tell = partial(_told, rounds, attributing=attributing if alone else None)
    findings = gather(tally.hits(), sources, rules, gaps, mask=mask, tell=tell, jobs=options.jobs)
    findings = without_noise(findings)
    if options.since is not None:
        note = f"only what {mask(options.since)} did not hold was looked at: older history may have had the value, too"
        findings = tuple(replace(one, evidence=(*one.evidence, note)) for one in findings)
    rounds.keep()
    masked = {replace(gap, where=mask(gap.where), why=mask(gap.why)) for gap in tally.all_gaps()}
    shown = tuple(sorted(masked, key=lambda gap: (gap.where, gap.why)))
    if memory is not None and state is not None and state.settled and not tally.broken:
        memory.keep_result(names, state.digest, Result(findings, shown, tally.sums()))
    return _result(findings, shown, tally.sums(), names, (rules, key, began))


def _memory(vault: Vault | None, rules: RuleSet, key: OrgKey, options: Options) -> Memory | None:
    """What may be remembered: only what is found by all rules in everything, under a key that lasts."""
    wanted = options.by_packs and options.history == "all" and not options.staged
    if vault is None or key.ephemeral or not wanted:
        return None
    unusual = () if options.excuse else ("nothing excused",)
    return Memory(vault, digest_of(rules.digest, key.id, options.limit, options.worktree, *unusual))


def _result(
    findings: tuple[Finding, ...],
    gaps: tuple[Gap, ...],
    sums: Mapping[str, int],
    names: tuple[str, ...],
    run: tuple[RuleSet, OrgKey, float],
) -> ScanResult:
    rules, key, began = run
    return ScanResult(
        findings=findings,
        gaps=gaps,
        examined=Examined(**sums),
        targets=names,
        rules_digest=rules.digest,
        key_id=key.id,
        seconds=time.monotonic() - began,
    )


def _looked_at(rounds: Rounds, setup: Setup, matcher: Matcher, progress: Progress | None) -> Tally:
    tally = rounds.tally
    for outcome in _outcomes(setup, matcher, rounds):
        tally.add(outcome)
        if progress is not None:
            progress(Examined(**tally.sums()))
    for number, source in enumerate(rounds.sources):
        if source.content is not None:
            outcome = Outcome(target=number, files=1, bytes=len(source.content), of_files=True)
            item = FileItem("", source.name, "file", Reach.WORKTREE.value, "")
            worker = Worker(setup, matcher=matcher)
            if (artefact := in_memory(source.content)) is not None:
                worker.look_into(outcome, number, artefact, item)
            else:
                worker.look_at_bytes(outcome, number, source.content, item)
            tally.add(outcome)
    return tally


def _told(
    rounds: Rounds, number: int, git: Git, held: Held, alike: Alike, *, attributing: Attributing | None
) -> Attributed:
    """Who brought in what a target holds, and what the next scan is to know of its history."""
    tally = rounds.tally
    if number in tally.wholes and (known := tally.wholes[number].told) is not None:
        return known
    increment = tally.increments.get(number)
    told = attribute(
        git,
        held,
        attributing,
        jobs=rounds.options.jobs,
        forest=tally.forests.get(number),
        past=increment.past if increment is not None else None,
        alike=alike,
    )
    if told.past is not None and (past := dump(told.past)) is not None:
        rounds.pasts[number] = past
    return told


def make_worker(
    setup: Setup, stopped: Callable[[], bool], matcher: Matcher | None = None, rounds: Rounds | None = None
) -> Worker | WholeWorker:
    """A worker for the pool; under spawn it opens the matcher itself, under fork it inherits the parent's."""
    worker = Worker(setup, stopped, matcher)
    return WholeWorker(worker, rounds) if rounds is not None else worker


def _outcomes(setup: Setup, matcher: Matcher, rounds: Rounds) -> Iterator[Outcome | Whole | pool.Lost[Task]]:
    options = rounds.options
    method = options.start_method or pool.default_start_method()
    shared = method == "fork" or options.jobs <= 1
    yield from pool.run(
        rounds,
        partial(make_worker, matcher=matcher, rounds=rounds) if shared else make_worker,
        setup,
        jobs=options.jobs,
        split=split,
        start_method=method,
        small=small,
    )
