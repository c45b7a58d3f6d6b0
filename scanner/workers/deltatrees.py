"""Goes through a pack's delta trees depth first: a base is in memory while what is built on it needs it, no longer.

Objects are searched some at a time: what is new in each is joined with a line's end between, and in nearly all such
texts there is nothing to find. Where there is, or a base holds something, each object is searched by itself.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from scanner.contents.carry import NOTHING, Held, Searcher
from scanner.contents.layers import Looked, hidden, plain
from scanner.contents.opening import worth
from scanner.matching.expressions import DELTA_REACH
from scanner.repository import lfs
from scanner.storage.deflate import deflate
from scanner.storage.delta import Kernel
from scanner.storage.packs import Pack

NOTHING_SEEN = Looked((), (), NOTHING)
TOGETHER = 64 << 10
"""Bytes of changes that are searched at once."""
CONTENT_SHIFT = 5
"""Of an object's content a part counts towards TOGETHER, so that few large ones are in memory at a time."""


class Seen(NamedTuple):
    """An object of which there is something to say. `heading` asks for `scanner.commits.history.header`, too."""

    position: int
    content: bytes
    looked: Looked
    heading: bool


class Batch(NamedTuple):
    """Some objects, all by their contents and positions. `commits` is what `commits.history.header` gives of most."""

    contents: Sequence[bytes]
    positions: Sequence[int]
    commits: bytes
    told: Sequence[Seen]


class DeltaTrees:
    """Reads and searches the trees of one pack. `failed` lists entries that another reader must try."""

    def __init__(self, pack: Pack, searcher: Searcher, kernel: Kernel, limit: int) -> None:
        self._pack = pack
        self._searcher = searcher
        self._kernel = kernel
        self._limit = limit
        self._held: dict[int, Held | None] = {}
        """What objects hold, by position, if anything; None where it is of no use (they hide other texts)."""
        self._take: Callable[[Batch], None] = lambda batch: None
        self.failed: list[int] = []

    def objects(self, roots: Iterable[int], take: Callable[[Batch], None]) -> None:
        """Hand every object of the trees that start at `roots` to `take`, bases first. What it raises ends the work."""
        pack = self._pack
        self._held.clear()
        self._take = take
        unread = self._kernel.grow(
            (deflate.decompress, pack.inflate, self._limit),
            (*pack.plan, pack.types, pack.idx, pack.hash_size),
            array("i", roots).tobytes(),
            (DELTA_REACH, TOGETHER, CONTENT_SHIFT),
            (self._searcher.known_clear, self._searched),
        )
        self.failed += [below for position in unread for below in pack.below(position)]

    def _searched(
        self,
        contents: Sequence[bytes],
        deltas: Sequence[bytes],
        texts: tuple[bytes, bytes],
        rows: bytes,
        commits: bytes,
    ) -> bytes:
        """Search a batch (see `Kernel.grow`). For each object whether nothing is in its changes."""
        columns = memoryview(rows).cast("q")
        positions, bases, ends, left, odd = (columns[n::5].tolist() for n in range(5))
        told: list[Seen] = []
        changes, unknown = texts
        clear = bytearray(b"\1" * len(contents))
        from_here = self._first(unknown, 0, left)
        for number in range(0 if self._held or any(odd) else from_here, len(contents)):
            if (
                number < from_here and not odd[number] and bases[number] not in self._held
            ):  # a base may be of this batch
                continue
            position, content = positions[number], contents[number]
            around = None if number < from_here else changes[ends[number - 1] if number else 0 : ends[number]]
            looked = self._look(position, bases[number], content, around, deltas[number])
            if number == from_here:
                clear[number] = False
                from_here = self._first(changes, number + 1, ends)
            heading = odd[number] != 0 and self._pack.types[position] != 3
            if heading or looked is not NOTHING_SEEN or content.startswith(lfs.BEGIN):
                told.append(Seen(position, content, looked, heading))
        self._take(Batch(contents, positions, commits, told))
        return bytes(clear)

    def _first(self, changes: bytes, number: int, ends: Sequence[int]) -> int:
        """The first object from a number on of whose own text it is not clear that it holds nothing; or their count."""
        start = ends[number - 1] if number else 0
        first = self._searcher.clear_until(changes[start:])
        return len(ends) if first < 0 else bisect_left(ends, start + first, number)

    def _look(self, position: int, base: int, content: bytes, around: bytes | None, delta: bytes) -> Looked:
        """What is found in an object. `around` is what its delta changes, None where that is clear."""
        looked = hidden(self._searcher, content) if worth(content) else None
        if looked is not None:
            self._held[position] = looked.held
            return looked
        before = self._held.get(base, NOTHING)
        if around is None and (base < 0 or before is NOTHING):
            return NOTHING_SEEN
        if base < 0 or before is None:
            held = self._searcher.whole(content)
        else:
            held = self._searcher.changed(content, around or b"", before, self._kernel.carry, delta)
        if not held:
            return NOTHING_SEEN
        self._held[position] = held
        return plain(content, held)
