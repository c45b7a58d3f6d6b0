"""Shell: `${NAME}`, spelled for the quotes around it; `NAME=literal` becomes a demand that NAME be set."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import REMOVED, CannotRewrite, Edited, Literal, between, interpolated, redacted

if TYPE_CHECKING:
    from tree_sitter import Node

WORDS = frozenset({"word", "number", "regex", "extglob_pattern"})
HOLDERS = frozenset({*WORDS, "string", "raw_string", "ansi_c_string", "heredoc_body", "comment"})
FORM = "${{{}}}"


def rewrite(path: str, text: str, literals: list[Literal], form: str = FORM) -> Edited:
    """The script with each literal replaced by `form`, which has `{}` for the name. Raises `CannotRewrite`."""
    source = syntax.parse("bash", text)
    pieces = []
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if node.type == "comment":
            new = redacted(text, inside, start, end)
        else:
            texts = between(text, start, end, inside)
            new = interpolated(texts, [_spelled(source, node, item, form) for item in inside])
            new = re.sub(r"""(\$?'')("[^"']*")''""", r"\2", new) if node.type == "raw_string" else new
        pieces.append((start, end, new))
    return Edited(syntax.replaced(source, pieces))


def spelled(script: str, literals: Sequence[Literal], form: str = FORM) -> list[str]:
    """What stands for each literal of a script that is embedded in another file. Raises `CannotRewrite`."""
    source = syntax.parse("bash", script)
    said = {}
    for node, inside in syntax.holders(source, literals, HOLDERS):
        for item in inside:
            said[item.start] = REMOVED if node.type == "comment" else _spelled(source, node, item, form)
    return [said[item.start] for item in literals]


def _spelled(source: syntax.Source, node: "Node", item: Literal, form: str) -> str:
    before = source.text[source.text.rfind("\n", 0, item.start) + 1 : item.start]
    own = re.search(rf"(?:^|[\s;&(]){item.name}=['\"]?$", before)
    reference = f"${{{item.name}:?}}" if own and form == FORM else form.format(item.name)
    if node.type == "heredoc_body":
        _demand_expansion(source, node)
        return reference
    if node.type == "raw_string":
        return f"'\"{reference}\"'"
    if node.type == "ansi_c_string":
        return f"'\"{reference}\"$'"
    quoted = node.type == "string" or any(above.type in ("string", "heredoc_body") for above in _above(node))
    return reference if quoted else f'"{reference}"'


def _above(node: "Node") -> list["Node"]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _demand_expansion(source: syntax.Source, body: "Node") -> None:
    redirect = body.parent
    starts = [] if redirect is None else [source.of(one) for one in redirect.children if one.type == "heredoc_start"]
    if not starts or re.search(r"['\"\\]", starts[0]):
        raise CannotRewrite("a here-document with a quoted end, in which nothing is expanded")
