"""Blocks in braces of Groovy and HCL, found without a grammar: strings and comments are known, all else is words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from scanner.ci.config import numbering

_TOKEN = re.compile(
    r"'''[\s\S]*?(?:'''|\Z)|\"\"\"[\s\S]*?(?:\"\"\"|\Z)"
    r"|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z|\\\Z)|\"(?:[^\"\\\n]|\\.)*(?:\"|(?=\n)|\Z|\\\Z)"
    r"|//[^\n]*|#[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|[{}]"
)
_DEPTH = 200
_HEADER = 300


class Block(NamedTuple):
    """What stands before a brace on its line, and the lines and offsets of what the braces hold."""

    header: str
    first: int
    last: int
    start: int
    end: int
    depth: int


class Text:
    """A source text: where its blocks are, and where its lines begin."""

    def __init__(self, text: str, *, hashes: bool) -> None:
        """`hashes` says whether `#` begins a comment."""
        self.text = text
        self.line = numbering(text)
        self.plain, self.blocks = self._read(hashes)

    def _read(self, hashes: bool) -> tuple[str, Sequence[Block]]:
        """The text without comments (as long as before), and its blocks in the order in which they begin."""
        pieces: list[str] = []
        waiting: list[tuple[str, int]] = []
        found: list[Block] = []
        at, edge = 0, -1
        for hit in _TOKEN.finditer(self.text):
            word = hit[0]
            comment = word.startswith(("//", "/*")) or (hashes and word.startswith("#"))
            between = self.text[at : hit.start()]
            pieces += [between, _blank(word) if comment else word]
            edge = max(
                edge, at + max(between.rfind("\n"), between.rfind(";")) if "\n" in between or ";" in between else -1
            )
            at = hit.end()
            if word == "{" and len(waiting) < _DEPTH:
                waiting.append((self._header(edge, hit.start()), hit.start()))
            elif word == "}" and waiting:
                found.append(self._block(*waiting.pop(), hit.start(), len(waiting)))
            if word in ("{", "}"):
                edge = hit.start()
        while waiting:  # braces that stay open reach to the end
            found.append(self._block(*waiting.pop(), len(self.text), len(waiting)))
        pieces.append(self.text[at:])
        return "".join(pieces), sorted(found, key=lambda block: block.start)

    def _header(self, edge: int, brace: int) -> str:
        """What stands before a brace in its statement, which began behind `edge`.

        Nothing when that is long, for half a text may hide a secret.
        """
        return self.text[edge + 1 : brace].strip() if brace - edge <= _HEADER else ""

    def _block(self, header: str, start: int, end: int, depth: int) -> Block:
        return Block(header, self.line(start), self.line(end), start + 1, end, depth)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
