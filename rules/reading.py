"""Reads one table of a rule file key by key; every fault becomes a RuleError that names file, kind and key."""

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from offkey.errors import Exit, OffkeyError
from rules.drawn import lead
from rules.extent import in_line, sight
from rules.literals import Literals, literals

MAX_WIDTH = 128 * 1024
"""The most bytes one match may span. Unbounded repeats are refused: they make a hostile file slow."""

_E = TypeVar("_E", bound=Enum)


class RuleError(OffkeyError):
    """A rule file is wrong. The message names the file, the kind and the fault."""

    exit_code = Exit.USAGE


def fail(path: Path, kind: str, fault: str, advice: str) -> NoReturn:
    raise RuleError(f"{path}: {kind + ': ' if kind else ''}{fault}", advice=advice)


Traits = tuple[int, Literals, int, bool, tuple[int, int]]
_known: dict[bytes, Traits] = {}


def traits(pattern: bytes) -> Traits:
    """The most bytes a match of the pattern can span, and what `literals`, `sight`, `in_line` and `lead` give.

    Raises `re.error` for a pattern that is none.
    """
    if pattern not in _known:
        parser = getattr(re, "_parser")  # noqa: B009  the standard library's own parser; it has no public name
        parsed = parser.parse(pattern)
        _known[pattern] = int(parsed.getwidth()[1]), literals(parsed), sight(parsed), in_line(parsed), lead(parsed)
    return _known[pattern]


def know(known: Mapping[bytes, Traits]) -> None:
    """Traits worked out before: parsing all patterns takes longer than all else that reading a cache does."""
    _known.update(known)


class Table:
    """One TOML table, read key by key; every fault becomes a RuleError that names the key."""

    def __init__(self, path: Path, kind: str, data: Mapping[str, Any], keys: set[str]) -> None:
        self.path, self.kind, self.data = path, kind, data
        if not isinstance(data, Mapping):
            self.fail("expected a table", "see docs/rules.md")
        if unknown := sorted(set(data) - keys):
            self.fail(f"unknown key {', '.join(unknown)}", f"known keys are {', '.join(sorted(keys))}")

    def fail(self, fault: str, advice: str) -> NoReturn:
        fail(self.path, self.kind, fault, advice)

    def _typed(self, key: str, kinds: tuple[type, ...], what: str, default: Any) -> Any:
        if key not in self.data:
            if default is None:
                self.fail(f"{key} is missing", f"add {key} = {what}")
            return default
        value = self.data[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self.fail(f"{key} must be {what}", f"it is {type(value).__name__} now")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = str(self._typed(key, (str,), "a string", default))
        if default is None and not value.strip():
            self.fail(f"{key} is empty", f"fill in {key}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._typed(key, (list,), "a list of strings", ())
        if not all(isinstance(item, str) for item in items):
            self.fail(f"{key} must be a list of strings", "quote each of them")
        return tuple(items)

    def words(self, key: str) -> tuple[bytes, ...]:
        words = tuple(word.lower().encode() for word in self.texts(key))
        if not all(words):
            self.fail(f"{key} holds an empty string", "it would match everywhere: remove it")
        return words

    def table(self, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._typed(key, (dict,), "a table", {})
        return found

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = self._typed(key, (list,), "an array of tables", [])
        return rows

    def number(self, key: str) -> float:
        value = float(self._typed(key, (int, float), "a number", 0.0))
        if not 0 <= value <= 8:
            self.fail(f"{key} must lie between 0 and 8 bits", "base64 text has at most 6")
        return value

    def count(self, key: str, default: int) -> int:
        value = int(self._typed(key, (int,), "a whole number", default))
        if not 0 <= value <= 100:
            self.fail(f"{key} must lie between 0 and 100 lines", "a wide look finds strangers")
        return value

    def flag(self, key: str) -> bool:
        return bool(self._typed(key, (bool,), "true or false", False))

    def choice(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        names = {member.name.lower(): member for member in kind}
        value = self.text(key, default.name.lower() if default is not None else None)
        if value not in names:
            self.fail(f"{key} is {value!r}", f"use one of {', '.join(names)}")
        return names[value]

    def pattern(self, key: str) -> bytes:
        text = self.text(key)
        if not text.isascii():
            self.fail(f"{key} holds a character beyond ASCII", "write it as bytes: \\xC3\\xA4")
        try:
            re.compile(text.encode())
            span = traits(text.encode())[0]
        except (re.error, OverflowError, RecursionError) as error:
            self.fail(f"{key} is no regular expression: {error}", "Python `re` over bytes is meant")
        if span > MAX_WIDTH:
            self.fail(f"{key} may span more than {MAX_WIDTH} bytes", "bound each repeat: {1,64} instead of + or *")
        return text.encode()
