"""The order of a pack's entries and their delta trees, in Python: what `_kernel.plan` does where it was built."""

import sys
from array import array
from bisect import bisect_left
from typing import Any

MAGIC = b"\xfftOc\0\0\0\2"
_NAMES = 8 + 1024
_TREE, _OFS_DELTA, _REF_DELTA = 2, 6, 7
_OUTSIDE = -2


def plan(idx: Any, pack: Any, hash_size: int) -> tuple[bytes, ...]:
    """As `scanner.delta.Kernel.plan` says. Raises ValueError for an index that is none."""
    found = offsets_of(idx, len(pack), hash_size)
    if not _of(idx, pack, len(found), hash_size) or len(set(found)) < len(found):
        raise ValueError("the index is damaged")
    order = sorted(range(len(found)), key=found.__getitem__)
    offsets = array("Q", [*(found[n] for n in order), len(pack) - hash_size])
    inverse = array("i", bytes(4 * len(order)))
    for position, name in enumerate(order):
        inverse[name] = position
    count = len(order)
    data, sizes, types = array("Q", offsets[:count]), array("Q", bytes(8 * count)), bytearray(count)
    bases, roots = array("i", [_OUTSIDE]) * count, array("i", [-1]) * count
    fan = [int.from_bytes(idx[8 + 4 * n : 12 + 4 * n], "big") for n in range(256)]
    for n in range(count):
        head = header(pack, offsets[n], offsets[n + 1], hash_size)
        if head is None:
            continue
        types[n], sizes[n], data[n], distance, base = head
        if base:
            row = _row(idx, fan, base, hash_size)
            bases[n] = inverse[row] if row >= 0 else _OUTSIDE
        elif types[n] == _OFS_DELTA:
            at = bisect_left(offsets, offsets[n] - distance, 0, count) if 0 < distance <= offsets[n] else count
            if at < count and offsets[at] == offsets[n] - distance:
                bases[n] = at
        elif 1 <= types[n] <= 4:
            bases[n], roots[n] = -1, n
    _lead(bases, roots)
    first, following = _forest(bases, roots, types)
    arrays = (offsets, data, sizes, array("I", order), types, bases, first, following, roots)
    return tuple(bytes(one) for one in arrays)


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
    if any(not 12 <= offset < pack_size - hash_size for offset in result):
        raise ValueError("the index is damaged")
    return result


def _of(idx: Any, pack: Any, count: int, hash_size: int) -> bool:
    """Whether the index is this pack's: that of another, or of this one when it was shorter, would hide objects."""
    sums = bytes(pack[len(pack) - hash_size :]), bytes(idx[len(idx) - 2 * hash_size : len(idx) - hash_size])
    return bytes(pack[:4]) == b"PACK" and int.from_bytes(pack[8:12], "big") == count and sums[0] == sums[1]


def header(pack: Any, start: int, end: int, hash_size: int) -> tuple[int, int, int, int, bytes] | None:
    """Type, declared size, where the data begins, distance back to the base, name of the base; None for damage."""
    at = start
    if at >= end:
        return None
    byte = pack[at]
    at += 1
    kind, size, shift = byte >> 4 & 7, byte & 15, 4
    while byte & 128:
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
        while byte & 128:
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
    return kind, size & (1 << 64) - 1, at, distance, name


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


def _lead(bases: Any, roots: Any) -> None:
    """Give each delta its root; -2 to those whose bases lead out of the pack, to damage, or in a circle."""
    for n in range(len(bases)):
        chain = []
        at = n
        while roots[at] == -1 and bases[at] >= 0:
            roots[at] = -3
            chain.append(at)
            at = bases[at]
        root = roots[at] if roots[at] >= 0 else -2
        if not chain or roots[at] == -1:
            chain.append(at)
        for one in chain:
            roots[one] = root


def _forest(bases: Any, roots: Any, types: bytearray) -> tuple[Any, Any]:
    first, following = array("i", [-1]) * len(bases), array("i", [-1]) * len(bases)
    for n in range(len(bases) - 1, -1, -1):
        if roots[n] < 0:
            types[n] = 0
            continue
        types[n] = types[roots[n]]
        if bases[n] >= 0:
            following[n] = first[bases[n]]
            first[bases[n]] = n
    return first, following


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
