"""Dockerfile: a build secret in RUN, elsewhere `${NAME}` with `ARG NAME` at the head of the stage that uses it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import shell, syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, interpolated, redacted, splice

if TYPE_CHECKING:
    from tree_sitter import Node

AT_START = frozenset({"cmd_instruction", "entrypoint_instruction", "healthcheck_instruction"})
STRINGS = frozenset({"unquoted_string", "double_quoted_string", "single_quoted_string", "path"})
MOUNTED = "$(cat /run/secrets/{})"
NOTES = {
    "run": "a build secret needs BuildKit: docker build --secret id={0},env={0}",
    "arg": "a build argument stays in the image's history: where {0} is needed at run time only, give it there",
    "default": "the build argument has no default any more: docker build --build-arg",
    "start": "{0} must be in the container's environment when it starts",
}


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The file with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("dockerfile", text)
    pieces: list[syntax.Piece] = []
    notes: dict[str, None] = {}
    declared: dict[int, dict[str, None]] = {}
    instructions = [node for node in source.root.children if node.type.endswith("_instruction")]
    for node, inside in _by_instruction(source, literals):
        start, end = source.span(node)
        said = ""
        if node.type == "comment":
            new = redacted(text, inside, start, end)
        elif node.type == "run_instruction":
            _demand_posix(source, instructions, node)
            new, said = _run(source, node, inside), NOTES["run"]
        elif node.type in AT_START:
            new, said = _embedded(source, node, inside, shell.FORM), NOTES["start"]
        elif default := _whole_default(source, node, inside):
            new, said = default, NOTES["default"]
        else:
            new, said = _expanded(source, node, inside), NOTES["arg"]
            at = _head(source, instructions, node)
            declared.setdefault(at, {}).update(dict.fromkeys(item.name for item in inside))
        pieces.append((start, end, new))
        notes.update(dict.fromkeys(said.format(item.name) for item in inside if said))
    for at, names in declared.items():
        behind = at > 0 and text[at - 1] != "\n"
        newline = "\r\n" if "\r\n" in text else "\n"
        lines = (f"{newline}ARG {name}" if behind else f"ARG {name}{newline}" for name in names)
        pieces.append((at, at, "".join(lines)))
    return Edited(syntax.replaced(source, pieces), tuple(notes))


def _by_instruction(source: syntax.Source, literals: Sequence[Literal]) -> list[tuple["Node", list[Literal]]]:
    kinds = {node.type for node in source.root.children if node.type.endswith("_instruction")}
    return syntax.holders(source, literals, kinds | {"comment"})


def _run(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    changed = _embedded(source, node, inside, MOUNTED)
    mounts = "".join(f" --mount=type=secret,id={name}" for name in dict.fromkeys(item.name for item in inside))
    return re.sub(r"(?i)^run\b", lambda found: found[0] + mounts, changed, count=1)


def _demand_posix(source: syntax.Source, instructions: Sequence["Node"], node: "Node") -> None:
    """Raises `CannotRewrite` where the last SHELL before is one of Windows, which the reference is not written for."""
    above = [one for one in instructions if one.type == "shell_instruction" and one.start_byte < node.start_byte]
    if above and re.search(r"(?i)pwsh|powershell|\bcmd\b", source.of(above[-1])):
        raise CannotRewrite("a RUN in a shell of Windows")


def _embedded(source: syntax.Source, node: "Node", inside: Sequence[Literal], form: str) -> str:
    """An instruction in shell form with the literals of its command replaced."""
    command = next(syntax.descendants(node, "shell_command"), None)
    if command is None or any("heredoc" in found.type for found, _ in syntax.walk(node)):
        raise CannotRewrite("an instruction in the form of a list or here-document, in which nothing is expanded")
    start, end = source.span(command)
    local = [Literal(item.start - start, item.end - start, item.name) for item in inside]
    changed = shell.rewrite("", source.text[start:end], local, form).text
    first, last = source.span(node)
    return source.text[first:start] + changed + source.text[end:last]


def _whole_default(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    """`ARG K` for `ARG K=literal`, else nothing."""
    default = node.child_by_field_name("default") if node.type == "arg_instruction" else None
    if default is None or len(inside) != 1:
        return ""
    start, end = source.span(default)
    if source.text[start:end].strip("\"'") != source.text[inside[0].start : inside[0].end]:
        return ""
    return source.text[source.span(node)[0] : start].removesuffix("=") + source.text[end : source.span(node)[1]]


def _expanded(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    if node.type in ("from_instruction", "onbuild_instruction") or "heredoc" in str(node):
        raise CannotRewrite("an instruction that takes no build argument of the stage")
    start, _ = source.span(node)
    pieces = []
    for string, within in syntax.holders(source, inside, STRINGS):
        first, last = source.span(string)
        new = interpolated(between(source.text, first, last, within), [f"${{{item.name}}}" for item in within])
        if string.type == "single_quoted_string":  # in which Docker expands nothing
            if re.search(r'["\\]|\$(?!\{\w+\})', new):
                raise CannotRewrite("a string between single quotes, in which nothing is expanded")
            new = f'"{new[1:-1]}"'
        pieces.append((first - start, last - start, new))
    return splice(source.of(node), pieces)


def _head(source: syntax.Source, instructions: Sequence["Node"], node: "Node") -> int:
    """Where ARG is declared: behind the FROM of the stage, or before an instruction that stands above all stages."""
    above = [one for one in instructions if one.start_byte < node.start_byte and one.type == "from_instruction"]
    return source.span(above[-1])[1] if above else source.span(node)[0]
