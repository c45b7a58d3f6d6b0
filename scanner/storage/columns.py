"""The ids of a large history as the bytes they were kept as: made into text, and found, one at a time.

A graph of hundreds of thousands of commits is read back in no time this way, of which few are asked about.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar, overload

T = TypeVar("T")
_WORD = 4


class _Lazy(Sequence[T]):
    """A sequence whose items are made when asked for."""

    def _item(self, at: int) -> T:
        """The item at a place that is there."""
        raise NotImplementedError

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return list(self)[at]
        return self._item(range(len(self))[at])


class Ids(_Lazy[str]):
    """Object ids of `size` bytes each, one after the other; zeros stand for ""."""

    def __init__(self, raw: bytes, size: int) -> None:
        self.raw = raw
        self._size = size
        self._none = "0" * 2 * size

    def __len__(self) -> int:
        return len(self.raw) // self._size

    def _item(self, at: int) -> str:
        oid = self.raw[at * self._size : (at + 1) * self._size].hex()
        return "" if oid == self._none else oid

    def __iter__(self) -> Iterator[str]:
        text, width = self.raw.hex(), 2 * self._size
        for start in range(0, len(text), width):
            oid = text[start : start + width]
            yield "" if oid == self._none else oid


class Index(Mapping[str, int]):
    """The place of each of some ids. `order` lists the places by id, `beginnings` how each id there begins."""

    def __init__(self, ids: Ids, beginnings: "array[int]", order: "array[int]") -> None:
        self._ids = ids
        self._beginnings = beginnings
        self._order = order

    def __getitem__(self, oid: str) -> int:
        try:
            beginning = int(oid[: 2 * _WORD], 16)
        except ValueError:
            raise KeyError(oid) from None
        at = bisect_left(self._beginnings, beginning)
        while at < len(self._beginnings) and self._beginnings[at] == beginning:
            if self._ids[self._order[at]] == oid:
                return self._order[at]
            at += 1
        raise KeyError(oid)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class Joined(_Lazy[T]):
    """Two sequences as one, so that what comes behind a long one costs no copy of it."""

    def __init__(self, old: Sequence[T], new: Sequence[T]) -> None:
        self._old = old
        self._new = new

    def __len__(self) -> int:
        return len(self._old) + len(self._new)

    def _item(self, at: int) -> T:
        return self._old[at] if at < len(self._old) else self._new[at - len(self._old)]

    def __iter__(self) -> Iterator[T]:
        return chain(self._old, self._new)


class Both(Mapping[str, int]):
    """Two mappings as one; what one has the other has not."""

    def __init__(self, old: Mapping[str, int], new: Mapping[str, int]) -> None:
        self._old = old
        self._new = new

    def __getitem__(self, key: str) -> int:
        return self._new[key] if key in self._new else self._old[key]

    def __iter__(self) -> Iterator[str]:
        return chain(self._old, self._new)

    def __len__(self) -> int:
        return len(self._old) + len(self._new)


def beginnings(raw: bytes, size: int) -> "array[int]":
    """How each of some ids of `size` bytes begins: its first four bytes as a number."""
    words = array("I", raw)[:: size // _WORD]
    if sys.byteorder == "little":
        words.byteswap()
    return words
