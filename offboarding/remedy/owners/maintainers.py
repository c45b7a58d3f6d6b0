"""MAINTAINERS as a plain list, one person a line, and OWNERS in Chromium's form. What is no such line stays. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.owners.changes import CREDIT, TOO_MANY, Change, Who, of_the_past

LINES, TIMES = 20_000, 100
"""Lines of a file, and those of them that are the person, beyond which it is left: each is held against the others."""
MORE = "more stands on the line, or belongs to it, than the person"
_SHAPE = re.compile(r"(?P<indent>[ \t]*)(?P<bullet>(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+)?(?P<body>[^\n]*)")
_BETWEEN = re.compile(
    r"(?i)https?://(?:www\.)?(?:github|gitlab)\.com/|mailto:|[\s<>()\[\],;|@]|(?<=\s)[-/\u2013]+(?=\s)"
)
_UNDERLINE = re.compile(r"[=~^\"*-]{3,}")
_NAME = re.compile(r"[^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){1,3}")
_NO_PERSON = re.compile(r"(?i)maintainer|owner|author|team|member|lead|review|committer|contribut|credit|thank|emerit")


@dataclass(frozen=True, slots=True)
class _Line:
    """One line; `ours` is whether it is the person, `start` and `end` (with its line break) where it stands."""

    start: int
    end: int
    indent: str
    bullet: str
    body: str
    ours: bool

    @property
    def heading(self) -> bool:
        return self.body.startswith("#") or self.body.endswith(":")

    def like(self, other: "_Line") -> bool:
        """Whether both are entries of the same list."""
        if self.indent != other.indent or bool(self.bullet) != bool(other.bullet) or not other.body or other.heading:
            return False
        if self.bullet:
            return True
        if _NO_PERSON.search(other.body):
            return False
        return "@" in other.body or _NAME.fullmatch(other.body) is not None


def changes(text: str, who: Who) -> list[Change]:
    """The lines that are the person taken out where the list has others; else the successor there, or they stay.

    Raises CannotRewrite where there are too many of them.
    """
    lines = list(_lines(text, who))
    if len(lines) > LINES or sum(line.ours for line in lines) > TIMES:
        raise CannotRewrite(TOO_MANY)
    return [_change(text, lines, number, who) for number, line in enumerate(lines) if line.ours]


def _lines(text: str, who: Who) -> Iterator[_Line]:
    at = 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        shape = _SHAPE.fullmatch(line.rstrip(" \t\r\n"))
        assert shape is not None
        body = shape["body"]
        yield _Line(at, at + len(line), shape["indent"], shape["bullet"] or "", body, _is(body, who))
        at += len(line)


def _is(body: str, who: Who) -> bool:
    """Whether a line's words are the person's and nobody else's: name, address, login, the link to their page."""
    low = body.lower()
    words = sorted(who.emails | who.names | who.logins, key=len, reverse=True)
    rest, hits = re.subn("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)" for word in words), " ", low)
    return bool(words and hits) and not _BETWEEN.sub("", f" {rest} ")


def _change(text: str, lines: Sequence[_Line], number: int, who: Who) -> Change:
    line = lines[number]
    if of_the_past(_heading(lines, number)):
        return Change(number + 1, why=CREDIT)
    if _has_more(lines, number):
        return Change(number + 1, why=MORE)
    mates = [line]
    for mate in chain(_mates(lines, number, -1), _mates(lines, number, 1)):
        mates.append(mate)
        if not mate.ours:
            return Change(number + 1, ((line.start, line.end, ""),))
    heir = next((mate for mate in sorted(mates, key=lambda mate: mate.start) if who.instead(mate.body)), None)
    if heir not in (None, line):
        return Change(number + 1, ((line.start, line.end, ""),))
    if heir is None:
        return Change(number + 1, why=who.unfollowed())
    start = line.start + len(line.indent) + len(line.bullet)
    return Change(number + 1, ((start, start + len(line.body), who.instead(line.body)),))


def _heading(lines: Sequence[_Line], number: int) -> str:
    """The heading above a line."""
    for at in range(number - 1, -1, -1):
        below = lines[at + 1]
        if lines[at].heading or (_UNDERLINE.fullmatch(below.bullet.strip() + below.body) and lines[at].body):
            return lines[at].body
    return ""


def _has_more(lines: Sequence[_Line], number: int) -> bool:
    """Whether the line below goes on with the entry."""
    line = lines[number]
    if number + 1 == len(lines) or not (below := lines[number + 1]).body:
        return False
    deeper = len(below.indent) > len(line.indent)
    return deeper or not (line.bullet or below.ours or below.heading or line.like(below))


def _mates(lines: Sequence[_Line], number: int, step: int) -> Iterator[_Line]:
    """The entries before or behind it in the same list; what is deeper belongs to one of them."""
    line = lines[number]
    at = number + step
    while 0 <= at < len(lines):
        other = lines[at]
        if line.like(other):
            yield other
        elif other.body and not (line.bullet and len(other.indent) > len(line.indent)):
            return
        at += step
