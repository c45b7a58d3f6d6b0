"""Syntax trees by tree-sitter: which node holds a literal, and that nothing but the pieces replaced has changed.

The grammars are the extra `offkey[remedy]`. Offsets are characters here; tree-sitter's are bytes of UTF-8.
"""

import importlib
import warnings
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from offboarding.remedy.literal import CannotRewrite, Literal, splice

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

GRAMMARS = {
    "bash": ("tree_sitter_bash", "language"),
    "dockerfile": ("tree_sitter_dockerfile", "language"),
    "go": ("tree_sitter_go", "language"),
    "groovy": ("tree_sitter_groovy", "language"),
    "hcl": ("tree_sitter_hcl", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "json": ("tree_sitter_json", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
Piece = tuple[int, int, str]
Event = tuple[int, str, bool, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its tree. `starts` are the byte offsets of characters that are more than one byte, for `char`."""

    grammar: str
    text: str
    root: "Node"
    wide: Sequence[int]

    def span(self, node: "Node") -> tuple[int, int]:
        """[start, end) of a node in characters."""
        return self.char(node.start_byte), self.char(node.end_byte)

    def char(self, at: int) -> int:
        """The character that begins at a byte."""
        return at - bisect_right(self.wide, at)

    def of(self, node: "Node") -> str:
        """A node's text."""
        start, end = self.span(node)
        return self.text[start:end]


def parse(grammar: str, text: str) -> Source:
    """The text's tree, with errors in it where the text has them. Raises `CannotRewrite` without the grammar."""
    encoded = text.encode("utf-8")
    # of each character all bytes but the first: a byte offset less those before it is a character offset
    wide = [] if text.isascii() else [at for at, byte in enumerate(encoded) if 0x80 <= byte < 0xC0]
    return Source(grammar, text, _parser(grammar).parse(encoded).root_node, wide)


@cache
def _parser(grammar: str) -> "Parser":
    module, language = GRAMMARS[grammar]
    try:
        tree_sitter = importlib.import_module("tree_sitter")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the Groovy grammar hands over an int
            made: Parser = tree_sitter.Parser(
                tree_sitter.Language(getattr(importlib.import_module(module), language)())
            )
    except ImportError:
        raise CannotRewrite(
            f"the grammar for {grammar} is not installed: pip install 'offkey[remedy]'",
            advice="pip install 'offkey[remedy]', then apply again",
        ) from None
    return made


def ancestors(source: Source, literal: Literal) -> Iterator["Node"]:
    """The nodes around a literal, the smallest first."""
    start, end = (len(source.text[:at].encode("utf-8")) for at in (literal.start, literal.end))
    node = source.root.descendant_for_byte_range(start, end)
    while node is not None:
        yield node
        node = node.parent


def holders(source: Source, literals: Sequence[Literal], kinds: Collection[str]) -> list[tuple["Node", list[Literal]]]:
    """The smallest node of one of the kinds around each literal, with the literals that it holds.

    Raises `CannotRewrite` where there is none, where one holder lies in another, or where the text did not parse.
    """
    found: dict[int, tuple[Node, list[Literal]]] = {}
    for literal in literals:
        around = list(ancestors(source, literal))
        if any(node.is_error for node in around):
            raise CannotRewrite("the file does not parse where the value stands")
        node = next((node for node in around if node.type in kinds), None)
        if node is None:
            raise CannotRewrite("the value is not inside one string literal")
        found.setdefault(node.id, (node, []))[1].append(literal)
    spans = sorted((node.start_byte, node.end_byte) for node, _ in found.values())
    if any(first[1] > second[0] for first, second in pairwise(spans)):
        raise CannotRewrite("the value stands twice in one expression, one inside the other")
    return list(found.values())


def replaced(source: Source, pieces: Sequence[Piece]) -> str:
    """The text with the pieces replaced. Raises `CannotRewrite` unless the rest of its tree is what it was."""
    changed = parse(source.grammar, splice(source.text, pieces))
    old, new, grown = [], [], 0
    for start, end, text in sorted(pieces):
        old.append((start, end))
        new.append((start + grown, start + grown + len(text)))
        grown += len(text) - (end - start)
    pairs = zip_longest(_events(source, old), _events(changed, new))
    if any(before != after for before, after in pairs) or _broken(changed, new):
        raise CannotRewrite("the rewritten file would parse differently")
    return changed.text


def _events(source: Source, spans: Sequence[tuple[int, int]]) -> Iterator[Event]:
    """Every node that lies in none of the spans, in order: depth, type, whether it is missing, the text of a leaf."""
    for node, depth in walk(source.root):
        start, end = source.span(node)
        if start == end and not node.is_missing:
            continue
        if any(first <= start and end <= last for first, last in spans):
            continue
        yield depth, node.type, node.is_missing, source.text[start:end] if node.child_count == 0 else ""


def _broken(source: Source, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether an error lies in one of the spans, or begins or ends there."""
    if not source.root.has_error:
        return False
    bad = [source.span(node) for node, _ in walk(source.root) if node.is_missing or node.is_error]
    return any(start < last and first < end for start, end in bad for first, last in spans) or any(
        first <= start <= last for start, end in bad for first, last in spans if start == end
    )


def walk(root: "Node") -> Iterator[tuple["Node", int]]:
    """A node and all under it in the order of the text, each with its depth below the first."""
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack.extend((child, depth + 1) for child in reversed(node.children))


def descendants(node: "Node", *kinds: str) -> Iterator["Node"]:
    """The nodes of the kinds in and under a node, in the order of the text."""
    return (found for found, _ in walk(node) if found.type in kinds)
