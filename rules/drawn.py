"""Runs of the characters that keys and tokens are made of, a digit beside a letter: few places of a text hold one.

A rule that goes by a name is looked for around such runs only, where its values always are one: the names of
providers, `key` and `token` stand all over a text of code, and keys do not. What is drawn from letters and digits has
them beside each other; times, addresses, numbers and most paths have not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from rules.spans import merged

LEAST = 12
"""Characters of the shortest run that counts."""
TELLING = 48
"""Of a value the first bytes, among which a run must be: all of a longer one may not be searched with a change."""
VALUE = 16
"""Bytes of the shortest value that may be demanded to hold one: of shorter ones too many have no digit."""
LOOSE = 64
"""Bytes of the longest value that may hold other characters: all of it must be near its run."""
BEHIND = 96
"""Bytes behind a run that are of its value or looked at, or tell what it is; and more."""
CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=.~%:@!#$^&*-"
_AMONG = frozenset(CHARACTERS)
_DIGITS = frozenset(b"0123456789")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SHAPE = bytes(97 if byte in _AMONG else 32 for byte in range(256))
_RUN = b"a" * LEAST
_MIXED = re.compile(rb"[0-9]-?[A-Za-z]|[A-Za-z][0-9]")
_NEVER = (-1, 0)


def runs(content: bytes) -> Iterator[tuple[int, int]]:
    """[start, end) of each longest run of at least LEAST of the CHARACTERS with a digit beside a letter, in order.

    A hyphen between a digit and a letter behind it makes no difference: ids stand before keys so (7-a).
    """
    shape = content.translate(_SHAPE)
    start = shape.find(_RUN)
    while start >= 0:
        end = shape.find(b" ", start + LEAST)
        end = len(content) if end < 0 else end
        if _MIXED.search(content, start, end):
            yield start, end
        start = shape.find(_RUN, end)


def windows(content: bytes, before: int, after: int, /) -> list[tuple[int, int]]:
    """The runs with so many bytes before and after them, in order; those that meet as one."""
    size = len(content)
    return merged((max(0, start - before), min(size, end + after)) for start, end in runs(content))


def holds(value: bytes) -> bool:
    """Whether a value begins with a run, or holds one early on."""
    return next(runs(value[:TELLING]), None) is not None


def lead(parsed: Any) -> tuple[int, int]:
    """The most bytes of a match before the group `secret` of a parsed pattern, and the least of those in it.

    A value that may hold other bytes than CHARACTERS may begin before its run. (-1, 0) where it is of that sort and
    longer than LOOSE, or where no place among its first TELLING bytes can hold both a digit and a letter: of digits
    alone, or apart from all letters, no run may be.
    """
    number = parsed.state.groupdict.get("secret")
    before = 0
    for item in parsed:
        if number is not None and str(item[0]) == "SUBPATTERN" and item[1][0] == number:
            value = item[1][-1]
            told, (least, most) = _told(value), value.getwidth()
            if not _mixed(value) or (most > LOOSE and not told <= _AMONG):
                return _NEVER
            return before + (0 if told <= _AMONG else TELLING), int(least)
        before += _width(item)
    return _NEVER


def _mixed(items: Iterable[Any]) -> bool:
    """Whether an item that always begins within the first TELLING bytes of a sequence may hold digits and letters."""
    begin = 0
    for item in items:
        told = frozenset(_bytes(str(item[0]), item[1]))
        if begin < TELLING and told & _DIGITS and told & _LETTERS:
            return True
        begin += _width(item)
    return False


def _width(item: Any) -> int:
    """The most bytes that one item of a pattern can span."""
    name, argument = str(item[0]), item[1]
    if name in ("AT", "ASSERT", "ASSERT_NOT"):
        return 0
    if name == "SUBPATTERN":
        return int(argument[-1].getwidth()[1])
    if name == "BRANCH":
        return max(int(one.getwidth()[1]) for one in argument[1])
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return int(argument[1] * argument[2].getwidth()[1])
    return 1


def _told(items: Iterable[Any]) -> frozenset[int]:
    """All bytes that a sequence of items may match; one that is none where that is not known."""
    return frozenset(byte for item in items for byte in _bytes(str(item[0]), item[1]))


_UNKNOWN = frozenset([256])


def _bytes(name: str, argument: Any) -> Iterable[int]:
    if name == "LITERAL":
        return [argument]
    if name == "IN":
        return _members(argument)
    if name in ("AT", "ASSERT", "ASSERT_NOT"):
        return []
    if name in ("SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _told(argument[-1])
    if name == "BRANCH":
        return frozenset[int]().union(*map(_told, argument[1]))
    return _UNKNOWN


def _members(members: Iterable[Any]) -> Iterable[int]:
    for name, value in members:
        if str(name) == "LITERAL":
            yield value
        elif str(name) == "RANGE":
            yield from range(value[0], value[1] + 1)
        elif str(value) == "CATEGORY_DIGIT":
            yield from _DIGITS
        else:
            yield from _UNKNOWN
