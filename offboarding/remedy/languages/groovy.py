"""Gradle: `System.getenv("NAME")`. Jenkinsfile: `credentials('NAME')`, and elsewhere the variable that it makes.

A declarative pipeline gets an `environment` entry (Jenkins handbook, "Using environment variables"); a scripted one has
no such place, and its reviewer is told to put `withCredentials` around.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import shell, syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, interpolated, redacted

if TYPE_CHECKING:
    from tree_sitter import Node

HOLDERS = frozenset({"string_literal", "character_literal", "line_comment", "block_comment", "comment"})
COMMAND = "juxt_function_call"
"""A call without parentheses, whose argument may not be a call or a property for the grammar: a string stays one."""
STRING = re.compile(r"(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)


def gradle(path: str, text: str, literals: list[Literal]) -> Edited:
    """A Gradle build or another Groovy program with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("groovy", text)
    pieces = []
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if "comment" in node.type:
            new = redacted(text, inside, start, end)
        else:
            if "plugins" in _calls(source, node):
                raise CannotRewrite("a plugins block takes constants only")
            new = _string(source, node, inside, 'System.getenv("{}")')
        pieces.append((start, end, new))
    return Edited(syntax.replaced(source, pieces))


def jenkinsfile(path: str, text: str, literals: list[Literal]) -> Edited:
    """A pipeline with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("groovy", text)
    pieces: list[syntax.Piece] = []
    bound: dict[str, None] = {}
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if "comment" in node.type:
            pieces.append((start, end, redacted(text, inside, start, end)))
            continue
        calls = _calls(source, node)
        if calls[:1] == ["environment"] and source.of(node)[1:-1] == text[inside[0].start : inside[0].end]:
            pieces.append((start, end, f"credentials('{inside[0].name}')"))
            continue
        if calls[:1] == ["sh"] and source.of(node).startswith("'"):
            new = _script(source, node, inside)
        else:
            new = _string(source, node, inside, "env.{}")
        pieces.append((start, end, new))
        bound.update(dict.fromkeys(item.name for item in inside))
    binding, notes = _binding(source, list(bound))
    return Edited(syntax.replaced(source, pieces + binding), notes)


def _calls(source: syntax.Source, node: "Node") -> list[str]:
    """The names of the calls around a node, the innermost first."""
    names, above = [], node.parent
    while above is not None:
        if above.type in ("method_invocation", "juxt_function_call"):
            name = above.child_by_field_name("name")
            names += [] if name is None else [source.of(name)]
        above = above.parent
    return names


def _string(source: syntax.Source, node: "Node", inside: Sequence[Literal], form: str) -> str:
    match = STRING.fullmatch(source.of(node))
    if match is None:
        raise CannotRewrite("a string literal of an unknown form")
    start = source.span(node)[0]
    texts = between(source.text, start + match.start("body"), start + match.end("body"), inside)
    command = node.parent is not None and node.parent.parent is not None and node.parent.parent.type == COMMAND
    if not any(texts) and len(inside) == 1 and not command:
        expression = form.format(inside[0].name)
        is_key = node.parent is not None and node.parent.child_by_field_name("key") == node
        return f"({expression})" if is_key else expression
    form, quote = form.replace('"', "'"), match["quote"]
    if quote[0] == "'":
        quote = quote.replace("'", '"')
        texts = [re.sub(r'(?<!\\)[$"]', r"\\\g<0>", piece.replace("\\'", "'")) for piece in texts]
    return f"{quote}{interpolated(texts, ['${' + form.format(item.name) + '}' for item in inside])}{quote}"


def _script(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    """A shell script between Groovy's single quotes: the shell reads the variable, Groovy does not."""
    match = STRING.fullmatch(source.of(node))
    if match is None:
        raise CannotRewrite("a string literal of an unknown form")
    start, quote = source.span(node)[0], match["quote"]
    first = start + match.start("body")
    texts = between(source.text, first, start + match.end("body"), inside)
    if "\\" in match["body"]:
        raise CannotRewrite("a shell script with escapes")
    said = shell.spelled(match["body"], [Literal(one.start - first, one.end - first, one.name) for one in inside])
    if len(quote) == 1:
        said = [one.replace("'", "\\'") for one in said]
    return f"{quote}{interpolated(texts, said)}{quote}"


def _binding(source: syntax.Source, names: Sequence[str]) -> tuple[list[syntax.Piece], tuple[str, ...]]:
    """The environment entries of a declarative pipeline, or the note for a scripted one."""
    if not names:
        return [], ()
    pipeline = next((one for one in _closures(source, source.root, "pipeline")), None)
    if pipeline is None:
        return [], tuple(
            f"put withCredentials([string(credentialsId: '{name}', variable: '{name}')]) {{ }} around what uses it"
            for name in names
        )
    environment = next(_closures(source, pipeline, "environment"), None)
    inner = environment if environment is not None and _is_direct(environment, pipeline) else None
    at = source.span(inner or pipeline)[0] + 1
    before, behind = ("\n", "") if source.text[at : at + 1] != "\n" else ("", "\n")
    at += len(behind)
    lines = "".join(f"        {name} = credentials('{name}')\n" for name in names)
    return [(at, at, before + (lines if inner is not None else f"    environment {{\n{lines}    }}\n"))], ()


def _closures(source: syntax.Source, under: "Node", called: str) -> Iterator["Node"]:
    for call in syntax.descendants(under, "method_invocation"):
        name, body = call.child_by_field_name("name"), call.child_by_field_name("body")
        if name is not None and body is not None and source.of(name) == called:
            yield body


def _is_direct(environment: "Node", pipeline: "Node") -> bool:
    above = environment.parent
    while above is not None and above.type != "closure":
        above = above.parent
    return bool(above == pipeline)
