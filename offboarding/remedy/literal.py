"""What the rewriters of all languages share: the literal, the refusal, and replacing spans."""

from collections.abc import Iterable
from dataclasses import dataclass

from offkey.errors import OffkeyError


class CannotRewrite(OffkeyError):
    """This file cannot be rewritten without a person's judgement; the message says why."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters [start, end) hold a value that is to be replaced by a reference to `name`."""

    start: int
    end: int
    name: str


def splice(text: str, pieces: Iterable[tuple[int, int, str]]) -> str:
    """The text with each [start, end) replaced. The pieces must not overlap."""
    for start, end, new in sorted(pieces, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def line_start(text: str, at: int) -> int:
    """Where the line that holds offset `at` begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line that holds offset `at` ends, without its newline."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end
