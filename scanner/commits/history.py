"""The commit graph as it is stored, and where in it objects appear.

Every commit and annotated tag of the object database is a node, reachable or not. Parents are read from the
objects themselves, so replace refs, grafts and the edge of a shallow clone change nothing but what is absent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import takewhile
from typing import NamedTuple

from offkey.found import Gap
from scanner.commits.attempts import FAILURES, attempted, bisected
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import object_id
from scanner.storage.columns import Both, Joined

_IDS = {size: re.compile(rb"[0-9a-f]{%d}(?: [0-9a-f]{%d})*" % (size, size)) for size in (40, 64)}
_READ_AT_ONCE = 10_000


class Node(NamedTuple):
    """A commit (`tree` is its tree) or an annotated tag (`tree` only when it tags one; `blob` likewise)."""

    id: str
    kind: str
    tree: str
    blob: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """All nodes by number, in columns. `order` lists them parents first.

    `odd` are tags, and commits some of whose parents are not stored (`cut`) or named twice. `trees` are "" for tags
    of anything else.
    """

    ids: Sequence[str]
    trees: Sequence[str]
    parents: Sequence[tuple[int, ...]]
    order: Sequence[int]
    odd: Mapping[int, Node]
    cut: frozenset[int]
    gaps: tuple[Gap, ...]
    empty_tree: str
    known: Mapping[str, int] | None = None
    """The number of each id, where that need not be found out."""

    @cached_property
    def index(self) -> Mapping[str, int]:
        return dict(zip(self.ids, range(len(self.ids)), strict=True)) if self.known is None else self.known

    @cached_property
    def nodes(self) -> "Nodes":
        return Nodes(self)

    def is_tag(self, number: int) -> bool:
        return number in self.odd and self.odd[number].kind == "tag"


class Nodes:
    """The nodes of a history, each made when asked for."""

    def __init__(self, history: History) -> None:
        self._history = history

    def __len__(self) -> int:
        return len(self._history.ids)

    def __iter__(self) -> Iterator[Node]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> Node:
        history = self._history
        if number in history.odd:
            return history.odd[number]
        above = tuple([history.ids[parent] for parent in history.parents[number]])
        return Node(history.ids[number], "commit", history.trees[number], "", above)


def read(git: Git, *, jobs: int = 2) -> History:
    """All commits and annotated tags of the object database. Raises GitError when git cannot even list them."""
    listed: list[bytes] = []
    for line in git.stream(
        "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)"
    ):
        if line.startswith((b"commit ", b"tag ")):
            listed.append(line.partition(b" ")[2])
    gaps: list[Gap] = []
    nodes: list[Node] = []
    failures = iter(range(FAILURES))
    groups = [listed[start : start + _READ_AT_ONCE] for start in range(0, len(listed), _READ_AT_ONCE)]
    run = partial(_cat, git)
    for ids, answer in attempted(run, groups, jobs):
        for group, output in bisected(run, ids, failures) if isinstance(answer, GitError) else [(ids, answer)]:
            if isinstance(output, GitError):
                gaps.append(unread(git, [oid.decode() for oid in group], str(output)))
            else:
                nodes += _parsed(output, gaps, git)
    return _linked([], nodes, gaps, git)


def header(oid: str, kind: str, content: bytes) -> tuple[bytes, bytes]:
    """What `from_headers` needs of a commit or tag: a line of ids for an ordinary commit, else its whole header."""
    if kind == "commit" and content.startswith(b"tree "):
        ids = content[5 : content.find(b"\nauthor ")].replace(b"\nparent ", b" ")
        if _IDS[len(oid)].fullmatch(ids):
            return b"%s %s\n" % (oid.encode(), ids), b""
    head = content.partition(b"\n\n")[0]
    return b"", b"%s %s %d\n%s\n" % (oid.encode(), kind.encode(), len(head), head)


def from_headers(git: Git, commits: Iterable[bytes], headers: Iterable[bytes]) -> History:
    """As `read`, from what `header` gave of each commit and tag; the same object twice counts once."""
    gaps: list[Gap] = []
    width = 2 * git.hash_size
    lines = b"".join(commits).decode("ascii").split("\n")[:-1]
    named = {line[:width] for line in lines}
    if len(named) < len(lines):
        lines = list({line[:width]: line for line in lines}.values())
    others = {node.id: node for output in headers for node in _parsed(output, gaps, git) if node.id not in named}
    return _linked(lines, list(others.values()), gaps, git)


def unread(git: Git, ids: Sequence[str], why: str) -> Gap:
    """The Gap for commits or tags (by id) that attribution could not take into account."""
    named = ", ".join(oid[:12] for oid in sorted(ids)[:3])
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return Gap(
        where=f"{git.path}: history at {named}{more}",
        why=f"authorship may be wrong here: {why}",
        advice="run `git fsck`, or fetch the missing objects with `git fetch --refetch`, and scan again",
    )


def _cat(git: Git, ids: Sequence[bytes]) -> bytes:
    return git.run("cat-file", "--batch", "--buffer", input=b"\n".join(ids) + b"\n")


def _parsed(output: bytes, gaps: list[Gap], git: Git) -> Iterator[Node]:
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        head = output[position:end].decode().split(" ")
        position = end + 1
        if not head[-1].isdigit():
            gaps.append(unread(git, [head[0]], "cannot be read"))
            continue
        stop = output.find(b"\n\n", position, position + int(head[2]))
        lines = output[position : stop if stop >= 0 else position + int(head[2])].split(b"\n")
        position += int(head[2]) + 1
        node = _node(head[0], head[1], lines)
        if node is None:
            gaps.append(unread(git, [head[0]], "has no readable header"))
        else:
            yield node


def _node(oid: str, kind: str, lines: Sequence[bytes]) -> Node | None:
    first = lines[0].decode(errors="replace").split(" ")
    if len(first) != 2 or len(first[1]) != len(oid):
        return None
    if kind == "commit":
        above = takewhile(lambda line: line.startswith(b"parent "), lines[1:])
        parents = tuple(line[7:].decode(errors="replace") for line in above)
        return Node(oid, kind, first[1], "", parents)
    tagged = lines[1] if len(lines) > 1 else b""
    return Node(
        oid,
        kind,
        first[1] if tagged == b"type tree" else "",
        first[1] if tagged == b"type blob" else "",
        (first[1],) if tagged in {b"type commit", b"type tag"} else (),
    )


def _linked(lines: Sequence[str], others: Sequence[Node], gaps: Iterable[Gap], git: Git) -> History:
    """The history of ordinary commits, a line of ids each (see `header`), and of `others`."""
    width = 2 * git.hash_size
    ids = [line[:width] for line in lines] + [node.id for node in others]
    trees = [line[width + 1 : 2 * width + 1] for line in lines] + [node.tree for node in others]
    index = dict(zip(ids, range(len(ids)), strict=True))
    parents, odd, cut = _numbered(lines, others, width, index)
    empty = object_id("tree", b"", git.object_format)
    return History(ids, trees, parents, _parents_first(parents), odd, frozenset(cut), tuple(gaps), empty)


def _numbered(
    lines: Sequence[str], others: Sequence[Node], width: int, index: Mapping[str, int]
) -> tuple[list[tuple[int, ...]], dict[int, Node], set[int]]:
    """The parents of each by number, the nodes that are no ordinary commits, and those that lack a parent."""
    parents: list[tuple[int, ...]] = []
    odd: dict[int, Node] = {}
    cut: set[int] = set()
    above = 2 * width + 2
    one = above + width
    for number, line in enumerate(lines):
        if len(line) == one and (parent := index.get(line[above:])) is not None:
            parents.append((parent,))
        elif len(line) < above:
            parents.append(())
        else:
            found = tuple([index.get(parent, -1) for parent in line[above:].split(" ")])
            if -1 in found or len(set(found)) < len(found):
                oid, tree, *named = line.split(" ")
                found = _known(Node(oid, "commit", tree, "", tuple(named)), number, index, odd, cut)
            parents.append(found)
    for number, node in enumerate(others, len(lines)):
        parents.append(_known(node, number, index, odd, cut))
    return parents, odd, cut


def _known(node: Node, number: int, index: Mapping[str, int], odd: dict[int, Node], cut: set[int]) -> tuple[int, ...]:
    """The parents of a node that are stored, each once."""
    found = tuple(dict.fromkeys([index[parent] for parent in node.parents if parent in index]))
    if len(found) < len(node.parents) or node.kind != "commit":
        odd[number] = node
        if any(parent not in index for parent in node.parents):
            cut.add(number)
    return found


def grown(history: History, newer: Iterable[Node]) -> History | None:
    """`history` with nodes behind its own; None when one of them has a parent that is in neither."""
    if history.cut:
        return None
    start = len(history.ids)
    nodes = [node for node in newer if node.id not in history.index]
    index = Both(history.index, {node.id: start + number for number, node in enumerate(nodes)})
    odd: dict[int, Node] = {}
    cut: set[int] = set()
    parents = [_known(node, number, index, odd, cut) for number, node in enumerate(nodes, start)]
    if cut:
        return None
    above = [tuple(parent - start for parent in found if parent >= start) for found in parents]
    return History(
        Joined(history.ids, [node.id for node in nodes]),
        Joined(history.trees, [node.tree for node in nodes]),
        [*history.parents, *parents],
        [*history.order, *(start + number for number in _parents_first(above))],
        {**history.odd, **odd},
        frozenset(),
        history.gaps,
        history.empty_tree,
        index,
    )


def _parents_first(parents: Sequence[tuple[int, ...]]) -> list[int]:
    """All numbers, each behind its parents; where parents lead round in a circle it is broken somewhere."""
    order: list[int] = []
    met = bytearray(len(parents))
    for start in range(len(parents) - 1, -1, -1):  # packs hold the newest first
        waiting = [start]
        while waiting:
            number = waiting.pop()
            if number < 0:  # all above it is in order
                order.append(~number)
            elif not met[number]:
                met[number] = 1
                above = [parent for parent in parents[number] if not met[parent]]
                if above:
                    waiting.append(~number)
                    waiting += above
                else:
                    order.append(number)
    return order
