"""How objects are reached: which kinds of refs lead to each commit, and what the branch tips hold today."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from offkey.found import Gap, Reach
from scanner.commits.differences import compare, parse
from scanner.commits.history import History
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.refs import Refs

Cells = frozenset[tuple[str, bytes]]
"""Objects, each with a path."""
STRENGTH = (
    Reach.BRANCH,
    Reach.TAG,
    Reach.OTHER_REF,
    Reach.NOTES,
    Reach.STASH,
    Reach.REFLOG,
)
"""Strongest first; what none of them reaches is dangling."""

_BIT = {reach: 1 << position for position, reach in enumerate(STRENGTH)}
_FOLDERS = {
    "refs/heads/": Reach.BRANCH,
    "refs/remotes/": Reach.BRANCH,
    "refs/tags/": Reach.TAG,
    "refs/notes/": Reach.NOTES,
}


_NOTHING = ("--glob=refs/there/is/none",)
"""Without any revision rev-list prints its usage and fails, and a repository may have no reflog."""


@dataclass(frozen=True)
class Tips:
    """What refs and reflogs point at: object id and how. `refs` counts `refs/replace/*` in `replaced`."""

    objects: Mapping[str, frozenset[Reach]]
    replaced: bool
    gaps: tuple[Gap, ...] = ()

    @property
    def branches(self) -> list[str]:
        return sorted(oid for oid, reaches in self.objects.items() if Reach.BRANCH in reaches)


class Hints(NamedTuple):
    """What spares git work. `signatures` of trees (`commits.forest`) tell which hold nothing wanted, or the same.

    `known` are trees that were asked earlier; `paths` are all at which anything wanted can stand; `read` may know what
    trees hold, and gives None where git must be asked.
    """

    signatures: Mapping[str, int | None] | None = None
    known: Mapping[str, Cells] = MappingProxyType({})
    paths: Collection[bytes] | None = None
    read: Callable[[Sequence[str], Collection[str]], dict[str, Cells] | None] | None = None


NO_HINTS = Hints()


def tips(git: Git, history: History, refs: Refs | None) -> Tips:
    """Where refs and reflogs lead: by what their files say, or by what git says where that is None."""
    return read_tips(git) if refs is None else tips_of(refs, history)


def tips_of(refs: Refs, history: History) -> Tips:
    """The same as `read_tips` from what the files say. Of what reflogs name, only commits of the history count."""
    by_reach: dict[Reach, set[str]] = {reach: set() for reach in STRENGTH}
    for name, oid in refs.names.items():
        by_reach[_kind(name)].add(oid)
    by_reach[Reach.BRANCH] |= refs.heads
    by_reach[Reach.REFLOG] |= refs.logged & history.index.keys()
    if by_reach[Reach.STASH]:
        by_reach[Reach.STASH] |= refs.stashed & history.index.keys()
    objects: dict[str, frozenset[Reach]] = {}
    for reach, oids in by_reach.items():
        alone = frozenset((reach,))
        objects.update({oid: objects[oid] | alone if oid in objects else alone for oid in oids})
    return Tips(objects, any(name.startswith("refs/replace/") for name in refs.names))


def read_tips(git: Git) -> Tips:
    """All refs, HEAD of each work tree, stash and reflog entries. What git cannot list is a Gap."""
    objects: dict[str, set[Reach]] = {}
    gaps: list[Gap] = []
    replaced = False
    for oid, name in _refs(git, gaps):
        objects.setdefault(oid, set()).add(_kind(name))
        replaced |= name.startswith("refs/replace/")
    if any(Reach.STASH in reaches for reaches in objects.values()):
        for oid in _listed(git, gaps, "rev-list", "--walk-reflogs", "--ignore-missing", "refs/stash"):
            objects.setdefault(oid, set()).add(Reach.STASH)
    for oid in _listed(git, gaps, "rev-list", "--no-walk=unsorted", "--ignore-missing", *_NOTHING, "--reflog"):
        objects.setdefault(oid, set()).add(Reach.REFLOG)
    return Tips({oid: frozenset(reaches) for oid, reaches in objects.items()}, replaced, tuple(gaps))


def _kind(ref: str) -> Reach:
    return Reach.STASH if ref.startswith("refs/stash") else _FOLDERS.get(ref[: ref.find("/", 5) + 1], Reach.OTHER_REF)


def _refs(git: Git, gaps: list[Gap]) -> Iterator[tuple[str, str]]:
    for line in _listed(git, gaps, "for-each-ref", "--format=%(objectname) %(refname)"):
        oid, _, name = line.partition(" ")
        yield oid, name
    heads = git.run("rev-parse", "--verify", "--quiet", "HEAD", check=False).decode().split()
    trees = _listed(git, gaps, "worktree", "list", "--porcelain")
    heads += [line.removeprefix("HEAD ") for line in trees if line.startswith("HEAD ")]
    for oid in heads:
        if oid.strip("0"):  # zeros stand for a branch without a commit
            yield oid, "refs/heads/"


def _listed(git: Git, gaps: list[Gap], *args: str) -> list[str]:
    try:
        return git.run(*args).decode("utf-8", errors="replace").splitlines()
    except GitError as error:
        gaps.append(Gap(where=f"{git.path}: refs", why=f"`git {args[0]}`: {error}", advice=error.advice))
        return []


def reaches(history: History, tips: Tips) -> list[int]:
    """For each node a bit set (positions in STRENGTH) of the kinds of refs that lead to it."""
    bits = [0] * len(history.ids)
    for oid, kinds in tips.objects.items():
        number = history.index.get(oid)
        if number is not None:
            bits[number] = sum(_BIT[kind] for kind in kinds)
    for number in reversed(history.order):
        if bits[number]:
            for parent in history.parents[number]:
                bits[parent] |= bits[number]
    return bits


def led_by(bits: int, reach: Reach) -> bool:
    """Whether a kind of refs (one in STRENGTH) is in a bit set."""
    return bool(bits & _BIT[reach])


def strongest(bits: int) -> Reach:
    """The strongest kind in a bit set; DANGLING for the empty one."""
    return next((reach for reach in STRENGTH if bits & _BIT[reach]), Reach.DANGLING)


def reach_of(history: History, bits: Sequence[int], bringers: Collection[int]) -> Reach:
    """How an object is reached at a path which the nodes `bringers` gave it.

    MERGE: on branches only merge commits bring it, where a reader of patches never sees it.
    """
    reach = strongest(_united(bits[number] for number in bringers))
    if reach is not Reach.BRANCH:
        return reach
    on_branch = (number for number in bringers if bits[number] & _BIT[Reach.BRANCH])
    return Reach.MERGE if all(len(history.nodes[number].parents) > 1 for number in on_branch) else Reach.BRANCH


def _united(sets: Iterator[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union


def present(
    git: Git, history: History, tips: Tips, wanted: Collection[str], hints: Hints = NO_HINTS
) -> tuple[dict[str, Cells], list[Gap]]:
    """(object, path) of every wanted object in the tree of each branch tip.

    One comparison leads from the empty tree to the first tip and from each tip to the next: neighbours differ
    little, so hundreds of branches cost about as much as one.
    """
    signatures, paths = hints.signatures, hints.paths
    numbers = {history.index[oid] for oid in tips.branches if oid in history.index}
    trees = dict.fromkeys(history.trees[number] for number in history.order if number in numbers)
    chain = [tree for tree in trees if tree not in {"", history.empty_tree}]
    found = {tree: cells for tree, cells in hints.known.items() if tree in trees}
    same: dict[str, str] = {}
    if signatures is not None:
        first = {signatures[tree]: tree for tree in reversed(chain) if signatures[tree] is not None}
        same = {tree: first[signatures[tree]] for tree in chain if first.get(signatures[tree], tree) != tree}
        found.update((tree, frozenset()) for tree in chain if signatures[tree] == 0)
    if paths is not None and not paths:
        found.update((tree, frozenset()) for tree in chain)
    chain = [tree for tree in chain if tree not in found and tree not in same]
    gaps: list[Gap] = []
    if hints.read is not None and (cells := hints.read(chain, wanted)) is not None:
        found |= cells
    elif chain:
        names = frozenset(oid.encode() for oid in wanted)
        try:
            found |= _walk(git, [history.empty_tree, *chain], names, paths or ())
        except GitError:
            walked, gaps = _one_by_one(git, history.empty_tree, chain, names)
            found |= walked
    return found | {tree: found[other] for tree, other in same.items() if other in found}, gaps


def _walk(git: Git, chain: Sequence[str], names: Collection[bytes], paths: Collection[bytes] = ()) -> dict[str, Cells]:
    lines = [f"{old} {new}".encode() for old, new in pairwise(chain)]
    entries: dict[bytes, list[tuple[bytes, str]]] = {}
    for header, path, new, _ in parse(compare(git, lines, paths), names):
        entries.setdefault(header, []).append((path, new))
    now: dict[bytes, str] = {}
    found = {}
    for line, tree in zip(lines, chain[1:], strict=True):
        for path, new in entries.get(line, ()):
            now[path] = new
        found[tree] = frozenset((oid, path) for path, oid in now.items() if oid.encode() in names)
    return found


def _one_by_one(
    git: Git, empty: str, chain: Sequence[str], names: Collection[bytes]
) -> tuple[dict[str, Cells], list[Gap]]:
    found: dict[str, Cells] = {}
    gaps = []
    for tree in chain:
        try:
            found |= _walk(git, [empty, tree], names)
        except GitError as error:
            why = f"cannot tell whether it holds a finding today: {error}"
            gaps.append(Gap(where=f"{git.path}: branch tip with tree {tree[:12]}", why=why, advice=error.advice))
    return found, gaps
