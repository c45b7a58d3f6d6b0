"""The order of a pack's entries and their delta trees, in Python: what `_kernel.plan` does where it was built."""

import sys
from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from scanner.forked import side_by_side

MAGIC = b"\xfftOc\0\0\0\2"
_NAMES = 8 + 1024
_TREE, _OFS_DELTA, _REF_DELTA = 2, 6, 7
_OUTSIDE = -2
_U64 = (1 << 64) - 1
_MANY = 100_000
"""Entries from which on their headers are worth several processes."""


def plan(idx: Any, pack: Any, hash_size: int, jobs: int = 1) -> tuple[bytes, ...]:
    """As `scanner.delta.Kernel.plan` says, by up to `jobs` processes. Raises ValueError for an index that is none."""
    found = offsets_of(idx, len(pack), hash_size)
    if not _of(idx, pack, len(found), hash_size) or len(set(found)) < len(found):
        raise ValueError("the index is damaged")
    order = sorted(range(len(found)), key=found.__getitem__)
    count = len(order)
    places = [*map(found.__getitem__, order), len(pack) - hash_size]
    position = dict(zip(places, range(count)))  # noqa: B905 - the last is the end of the pack

    def part(low: int, high: int) -> _Headers:
        return _headers(pack, places, position, hash_size, range(low, high))

    shares = jobs if count >= _MANY else 1
    parts = list(side_by_side(part, list(pairwise(count * n // shares for n in range(shares + 1)))))
    types = bytearray().join(one.types for one in parts)
    bases = [base for one in parts for base in one.bases]
    _name(idx, [named for one in parts for named in one.named], bases, order, hash_size)
    roots = _roots(bases)
    first, following = _forest(bases, roots, types)
    sizes, data = (b"".join(column) for column in zip(*((one.sizes, one.data) for one in parts), strict=True))
    arrays = array("Q", places).tobytes(), data, sizes, array("I", order), types, array("i", bases)
    return tuple(bytes(one) for one in (*arrays, first, following, array("i", roots)))


class _Headers(NamedTuple):
    """What the headers of some entries say. `named` are the deltas whose base is given by its name."""

    types: bytes
    sizes: bytes
    data: bytes
    bases: Sequence[int]
    named: list[tuple[int, bytes]]


def _headers(pack: Any, places: Sequence[int], position: Mapping[int, int], hash_size: int, entries: range) -> _Headers:
    count = len(entries)
    types, sizes, data = bytearray(count), [0] * count, list(places[entries.start : entries.stop])
    bases = [_OUTSIDE] * count
    named: list[tuple[int, bytes]] = []
    at = places[entries.start]
    for row, n in enumerate(entries):
        start, at = at, places[n + 1]
        head = header(pack, start, at, hash_size)
        if head is None:
            continue
        kind, sizes[row], data[row], distance, base = head
        types[row] = kind
        if kind == _OFS_DELTA:
            below = position.get(start - distance, n)
            if below < n:
                bases[row] = below
        elif 1 <= kind <= 4:
            bases[row] = -1
        elif base:
            named.append((n, base))
    columns = array("Q", sizes).tobytes(), array("Q", data).tobytes()
    return _Headers(bytes(types), *columns, array("i", bases), named)


def _name(idx: Any, named: list[tuple[int, bytes]], bases: list[int], order: list[int], hash_size: int) -> None:
    """Give each delta that names its base that base's position."""
    if not named:
        return
    inverse = [0] * len(order)
    for position, name in enumerate(order):
        inverse[name] = position
    fan = [int.from_bytes(idx[8 + 4 * n : 12 + 4 * n], "big") for n in range(256)]
    for n, base in named:
        row = _row(idx, fan, base, hash_size)
        bases[n] = inverse[row] if row >= 0 else _OUTSIDE


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


def header(pack: Any, start: int, end: int, hash_size: int) -> tuple[int, int, int, int, bytes] | None:
    """Type, declared size, where the data begins, distance back to the base, name of the base; None for damage."""
    if start >= end:
        return None
    byte = pack[start]
    at = start + 1
    kind, size, shift = byte >> 4 & 7, byte & 15, 4
    while byte > 127:
        if at >= end or shift > 57:
            return None
        byte = pack[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
    distance, name = 0, b""
    if kind == _OFS_DELTA:
        if at >= end:
            return None
        byte = pack[at]
        at += 1
        distance = byte & 127
        while byte > 127:
            if at >= end or distance >> 55:
                return None
            byte = pack[at]
            at += 1
            distance = (distance + 1) << 7 | byte & 127
    elif kind == _REF_DELTA:
        if end - at < hash_size:
            return None
        name = bytes(pack[at : at + hash_size])
        at += hash_size
    return kind, size & _U64, at, distance, name


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


def _forest(bases: Any, roots: Any, types: bytearray) -> tuple[Any, Any]:
    first, following = [-1] * len(bases), [-1] * len(bases)
    for n in range(len(bases) - 1, -1, -1):
        root, base = roots[n], bases[n]
        if root < 0:
            types[n] = 0
            continue
        types[n] = types[root]
        if base >= 0:
            following[n] = first[base]
            first[base] = n
    return array("i", first), array("i", following)


def shares(offsets: Any, roots: Any, types: Any, batch: int, trees: bool) -> list[tuple[int, bytes]]:
    """As `scanner.delta.Kernel.shares` says."""
    weight = [0] * len(types)
    ends, tops = offsets.tolist(), roots.tolist()
    for position, root in enumerate(tops):
        if root >= 0:
            weight[root] += ends[position + 1] - ends[position]
    found: list[tuple[int, bytes]] = []
    chosen = array("i")
    size = 0
    for position, root in enumerate(tops):
        if root == position and (types[position] == _TREE) == trees:
            chosen.append(position)
            size += weight[position]
            if size >= batch:
                found.append((size, chosen.tobytes()))
                chosen, size = array("i"), 0
    if chosen:
        found.append((size, chosen.tobytes()))
    return found
