"""The configuration in the tree of each branch tip, and of what else is in them the files that it may include."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from offkey.found import Gap
from scanner.commits.differences import compare
from scanner.commits.reach import read_tips
from scanner.pipelines.written import KEPT, MAYBE, OURS, kind, written
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import object_id

Step = tuple[bytes, bytes]
"""A path, and the raw entry that git tells of it."""
Chain = tuple[Sequence[str], Mapping[bytes, Sequence[Step]]]
"""Trees, the empty one first, and how each differs from the one before, by both ids."""


@dataclass(frozen=True)
class TipFiles:
    """`trees` are the tree ids of the tips (those that can be read), the default branch's first."""

    trees: Mapping[str, str] = field(default_factory=dict)
    head: str = ""
    gaps: tuple[Gap, ...] = ()
    _chains: Sequence[Chain] = ()

    def paths(self) -> Iterator[bytes]:
        """Paths that are not configuration by themselves."""
        for _, steps in self._chains:
            yield from (path for told in steps.values() for path, _ in told if kind(path) == MAYBE)

    def holding(self, wanted: Callable[[bytes], bool]) -> dict[str, dict[str, str]]:
        """By tip the files at wanted paths: path to blob. Tips with the same tree share theirs."""
        known: dict[str, dict[str, str]] = {}
        for chain, steps in self._chains:
            known |= _along(chain, steps, wanted)
        return {commit: known[tree] for commit, tree in self.trees.items()}


def read_files(git: Git) -> TipFiles:
    """What the branch tips hold, the default branch first. What git cannot read is a Gap."""
    gaps: list[Gap] = []
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
    pairs = [f"{old} {new}".encode() for old, new in pairwise(chain)]
    try:
        chains: list[Chain] = [(chain, _steps(compare(git, pairs) if pairs else b""))]
    except GitError:
        chains = list(_one_by_one(git, chain, gaps))
    known = {tree for chain, _ in chains for tree in chain}
    return TipFiles({commit: tree for commit, tree in trees.items() if tree in known}, head, tuple(gaps), chains)


def _one_by_one(git: Git, chain: Sequence[str], gaps: list[Gap]) -> Iterator[Chain]:
    """Each tree that git can read, from the empty one."""
    yield chain[:1], {}
    for tree in chain[1:]:
        try:
            yield [chain[0], tree], _steps(compare(git, [f"{chain[0]} {tree}".encode()]))
        except GitError as error:
            gaps.append(Gap(where=f"{git.path}: branch tip's tree {tree[:12]}", why=str(error), advice=error.advice))


def _steps(output: bytes) -> Mapping[bytes, Sequence[Step]]:
    """By pair of trees what changes of configuration and of what it may include (git-diff-tree(1), --stdin)."""
    steps: dict[bytes, list[Step]] = defaultdict(list)
    header = b""
    room = KEPT
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        before, newline, meta = token.rpartition(b"\n")
        if newline:
            header = before.rpartition(b"\n")[2]
        if meta.startswith(b":"):
            path = next(tokens)
            sort = kind(path)
            room -= sort == MAYBE
            if sort == OURS or (sort == MAYBE and room >= 0):
                steps[header].append((path, meta))
    return steps


def _along(
    chain: Sequence[str], steps: Mapping[bytes, Sequence[Step]], wanted: Callable[[bytes], bool]
) -> dict[str, dict[str, str]]:
    """The wanted files of each tree, from the differences to the one before."""
    known: dict[str, dict[str, str]] = {chain[0]: {}}
    for old, new in pairwise(chain):
        made = dict(known[old])
        for path, meta in steps.get(f"{old} {new}".encode(), ()):
            if wanted(path):
                told = written("", meta, path)
                made.pop(told.path, None)
                if told.new:
                    made[told.path] = told.new
        known[new] = made
    return known
