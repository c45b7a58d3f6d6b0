"""The headers of a pack's entries, read in Python: where a plan without the kernel spends most of its time."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OFS_DELTA, REF_DELTA = 6, 7
OUTSIDE = -2
"""Stands for a base that is not in the pack, or not yet known to be."""
_U64 = (1 << 64) - 1


@dataclass
class Headers:
    """What the headers of some entries say, from the one with number `first` on.

    `named` are the deltas whose base is given by its name, `before` those whose base lies before all of these, by its
    offset.
    """

    first: int
    types: bytearray
    sizes: "array[int]"
    data: "array[int]"
    bases: "array[int]"
    named: list[tuple[int, bytes]]
    before: list[tuple[int, int]]


def headers(pack: Any, places: Sequence[int], hash_size: int, entries: range) -> Headers:
    """What the headers of these entries say, damaged ones included; `places` are the offsets of all, and their end."""
    inside, ends = list(places[entries.start : entries.stop]), places[entries.start + 1 : entries.stop + 1]
    found = _usual(pack, inside, entries.start)
    seldom = {hit.start() for hit in _SELDOM.finditer(found.types)}
    seldom |= {row for row, (at, end) in enumerate(zip(found.data, ends, strict=True)) if at > end}
    if seldom:
        found.before = [one for one in found.before if one[0] - entries.start not in seldom]
    for row in sorted(seldom):
        start, n = inside[row], entries.start + row
        found.types[row], found.sizes[row], found.data[row], found.bases[row] = 0, 0, start, OUTSIDE
        head = header(pack, start, ends[row], hash_size)
        if head is None:
            continue
        kind, found.sizes[row], found.data[row], distance, base = head
        found.types[row] = kind
        if kind == OFS_DELTA:
            found.before.append((n, start - distance))
        elif 1 <= kind <= 4:
            found.bases[row] = -1
        elif base:
            found.named.append((n, base))
    return found


def _usual(pack: Any, places: Sequence[int], first: int) -> Headers:
    """As `headers`, as far as they are short; one that is not, and one of another kind, has no type here.

    No more bytes are read than a pack has behind its last entry.
    """
    count = len(places)
    types, sizes, data, bases = bytearray(count), array("Q", bytes(8 * count)), array("Q", places), [OUTSIDE] * count
    before: list[tuple[int, int]] = []
    row_at = dict(zip(places, range(count), strict=True)).get
    for row, start in enumerate(places):
        byte = pack[start]
        at, kind, size, shift = start + 1, byte >> 4 & 7, byte & 15, 4
        while byte > 127 and shift < _LONG:
            byte = pack[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
        if kind == OFS_DELTA and byte < 128:
            byte = pack[at]
            at += 1
            distance = byte & 127
            while byte > 127 and distance < _FAR:
                byte = pack[at]
                at += 1
                distance = (distance + 1) << 7 | byte & 127
            below = row_at(start - distance)
            if below is None:
                before.append((first + row, start - distance))
            elif below < row:
                bases[row] = first + below
        else:
            bases[row] = -1
        if byte < 128:
            types[row] = kind
        sizes[row], data[row] = size, at
    return Headers(first, types, sizes, data, array("i", bases), [], before)


_SELDOM = re.compile(rb"[^\1-\4\6]")
_LONG, _FAR = 53, 1 << 49
"""Bits of a size and a distance at which reading ends: after 17 bytes at most."""


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
    if kind == OFS_DELTA:
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
    elif kind == REF_DELTA:
        if end - at < hash_size:
            return None
        name = bytes(pack[at : at + hash_size])
        at += hash_size
    return kind, size & _U64, at, distance, name
