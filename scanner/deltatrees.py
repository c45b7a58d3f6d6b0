"""Goes through a pack's delta trees depth first: a base is in memory while what is built on it needs it, no longer."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.carry import NOTHING, Held, Searcher
from scanner.delta import Kernel
from scanner.encoding import decoded
from scanner.expressions import DELTA_REACH
from scanner.packs import DAMAGE, Pack


class Seen(NamedTuple):
    """One object. `text` is its content after the `decoding` steps, given only where something was found."""

    position: int
    size: int
    content: bytes
    text: bytes | None
    decoding: tuple[str, ...]
    held: Held


class _Base(NamedTuple):
    """An object that others are built on; `held` is None where it is of no use to them (it was decoded)."""

    content: bytes
    held: Held | None


class DeltaTrees:
    """Reads and searches the trees of one pack. `failed` lists entries that another reader must try."""

    def __init__(self, pack: Pack, searcher: Searcher, kernel: Kernel, limit: int) -> None:
        self._pack = pack
        self._searcher = searcher
        self._apply = kernel.apply
        self._carry = kernel.carry
        self._limit = limit
        self.failed: list[int] = []

    def objects(self, roots: Iterable[int]) -> Iterator[Seen]:
        """Every object of the trees that start at `roots`."""
        for root in roots:
            waiting: list[tuple[int, _Base | None]] = [(root, None)]
            while waiting:
                position, base = waiting.pop()
                try:
                    content, seen, held = self._read(position, base)
                except DAMAGE:
                    self.failed += self._pack.below(position)
                    continue
                yield seen
                if self._pack.first[position] >= 0:
                    here = _Base(content, held)
                    waiting += [(child, here) for child in self._pack.children(position)]

    def _read(self, position: int, base: _Base | None) -> tuple[bytes, Seen, Held | None]:
        entry = self._pack.inflate(position, self._limit)
        if base is None:
            content, around = entry, b""
        else:
            content, around = self._apply(base.content, entry, DELTA_REACH, self._limit)
        text, decoding = _decoded(content)
        held: Held | None = None
        if decoding:
            found = self._searcher.whole(text)
        else:
            if base is None or base.held is None:
                found = self._searcher.whole(content)
            else:
                found = self._searcher.changed(content, around, base.held, self._carry, entry)
            held = found or NOTHING
        matched = any(kept.matches for kept in found.values()) if found else False
        return content, Seen(position, len(content), content, text if matched else None, decoding, found), held


def _decoded(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    if content[:1] in b"\xfe\xff" or b"\0" in content[:16]:
        return decoded(content)
    return content, ()
