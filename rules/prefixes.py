"""How the tokens of known kinds begin: what begins like one and is none is malformed, whatever its name."""

import re
from collections.abc import Iterable
from typing import Any

_LEAST = 4
_SIGN = re.compile(rb"[_.-]")
_COMMON = re.compile(
    rb"(?i:sk|pk|rk|key|api|app|live|test|prod|token|secret|auth|access|user|v\d|[a-z])[_.-]?(?:live|test|prod)?[_.-]?"
)
"""Beginnings that many issuers share."""


def prefixes(patterns: Iterable[bytes]) -> tuple[bytes, ...]:
    """Fixed beginnings, with a sign in them, of what the group `secret` of a pattern matches; sorted."""
    parser = getattr(re, "_parser")  # noqa: B009  the standard library's own parser; it has no public name
    found = set()
    for pattern in patterns:
        parsed = parser.parse(pattern)
        group = parsed.state.groupdict.get("secret")
        if group is not None:
            found |= {start for start in _starts(_inside(parsed, group) or []) if _telling(start)}
    return tuple(sorted(found))


def _telling(start: bytes) -> bool:
    return len(start) >= _LEAST and _SIGN.search(start) is not None and not _COMMON.fullmatch(start)


def _inside(items: Iterable[Any], group: int) -> Any:
    """The items of a numbered group of a parsed pattern."""
    for code, argument in items:
        if str(code) == "SUBPATTERN":
            if argument[0] == group:
                return argument[-1]
            found = _inside(argument[-1], group)
            if found is not None:
                return found
        elif str(code) == "BRANCH":
            for branch in argument[1]:
                found = _inside(branch, group)
                if found is not None:
                    return found
    return None


def _starts(items: Iterable[Any]) -> Iterable[bytes]:
    run = b""
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            run += bytes((argument,))
        elif name == "SUBPATTERN" and not argument[1]:
            yield from (run + start for start in _starts(argument[-1]))
            return
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from (run + start for start in _starts(branch))
            return
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            break
    yield run
