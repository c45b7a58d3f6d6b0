"""Scans targets: objects and files go to the workers, their hits come back as one Finding per distinct secret value.

Offline: whoever wants a URL scanned clones it first (`scanner.clone`).
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from offkey.fingerprint import OrgKey
from offkey.model import Finding, Gap, Reach
from rules import RuleSet
from rules.light import GENERIC, light
from scanner import pool
from scanner.examine import FileItem, Hit, Outcome, Setup, Task, Worker, split
from scanner.findings import gather
from scanner.git import Git, GitError
from scanner.matcher import Matcher, default_cache, open_matcher, redacted_text
from scanner.objects import SIZE_LIMIT
from scanner.packs import Unplanned
from scanner.sources import Target, expand, open_target
from scanner.tasks import file_tasks, object_tasks, pack_tasks, staged_tasks

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
    tally = _Tally(gaps)
    for outcome in _outcomes(sources, setup, matcher, options, gaps):
        tally.add(outcome, sources)
        if progress is not None:
            progress(tally.examined())
    mask = partial(redacted_text, matcher, light_rules)
    findings = gather(tally.hits(), sources, rules, gaps, mask=mask, jobs=options.jobs, attributing=attributing)
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
    sources: list[Target], setup: Setup, matcher: Matcher, options: Options, gaps: list[Gap]
) -> Iterator[Outcome | pool.Lost[Task]]:
    method = options.start_method or pool.default_start_method()
    shared = method == "fork" or options.jobs <= 1
    yield from pool.run(
        _tasks(sources, options, gaps),
        partial(make_worker, matcher=matcher) if shared else make_worker,
        setup,
        jobs=options.jobs,
        split=split,
        start_method=method,
    )
    for number, source in enumerate(sources):
        if source.content is not None:
            outcome = Outcome(target=number, files=1, bytes=len(source.content))
            item = FileItem("", source.name, "file", Reach.WORKTREE.value, "")
            Worker(setup, matcher=matcher).look_at_bytes(outcome, number, source.content, item)
            yield outcome


def _tasks(sources: list[Target], options: Options, gaps: list[Gap]) -> Iterator[Task]:
    alone = sum(not source.inner for source in sources) == 1
    for number, source in enumerate(sources):
        history = options.history == "all"
        if source.git is not None:
            try:
                yield from _git_tasks(source.git, number, options, gaps)
            except GitError as error:
                if alone and not source.inner:
                    raise
                gaps.append(Gap(where=f"{source.name}: history", why=str(error), advice="scan it by itself"))
        if source.content is None and (options.worktree or source.git is None):
            yield from file_tasks(source, number, history=history, known=history, gaps=gaps)


def _git_tasks(git: Git, number: int, options: Options, gaps: list[Gap]) -> Iterator[Task]:
    if options.history == "all":
        yield from _history_tasks(git, number, options, gaps)
    if options.staged:
        yield from staged_tasks(git, number, gaps)


def _history_tasks(git: Git, number: int, options: Options, gaps: list[Gap]) -> Iterator[Task]:
    if options.by_packs:
        try:
            yield from pack_tasks(git, number, gaps, compiled=options.compiled)
        except Unplanned as error:
            log.info("%s: reading through git: %s", git.path, error)
        else:
            return
    yield Task(number, walk=options.since is None)
    yield from object_tasks(git, number, options.since, gaps)


class _Tally:
    """Running sums over outcomes."""

    def __init__(self, gaps: list[Gap]) -> None:
        self._hits: list[Hit] = []
        self._held: set[tuple[int, str]] = set()
        self._gaps = gaps
        self._sums: Counter[str] = Counter()

    def add(self, outcome: Outcome | pool.Lost[Task], sources: list[Target]) -> None:
        if isinstance(outcome, pool.Lost):
            self._gaps += _lost(outcome.task, sources)
            return
        self._gaps += outcome.gaps
        self._gaps += _missing(outcome.missing, sources[outcome.target].name)
        if outcome.held:
            self._held |= {(hit.target, hit.fingerprint) for hit in outcome.hits}
            return
        self._hits += outcome.hits
        for name in ("objects", "files", "bytes", "suppressed"):
            self._sums[name] += getattr(outcome, name)

    def hits(self) -> list[Hit]:
        """Those whose value no held object of the same target has."""
        return [hit for hit in self._hits if (hit.target, hit.fingerprint) not in self._held]

    def examined(self) -> Examined:
        return Examined(**self._sums)


def _lost(task: Task, sources: list[Target]) -> Iterator[Gap]:
    name = sources[task.target].name
    why, advice = "the process that looked at it died, twice", "give it more memory, or lower the size limit to skip it"
    if task.walk:
        yield Gap(where=f"{name}: history", why=why, advice=advice)
    for info in task.objects:
        yield Gap(where=f"{name}: {info.type} {info.oid}", why=why, advice=advice)
    for item in task.files:
        yield Gap(where=f"{name}/{item.path}", why=why, advice=advice)


def _missing(oids: list[str], name: str) -> Iterator[Gap]:
    advice = "fetch it from the repository's origin (`git fetch --refetch`) and scan again"
    for oid in sorted(oids)[:MISSING_SHOWN]:
        yield Gap(where=f"{name}: object {oid}", why="missing from the repository", advice=advice)
    if len(oids) > MISSING_SHOWN:
        why = f"{len(oids) - MISSING_SHOWN} more objects are missing from the repository"
        yield Gap(where=f"{name}: objects", why=why, advice=advice)
