"""Java: `System.getenv("NAME")`, in a longer string a sum, in a text block an argument of `formatted`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, concatenated, interpolated, redacted

if TYPE_CHECKING:
    from tree_sitter import Node

HOLDERS = frozenset({"string_literal", "line_comment", "block_comment"})
TAKES_SUMS = frozenset(
    {"argument_list", "variable_declarator", "assignment_expression", "return_statement", "array_initializer"}
)
CONSTANT = {
    "annotation": "an annotation's argument must be a constant",
    "switch_label": "a case label must be a constant",
    "element_value_pair": "an annotation's argument must be a constant",
}


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The source with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("java", text)
    pieces = []
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        new = redacted(text, inside, start, end) if "comment" in node.type else _string(source, node, inside)
        pieces.append((start, end, new))
    return Edited(syntax.replaced(source, pieces))


def _string(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    _demand_variable(source, node)
    references = [f'System.getenv("{item.name}")' for item in inside]
    start, end = source.span(node)
    if source.text.startswith('"""', start):
        return _text_block(source, node, inside, references)
    texts = between(source.text, start + 1, end - 1, inside)
    summed = concatenated(texts, references, '"', '"')
    alone = not any(texts) and len(inside) == 1
    return summed if alone or (node.parent is not None and node.parent.type in TAKES_SUMS) else f"({summed})"


def _text_block(source: syntax.Source, node: "Node", inside: Sequence[Literal], references: Sequence[str]) -> str:
    if node.parent is not None and node.parent.child_by_field_name("object") == node:
        raise CannotRewrite("a method is called on the text block")
    start, end = source.span(node)
    texts = [piece.replace("%", "%%") for piece in between(source.text, start, end, inside)]
    return f"{interpolated(texts, ['%s'] * len(inside))}.formatted({', '.join(references)})"


def _demand_variable(source: syntax.Source, node: "Node") -> None:
    """Raises `CannotRewrite` where the string, or the constant that it is the value of, must be known when compiled."""
    names = set()
    above = node.parent
    while above is not None:
        if above.type in CONSTANT:
            raise CannotRewrite(CONSTANT[above.type])
        if above.type == "variable_declarator":
            name = above.child_by_field_name("name")
            names |= {source.of(name)} if name is not None else set()
        if above.type in ("block", "class_body"):
            break
        above = above.parent
    for place in syntax.descendants(source.root, *CONSTANT):
        if names & {source.of(found) for found in syntax.descendants(place, "identifier")}:
            raise CannotRewrite(f"the constant is used where only constants may stand: {CONSTANT[place.type]}")
