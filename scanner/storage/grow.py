"""`scanner.storage.delta.Kernel.grow` in Python, which remembers nothing: to hash each line takes it longer."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any

from scanner.commits.history import header
from scanner.contents.opening import worth
from scanner.repository import lfs

_COMMIT, _BLOB = 1, 3
_NAMES = 8 + 1024
HELD = 256 << 20
"""Bytes of bases that wait for further objects built on them; beyond it another reader must try what comes below."""


class _Waiting:
    """Objects that are handed on together."""

    def __init__(self, sink: Any, together: int, shift: int) -> None:
        self._sink = sink
        self._together = together
        self._shift = shift
        self._begin()

    def _begin(self) -> None:
        self.contents: list[bytes] = []
        self.deltas: list[bytes] = []
        self._changes: list[bytes] = []
        self._rows = array("q")
        self._commits: list[bytes] = []
        self._end = self._weight = 0

    def add(
        self, position: int, base: int, content: bytes, entry: bytes, *, changes: bytes, odd: bool, commits: list[bytes]
    ) -> None:
        """Take one object, and hand on what waits when it is enough: a large one by itself."""
        large = len(changes) > self._together
        if large:
            self.hand_on()
            changes = changes if base >= 0 else content  # as it lies there
        self.contents.append(content)
        self.deltas.append(entry)
        self._changes.append(changes)
        self._commits += commits
        self._end += len(changes)
        self._rows.extend((position, base, self._end, self._end, odd))
        self._weight += len(changes) + (len(content) >> self._shift)
        if large or self._weight > self._together:
            self.hand_on()

    def hand_on(self) -> None:
        if self.contents:
            changes = b"".join(self._changes)
            self._sink(self.contents, self.deltas, (changes, changes), self._rows.tobytes(), b"".join(self._commits))
            self._begin()


def grow(
    reading: Any, plan: Sequence[Any], roots: bytes, bounds: tuple[int, int, int], *, sink: Any, apply: Any
) -> list[int]:
    """As `scanner.storage.delta.Kernel.grow`, by means of its `apply`."""
    _, inflate, limit = reading
    reach, together, shift = bounds
    names, first, following, types, idx, hash_size = plan[4:10]
    unread: list[int] = []
    ready = _Waiting(sink, together, shift)
    waiting: list[tuple[int, tuple[int, bytes] | None, int]] = [
        (root, None, 0) for root in reversed(memoryview(roots).cast("i"))
    ]
    held = 0
    while waiting:
        position, base, freed = waiting.pop()
        held -= freed
        try:
            entry = inflate(position, limit)
            content, changes = apply(base[1], entry, reach, limit) if base else (entry, entry + b"\n")
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - what it is depends on the library that inflates; the kernel does the same
            unread.append(position)
            continue
        if held > HELD:
            unread += _children(first, following, position)
        elif first[position] >= 0:
            held += len(content)
            # The first is the last to be read.
            children = _children(first, following, position)
            waiting += zip(children, repeat((position, content)), chain([len(content)], repeat(0)))
        if types[position] == _COMMIT:
            at = _NAMES + names[position] * hash_size
            line = header(idx[at : at + hash_size].hex(), "commit", content)[0]
            commits, odd = [line] if line else [], not line or worth(content)
        else:
            commits, odd = [], types[position] != _BLOB or worth(content) or content.startswith(lfs.BEGIN)
        ready.add(position, base[0] if base else -1, content, entry, changes=changes, odd=odd, commits=commits)
    ready.hand_on()
    return unread


def _children(first: Sequence[int], following: Sequence[int], position: int) -> Iterator[int]:
    child = first[position]
    while child >= 0:
        yield child
        child = following[child]
