"""What the rewriters of all languages share: the literal, the refusal, what they give, and replacing spans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from offkey.errors import OffkeyError

REMOVED = "[removed]"
"""What stands for a value in text for people: a comment, a docstring, a page of documentation."""


class CannotRewrite(OffkeyError):
    """This file cannot be rewritten without a person's judgement; the message says why."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters [start, end) hold a value that is to be replaced by a reference to `name`."""

    start: int
    end: int
    name: str


class Companion(NamedTuple):
    """Another file, by its path in the repository, in which `line` must stand for a rewritten one to work."""

    path: str
    line: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A file's new text, what its reviewer must know of it, and what else must change."""

    text: str
    notes: tuple[str, ...] = ()
    companions: tuple[Companion, ...] = ()


def splice(text: str, pieces: Iterable[tuple[int, int, str]]) -> str:
    """The text with each [start, end) replaced. The pieces must not overlap."""
    parts, at = [], 0
    for start, end, new in sorted(pieces):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def line_start(text: str, at: int) -> int:
    """Where the line that holds offset `at` begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line that holds offset `at` ends, without its newline."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def redacted(text: str, literals: Iterable[Literal], start: int = 0, end: int | None = None) -> str:
    """The characters [start, end) with each literal that lies in them replaced by `[removed]`."""
    end = len(text) if end is None else end
    return splice(text[start:end], [(literal.start - start, literal.end - start, REMOVED) for literal in literals])


def between(text: str, start: int, end: int, inside: Sequence[Literal]) -> list[str]:
    """What stands in [start, end) before, between and behind the literals: one more piece than there are literals.

    Raises `CannotRewrite` where a backslash takes a value's first character: what is written there is not the value.
    """
    cuts, at = [], start
    for literal in inside:
        cuts.append(text[at : literal.start])
        at = literal.end
    if any((len(cut) - len(cut.rstrip("\\"))) % 2 for cut in cuts):
        raise CannotRewrite("a backslash stands before the value")
    return [*cuts, text[at:end]]


def interpolated(texts: Sequence[str], references: Sequence[str]) -> str:
    """Texts and references by turns."""
    return "".join(text + reference for text, reference in zip(texts, [*references, ""], strict=True))


def concatenated(texts: Sequence[str], references: Sequence[str], opening: str, closing: str) -> str:
    """The same as a sum of string literals and references; empty literals are left out."""
    terms = []
    for text, reference in zip(texts, [*references, ""], strict=True):
        terms += [f"{opening}{text}{closing}"] if text else []
        terms += [reference] if reference else []
    return " + ".join(terms)
