"""The order of a pack's entries and their delta trees, in Python: what `_kernel.plan` does where it was built."""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, pairwise
from operator import lt
from typing import Any

from scanner.storage.forked import side_by_side
from scanner.storage.packheaders import OUTSIDE, Headers, headers

MAGIC = b"\xfftOc\0\0\0\2"
_NAMES = 8 + 1024
_TREE = 2
_MANY = 100_000
"""Entries from which on their headers are worth several processes."""


def plan(idx: Any, pack: Any, hash_size: int, jobs: int = 1, reverse: bytes = b"") -> tuple[bytes, ...]:
    """As `scanner.storage.delta.Kernel.plan` says, by up to `jobs` processes, but without the children of git trees.

    `reverse` is the pack's reverse index, if there is one. Raises ValueError for an index that is none.
    """
    found = offsets_of(idx, len(pack), hash_size)
    order, places = _in_order(found, reverse, hash_size)
    count = len(order)
    if not _of(idx, pack, count, hash_size):
        raise ValueError("the index is damaged")
    places.append(len(pack) - hash_size)

    def part(low: int, high: int) -> Headers:
        return headers(pack, places, hash_size, range(low, high))

    shares = jobs if count >= _MANY else 1
    parts = list(side_by_side(part, list(pairwise(count * n // shares for n in range(shares + 1)))))
    kinds = bytearray().join(one.types for one in parts)
    bases = [base for one in parts for base in one.bases]
    for n, base in (one for part in parts for one in part.before):
        at = bisect_left(places, base, 0, n)
        if at < n and places[at] == base:
            bases[n] = at
    _name(idx, [named for one in parts for named in one.named], bases, order, hash_size)
    roots = _roots(bases)
    types = bytearray(map((kinds + b"\0\0").__getitem__, roots))  # the roots of what has none are -1 and -2
    first, following = _forest(bases, types)
    sizes, data = b"".join(one.sizes for one in parts), b"".join(one.data for one in parts)
    arrays = array("Q", places).tobytes(), data, sizes, array("I", order), types, array("i", bases)
    return tuple(bytes(one) for one in (*arrays, first, following, array("i", roots)))


def _in_order(found: Sequence[int], reverse: bytes, hash_size: int) -> tuple[Sequence[int], list[int]]:
    """Rows of the index in the order of their offsets, and these. Raises ValueError where two have the same."""
    count = len(found)
    if reverse[:8] == b"RIDX\0\0\0\1" and len(reverse) == 12 + 4 * count + 2 * hash_size:
        order = array("I", reverse[12 : 12 + 4 * count])
        if sys.byteorder == "little":
            order.byteswap()
        with suppress(IndexError):
            places = [*map(found.__getitem__, order)]
            if _rising(places):
                return order, places
    rows = sorted(range(count), key=found.__getitem__)
    places = [*map(found.__getitem__, rows)]
    if not _rising(places):
        raise ValueError("the index is damaged")
    return rows, places


def _rising(numbers: Sequence[int]) -> bool:
    return all(map(lt, numbers, islice(numbers, 1, None)))


def _name(idx: Any, named: list[tuple[int, bytes]], bases: list[int], order: Sequence[int], hash_size: int) -> None:
    """Give each delta that names its base that base's position."""
    if not named:
        return
    inverse = [0] * len(order)
    for position, name in enumerate(order):
        inverse[name] = position
    fan = [int.from_bytes(idx[8 + 4 * n : 12 + 4 * n], "big") for n in range(256)]
    for n, base in named:
        row = _row(idx, fan, base, hash_size)
        bases[n] = inverse[row] if row >= 0 else OUTSIDE


def offsets_of(idx: Any, pack_size: int, hash_size: int) -> list[int]:
    """The offset of each name of the index. Raises ValueError."""
    if len(idx) < _NAMES + 2 * hash_size or idx[:8] != MAGIC:
        raise ValueError("the index is damaged")
    count = int.from_bytes(idx[_NAMES - 4 : _NAMES], "big")
    small = _NAMES + count * (hash_size + 4)
    if len(idx) < small + 4 * count + 2 * hash_size or pack_size < 12 + hash_size:
        raise ValueError("the index is damaged")
    offsets = array("I", idx[small : small + 4 * count])
    large = array(
        "Q", idx[small + 4 * count : small + 4 * count + (len(idx) - small - 4 * count - 2 * hash_size) // 8 * 8]
    )
    if sys.byteorder == "little":
        offsets.byteswap()
        large.byteswap()
    result = offsets.tolist()
    for n in [n for n, offset in enumerate(result) if offset >> 31]:
        row = result[n] & 0x7FFFFFFF
        if row >= len(large):
            raise ValueError("the index is damaged")
        result[n] = large[row]
    if result and not (min(result) >= 12 and max(result) < pack_size - hash_size):
        raise ValueError("the index is damaged")
    return result


def _of(idx: Any, pack: Any, count: int, hash_size: int) -> bool:
    """Whether the index is this pack's: that of another, or of this one when it was shorter, would hide objects."""
    sums = bytes(pack[len(pack) - hash_size :]), bytes(idx[len(idx) - 2 * hash_size : len(idx) - hash_size])
    return bytes(pack[:4]) == b"PACK" and int.from_bytes(pack[8:12], "big") == count and sums[0] == sums[1]


def _row(idx: Any, fan: list[int], name: bytes, size: int) -> int:
    low, high = fan[name[0] - 1] if name[0] else 0, fan[name[0]]
    if high > fan[255]:
        return -1
    while low < high:
        middle = (low + high) // 2
        found = idx[_NAMES + middle * size : _NAMES + (middle + 1) * size]
        if found == name:
            return middle
        if found < name:
            low = middle + 1
        else:
            high = middle
    return -1


def _roots(bases: Sequence[int]) -> list[int]:
    """The root of each; -2 for those whose bases lead out of the pack, to damage, or in a circle."""
    roots = [-1] * len(bases)
    for n, base in enumerate(bases):
        if base < n:  # as git writes them
            roots[n] = n if base == -1 else roots[base] if base >= 0 else -2
    for n in range(len(bases)):
        if roots[n] >= 0:
            continue
        chain = []
        at = n
        while roots[at] == -1 and bases[at] >= 0:
            roots[at] = -3
            chain.append(at)
            at = bases[at]
        root = roots[at] if roots[at] >= 0 else -2
        for one in chain:
            roots[one] = root
    return roots


def _forest(bases: Sequence[int], types: bytearray) -> tuple[Any, Any]:
    """First child and next sibling of each entry that is no git tree."""
    first, following = [-1] * len(bases), [-1] * len(bases)
    told = [n for n, kind in enumerate(types) if kind != _TREE and kind]
    for n in reversed(told):
        base = bases[n]
        if base >= 0:
            following[n] = first[base]
            first[base] = n
    return array("i", first), array("i", following)


def shares(offsets: Any, roots: Any, types: Any, batch: int, trees: bool) -> list[tuple[int, bytes]]:
    """As `scanner.storage.delta.Kernel.shares` says."""
    ends, tops = offsets.tolist(), roots.tolist()
    chosen = [n for n, kind in enumerate(types) if kind and (kind == _TREE) == trees]
    weight: dict[int, int] = {}
    for n in chosen:
        root = tops[n]
        weight[root] = weight.get(root, 0) + ends[n + 1] - ends[n]
    found: list[tuple[int, bytes]] = []
    together = array("i")
    size = 0
    for root in sorted(weight):
        together.append(root)
        size += weight[root]
        if size >= batch:
            found.append((size, together.tobytes()))
            together, size = array("i"), 0
    if together:
        found.append((size, together.tobytes()))
    return found
