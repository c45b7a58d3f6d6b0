"""What an earlier scan learned of a repository's history, and how the next one goes on from there.

Commits never change, so what they bring stays true: of new commits alone must it be asked what they bring, and of the
old ones nothing, as no old tree can name a blob that was not there (one that was absent and no longer is ends this).
Kept are object ids, numbers and paths, in columns that load fast: a graph has hundreds of thousands of nodes.
"""

import json
import os
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from scanner.commits.differences import Change
from scanner.commits.history import History, Node, grown
from scanner.commits.reach import Cells
from scanner.storage.columns import Ids, Index, beginnings

_MARK = 16
_APART = 20_000
"""Nodes from which on a graph is kept by itself, and what comes later is kept behind it."""
_MOST_BEHIND = 4_000


class Graph(NamedTuple):
    """A graph that is kept by itself: its name, and how many nodes it has."""

    mark: bytes
    nodes: int


class Dumped(NamedTuple):
    """What is known of a past, and the graph that it goes with, unless that is kept already."""

    data: bytes
    graph: bytes | None


@dataclass(frozen=True)
class Past:
    """`changes` are all that bring or remove one of the `wanted` blobs; `present` is what some trees hold of them.

    `absent` are blobs that some tree names and nobody has. `fresh` is how many nodes, the last ones, no change was
    asked of yet; `seen` are the objects that are new with them.
    """

    history: History
    wanted: frozenset[str]
    changes: tuple[Change, ...]
    present: Mapping[str, Cells]
    absent: frozenset[str]
    fresh: int = 0
    seen: frozenset[str] = frozenset()
    graph: Graph | None = None
    """What is kept by itself of the history: its first nodes."""

    def knows(self, wanted: Collection[str]) -> bool:
        """Whether the changes that concern these blobs are among ours or among those of the fresh nodes."""
        new = set(wanted) - self.wanted
        return new <= self.seen and not new & self.absent

    @property
    def unasked(self) -> range:
        """Numbers of the fresh nodes."""
        return range(len(self.history.ids) - self.fresh, len(self.history.ids))

    def with_newer(self, newer: History, seen: Collection[str]) -> "Past | None":
        """The same with nodes that came since; None when they do not fit to what is known."""
        history = grown(self.history, newer.nodes) if not newer.gaps else None
        if history is None:
            return None
        fresh = len(history.ids) - len(self.history.ids)
        return replace(self, history=history, fresh=fresh, seen=frozenset(seen))


def dump(past: Past) -> Dumped | None:
    """A past as bytes; None for a graph with holes, which is not worth keeping."""
    history = past.history
    if history.cut or history.gaps:
        return None
    graph = past.graph
    new = [history.nodes[number] for number in range(graph.nodes, len(history.ids))] if graph is not None else []
    afresh = graph is None or len(new) > _MOST_BEHIND
    if afresh:
        graph, new = Graph(os.urandom(_MARK), len(history.ids)), []
    assert graph is not None
    told = {
        "behind": new,
        "wanted": sorted(past.wanted),
        "absent": sorted(past.absent),
        "changes": [[one.node, one.path.hex(), one.new, one.olds] for one in past.changes],
        "present": {tree: sorted((oid, path.hex()) for oid, path in cells) for tree, cells in past.present.items()},
    }
    columns = _columns(history) if afresh else ()
    apart = graph.nodes > _APART
    data = graph.mark + _packed(told, () if apart else columns)
    return Dumped(data, graph.mark + _packed({}, columns) if apart and afresh else None)


def load(data: bytes, graph: bytes | None = None) -> Past:
    """What `dump` gave. Raises ValueError, KeyError, TypeError or IndexError for what it did not, or not together."""
    mark = data[:_MARK]
    told, columns = _unpacked(data[_MARK:])
    if not columns:
        if graph is None or graph[:_MARK] != mark:
            raise ValueError("another graph")
        _, columns = _unpacked(graph[_MARK:])
    history = _history(columns)
    large = Graph(mark, len(history.ids)) if len(history.ids) > _APART else None
    if told["behind"]:
        nodes = (Node(oid, kind, tree, blob, tuple(above)) for oid, kind, tree, blob, above in told["behind"])
        whole = grown(history, nodes)
        if whole is None:
            raise ValueError("nodes without their parents")
        history = whole
    return Past(
        history=history,
        wanted=frozenset(told["wanted"]),
        changes=tuple(Change(node, bytes.fromhex(path), new, tuple(olds)) for node, path, new, olds in told["changes"]),
        present={
            tree: frozenset((oid, bytes.fromhex(path)) for oid, path in cells)
            for tree, cells in told["present"].items()
        },
        absent=frozenset(told["absent"]),
        graph=large,
    )


def _columns(history: History) -> tuple[bytes, ...]:
    """The graph: what is odd, trees, parents (how many, and which), order, ids, and an index of these."""
    width = len(history.empty_tree)
    none = "0" * width
    raw = bytes.fromhex("".join(history.ids))
    first = beginnings(raw, width // 2)
    places = array("I", sorted(range(len(first)), key=first.__getitem__))
    odd = {number: (node.kind, node.tree, node.blob) for number, node in history.odd.items()}
    return (
        json.dumps({"odd": odd, "empty": history.empty_tree}).encode(),
        bytes.fromhex("".join([tree or none for tree in history.trees])),
        array("I", [len(above) for above in history.parents]).tobytes(),
        array("I", [parent for above in history.parents for parent in above]).tobytes(),
        array("I", history.order).tobytes(),
        raw,
        array("I", map(first.__getitem__, places)).tobytes(),
        places.tobytes(),
    )


def _history(columns: Sequence[bytes]) -> History:
    head, raw_trees, *numbers, raw, first_bytes, place_bytes = columns
    told = json.loads(head)
    size = len(told["empty"]) // 2
    ids, trees = Ids(raw, size), Ids(raw_trees, size)
    counts, flat, order, first, places = (array("I", column) for column in (*numbers, first_bytes, place_bytes))
    if not len(ids) == len(counts) == len(order) == len(trees) == len(places) == len(first):
        raise ValueError("columns of different lengths")
    parents = _grouped(flat.tolist(), counts)
    odd = {}
    for place, (kind, tree, blob) in told["odd"].items():
        number = int(place)
        odd[number] = Node(ids[number], kind, tree, blob, tuple(ids[parent] for parent in parents[number]))
    return History(ids, trees, parents, order.tolist(), odd, frozenset(), (), told["empty"], Index(ids, first, places))


def _packed(told: Mapping[str, object], columns: Sequence[bytes]) -> bytes:
    head = json.dumps({**told, "sizes": [len(column) for column in columns]}, separators=(",", ":")).encode()
    return b"".join([len(head).to_bytes(8, "big"), head, *columns])


def _unpacked(data: bytes) -> tuple[Any, list[bytes]]:
    at = 8 + int.from_bytes(data[:8], "big")
    told = json.loads(data[8:at])
    columns = []
    for length in told["sizes"]:
        columns.append(data[at : at + length])
        at += length
    return told, columns


def _grouped(flat: Sequence[int], counts: Iterable[int]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    at = 0
    for count in counts:
        found.append((flat[at],) if count == 1 else tuple(flat[at : at + count]))
        at += count
    return found
