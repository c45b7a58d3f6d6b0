"""The front of a pattern: a shorter one that fits where each of its matches begins.

It stands in for a pattern that reaches farther than is searched around a change. A keyword would do, too, but a word
like "machine" is in every other file, and then each of their versions is looked at by itself.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

parser = getattr(re, "_parser")  # noqa: B009  the standard library's own parser; it has no public name
_BOUNDS = re.compile(rb"\{(\d+)(,\d*)?\}")
_MOST_OPEN = 3
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def fronts(pattern: bytes) -> Iterator[bytes]:
    """Fronts of a pattern that end with one of its bounded repeats, the longest first."""
    whole = parser.parse(pattern)
    for bounds in reversed(list(_BOUNDS.finditer(pattern))):
        start = pattern[: bounds.start()] + b"{" + bounds[1] + b"}"
        for groups in range(_MOST_OPEN):
            front = start + b")" * groups
            try:
                parsed = parser.parse(front)
            except re.error:
                continue
            if parsed.state.flags == whole.state.flags and _begins(list(parsed), list(whole)):
                yield front
            break


def _begins(front: Sequence[Any], whole: Sequence[Any]) -> bool:
    """Whether wherever the items of `whole` fit, those of `front` fit at the same place."""
    if not front or len(front) > len(whole):
        return False
    *before, last = front
    return list(map(str, before)) == list(map(str, whole[: len(before)])) and _shorter(last, whole[len(before)])


def _shorter(item: Any, of: Any) -> bool:
    if str(item) == str(of):
        return True
    name = str(item[0])
    if name != str(of[0]):
        return False
    if name == "SUBPATTERN":
        return str(item[1][1:-1]) == str(of[1][1:-1]) and _begins(list(item[1][-1]), list(of[1][-1]))
    least, most, body = item[1] if name in _REPEATS else (0, 1, None)
    return least == most > 0 and least == of[1][0] and str(body) == str(of[1][2])


def needed(pattern: bytes) -> list[bytes]:
    """Runs of bytes that every match of a pattern holds as they are; not all of them."""
    runs = [b""]
    for byte in _bytes(list(parser.parse(pattern))):
        if byte is None:
            runs.append(b"")
        else:
            runs[-1] += bytes([byte])
    return [run for run in runs if run]


def _bytes(items: Sequence[Any]) -> Iterator[int | None]:
    """Each byte that must stand next, None for what is not known."""
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            yield argument
        elif name == "SUBPATTERN" and not argument[1]:  # nor in any case
            yield from _bytes(list(argument[-1]))
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            yield None
