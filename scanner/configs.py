"""Every version that CI and deployment configuration ever had in a repository, and which of them stand in a tip.

One `git log` over all refs and reflogs tells which commit wrote which version; it is asked without pathspecs, which
cost git more than they spare (docs/ci.md has figures). Commits that nothing leads to any more are not walked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

from offkey.found import Gap
from scanner.ci.registry import systems_of
from scanner.ci.tree import LIMIT
from scanner.differences import compare
from scanner.git import Git
from scanner.giterrors import GitError
from scanner.objects import CatFileReader, ObjectInfo, object_id
from scanner.reach import read_tips

_LOG = (
    *("log", "--all", "--reflog", "--topo-order", "--no-color", "--no-notes", "--no-decorate", "--no-ext-diff"),
    *("-c", "--raw", "-r", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--format=tformat:%H %P"),
)
BYTES = 4 * LIMIT
"""Bytes of a version that is read at all."""


@dataclass(frozen=True, slots=True)
class Write:
    """A commit gives `path` the content `new` where its parents had `olds`; "" stands for no file."""

    commit: str
    path: str
    new: str
    olds: tuple[str, ...]


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
    gaps: list[Gap] = []
    if _empty(git):
        return Versions((), {}, {}, "")
    try:
        _walk(git, writes, parents)
    except GitError as error:
        why = f"uses of secrets in older versions of CI configuration may be missing: {error}"
        gaps.append(Gap(where=f"{git.path}: history", why=why, advice=error.advice))
    tips, head = _tips(git, gaps)
    return Versions(writes, parents, tips, head, tuple(gaps))


def _empty(git: Git) -> bool:
    return not git.run("rev-list", "--max-count=1", "--all", "--reflog", check=False).strip()


def _walk(git: Git, writes: list[Write], parents: dict[str, tuple[str, ...]]) -> None:
    commit = ""
    records = git.stream(*_LOG, separator=b"\0")
    for told in records:
        record = told.lstrip(b"\n")
        if record.startswith(b":"):
            path = next(records, b"")
            if ours(path):
                writes.append(_write(commit, record, path))
        elif record:
            commit, *above = record.decode("ascii", "replace").split(" ")
            parents[commit] = tuple(filter(None, above))


@lru_cache(maxsize=1 << 16)
def ours(path: bytes) -> bool:
    """Whether a path is one of configuration."""
    return bool(systems_of(path.decode("utf-8", "surrogateescape")))


def _write(commit: str, record: bytes, path: bytes) -> Write:
    """One raw entry, of an ordinary commit or a merge (git-diff-tree(1), "Raw output format")."""
    count = len(record) - len(record.lstrip(b":"))
    fields = record.lstrip(b":").decode("ascii", "replace").split(" ")
    modes, ids = fields[: count + 1], fields[count + 1 : 2 * count + 2]
    # A submodule or a link is no configuration that is read.
    told = [
        "" if not oid.strip("0") or mode in ("160000", "120000") else oid for mode, oid in zip(modes, ids, strict=True)
    ]
    return Write(commit, path.decode("utf-8", "surrogateescape"), told[-1], tuple(told[:-1]))


def _tips(git: Git, gaps: list[Gap]) -> tuple[dict[str, dict[str, str]], str]:
    """The configuration in each branch tip, the default branch first, and the id of that."""
    told = read_tips(git)
    gaps += told.gaps
    # In a clone HEAD is what is checked out; the default branch is what the remote's HEAD names.
    named = (f"{name}^{{commit}}" for name in ("refs/remotes/origin/HEAD", "HEAD"))
    heads = (git.run("rev-parse", "--verify", "--quiet", name, check=False).decode().strip() for name in named)
    head = next(filter(None, heads), "")
    commits = list(dict.fromkeys([*([head] if head else []), *told.branches]))
    asked = "".join(f"{commit}^{{tree}}\n" for commit in commits).encode()
    lines = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input=asked).decode().splitlines()
    trees = {c: line.split(" ")[0] for c, line in zip(commits, lines, strict=True) if line.endswith(" tree")}
    empty = object_id("tree", b"", git.object_format)
    chain = [empty, *(tree for tree in dict.fromkeys(trees.values()) if tree != empty)]
    steps = [f"{old} {new}".encode() for old, new in pairwise(chain)]
    try:
        known = _along(chain, compare(git, steps) if steps else b"")
    except GitError:
        known = _one_by_one(git, chain, gaps)
    return {commit: known[tree] for commit, tree in trees.items() if tree in known}, head


def _one_by_one(git: Git, chain: Sequence[str], gaps: list[Gap]) -> dict[str, dict[str, str]]:
    """The configuration of each tree that git can read."""
    known: dict[str, dict[str, str]] = {chain[0]: {}}
    for tree in chain[1:]:
        try:
            known |= _along([chain[0], tree], compare(git, [f"{chain[0]} {tree}".encode()]))
        except GitError as error:
            gaps.append(Gap(where=f"{git.path}: branch tip's tree {tree[:12]}", why=str(error), advice=error.advice))
    return known


def _along(chain: Sequence[str], output: bytes) -> dict[str, dict[str, str]]:
    """The configuration of each tree, from the differences to the one before (git-diff-tree(1), --stdin)."""
    steps: dict[bytes, list[Write]] = defaultdict(list)
    header = b""
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        before, newline, meta = token.rpartition(b"\n")
        if newline:
            header = before.rpartition(b"\n")[2]
        if meta.startswith(b":"):
            path = next(tokens)
            if ours(path):
                steps[header].append(_write("", meta, path))
    known: dict[str, dict[str, str]] = {chain[0]: {}}
    for old, new in pairwise(chain):
        made = dict(known[old])
        for write in steps.get(f"{old} {new}".encode(), ()):
            made.pop(write.path, None)
            if write.new:
                made[write.path] = write.new
        known[new] = made
    return known


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
