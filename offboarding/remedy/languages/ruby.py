"""Ruby: `ENV.fetch("NAME")`, in a longer string an interpolation."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, interpolated, redacted

if TYPE_CHECKING:
    from tree_sitter import Node

INTERPOLATED = frozenset({"subshell", "delimited_symbol"})
HOLDERS = frozenset({"string", "bare_string", "heredoc_body", "comment", "regex", *INTERPOLATED})


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The source with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("ruby", text)
    pieces = []
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if node.type == "comment":
            new = redacted(text, inside, start, end)
        elif node.type == "string":
            new = _string(source, node, inside)
        else:
            _demand_interpolation(source, node)
            escaped = "#{{Regexp.escape(ENV.fetch({}))}}" if node.type == "regex" else "#{{ENV.fetch({})}}"
            references = [escaped.format(f'"{item.name}"') for item in inside]
            new = interpolated(between(text, start, end, inside), references)
        pieces.append((start, end, new))
    return Edited(syntax.replaced(source, pieces))


def _string(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    if not node.children or node.children[0].type != '"':
        raise CannotRewrite("a string literal of an unknown form")
    opening, closing = source.of(node.children[0]), source.of(node.children[-1])
    start, end = source.span(node.children[0])[1], source.span(node.children[-1])[0]
    texts = between(source.text, start, end, inside)
    chained = node.parent is not None and node.parent.type == "chained_string"
    is_key = node.next_sibling is not None and node.next_sibling.type == ":"
    if not any(texts) and len(inside) == 1 and not chained and not is_key:
        return f'ENV.fetch("{inside[0].name}")'
    if opening == "'":
        opening = closing = '"'
        texts = [_double_quoted(piece) for piece in texts]
    elif opening.startswith("%q"):
        raise CannotRewrite("the value is part of a %q string")
    return f"{opening}{interpolated(texts, [_inner(item) for item in inside])}{closing}"


def _inner(item: Literal) -> str:
    return f'#{{ENV.fetch("{item.name}")}}'


def _double_quoted(piece: str) -> str:
    """What stands between single quotes, as it must stand between double ones to mean the same."""
    plain = re.sub(r"\\([\\'])", r"\1", piece)
    return re.sub(r'\\|"|#(?=[{$@])', r"\\\g<0>", plain)


def _demand_interpolation(source: syntax.Source, node: "Node") -> None:
    """Raises `CannotRewrite` where Ruby would take `#{...}` for text."""
    if node.type == "bare_string":
        opening = source.of(node.parent.children[0]) if node.parent is not None else ""
        if not opening.startswith("%W"):
            raise CannotRewrite("one word of a %w list")
    if node.type == "heredoc_body":
        beginnings = list(syntax.descendants(source.root, "heredoc_beginning"))
        bodies = [body.id for body in syntax.descendants(source.root, "heredoc_body")]
        if len(beginnings) != len(bodies) or "'" in source.of(beginnings[bodies.index(node.id)]):
            raise CannotRewrite("a here-document with a quoted end, in which nothing is expanded")
