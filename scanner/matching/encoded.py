"""Marks of values hidden inside text (base64, hex, percent-encoding, string escapes), and the runs they stand in.

A rule's keyword looks different in each form; these looks go into the matcher's automaton with the rules, so that a
content with nothing encoded costs no more than without them. What a mark stands in is decoded and searched like any
other text (`contents.inline`). A mark is a cheap signal and no proof: short, and often of a word that is no credential.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from rules.light import LightRule
from rules.match import looks_near
from scanner.matching.runs import LEAD, SHORTEST, Mark

_KEYWORD = 4
"""Bytes that a keyword must have."""
_CORE = 5
_LONGEST = {"base64": 8, "twice": 10, "wide": 14, "hex": 12}
"""Bytes of a mark: longer ones make the automaton larger and are no rarer in practice."""
_URL = bytes.maketrans(b"+/", b"-_")
_TRIE_PAYS = 300_000
"""Bytes of runs that are looked at one by one in the time that compiling the trie takes, a second."""


ALWAYS = (
    # Nobody escapes plain letters but to hide them, so eight in a row are a mark whatever the rules.
    Mark(rb"(?:%[3-7][0-9A-Fa-f]){8}", 24, "percent"),
    Mark(rb"(?:\\x[3-7][0-9A-Fa-f]){8}", 32, "escapes"),
    Mark(rb"(?:\\u00[3-7][0-9A-Fa-f]){8}", 48, "escapes"),
    # Of a URL in a URL, or in JSON as PHP and Gson write it, just these are escaped.
    Mark(rb"%3[Aa]%2[Ff]%2[Ff]", 9, "percent"),
    Mark(rb":\\/\\/", 5, "escapes"),
    Mark(rb"\\u003[Dd]", 6, "escapes"),
    Mark(rb"\\u0026", 6, "escapes"),
    # The first bytes of gzip and zip, at the front of base64.
    Mark(rb"H4sI[AC]", 5, "base64"),
    Mark(rb"UEsDB[ABC]", 6, "base64"),
)


def cased(rule: LightRule) -> set[bytes]:
    """A rule's keywords of 4 bytes or more in the case that its pattern has them.

    A keyword that stands in the pattern has its case from there. One that is spread over alternatives (CCI(?:PAT|PRJ)_)
    is put together from its longest pieces found there. One that is not there, or stands under (?i), is taken in lower
    and upper case.
    """
    text = re.sub(rb"\\([^A-Za-z0-9])", rb"\1", rule.pattern)
    low, found = text.lower(), set()
    for word in (word for word in rule.keywords if len(word) >= _KEYWORD):
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
        core = whole[LEAD[before] : (before + len(word)) * 8 // 6]
        if len(core) >= _CORE:
            yield before, core


def _literals(word: bytes, vague: bool) -> Iterator[tuple[bytes, str, int]]:
    """What a keyword becomes, its form and alignment. `vague` words are looked for in one layer only."""
    wide = b"".join(b"%c\0" % letter for letter in word)
    for alignment, core in () if vague else _cores(wide):  # what PowerShell's -EncodedCommand takes
        yield core[: _LONGEST["wide"]], "base64", alignment
    for alignment, core in _cores(word):
        for spelt in {core, core.translate(_URL)}:
            yield spelt[: _LONGEST["base64"]], "base64", alignment
            if not vague:
                for outer, twice in _cores(spelt):
                    for again in {twice, twice.translate(_URL)}:
                        yield again[: _LONGEST["twice"]], "base64", outer
    for spell in (str.lower, str.upper):
        yield "".join(spell(f"{byte:02x}") for byte in word).encode()[: _LONGEST["hex"]], "hex", 0


class Encodings:
    """The marks of a set of rules. What is known by a name before it has none: there are too many names for this.

    It is found in decoded text that something else marks.
    """

    def __init__(self, rules: Sequence[LightRule]) -> None:
        self._rules = [rule for rule in rules if not rule.context]
        self._tried = 0

    @cached_property
    def literals(self) -> dict[bytes, tuple[Mark, ...]]:
        """The marks made of keywords, by their text; they may begin within each other."""
        found = {
            literal for rule in self._rules for word in cased(rule) for literal in _literals(word, looks_near(rule))
        }
        marks: dict[bytes, list[Mark]] = {}
        for text, form, alignment in sorted(found):
            marks.setdefault(text, []).append(Mark(re.escape(text), len(text), form, alignment))
        return {text: tuple(alike) for text, alike in marks.items()}

    @cached_property
    def alike(self) -> tuple[tuple[Mark, ...], ...]:
        """All marks, those of one pattern together."""
        return (*self.literals.values(), *((mark,) for mark in ALWAYS)) if self._rules else ()

    def find(self, content: bytes) -> Iterator[tuple[int, Mark]]:
        """Where marks stand, in no order: without an automaton, and so slowly. Those in too short a run may be left
        out, and of those that overlap in one escaped run all but one."""
        if not self._rules:
            return
        for run in _LONG_RUN.finditer(content):
            for start in self._starts(content, *run.span()):
                for size in self._sizes:
                    for mark in self.literals.get(content[start : start + size], ()):
                        yield start, mark
        for mark in ALWAYS:
            for hit in re.finditer(mark.pattern, content):
                yield hit.start(), mark

    def _starts(self, content: bytes, low: int, high: int) -> Iterable[int]:
        """Where marks may begin: everywhere, until so much was asked for that compiling the trie pays."""
        self._tried += high - low
        if self._tried < _TRIE_PAYS:
            return range(low, high)
        return (hit.start() for hit in self._trie.finditer(content, low, high))

    @cached_property
    def _sizes(self) -> list[int]:
        return sorted({len(text) for text in self.literals})

    @cached_property
    def _trie(self) -> re.Pattern[bytes]:
        return re.compile(b"(?=" + (_trie(sorted(self.literals)) or b"(?!)") + b")")


def marks_to(alike: Sequence[Sequence[Mark]]) -> bytes:
    """Marks in the order of their patterns, without these."""
    return json.dumps([[mark[1:] for mark in ones] for ones in alike], separators=(",", ":")).encode()


def marks_from(data: bytes) -> list[list[Mark]]:
    """What `marks_to` gave."""
    return [[Mark(b"", *mark) for mark in ones] for ones in json.loads(data)]


_LONG_RUN = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{%d,}" % SHORTEST)


def _trie(words: Sequence[bytes]) -> bytes:
    """A pattern that matches where one of the sorted words begins; `re` tries few branches of it at each place."""
    if not words or not words[0]:
        return b""
    heads: dict[int, list[bytes]] = {}
    for word in words:
        heads.setdefault(word[0], []).append(word[1:])
    return b"(?:" + b"|".join(re.escape(bytes([head])) + _trie(rest) for head, rest in heads.items()) + b")"
