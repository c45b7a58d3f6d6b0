"""Goes through a pack's delta trees depth first: a base is in memory while what is built on it needs it, no longer.

Objects are searched some at a time: what is new in each is joined with a line's end between, and in nearly all such
texts there is nothing to find. Where there is, or a base holds something, each object is searched by itself.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from scanner.carry import NOTHING, Held, Searcher
from scanner.delta import Kernel
from scanner.expressions import DELTA_REACH
from scanner.layers import Looked, hidden, plain
from scanner.opening import worth
from scanner.packs import DAMAGE, Pack

NOTHING_SEEN = Looked((), (), NOTHING)


HELD = 256 << 20
"""Bytes of bases that wait for further objects built on them; beyond it another reader must try what comes below."""


_TOGETHER = 64 << 10
"""Bytes of changes that are searched at once."""
_CONTENT_SHIFT = 4
"""Of an object's content a part counts towards _TOGETHER, so that few large ones are in memory at a time."""


class Seen:
    """One object and what is found in it. `held` is None where it is of no use (it hides other texts).

    `around`, `delta` and `base` say how it differs from another, until it has been searched.
    """

    __slots__ = ("around", "base", "content", "delta", "held", "looked", "position")

    def __init__(self, position: int, content: bytes, around: bytes, delta: bytes, base: "Seen | None") -> None:
        self.position = position
        self.content = content
        self.around = around
        self.delta = delta
        self.base = base
        self.held: Held | None = NOTHING
        self.looked = NOTHING_SEEN


class DeltaTrees:
    """Reads and searches the trees of one pack. `failed` lists entries that another reader must try."""

    def __init__(self, pack: Pack, searcher: Searcher, kernel: Kernel, limit: int) -> None:
        self._pack = pack
        self._searcher = searcher
        self._apply = kernel.apply
        self._carry = kernel.carry
        self._limit = limit
        self.failed: list[int] = []

    def objects(self, roots: Sequence[int]) -> Iterator[list[Seen]]:
        """Every object of the trees that start at `roots`, bases first, some at a time."""
        pack, limit, inflate, apply, first = self._pack, self._limit, self._pack.inflate, self._apply, self._pack.first
        waiting: list[tuple[int, Seen | None, int]] = [(root, None, 0) for root in reversed(roots)]
        held = weight = 0
        batch: list[Seen] = []
        while waiting:
            position, base, freed = waiting.pop()
            held -= freed
            try:
                entry = inflate(position, limit)
                content, around = apply(base.content, entry, DELTA_REACH, limit) if base else (entry, entry)
            except DAMAGE:
                self.failed += pack.below(position)
                continue
            seen = Seen(position, content, around, entry, base)
            if held > HELD:
                self.failed += [at for child in pack.children(position) for at in pack.below(child)]
            elif first[position] >= 0:
                held += len(content)
                # The first is the last to be read.
                waiting += zip(pack.children(position), repeat(seen), chain([len(content)], repeat(0)))
            batch.append(seen)
            weight += len(around) + (len(content) >> _CONTENT_SHIFT)
            if weight > _TOGETHER:
                if len(around) > _TOGETHER:  # a large text is searched alone, where it lies
                    yield self._searched(batch[:-1])
                    del batch[:-1]
                yield self._searched(batch)
                batch, weight = [], 0
        yield self._searched(batch)

    def _searched(self, batch: list[Seen]) -> list[Seen]:
        changes = b"\n".join([seen.around for seen in batch if seen.around])
        quiet = not self._searcher.suspects(changes)
        for seen in batch:
            base = seen.base
            if not quiet or worth(seen.content) or (base is not None and base.held is not NOTHING):
                self._look(seen)
            seen.base = None
            seen.delta = seen.around = b""
        return batch

    def _look(self, seen: Seen) -> None:
        content, base = seen.content, seen.base
        looked = hidden(self._searcher, content) if worth(content) else None
        if looked is not None:
            seen.held, seen.looked = looked.held, looked
            return
        if base is None or base.held is None:
            held = self._searcher.whole(content)
        else:
            held = self._searcher.changed(content, seen.around, base.held, self._carry, seen.delta)
        if held:
            seen.held, seen.looked = held, plain(content, held)
