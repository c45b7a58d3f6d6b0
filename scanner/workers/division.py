"""A delta tree that would keep one core busy long after the others have nothing left, in pieces of about equal size.

A piece begins at some entries that are built on the same one. Whoever reads it reads what leads to them first, once
more, and says nothing of that.
"""

from array import array
from dataclasses import dataclass, replace
from functools import lru_cache

from scanner.storage.packs import Pack

PIECE = 4 << 20
"""Packed bytes of a piece."""
DIVIDED = 2 * PIECE
"""What has more is divided."""


@dataclass(frozen=True)
class Piece:
    """`path` leads from the root to the entry that all of the piece is built on; both in the order of building."""

    entries: tuple[int, ...]
    path: tuple[int, ...]
    size: int

    def of(self, pack: Pack) -> Pack:
        """The pack with this piece and what leads to it alone, as far as its delta trees tell."""
        first, following = array("i", pack.first.tobytes()), array("i", pack.following.tobytes())
        chosen = [*self.path, *self.entries]
        for position in chosen:
            first[position] = -1
        for position in reversed(chosen):
            base = pack.bases[position]
            if base >= 0:
                following[position] = first[base]
                first[base] = position
        return replace(pack, first=memoryview(first), following=memoryview(following))


@lru_cache(maxsize=64)
def divided(pack: Pack, root: int, size: int) -> tuple[Piece, ...]:
    """The tree at `root` in pieces of at least `size` packed bytes; what is left over stays with the root."""
    order = list(pack.below(root))
    begins = _begins(pack, order, size)
    number = {position: n for n, group in enumerate(begins) for position in group}
    owner: dict[int, int] = {}
    entries: list[list[int]] = [[] for _ in begins]
    sizes = [0] * len(begins)
    for position in order:
        mine = number[position] if position in number else owner[pack.bases[position]]
        owner[position] = mine
        entries[mine].append(position)
        sizes[mine] += pack.offsets[position + 1] - pack.offsets[position]
    return tuple(
        Piece(tuple(held), _path(pack, group[0]), weight)
        for group, held, weight in zip(begins, entries, sizes, strict=True)
    )


def _begins(pack: Pack, order: list[int], size: int) -> list[list[int]]:
    """Where each piece begins: at entries with one base; the last at the root."""
    begins: list[list[int]] = []
    waiting: dict[int, tuple[int, list[int]]] = {}
    for position in reversed(order):
        weight, _ = waiting.pop(position, (0, []))
        weight += pack.offsets[position + 1] - pack.offsets[position]
        base = pack.bases[position]
        if position == order[0]:
            begins.append([position])
            break
        beside, group = waiting.get(base, (0, []))
        group.append(position)
        if beside + weight >= size:
            begins.append(group)
            waiting.pop(base, None)
        else:
            waiting[base] = beside + weight, group
    return begins


def _path(pack: Pack, position: int) -> tuple[int, ...]:
    path = []
    while (position := pack.bases[position]) >= 0:
        path.append(position)
    return tuple(reversed(path))
