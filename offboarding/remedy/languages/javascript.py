"""JavaScript and TypeScript: `process.env.NAME`, in a longer string a template literal, in JSX an expression."""

import re
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, interpolated, redacted

if TYPE_CHECKING:
    from tree_sitter import Node

GRAMMARS = {"ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "tsx"}
HOLDERS = frozenset({"string", "template_string", "comment", "html_comment", "hash_bang_line", "jsx_text", "regex"})
NO_EXPRESSION = {
    "import_statement": "an import takes no expression",
    "import_attribute": "an import takes no expression",
    "export_statement": "an import takes no expression",
    "literal_type": "a literal type takes no expression",
    "template_literal_type": "a literal type takes no expression",
    "enum_assignment": "an enumeration's values are constants",
    "property_signature": "a type's property has a fixed name",
    "public_field_definition": "a class's field has a fixed name",
}


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The source with each literal replaced. Raises `CannotRewrite`."""
    grammar = GRAMMARS.get(path.rpartition(".")[2].lower(), "javascript")
    source = syntax.parse(grammar, text)
    pieces = []
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if _is_prose(node):
            new = redacted(text, inside, start, end)
        elif node.type == "jsx_text":
            new = interpolated(between(text, start, end, inside), [f"{{{_reference(item)}}}" for item in inside])
        else:
            new = _in_place(node, _string(source, node, inside, "!" if grammar != "javascript" else ""))
        pieces.append((start, end, new))
    return Edited(syntax.replaced(source, pieces))


def _is_prose(node: "Node") -> bool:
    directive = node.parent is not None and node.parent.type == "expression_statement"
    return "comment" in node.type or directive


def _reference(item: Literal) -> str:
    return f"process.env.{item.name}"


def _string(source: syntax.Source, node: "Node", inside: list[Literal], sure: str) -> str:
    """`sure`: TypeScript's mark that a value is not undefined."""
    if node.type == "regex":
        raise CannotRewrite("the value is part of a regular expression")
    start, end = source.span(node)
    texts = between(source.text, start + 1, end - 1, inside)
    if not any(texts) and len(inside) == 1:
        compared = node.parent is not None and node.parent.type == "binary_expression"
        return _reference(inside[0]) + ("" if compared else sure)  # `a! && b` is ambiguous for the grammar
    if node.type == "string":
        texts = [piece.replace("`", "\\`").replace("${", "\\${") for piece in texts]
        if any(re.search(r"\\(0\d|[1-9])", piece) for piece in texts):
            raise CannotRewrite("an octal escape, which template literals do not have")
    return f"`{interpolated(texts, [f'${{{_reference(item)}}}' for item in inside])}`"


def _in_place(node: "Node", expression: str) -> str:
    """The expression as its place wants it. Raises `CannotRewrite` where no expression may stand."""
    parent = node.parent
    assert parent is not None
    if parent.type in NO_EXPRESSION:
        raise CannotRewrite(NO_EXPRESSION[parent.type])
    if parent.type == "call_expression" and node.type == "template_string" and not expression.startswith("`"):
        raise CannotRewrite("a tagged template takes no other expression")
    if parent.type == "jsx_attribute":
        return f"{{{expression}}}"
    if parent.child_by_field_name("key") == node or parent.child_by_field_name("name") == node:
        return f"[{expression}]"
    return expression
