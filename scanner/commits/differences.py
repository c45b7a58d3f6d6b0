"""Where commits bring or remove given objects: commit-to-parent tree differences, as `git diff-tree` sees them."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from offkey.found import Gap
from scanner.commits.attempts import FAILURES, attempted, bisected
from scanner.commits.history import History, unread
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError

Progress = Callable[[int, int], None]

_AT_ONCE = 2_000
_PATHS = 100
"""How many paths git is told to look at alone: it compares each with every entry."""
_NO_INDEX = {"GIT_INDEX_FILE": f"{os.devnull}.offkey"}
"""Diff-tree reads the index though it needs none, and a damaged one would end it; one that is absent is empty."""
_ENTRY = re.compile(rb":[0-7]{6} (?!160000)[0-7]{6} [0-9a-f]+ ([0-9a-f]+) [A-Z]\0")
_OF_MERGE = re.compile(rb"::+(?:[0-7]{6} )++(?<!160000 )[0-9a-f ]+ ([0-9a-f]+) [A-Z]+\0")
"""How an entry that brings a blob looks, by itself and in a merge; 160000 is a commit of another repository."""
_NOTHING = frozenset((b"0" * 40, b"0" * 64))
_DIFF = (
    *("-c", "core.deltaBaseCacheLimit=16m"),  # as fast as with 96, in 80 MB less
    *("diff-tree", "--stdin", "-c", "-r", "--raw", "-z", "--no-renames", "--no-abbrev"),
)


class Change(NamedTuple):
    """At `node`, `path` holds `new` where its parents held `olds` (one per parent; zeros for nothing)."""

    node: int
    path: bytes
    new: str
    olds: tuple[str, ...]


def changes(
    git: Git,
    history: History,
    wanted: Collection[str],
    *,
    jobs: int = 2,
    progress: Progress | None = None,
    only: Collection[int] | None = None,
    lacking: "Lacking | None" = None,
) -> Iterator[Change | Gap]:
    """Every change of a node against its parents that brings or removes one of the `wanted` objects.

    For a merge only paths that differ from all its parents count: a first appearance always does. Trees that are
    absent or damaged become Gaps. `jobs` git processes run at a time; `progress` hears (commits done, of how many).
    `only` are the nodes that can have such a change, where that is known. `lacking` is told the ids of all blobs that
    are brought, some at a time; those that it gives back are wanted, too.
    """
    numbers = history.order if only is None else sorted(only)  # in the order of history git meets the same trees again
    for number, node in sorted(history.odd.items()):
        if node.blob in wanted and (only is None or number in only):
            yield Change(number, b"", node.blob, ())
    read = partial(_read, names=frozenset(oid.encode() for oid in wanted), lacking=lacking)
    groups: dict[int, Mapping[bytes, list[int]]] = {}

    def asked() -> Iterator[Sequence[bytes]]:
        """The lines of each group, made while git compares the first."""
        for start in range(0, len(numbers), _AT_ONCE):
            lines = [(line, n) for n in numbers[start : start + _AT_ONCE] if (line := _line(history, n))]
            if lines:
                groups[start] = _grouped(lines)
                yield list(groups[start])

    failures = iter(range(FAILURES))
    done = 0
    for _, output in attempted(partial(compare, git), asked(), jobs):
        group = groups.pop(next(iter(groups)))
        if isinstance(output, GitError):
            yield from _piecemeal(git, history, group, read, failures)
        else:
            yield from read(group, output)
        done += sum(map(len, group.values()))
        if progress:
            progress(done, len(numbers))


def _grouped(lines: Sequence[tuple[bytes, int]]) -> Mapping[bytes, list[int]]:
    """Nodes by line: two roots with one tree share theirs."""
    grouped = defaultdict(list)
    for line, number in lines:
        grouped[line].append(number)
    return grouped


def _line(history: History, number: int, present: Collection[str] | None = None) -> bytes:
    """What `diff-tree --stdin` is told about a node: two trees, for a merge `commit parent...`; empty for nothing.

    Parents are named outright, so that neither a graft nor a shallow file has a say. `present`, if given, are
    the trees that exist.
    """
    tree, trees, ids = history.trees[number], history.trees, history.ids
    above: Sequence[int] = () if history.is_tag(number) else history.parents[number]
    if present is not None:
        above = [parent for parent in above if trees[parent] in present]
    if tree in {"", history.empty_tree} or any(tree == trees[parent] for parent in above):
        return b""
    if len(above) > 1:
        return " ".join([ids[one] for one in (number, *above)]).encode()
    return f"{trees[above[0]] if above else history.empty_tree} {tree}".encode()


def compare(git: Git, lines: Sequence[bytes], paths: Collection[bytes] = ()) -> bytes:
    """The raw output of `git diff-tree --stdin` for `lines`, of `paths` alone if they are few.

    Raises GitError, also where git says nothing of two trees, one of which it cannot read: that it passes over.
    """
    named = ("--", *map(os.fsdecode, sorted(paths))) if 0 < len(paths) <= _PATHS else ()
    output = git.run(*_DIFF, *named, input=b"\n".join(lines) + b"\n", extra=_NO_INDEX)
    pairs = [line for line in lines if line.count(b" ") == 1]
    if output.count(b"\n") != len(pairs) and not _told(output).issuperset(pairs):
        raise GitError("a tree cannot be read", advice="run `git fsck`")
    return output


def _told(output: bytes) -> set[bytes]:
    """The pairs of trees that raw output tells of."""
    found: set[bytes] = set()
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        *pairs, meta = token.split(b"\n")
        found.update(pairs)
        if meta.startswith(b":"):
            next(tokens)  # a path, which may hold anything
    return found


Entry = tuple[bytes, bytes, str, tuple[str, ...]]


Read = Callable[[Mapping[bytes, Sequence[int]], bytes], Iterator[Change]]
Lacking = Callable[[Collection[bytes]], Collection[bytes]]


def _read(
    group: Mapping[bytes, Sequence[int]], output: bytes, *, names: frozenset[bytes], lacking: Lacking | None
) -> Iterator[Change]:
    """What git said of a group, about `names` and whatever of it is lacking."""
    return _named(group, parse(output, names.union(lacking(brought(output))) if lacking is not None else names))


def _named(group: Mapping[bytes, Sequence[int]], entries: Iterator[Entry]) -> Iterator[Change]:
    """The entries with the nodes that their header stands for: a commit's own id, or both trees of a pair."""
    by_header = dict(group)
    by_header |= {line.split(b" ")[0]: nodes for line, nodes in group.items()}
    for header, path, new, olds in entries:
        for number in by_header[header]:
            yield Change(number, path, new, olds)


def _piecemeal(
    git: Git, history: History, group: Mapping[bytes, Sequence[int]], read: Read, failures: Iterator[int]
) -> Iterator[Change | Gap]:
    """A group on which git failed: without the trees that are absent, then halved around whatever else is damaged."""
    numbers = [number for nodes in group.values() for number in nodes]
    present = _present_trees(git, history, numbers)
    absent = [
        history.ids[number]
        for number in numbers
        if any(history.trees[n] not in present for n in (number, *history.parents[number]))
    ]
    if absent:
        yield unread(git, absent, "the tree of the commit or of a parent is not stored")
    left = _grouped(
        [(line, n) for n in numbers if history.trees[n] in present and (line := _line(history, n, present))]
    )
    for part, output in bisected(partial(compare, git), list(left), failures) if left else ():
        if isinstance(output, GitError):
            yield unread(git, [history.ids[n] for line in part for n in left[line]], str(output))
        else:
            yield from read({line: left[line] for line in part}, output)


def _present_trees(git: Git, history: History, numbers: Sequence[int]) -> frozenset[str]:
    """Those trees of the nodes and their parents that the database has."""
    trees = sorted({history.trees[n] for number in numbers for n in (number, *history.parents[number])} - {""})
    listed = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input="\n".join(trees).encode() + b"\n")
    found = (line.split(" ") for line in listed.decode().splitlines())
    return frozenset(fields[0] for fields in found if fields[-1] == "tree") | {history.empty_tree}


def brought(output: bytes) -> set[bytes]:
    """The ids of all blobs that raw output brings. A path may hold what looks like an entry, and adds its id."""
    return {*_ENTRY.findall(output), *_OF_MERGE.findall(output)} - _NOTHING


_ONE_PARENT = frozenset((b":0", b":1"))
"""How an entry begins that has one parent: a mode is 000000, 040000, or begins with 1."""


def parse(output: bytes, wanted: Collection[bytes]) -> Iterator[Entry]:
    """(header, path, new object, old objects) of each raw entry that brings or removes a wanted object.

    The format is in git-diff-tree(1), "Raw output format" and "diff format for merges", with NUL as terminator;
    the header of a pair of trees is the one thing that still ends in a newline.
    """
    key = b""
    tokens = iter(output.split(b"\0"))
    width = max(map(len, wanted), default=0)
    middle, end = 15 + width, 16 + 2 * width  # behind two modes of six digits
    for token in tokens:
        if token[:2] in _ONE_PARENT and token[15:middle] not in wanted and token[middle + 1 : end] not in wanted:
            next(tokens)  # as nearly all
            continue
        before, newline, meta = token.rpartition(b"\n")
        if newline:
            key = before.rpartition(b"\n")[2]
        if not meta.startswith(b":"):
            key = meta or key
            continue
        path = next(tokens)
        fields = meta.split(b" ")
        count = (len(fields) - 3) // 2
        new, olds = fields[-2], fields[-2 - count : -2]
        if new not in olds and (new in wanted or any(old in wanted for old in olds)):
            yield key, path, new.decode(), tuple(old.decode() for old in olds)
