"""What an earlier scan learned of a repository's history, and how the next one goes on from there.

Commits never change, so what they bring stays true: of new commits alone must it be asked what they bring, and of the
old ones nothing, as no old tree can name a blob that was not there (one that was absent and no longer is ends this).
Kept are object ids, numbers and paths, in columns that load fast: a graph has hundreds of thousands of nodes.
"""

import json
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.differences import Change
from scanner.history import History, Node, grown
from scanner.reach import Cells


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
        history = grown(self.history, newer)
        if history is None:
            return None
        fresh = len(history.ids) - len(self.history.ids)
        return Past(history, self.wanted, self.changes, self.present, self.absent, fresh, frozenset(seen))


def dump(past: Past) -> bytes | None:
    """A past without fresh nodes as bytes; None for a graph with holes, which is not worth keeping."""
    history = past.history
    if history.cut or history.gaps or past.fresh:
        return None
    none = "0" * len(history.empty_tree)
    columns = [
        bytes.fromhex("".join(history.ids)),
        bytes.fromhex("".join([tree or none for tree in history.trees])),
        array("I", [len(above) for above in history.parents]).tobytes(),
        array("I", [parent for above in history.parents for parent in above]).tobytes(),
        array("I", history.order).tobytes(),
    ]
    told = {
        "odd": {number: (node.kind, node.tree, node.blob) for number, node in history.odd.items()},
        "empty": history.empty_tree,
        "wanted": sorted(past.wanted),
        "absent": sorted(past.absent),
        "changes": [[one.node, one.path.hex(), one.new, one.olds] for one in past.changes],
        "present": {tree: sorted((oid, path.hex()) for oid, path in cells) for tree, cells in past.present.items()},
        "sizes": [len(column) for column in columns],
    }
    head = json.dumps(told, separators=(",", ":")).encode()
    return b"".join([len(head).to_bytes(8, "big"), head, *columns])


def load(data: bytes) -> Past:
    """What `dump` wrote. Raises ValueError, KeyError, TypeError or IndexError for what it did not write."""
    size = int.from_bytes(data[:8], "big")
    told = json.loads(data[8 : 8 + size])
    columns = []
    at = 8 + size
    for length in told["sizes"]:
        columns.append(data[at : at + length])
        at += length
    width = len(told["empty"])
    ids, trees = _hex(columns[0], width), _hex(columns[1], width)
    parents = _grouped(array("I", columns[3]).tolist(), array("I", columns[2]))
    odd = {}
    for place, (kind, tree, blob) in told["odd"].items():
        number = int(place)
        odd[number] = Node(ids[number], kind, tree, blob, tuple(ids[parent] for parent in parents[number]))
        trees[number] = tree
    order = array("I", columns[4]).tolist()
    if not len(ids) == len(parents) == len(order) == len(trees):
        raise ValueError("columns of different lengths")
    return Past(
        history=History(ids, trees, parents, order, odd, frozenset(), (), told["empty"]),
        wanted=frozenset(told["wanted"]),
        changes=tuple(Change(node, bytes.fromhex(path), new, tuple(olds)) for node, path, new, olds in told["changes"]),
        present={
            tree: frozenset((oid, bytes.fromhex(path)) for oid, path in cells)
            for tree, cells in told["present"].items()
        },
        absent=frozenset(told["absent"]),
    )


def _hex(column: bytes, width: int) -> list[str]:
    text = column.hex()
    return [text[n : n + width] for n in range(0, len(text), width)]


def _grouped(flat: Sequence[int], counts: Iterable[int]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    at = 0
    for count in counts:
        found.append((flat[at],) if count == 1 else tuple(flat[at : at + count]))
        at += count
    return found
