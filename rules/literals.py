"""Which fixed bytes every match of a pattern holds: finding those first is many times as fast as asking `re`."""

import re
from collections.abc import Iterable
from typing import Any

_MOST = 8
"""Alternatives beyond which looking for each is no quicker than looking for the keywords."""
_LEAST = 3
_WIDE = 500
Literals = tuple[bytes, ...]


def literals(parsed: Any) -> Literals:
    """Bytes of which one stands, as it is, within every match of a parsed pattern; () when there are none.

    Case counts: a part that ignores it gives none.
    """
    return () if parsed.state.flags & re.IGNORECASE else _needed(parsed)


def worthwhile(found: Literals, width: int, keywords: Iterable[bytes]) -> bool:
    """Whether looking for them finds less in vain than looking for the keywords.

    In a pattern narrow enough to be looked for as a whole three bytes do; in a wide one they stand alone.
    """
    shortest = min(map(len, keywords))
    return _worth(found)[0] >= (shortest if width > _WIDE else min(_LEAST, shortest))


def _worth(found: Literals) -> tuple[int, int]:
    """What makes one choice better than another: the length of its shortest, then how few they are."""
    return (min(map(len, found)), -len(found)) if found else (0, 0)


def _needed(items: Iterable[Any]) -> Literals:
    """The best choice of literals for a sequence."""
    best: Literals = ()
    run = b""
    for one in _flat(items):
        if isinstance(one, bytes):
            run += one
            continue
        best = max(best, (run,) if run else (), one, key=_worth)
        run = b""
    return max(best, (run,) if run else (), key=_worth)


def _flat(items: Iterable[Any]) -> Iterable[bytes | Literals]:
    """The items of a sequence: a byte that must stand there, or what any other item needs (which breaks a run)."""
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            yield bytes((argument,))
        elif name == "SUBPATTERN":
            _, added, _, inner = argument
            if added & re.IGNORECASE:
                yield ()
            else:
                yield from _flat(inner)
        elif name == "BRANCH":
            each = [_needed(branch) for branch in argument[1]]
            together = tuple(dict.fromkeys(one for found in each for one in found))
            yield together if all(each) and len(together) <= _MOST else ()
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield _needed(argument[2]) if argument[0] > 0 else ()
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            yield ()
