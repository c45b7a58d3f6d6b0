"""Every version that CI and deployment configuration ever had in a repository, and which of them stand in a tip.

One `git log` over all refs and reflogs tells which commit wrote which version; it is asked without pathspecs, which
cost git more than they spare (docs/ci.md has figures). Commits that nothing leads to any more are not walked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from offkey.found import Gap
from scanner.ci.tree import LIMIT
from scanner.pipelines.tipfiles import TipFiles, read_files
from scanner.pipelines.written import KEPT, MAYBE, OURS, Write, kind, text, written
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import CatFileReader, ObjectInfo

_LOG = (
    *("log", "--all", "--reflog", "--topo-order", "--no-color", "--no-notes", "--no-decorate", "--no-ext-diff"),
    *("-c", "--raw", "-r", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--format=tformat:%H %P"),
)
BYTES = 4 * LIMIT
"""Bytes of a version that is read at all."""


@dataclass(frozen=True)
class Others:
    """Files that some configuration may include, as git told of them: by path commit and raw entry, newest first."""

    log: Mapping[bytes, Sequence[tuple[str, bytes]]] = field(default_factory=dict)
    tips: TipFiles = field(default_factory=TipFiles)

    @property
    def cut(self) -> bool:
        """Whether there were too many to keep."""
        return sum(map(len, self.log.values())) >= KEPT or sum(1 for _ in self.tips.paths()) >= KEPT


@dataclass(frozen=True)
class Versions:
    """`writes` newest first (children before parents). `tips` are trees by branch tip; that of `head`, the default
    branch, comes first.
    """

    writes: Sequence[Write]
    parents: Mapping[str, tuple[str, ...]]
    tips: Mapping[str, Mapping[str, str]]
    head: str
    gaps: tuple[Gap, ...] = ()
    others: Others = field(default_factory=Others)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_path(self) -> Mapping[str, Sequence[Write]]:
        """The writes of each path, newest first."""
        found: dict[str, list[Write]] = defaultdict(list)
        for write in self.writes:
            found[write.path].append(write)
        return found

    @cached_property
    def removed(self) -> Mapping[str, Sequence[Write]]:
        """The writes of each commit that take a file away."""
        found: dict[str, list[Write]] = defaultdict(list)
        for write in self.writes:
            if not write.new:
                found[write.commit].append(write)
        return found

    @cached_property
    def all(self) -> frozenset[tuple[str, str]]:
        """(path, blob) of every version."""
        written = {(write.path, write.new) for write in self.writes if write.new}
        olds = {(write.path, old) for write in self.writes for old in write.olds if old}
        return frozenset(written | olds | {cell for tree in self.tips.values() for cell in tree.items()})

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path of configuration, and every one that some may include."""
        others = map(text, {*self.others.log, *self.others.tips.paths()})
        return frozenset((*(path for path, _ in self.all), *others))

    def including(self, paths: Collection[str]) -> "Versions":
        """The same with what other files ever held, too."""
        names = {path.encode("utf-8", "surrogateescape") for path in paths}
        log = self.others.log
        more = [written(commit, record, path) for path in sorted(names) for commit, record in log.get(path, ())]
        age = {commit: number for number, commit in enumerate(self.parents)}
        writes = sorted((*self.writes, *more), key=lambda one: age[one.commit])
        told = self.others.tips.holding(lambda path: path in names)
        tips = {tip: {**tree, **told[tip]} if told[tip] else tree for tip, tree in self.tips.items()}
        return replace(self, writes=writes, tips=tips)

    def tip_of(self, path: str, blob: str) -> str:
        """A branch tip that has this version, HEAD's if it has; "" when none does."""
        return next((tip for tip, tree in self.tips.items() if tree.get(path) == blob), "")

    def ancestors(self, tip: str) -> frozenset[str]:
        """The tip and every commit below it."""
        if tip not in self._ancestors:
            seen = {tip}
            waiting = [tip]
            while waiting:
                new = [one for one in self.parents.get(waiting.pop(), ()) if one not in seen]
                seen.update(new)
                waiting += new
            if len(self._ancestors) > 8:  # a set for each of hundreds of branches would not fit
                self._ancestors.clear()
            self._ancestors[tip] = frozenset(seen)
        return self._ancestors[tip]


def versions(git: Git) -> Versions:
    """Everything that the commits of refs and reflogs say of configuration files. What cannot be walked is a Gap."""
    writes: list[Write] = []
    parents: dict[str, tuple[str, ...]] = {}
    log: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
    gaps: list[Gap] = []
    if _empty(git):
        return Versions((), {}, {}, "")
    try:
        _walk(git, writes, parents, log)
    except GitError as error:
        why = f"uses of secrets in older versions of CI configuration may be missing: {error}"
        gaps.append(Gap(where=f"{git.path}: history", why=why, advice=error.advice))
    files = read_files(git)
    gaps += files.gaps
    return Versions(writes, parents, files.holding(_is_ours), files.head, tuple(gaps), Others(log, files))


def _empty(git: Git) -> bool:
    return not git.run("rev-list", "--max-count=1", "--all", "--reflog", check=False).strip()


def _walk(
    git: Git,
    writes: list[Write],
    parents: dict[str, tuple[str, ...]],
    log: dict[bytes, list[tuple[str, bytes]]],
) -> None:
    commit = ""
    room = KEPT
    records = git.stream(*_LOG, separator=b"\0")
    for told in records:
        record = told.lstrip(b"\n")
        if record.startswith(b":"):
            path = next(records, b"")
            sort = kind(path)
            if sort == OURS:
                writes.append(written(commit, record, path))
            elif sort == MAYBE and room:
                log[path].append((commit, record))
                room -= 1
        elif record:
            commit, *above = record.decode("ascii", "replace").split(" ")
            parents[commit] = tuple(filter(None, above))


def _is_ours(path: bytes) -> bool:
    return kind(path) == OURS


def contents(git: Git, blobs: Collection[str], gaps: list[Gap]) -> Iterator[tuple[str, bytes]]:
    """(blob, content) of each blob that can be read; a Gap for each other."""
    reader = CatFileReader(git, limit=BYTES)
    try:
        infos = []
        for info in reader.info(sorted(blobs)) if blobs else ():
            if isinstance(info, ObjectInfo) and info.type == "blob":
                infos.append(info)
            elif isinstance(info, Gap):
                gaps.append(info)
        for found in reader.read(infos):
            if isinstance(found, Gap):
                gaps.append(found)
            else:
                yield found.oid, found.content
    finally:
        reader.close()
