"""Values hidden inside text: base64 (two layers), hex, percent-encoding, string escapes. Found by literals only."""

import base64
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from rules.light import LightRule
from scanner.containers import Layer

REACH = 64 << 10
"""Bytes to each side of a literal that its run may span."""
_SHORTEST = 5
_LEAD = (0, 2, 3)
"""Characters of base64 at each alignment (bytes before, modulo 3) that depend on what stands before."""
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_RUNS = {
    "base64": _WORD + b"+/",
    "base64url": _WORD + b"-_",
    "hex": b"0123456789abcdefABCDEF",
    "percent": _WORD + b"%+-_.~:/?#@!$&*,;=",
    "escapes": bytes(range(32, 127)).translate(None, b"\"' ") + b" ",
}
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")


class Literal(NamedTuple):
    """Bytes that a rule's keyword becomes in a form; `twice` for base64 of base64. `rules` are indexes."""

    text: bytes
    form: str
    alignment: int
    rules: tuple[int, ...]
    twice: bool = False


def cased(rule: LightRule) -> set[bytes]:
    """A rule's keywords of 4 bytes or more in the case that its pattern has them.

    A keyword that stands in the pattern has its case from there. One that is spread over alternatives (CCI(?:PAT|PRJ)_)
    is put together from its longest pieces found there. One that is not there, or stands under (?i), is taken in lower
    and upper case.
    """
    text = re.sub(rb"\\([^A-Za-z0-9])", rb"\1", rule.pattern)
    low, found = text.lower(), set()
    for word in (word for word in rule.keywords if len(word) >= 4):
        exact = {text[hit.start() : hit.end()] for hit in re.finditer(re.escape(word), low)}
        pieces = [] if exact else _pieces(word, low)
        if 0 < len(pieces) <= 4:
            exact = {b"".join(text[low.index(piece) : low.index(piece) + len(piece)] for piece in pieces)}
        found |= exact
        if not exact or b"(?i" in rule.pattern:
            found |= {word, word.upper()}
    return found


def _pieces(word: bytes, text: bytes) -> list[bytes]:
    pieces = []
    while word:
        size = next((size for size in range(len(word), 0, -1) if word[:size] in text), 0)
        if not size:
            return []
        pieces.append(word[:size])
        word = word[size:]
    return pieces


def _cores(word: bytes) -> Iterator[tuple[int, bytes]]:
    """The base64 characters of a word at each alignment that no neighbour changes (RFC 4648, section 4)."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + word)
        core = whole[_LEAD[before] : (before + len(word)) * 8 // 6]
        if len(core) >= _SHORTEST:
            yield before, core


def _forms(word: bytes) -> Iterator[tuple[bytes, str, int, bool]]:
    for alignment, core in _cores(word):
        for spelt in {core, core.translate(bytes.maketrans(b"+/", b"-_"))}:
            yield spelt, "base64" if spelt == core else "base64url", alignment, False
            for outer, twice in _cores(spelt):
                yield twice, "base64", outer, True
    for spell in (str.lower, str.upper):
        pairs = [spell(f"{byte:02x}") for byte in word]
        yield "".join(pairs).encode(), "hex", 0, False
        yield "".join("%" + pair for pair in pairs).encode(), "percent", 0, False
        yield "".join("\\x" + pair for pair in pairs).encode(), "escapes", 0, False
        yield "".join("\\u00" + pair for pair in pairs).encode(), "escapes", 0, False


class Encodings:
    """The literals of a set of rules, and what stands around one that was found."""

    def __init__(self, rules: Sequence[LightRule]) -> None:
        found: dict[tuple[bytes, str, int, bool], set[int]] = {}
        for index, rule in enumerate(rules):
            for word in cased(rule):
                for key in _forms(word):
                    found.setdefault(key, set()).add(index)
        rows = sorted(found.items())
        self.literals = tuple(
            Literal(text, form, at, tuple(sorted(who)), twice) for (text, form, at, twice), who in rows
        )
        once = [literal for literal in self.literals if literal.form.startswith("base64") and not literal.twice]
        self._once = once
        self._inner = _either(once)

    def expression(self) -> re.Pattern[bytes]:
        """One pattern for all literals: slower than an automaton, for where there is none. Longer ones come first."""
        return _either(self.literals)

    def layers(self, content: bytes, literal: Literal, start: int) -> Iterator[Layer]:
        """The decoded run around a literal at `start`; for one of base64 in base64, that too and then the inner one.

        A run reaches at most REACH bytes to each side.
        """
        for form in ("base64", "base64url") if literal.form == "base64" else (literal.form,):
            layer = _around(content, literal._replace(form=form), start)
            if form == "base64url" and not set(b"-_") & set(content[slice(*_span(layer.steps[0]))]):
                continue
            yield layer
            if literal.twice:
                yield from self._second(layer)

    def _second(self, layer: Layer) -> Iterator[Layer]:
        given = set()
        for hit in self._inner.finditer(layer.text):
            for literal in (one for one in self._once if one.text == hit.group()):
                for inner in self.layers(layer.text, literal, hit.start()):
                    if inner.steps not in given:
                        given.add(inner.steps)
                        yield Layer(inner.text, layer.steps + inner.steps)


def _either(literals: Sequence[Literal]) -> re.Pattern[bytes]:
    texts = sorted({literal.text for literal in literals}, key=lambda text: (-len(text), text))
    return re.compile(b"|".join(map(re.escape, texts)) or rb"(?!)")


def _span(step: str) -> tuple[int, int]:
    _, start, end = step.split(":")
    return int(start), int(end)


def _around(content: bytes, literal: Literal, start: int) -> Layer:
    """The maximal run around `start`, begun where the literal's alignment says that a group begins."""
    form, allowed = literal.form, _RUNS[literal.form]
    before, after = content[max(0, start - REACH) : start], content[start : start + REACH]
    first = start - (len(before) - len(before.rstrip(allowed)))
    end = start + len(after) - len(after.lstrip(allowed))
    if form.startswith("base64"):
        first += (start - _LEAD[literal.alignment] - first) % 4
        first = min(first, start)
    elif form == "hex":
        first += (start - first) % 2
        end -= (end - first) % 2
    return Layer(decode(content[first:end], form), (f"{form}:{first}:{end}",))


def decode(run: bytes, form: str) -> bytes:
    """A run decoded. Raises ValueError when it is not of the form."""
    if form == "hex":
        return bytes.fromhex(run.decode("ascii"))
    if form == "percent":
        return unquote_to_bytes(run)
    if form == "escapes":
        return _ESCAPE.sub(lambda hit: chr(int(hit[1] or hit[2], 16)).encode("utf-8", errors="replace"), run)
    if form not in _RUNS:
        raise ValueError(f"no such encoding: {form}")
    if form == "base64url":
        run = run.translate(bytes.maketrans(b"-_", b"+/"))
    if len(run) % 4 == 1:
        run = run[:-1]
    return base64.b64decode(run + b"=" * (-len(run) % 4), validate=True)
