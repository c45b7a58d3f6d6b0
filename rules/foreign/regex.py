"""Regular expressions of RE2 (Go) and of Rust as Python reads them over bytes: same matches, every repeat bounded.

What has no equal here is refused with its reason, never read as something else. Sources: RE2's syntax
(https://github.com/google/re2/wiki/Syntax), Rust's (https://docs.rs/regex/latest/regex/#syntax).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

BOUNDS = (4096, 120)
"""Times that a repeat without an end may occur; the first with which a pattern is narrow and quick enough counts."""


class Flavour(StrEnum):
    RE2 = "RE2"
    RUST = "Rust"


class Untranslatable(ValueError):
    """Why a pattern has no equal in Python's `re` over bytes."""


@dataclass(frozen=True)
class Translated:
    """A pattern in pieces. `groups` are the names of its capturing groups in order, "" for one without a name."""

    pieces: tuple["str | Group | Repeat", ...]
    groups: tuple[str, ...]

    @property
    def endless(self) -> bool:
        """Whether it holds repeats without an end."""
        return any(isinstance(piece, Repeat) for piece in self.pieces)

    def pattern(self, secret: int, bound: int) -> str:
        """The text for `re`, with the capturing group of that number (from 1; 0: all of it) named `secret`."""
        told = []
        for piece in self.pieces:
            if isinstance(piece, Group):
                told.append("(?P<secret>" if piece.number == secret else "(?:")
            elif isinstance(piece, Repeat):
                told.append(f"{{{piece.least},{max(bound, piece.least + bound)}}}")
            else:
                told.append(piece)
        return "".join(told) if secret else f"(?P<secret>{''.join(told)})"


@dataclass(frozen=True)
class Group:
    """Where a capturing group begins."""

    number: int


@dataclass(frozen=True)
class Repeat:
    """A repeat without an end."""

    least: int


def translate(pattern: str, flavour: Flavour) -> Translated:
    """Raises Untranslatable."""
    reader = _Reader(pattern, flavour)
    while reader.at < len(pattern):
        reader.step()
    if len(reader.levels) != 1:
        raise Untranslatable("a group is not closed")
    reader.out.append(reader.levels[0].closing)
    return Translated(tuple(reader.out), tuple(reader.groups))


@dataclass
class _Level:
    """An open group: the flags in force, and what was opened in it for flags that hold from there on."""

    flags: frozenset[str]
    wrappers: list[str] = field(default_factory=list)

    @property
    def closing(self) -> str:
        return ")" * len(self.wrappers)


_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_COUNT = re.compile(r"\{(\d+)(,)?(\d*)\}")
_SPACE = re.compile(r"(?:\s|#[^\n]*)+")
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!", "(?>")
_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ", "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_OURS = "dDsSwWbBAtnrfva"
"""Letters that mean the same behind a backslash."""
_PYTHONS = frozenset("ims")


class _Reader:
    def __init__(self, pattern: str, flavour: Flavour) -> None:
        self.text, self.flavour, self.at = pattern, flavour, 0
        self.out: list[str | Group | Repeat] = []
        self.groups: list[str] = []
        self.levels = [_Level(frozenset())]

    @property
    def flags(self) -> frozenset[str]:
        return self.levels[-1].flags

    def step(self) -> None:
        """Translate what stands at the place that was reached."""
        if "x" in self.flags and (space := _SPACE.match(self.text, self.at)):
            self.at = space.end()
            return
        one = self.text[self.at]
        steps: dict[str, Callable[[], None]] = {
            "\\": self._escape, "[": self._class, "(": self._open, ")": self._close, "|": self._either,
            "$": self._end, "*": self._repeat, "+": self._repeat, "?": self._repeat, "{": self._repeat,
        }  # fmt: skip
        steps.get(one, self._plain)()

    def _take(self, size: int, told: "str | Group | Repeat") -> None:
        self.at += size
        self.out.append(told)

    def _plain(self) -> None:
        self._take(1, literal(self.text[self.at]))

    def _end(self) -> None:
        self._take(1, "$" if "m" in self.flags else r"\Z")

    def _either(self) -> None:
        level = self.levels[-1]
        self._take(1, level.closing + "|" + "".join(level.wrappers))

    def _close(self) -> None:
        if len(self.levels) == 1:
            raise Untranslatable("a group is closed that was not opened")
        self._take(1, self.levels.pop().closing + ")")

    def _open(self) -> None:
        if told := _FLAGS.match(self.text, self.at):
            self._flags(told)
        elif look := next((one for one in _LOOKS if self.text.startswith(one, self.at)), ""):
            self.levels.append(_Level(self.flags))
            self._take(len(look), look)
        else:
            named = _NAMED.match(self.text, self.at)
            if named is None and self.text.startswith("(?", self.at):
                raise Untranslatable(f"{self.text[self.at : self.at + 4]!r} has no equal in Python's re")
            self.groups.append(named[1] if named else "")
            self.levels.append(_Level(self.flags))
            self._take(len(named[0]) if named else 1, Group(len(self.groups)))

    def _flags(self, told: re.Match[str]) -> None:
        on, off = frozenset(told[1]), frozenset(told[2] or "")
        if strange := sorted((on | off) - set("imsxUu")):
            raise Untranslatable(f"the flag {strange[0]} has no equal in Python's re")
        flags = self.flags - off | on
        given, taken = "".join(sorted(on & _PYTHONS)), "".join(sorted(off & _PYTHONS))
        wrapper = f"(?{given}{'-' + taken if taken else ''}:"
        self.at = told.end()
        if told[3] == ":":
            self.levels.append(_Level(flags))
            self.out.append(wrapper)
        else:
            self.levels[-1].flags = flags
            if given or taken:
                self.levels[-1].wrappers.append(wrapper)
                self.out.append(wrapper)

    def _repeat(self) -> None:
        one = self.text[self.at]
        counted = _COUNT.match(self.text, self.at)
        if one == "{" and counted is None:
            self._take(1, r"\{")
            return
        self.at += len(counted[0]) if counted else 1
        if one in "*+" or (counted and counted[2] and not counted[3]):
            self.out.append(Repeat(int(counted[1]) if counted else int(one == "+")))
        else:
            self.out.append(counted[0] if counted else one)
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        if lazy != ("U" in self.flags):
            self.out.append("?")

    def _escape(self) -> None:
        size, told = escape(self.text, self.at, self.flavour)
        self._take(size, told)

    def _class(self) -> None:
        size, told = character_class(self.text, self.at, self.flavour, spaced="x" in self.flags)
        self._take(size, told)


def literal(one: str) -> str:
    """A character as it stands, which may be special to `re` only where it is to the other, too."""
    if one.isascii():
        return one
    return "(?:" + "".join(f"\\x{byte:02X}" for byte in one.encode()) + ")"


_CODE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4}))")


def escape(text: str, at: int, flavour: Flavour) -> tuple[int, str]:
    """The length of an escape outside of a class, and what it becomes."""
    if code := _CODE.match(text, at):
        number = int(next(filter(None, code.groups())), 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise Untranslatable(f"{code[0]} is no character")
        return len(code[0]), re.escape(chr(number)) if number < 0x80 else literal(chr(number))
    one = text[at + 1 : at + 2]
    if one == "Q" and flavour is Flavour.RE2:
        end = text.find(r"\E", at)
        quoted = text[at + 2 : end if end >= 0 else len(text)]
        return len(quoted) + 2 + 2 * (end >= 0), "".join(re.escape(c) if c.isascii() else literal(c) for c in quoted)
    if one == "z":
        return 2, r"\Z"
    if one == "b" and text.startswith("{", at + 2) and not text[at + 3 : at + 4].isdigit():
        raise Untranslatable(r"\b{...} has no equal in Python's re")
    return 2, _letter(one, flavour)


def _letter(one: str, flavour: Flavour) -> str:
    if one in _OURS and one:
        return "\\" + one
    if not one or one.isalnum() or not one.isascii() or (flavour is Flavour.RUST and one in "<>"):
        raise Untranslatable(f"\\{one} has no equal in Python's re over bytes")
    return "\\" + one


_RANGE = re.compile(r"\[:(\^?)([a-z]+):\]")


def character_class(text: str, at: int, flavour: Flavour, *, spaced: bool) -> tuple[int, str]:
    """The length of a class in brackets, and what it becomes. `spaced`: blanks in it do not count (Rust's x flag)."""
    start, told = at, "["
    at += 1
    if text.startswith("^", at):
        told, at = "[^", at + 1
    first = True
    while not text.startswith("]", at) or first:
        if at >= len(text):
            raise Untranslatable("a class is not closed")
        size, one = _member(text, at, flavour, spaced and flavour is Flavour.RUST)
        told, at = told + one, at + size
        first = first and not one
    return at + 1 - start, told + "]"


def _member(text: str, at: int, flavour: Flavour, spaced: bool) -> tuple[int, str]:
    one = text[at]
    if spaced and (space := _SPACE.match(text, at)):
        return len(space[0]), ""
    if posix := _RANGE.match(text, at):
        if posix[1] or posix[2] not in _POSIX:
            raise Untranslatable(f"{posix[0]} has no equal in Python's re")
        return len(posix[0]), _POSIX[posix[2]]
    if flavour is Flavour.RUST and (one == "[" or text[at : at + 2] in ("&&", "--", "~~")):
        raise Untranslatable("a class within a class, or an operation on classes, has no equal in Python's re")
    if one == "\\":
        code = _CODE.match(text, at)
        size, told = escape(text, at, flavour)
        if told.startswith("(?:") or text[at + 1 : at + 2] in "QzbBA" or (code and len(told) > 2):
            raise Untranslatable(f"{text[at : at + size]} in a class has no equal in Python's re over bytes")
        return size, told
    if not one.isascii():
        raise Untranslatable("a character beyond ASCII in a class has no equal in Python's re over bytes")
    return 1, "\\" + one if one in "[&~|" else one
