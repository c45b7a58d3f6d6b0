"""Goes through a pack's delta trees depth first: a base is in memory while what is built on it needs it, no longer."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from scanner.carry import NOTHING, Held, Searcher
from scanner.delta import Kernel
from scanner.expressions import DELTA_REACH
from scanner.layers import Looked, hidden, plain
from scanner.opening import worth
from scanner.packs import DAMAGE, Pack

_NOTHING = Looked((), (), NOTHING)


HELD = 256 << 20
"""Bytes of bases that wait for further objects built on them; beyond it another reader must try what comes below."""


class Seen(NamedTuple):
    """One object and what is found in it."""

    position: int
    size: int
    content: bytes
    looked: Looked


class _Base(NamedTuple):
    """An object that others are built on; `held` is None where it is of no use to them (it hides other texts)."""

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
            waiting: list[tuple[int, _Base | None, int]] = [(root, None, 0)]
            held = 0
            while waiting:
                position, base, freed = waiting.pop()
                held -= freed
                try:
                    seen = self._read(position, base)
                except DAMAGE:
                    self.failed += self._pack.below(position)
                    continue
                yield seen
                if held > HELD:
                    self.failed += [at for child in self._pack.children(position) for at in self._pack.below(child)]
                elif self._pack.first[position] >= 0:
                    here = _Base(seen.content, seen.looked.held)
                    held += seen.size
                    # The first is the last to be read.
                    waiting += zip(self._pack.children(position), repeat(here), chain([seen.size], repeat(0)))

    def _read(self, position: int, base: _Base | None) -> Seen:
        entry = self._pack.inflate(position, self._limit)
        if base is None:
            content, around = entry, b""
        else:
            content, around = self._apply(base.content, entry, DELTA_REACH, self._limit)
        looked = hidden(self._searcher, content) if worth(content) else None
        if looked is None:
            if base is None or base.held is None:
                held = self._searcher.whole(content)
            else:
                held = self._searcher.changed(content, around, base.held, self._carry, entry)
            looked = plain(content, held) if held else _NOTHING
        return Seen(position, len(content), content, looked)
