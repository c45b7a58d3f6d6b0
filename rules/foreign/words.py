"""Texts of which every match of a pattern holds one, in whatever case: keywords for a rule that names none."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

LEAST = 2
"""Bytes that a text must have: a single one stands in every file."""
_MOST = 40
"""Alternatives beyond which looking for each is slower than the pattern itself."""
Words = tuple[bytes, ...]

parser = getattr(re, "_parser")  # noqa: B009  the standard library's own parser; it has no public name


def fixed(pattern: bytes) -> Words:
    """In lower case; () where nothing of `LEAST` bytes stands in every match."""
    found = _needed(parser.parse(pattern))
    return tuple(sorted(set(found))) if found and min(map(len, found)) >= LEAST else ()


def related(pattern: bytes, named: Iterable[bytes]) -> bool:
    """Whether something that stands in every match holds one of these texts, or begins or ends it."""
    words = list(named)
    return any(
        choice and all(any(word in one or (len(one) >= LEAST and one in word) for word in words) for one in choice)
        for choice in _choices(parser.parse(pattern))
    )


def _worth(found: Words) -> tuple[int, int]:
    return (min(map(len, found)), -len(found)) if found else (0, 0)


def _needed(items: Iterable[Any]) -> Words:
    return max(_choices(items), key=_worth, default=())


def _choices(items: Iterable[Any]) -> Iterator[Words]:
    """Texts of which one stands in every match, for each place of a sequence that has such."""
    run = b""
    for one in (*_flat(items), ()):
        if isinstance(one, bytes):
            run += one
            continue
        if run:
            yield (run,)
        yield one
        run = b""


def _flat(items: Iterable[Any]) -> Iterable[bytes | Words]:
    """The items of a sequence: a byte that must stand there, or what any other item needs (which breaks a run)."""
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            yield bytes((argument,)).lower()
        elif name == "IN" and len(same := _letters(argument)) == 1:
            yield same.pop()
        elif name == "SUBPATTERN":
            yield from _flat(argument[-1])
        elif name == "BRANCH":
            each = [_needed(branch) for branch in argument[1]]
            together = tuple(dict.fromkeys(one for found in each for one in found))
            yield together if all(each) and len(together) <= _MOST else ()
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            if argument[0] == argument[1] == 1:
                yield from _flat(argument[2])
            else:
                yield _needed(argument[2]) if argument[0] > 0 else ()
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            yield ()


def _letters(members: Iterable[Any]) -> set[bytes]:
    """The letters of a class in lower case; more than one for what is no plain list of bytes."""
    told = [(str(code), value) for code, value in members]
    return {bytes((value,)).lower() for _, value in told} if all(n == "LITERAL" for n, _ in told) else {b"", b"?"}
