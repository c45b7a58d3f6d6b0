"""Scans targets: objects and files go to the workers, their hits come back as one Finding per distinct secret value.

Offline: whoever wants a URL scanned clones it first (`scanner.clone`).
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from offkey.fingerprint import OrgKey
from offkey.model import Finding, Gap, Reach
from rules import RuleSet
from rules.light import GENERIC, light
from scanner import pool
from scanner.absence import absent_blobs
from scanner.examine import FileItem, Hit, Outcome, Setup, Task, Worker, split
from scanner.findings import gather
from scanner.forest import Forest
from scanner.git import Git, GitError
from scanner.matcher import Matcher, default_cache, open_matcher, redacted_text
from scanner.objects import SIZE_LIMIT
from scanner.packs import KINDS, Unplanned, open_pack
from scanner.sources import Target, expand, open_target
from scanner.tasks import file_tasks, forest_of, object_tasks, pack_tasks, staged_tasks

log = logging.getLogger(__name__)

MISSING_SHOWN = 100
"""Missing objects that get a Gap of their own per repository; one more Gap counts the rest."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to scan. `history` is all or none, `since` a revision whose values are left out.

    `staged` adds the blobs that a commit made now would add: with no history and no work tree they are all there is.
    """

    jobs: int = 1
    worktree: bool = True
    history: str = "all"
    since: str | None = None
    staged: bool = False
    exhaustive: bool = False
    whole: bool = False
    compiled: bool = True
    matcher: str = "auto"
    start_method: str | None = None
    limit: int = SIZE_LIMIT
    cache: Path | None = field(default_factory=default_cache)

    @property
    def by_packs(self) -> bool:
        """Packs are read directly, and of each delta only what it changes is searched."""
        return not self.exhaustive and not self.whole and self.since is None


def scan(
    targets: Iterable[str | Path | Target],
    rules: RuleSet,
    key: OrgKey,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
    attributing: Callable[[int, int], None] | None = None,
    unopened: Iterable[Gap] = (),
) -> ScanResult:
    """Look at everything that the targets keep.

    Raises UsageError and GitError for a target that cannot be opened at all, and for one that lacks the revision when
    it is the only one; whatever else cannot be looked at is a Gap, like the `unopened` that the caller tried in vain.
    `progress` is called with running counts as outcomes come in, `attributing` then with commits done and of how many,
    anew for each repository that holds a finding.
    """
    options = options or Options()
    if any(rule.kind.startswith(GENERIC) for rule in rules.rules):
        options = replace(options, whole=True)  # their filters look at the whole content
    began = time.monotonic()
    gaps = list(unopened)
    opened = [t if isinstance(t, Target) else open_target(t) for t in targets]
    sources = expand(opened, gaps, worktree=options.worktree)
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
    )
    tally = _Tally(gaps, sources)
    run = partial(_outcomes, setup, matcher, options)
    for tasks in _rounds(sources, options, tally):
        for outcome in run(tasks):
            tally.add(outcome)
            if progress is not None:
                progress(tally.examined())
    for number, source in enumerate(sources):
        if source.content is not None:
            tally.add(_looked_at(source.content, source.name, number, Worker(setup, matcher=matcher)))
    mask = partial(redacted_text, matcher, light_rules)
    findings = gather(
        tally.hits(), sources, rules, gaps, mask=mask, jobs=options.jobs, attributing=attributing, forests=tally.forests
    )
    if any(rule.kind.startswith(GENERIC) for rule in light_rules):
        from scanner.generic import without_noise

        findings = without_noise(findings)
    if options.since is not None:
        note = f"only what {mask(options.since)} did not hold was looked at: older history may have had the value, too"
        findings = tuple(replace(one, evidence=(*one.evidence, note)) for one in findings)
    gaps = [replace(gap, where=mask(gap.where), why=mask(gap.why)) for gap in gaps]
    return ScanResult(
        findings=findings,
        gaps=tuple(sorted(set(gaps), key=lambda gap: (gap.where, gap.why))),
        examined=tally.examined(),
        targets=tuple(source.name for source in sources),
        rules_digest=rules.digest,
        key_id=key.id,
        seconds=time.monotonic() - began,
    )


def make_worker(setup: Setup, stopped: Callable[[], bool], matcher: Matcher | None = None) -> Worker:
    """A worker for the pool; under spawn it opens the matcher itself, under fork it inherits the parent's."""
    return Worker(setup, stopped, matcher)


def _outcomes(
    setup: Setup, matcher: Matcher, options: Options, tasks: Iterator[Task]
) -> Iterator[Outcome | pool.Lost[Task]]:
    first = next(tasks, None)
    if first is None:
        return
    method = options.start_method or pool.default_start_method()
    shared = method == "fork" or options.jobs <= 1
    yield from pool.run(
        chain([first], tasks),
        partial(make_worker, matcher=matcher) if shared else make_worker,
        setup,
        jobs=options.jobs,
        split=split,
        start_method=method,
    )


def _looked_at(content: bytes, name: str, number: int, worker: Worker) -> Outcome:
    outcome = Outcome(target=number, files=1, bytes=len(content))
    worker.look_at_bytes(outcome, number, content, FileItem("", name, "file", Reach.WORKTREE.value, ""))
    return outcome


def _rounds(sources: list[Target], options: Options, tally: "_Tally") -> Iterator[Iterator[Task]]:
    """What can be looked at from the start; then the git trees, as it is known what to look for; then walks of
    histories that may lead to what is absent.
    """
    yield _tasks(sources, options, tally)
    yield (task for number, forest in tally.forests.items() for task in forest.tasks(tally.blobs(number)))
    yield (Task(number, walk=True) for number in sorted(tally.forests) if tally.doubtful(number, options.jobs))


def _tasks(sources: list[Target], options: Options, tally: "_Tally") -> Iterator[Task]:
    alone = sum(not source.inner for source in sources) == 1
    for number, source in enumerate(sources):
        history = options.history == "all"
        if source.git is not None:
            try:
                yield from _git_tasks(source.git, number, options, tally)
            except GitError as error:
                if alone and not source.inner:
                    raise
                tally.gaps.append(Gap(where=f"{source.name}: history", why=str(error), advice="scan it by itself"))
        if source.content is None and (options.worktree or source.git is None):
            forest = tally.forests.get(number)
            for task in file_tasks(source, number, history=history, known=history, gaps=tally.gaps):
                if forest is not None:
                    forest.index.update(item.known for item in task.files if item.known)
                yield task


def _git_tasks(git: Git, number: int, options: Options, tally: "_Tally") -> Iterator[Task]:
    if options.history == "all":
        yield from _history_tasks(git, number, options, tally)
    if options.staged:
        yield from staged_tasks(git, number, tally.gaps)


def _history_tasks(git: Git, number: int, options: Options, tally: "_Tally") -> Iterator[Task]:
    if options.by_packs:
        try:
            forest = forest_of(git, number, compiled=options.compiled, limit=options.limit)
        except Unplanned as error:
            log.info("%s: reading through git: %s", git.path, error)
        else:
            tally.forests[number] = forest
            if not forest.whole:
                yield Task(number, walk=True)
            yield from pack_tasks(forest, tally.gaps)
            return
    yield Task(number, walk=options.since is None)
    yield from object_tasks(git, number, options.since, tally.gaps)


class _Tally:
    """Running sums over outcomes."""

    def __init__(self, gaps: list[Gap], sources: list[Target]) -> None:
        self.gaps = gaps
        self.forests: dict[int, Forest] = {}
        self._sources = sources
        self._hits: list[Hit] = []
        self._held: set[tuple[int, str]] = set()
        self._sums: Counter[str] = Counter()

    def add(self, outcome: Outcome | pool.Lost[Task]) -> None:
        if isinstance(outcome, pool.Lost):
            self.gaps += _lost(outcome.task, self._sources)
            if outcome.task.target in self.forests:
                self.forests[outcome.task.target].lost()
            return
        if outcome.target in self.forests:
            self.forests[outcome.target].add(outcome)
        self.gaps += outcome.gaps
        self.gaps += _missing(outcome.missing, self._sources[outcome.target].name)
        if outcome.held:
            self._held |= {(hit.target, hit.fingerprint) for hit in outcome.hits}
            return
        self._hits += outcome.hits
        for name in ("objects", "files", "bytes", "suppressed"):
            self._sums[name] += getattr(outcome, name)

    def hits(self) -> list[Hit]:
        """Those whose value no held object of the same target has."""
        return [hit for hit in self._hits if (hit.target, hit.fingerprint) not in self._held]

    def doubtful(self, target: int, jobs: int) -> bool:
        """Whether git must walk the history to see what is absent; if not, what is so is noted here."""
        forest = self.forests[target]
        absent = absent_blobs(forest, jobs) if forest.whole else []
        self.gaps += _missing(absent or [], self._sources[target].name)
        return absent is None

    def blobs(self, target: int) -> set[str]:
        """Ids of a target's blobs in which something was found."""
        return {hit.object for hit in self._hits if hit.target == target and hit.object_type == "blob"}

    def examined(self) -> Examined:
        return Examined(**self._sums)


def _lost(task: Task, sources: list[Target]) -> Iterator[Gap]:
    name = sources[task.target].name
    why, advice = "the process that looked at it died, twice", "give it more memory, or lower the size limit to skip it"
    if task.walk:
        yield Gap(where=f"{name}: history", why=why, advice=advice)
    if task.look is not None:
        return  # git compares all commits instead, and says itself what it cannot read
    for info in task.objects:
        yield Gap(where=f"{name}: {info.type} {info.oid}", why=why, advice=advice)
    git = sources[task.target].git
    if task.roots and git is not None:
        pack = open_pack(task.pack, git.hash_size)
        for position in (below for root in task.roots for below in pack.below(root)):
            yield Gap(where=f"{name}: {KINDS[pack.types[position]]} {pack.oid(position)}", why=why, advice=advice)
    for item in task.files:
        yield Gap(where=f"{name}/{item.path}", why=why, advice=advice)


def _missing(oids: list[str], name: str) -> Iterator[Gap]:
    advice = "fetch it from the repository's origin (`git fetch --refetch`) and scan again"
    for oid in sorted(oids)[:MISSING_SHOWN]:
        yield Gap(where=f"{name}: object {oid}", why="missing from the repository", advice=advice)
    if len(oids) > MISSING_SHOWN:
        why = f"{len(oids) - MISSING_SHOWN} more objects are missing from the repository"
        yield Gap(where=f"{name}: objects", why=why, advice=advice)
