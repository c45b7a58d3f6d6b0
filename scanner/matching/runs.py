"""Stretches of a text that are encoded (base64, hex, percent-encoding, string escapes), around marks found there."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from scanner.matching.wrapped import MARGIN, block

SHORTEST = 16
"""Bytes of a line that a run must have: less holds no credential."""
LEAD = (0, 2, 3)
"""Characters of base64 at each alignment (bytes before, modulo 3) that depend on what stands before."""
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD = bytes.maketrans(b"-_", b"+/")
_RUNS = {
    "base64": _WORD + b"+/",
    "base64url": _WORD + b"-_",
    "hex": b"0123456789abcdefABCDEF",
    "percent": _WORD + b"%+-_.~:/?#@!$&*,;=",
    "escapes": bytes(range(32, 127)).translate(None, b"\"'"),
}
FORMS = frozenset(_RUNS)
"""Forms of runs in a text."""
_OUTSIDE = {form: re.compile(b"[^" + re.escape(allowed) + b"]") for form, allowed in _RUNS.items()}
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(/))")
_BLANKS = b" \t\r\n"


class Mark(NamedTuple):
    """What always spans `size` bytes, the form it shows, and for base64 its alignment there.

    `pattern` is what it looks like; empty where somebody else knows it.
    """

    pattern: bytes
    size: int
    form: str
    alignment: int = 0


class Run(NamedTuple):
    """A stretch of one form: content[start:end] decodes. What it is depends on content[low:high] and no more."""

    form: str
    start: int
    end: int
    low: int
    high: int


def runs(content: bytes, marks: Iterable[tuple[int, Mark]]) -> Iterator[Run]:
    """The runs that marks stand in, each once, as long as they are. base64 is tried in both alphabets."""
    walks = {form: _Walk(content, form) for form in _RUNS}
    given: set[Run] = set()
    for start, mark in sorted(marks, key=_place):
        for form in ("base64", "base64url") if mark.form == "base64" else (mark.form,):
            run = walks[form].around(start, mark.alignment)
            if run is not None and run not in given:
                given.add(run)
                yield run


def _place(found: tuple[int, Mark]) -> tuple[int, int, str, int]:
    start, mark = found
    return start, mark.size, mark.form, mark.alignment


class _Walk:
    """Goes through one form's runs in a content. Each is measured once, however many marks it holds."""

    def __init__(self, content: bytes, form: str) -> None:
        self._content = content
        self._form = form
        self._first = self._end = self._low = self._high = 0
        self._told = False
        self._at = self._count = 0

    def around(self, start: int, alignment: int) -> Run | None:
        """The run around a mark at `start`, begun where its alignment says that a group begins; None for no run.

        Marks come in the order of their starts.
        """
        if not self._first <= start < self._end:
            self._measure(start)
        if not self._told:
            return None
        first = self._first
        if self._form.startswith("base64"):
            self._count += len(self._content[self._at : start].translate(None, _BLANKS))
            self._at = start
            if self._count < LEAD[alignment]:
                return None
            first += (self._count - LEAD[alignment]) % 4
        end = self._end
        if self._form == "hex":
            first += (start - first) % 2
            end -= (end - first) % 2
        return Run(self._form, first, end, self._low, self._high)

    def _measure(self, start: int) -> None:
        content, allowed = self._content, _RUNS[self._form]
        found = _OUTSIDE[self._form].search(content, start)
        end = found.start() if found else len(content)
        first = start
        while first > 0:
            piece = content[max(0, first - 4096) : first]
            kept = len(piece) - len(piece.rstrip(allowed))
            first -= kept
            if kept < len(piece):
                break
        margin = 1
        self._told = end - first >= SHORTEST
        if self._form == "base64url":
            self._told &= bool(set(b"-_") & set(content[first:end]))
        if self._form.startswith("base64"):
            first, end = block(content, first, end, allowed)
            margin = MARGIN
        self._first, self._end = first, end
        self._low, self._high = max(0, first - margin), min(len(content), end + margin)
        self._at, self._count = first, 0


def decode(run: bytes, form: str) -> bytes:
    """A run decoded. Raises ValueError when it is not of the form."""
    if form == "hex":
        return bytes.fromhex(run.decode("ascii"))
    if form == "percent":
        return unquote_to_bytes(run)
    if form == "escapes":
        return _ESCAPE.sub(_unescaped, run)
    if form not in _RUNS:
        raise ValueError(f"no such encoding: {form}")
    run = run.translate(None, _BLANKS)
    if form == "base64url":
        run = run.translate(_STANDARD)
    if len(run) % 4 == 1:
        run = run[:-1]
    return base64.b64decode(run + b"=" * (-len(run) % 4), validate=True)


def _unescaped(hit: re.Match[bytes]) -> bytes:
    return hit[3] or chr(int(hit[1] or hit[2], 16)).encode("utf-8", errors="replace")
