"""Terraform, Packer and Terragrunt: a sensitive variable, or `get_env`.

A variable is declared in `variables.tf` beside the file, on one line, so that it is declared once for all files of a
module. Backends and module sources take no variables (Terraform's documentation, "Backend configuration", "Modules").
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.languages.addresses import without_userinfo
from offboarding.remedy.literal import (
    CannotRewrite,
    Companion,
    Edited,
    Literal,
    between,
    interpolated,
    line_end,
    line_start,
    redacted,
)

if TYPE_CHECKING:
    from tree_sitter import Node

HOLDERS = frozenset({"string_lit", "quoted_template", "heredoc_template", "comment"})
NO_VARIABLE = frozenset({"backend", "cloud", "required_providers", "lifecycle", "plugin"})


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The file with each literal replaced, and the variable's declaration as a companion. Raises `CannotRewrite`."""
    source = syntax.parse("hcl", text)
    pieces: list[syntax.Piece] = []
    used: dict[str, None] = {}
    notes: dict[str, None] = {}
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if node.type == "comment":
            pieces.append((start, end, redacted(text, inside, start, end)))
            continue
        special = _assigned(path, source, node, inside)
        if special is not None:
            pieces.append(special[0])
            notes[special[1]] = None
            continue
        pieces.append((start, end, _expression(path, source, node, inside)))
        used.update(dict.fromkeys(item.name for item in inside))
    changed = syntax.replaced(source, pieces)
    if path.endswith("terragrunt.hcl"):
        return Edited(changed, tuple(notes))
    suffix = ".pkr.hcl" if path.endswith(".pkr.hcl") else ".tf"
    beside = str(PurePosixPath(path).parent / f"variables{suffix}")
    lines = tuple(
        Companion(beside, f'variable "{_variable(name)}" {{ sensitive = true }}')
        for name in used
        if not re.search(rf'(?m)^\s*variable\s+"{_variable(name)}"', text)
    )
    given = tuple(f"give the variable as TF_VAR_{_variable(name)}" for name in used)
    return Edited(changed, (*notes, *given), lines)


def _variable(name: str) -> str:
    return name.lower()


def _expression(path: str, source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    form = 'get_env("{}")' if path.endswith("terragrunt.hcl") else "var.{}"
    references = [form.format(item.name if "(" in form else _variable(item.name)) for item in inside]
    start, end = source.span(node)
    if node.type != "heredoc_template":
        start, end = start + 1, end - 1
    texts = between(source.text, start, end, inside)
    is_key = node.parent is not None and _is_key(node)
    if not any(texts) and len(inside) == 1:
        return f"({references[0]})" if is_key else references[0]
    body = interpolated(texts, [f"${{{one}}}" for one in references])
    return body if node.type == "heredoc_template" else f'"{body}"'


def _is_key(node: "Node") -> bool:
    above: Node | None = node
    while above is not None and above.parent is not None and above.parent.type != "object_elem":
        above = above.parent
    return above is not None and above.parent is not None and above.parent.child_by_field_name("key") == above


def _assigned(
    path: str, source: syntax.Source, node: "Node", inside: Sequence[Literal]
) -> tuple[syntax.Piece, str] | None:
    """The piece and the note for what is given otherwise than by a variable. Raises `CannotRewrite`."""
    attribute, blocks = _place(source, node)
    name = source.of(attribute.children[0]) if attribute is not None else ""
    kinds = [source.of(block.children[0]) for block in blocks]
    if node.parent is not None and node.parent.type == "block":
        raise CannotRewrite("a block's label takes no expression")
    if name in ("source", "version") and kinds[:1] == ["module"]:
        (start, end), (first, last, _) = source.span(node), without_userinfo(source.text, inside[0])
        return (
            start,
            end,
            source.text[start:first] + source.text[last:end],
        ), "the module's source is read with git's own credentials"
    if NO_VARIABLE & set(kinds):
        raise CannotRewrite(f"a {next(kind for kind in kinds if kind in NO_VARIABLE)} block takes no variables")
    if "variable" in kinds and attribute is not None:
        return _variable_block(source, attribute, name, blocks[-1], inside)
    if path.endswith(".tfvars"):
        if attribute is None or blocks or not _is_whole(source, attribute, inside):
            raise CannotRewrite("a part of a value, in a file that takes no expressions")
        return _line(source, attribute), f"give the variable as TF_VAR_{name}"
    return None


def _place(source: syntax.Source, node: "Node") -> tuple["Node | None", list["Node"]]:
    """The outermost attribute around a node below its innermost block, and the blocks, innermost first."""
    attribute, above = None, node.parent
    blocks: list[Node] = []
    while above is not None:
        if above.type == "attribute" and not blocks:
            attribute = above
        if above.type == "block":
            blocks.append(above)
        above = above.parent
    return attribute, blocks


def _variable_block(
    source: syntax.Source, attribute: "Node", name: str, block: "Node", inside: Sequence[Literal]
) -> tuple[syntax.Piece, str]:
    start, end = source.span(attribute)
    if name not in ("default", "description", "error_message"):
        raise CannotRewrite("a condition on a variable, which takes no other variable")
    if name != "default":
        return (start, end, redacted(source.text, inside, start, end)), ""
    if not _is_whole(source, attribute, inside):
        raise CannotRewrite("a part of a variable's default, which must be a constant")
    note = "the variable has no default any more: give it as TF_VAR_ and its name"
    if re.search(r"\bsensitive\s*=", source.of(block)):
        return _line(source, attribute), note
    return (start, end, "sensitive = true"), note


def _is_whole(source: syntax.Source, attribute: "Node", inside: Sequence[Literal]) -> bool:
    value = source.of(attribute.children[-1]).strip()
    return len(inside) == 1 and value == f'"{source.text[inside[0].start : inside[0].end]}"'


def _line(source: syntax.Source, attribute: "Node") -> syntax.Piece:
    """The removal of an attribute with the line that it fills."""
    start, end = source.span(attribute)
    first, last = line_start(source.text, start), line_end(source.text, end)
    if source.text[first:start].strip() or source.text[end:last].strip():
        return start, end, ""
    return first, min(last + 1, len(source.text)), ""
