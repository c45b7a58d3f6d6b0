"""What the ways of finding values share: spans with a confidence, and patterns that are compiled once."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

Anchor = tuple[int, int, str]
"""[start, end) of a value in bytes, and how sure it is: high, medium or low."""


@cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """The compiled pattern, made on first use and kept for the life of the process."""
    return re.compile(pattern)


def apart(anchors: Iterable[Anchor]) -> list[Anchor]:
    """Sorted anchors without those that overlap an earlier one."""
    kept: list[Anchor] = []
    for anchor in anchors:
        if not kept or anchor[0] >= kept[-1][1]:
            kept.append(anchor)
    return kept


def occurrences(word: bytes, text: bytes) -> Iterator[int]:
    """Where a word stands in a text, in order; they may overlap."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def merged(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places that are in order of their starts; those that meet as one."""
    found: list[tuple[int, int]] = []
    for low, high in places:
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def widened(places: Iterable[tuple[int, int]], by: int, size: int) -> list[tuple[int, int]]:
    """The places in a text of so many bytes with so many around, in order; those that meet as one."""
    return merged((max(0, start - by), min(size, end + by)) for start, end in sorted(places))
