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
