"""JSON and TOML, by the standard library: a placeholder `${NAME}`, for neither format has references of its own.

The data before and behind are compared: they differ in the values replaced and in nothing else. A value that no data
hold stands in a comment.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from offboarding.remedy.languages import syntax
from offboarding.remedy.languages.addresses import tool, userinfo
from offboarding.remedy.literal import REMOVED, CannotRewrite, Edited, Literal, between, interpolated, redacted, splice

READS = (
    (re.compile(r"\.tf\.json$"), "${{var.{lower}}}", ""),
    (re.compile(r"(^|/)\.devcontainer/|(^|/)devcontainer\.json$"), "${{localEnv:{name}}}", ""),
    (re.compile(r"(^|/)\.vscode/"), "${{env:{name}}}", ""),
    (re.compile(r"(^|/)bunfig\.toml$"), "${name}", ""),
    (re.compile(r"(^|/)Pipfile$"), "${{{name}}}", ""),
    (re.compile(r"\.ipynb$"), REMOVED, "what a notebook did with the value does not work any more"),
    (re.compile(r""), "${{{name}}}", "nothing is known to fill in {path}: what reads it must replace ${{{name}}}"),
)
"""Whose form a file takes, and what its reviewer must know. First match wins."""


def rewrite_json(path: str, text: str, literals: list[Literal]) -> Edited:
    """A JSON file, also one with comments. Raises `CannotRewrite`."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return _commented(path, text, literals)
    return _rewritten(path, text, literals, _pairs)


def rewrite_toml(path: str, text: str, literals: list[Literal]) -> Edited:
    """A TOML file. Raises `CannotRewrite`."""
    return _rewritten(path, text, literals, tomllib.loads)


def reference(path: str, literal: Literal) -> tuple[str, str]:
    """What stands for a literal in a file of data, and the note on it."""
    form, note = next((form, note) for pattern, form, note in READS if pattern.search(path))
    words = {"name": literal.name, "lower": literal.name.lower(), "path": path.rpartition("/")[2]}
    return (form if form == REMOVED else form.format(**words)), note.format(**words)


def _pairs(text: str) -> Any:
    return json.loads(text, object_pairs_hook=list, parse_float=str, parse_int=str)  # equal keys and spellings count


def _rewritten(path: str, text: str, literals: list[Literal], load: Callable[[str], Any]) -> Edited:
    before = _loaded(text, load, "the file does not parse")
    pieces: list[syntax.Piece] = []
    notes: dict[str, None] = {}
    for literal in literals:
        old = text[literal.start : literal.end]
        new, note = reference(path, literal)
        piece, place = (literal.start, literal.end, new), tool(path)
        after = _loaded(splice(text, [piece]), load, "the rewritten file would not parse")
        if after == before:
            piece, note = (literal.start, literal.end, REMOVED), ""
        elif place and (bare := userinfo(text, literal)):
            piece, note = bare, f"what reads {path.rpartition('/')[2]} takes the credential from {place}"
        elif _exchanged(after, new, old) != _exchanged(before, new, old):
            raise CannotRewrite("the rewritten file would have other data")
        pieces.append(piece)
        notes[note] = None
    changed = splice(text, pieces)
    _loaded(changed, load, "the rewritten file would not parse")
    return Edited(changed, tuple(note for note in notes if note))


def _loaded(text: str, load: Callable[[str], Any], complaint: str) -> Any:
    try:
        return load(text)
    except (ValueError, RecursionError):
        raise CannotRewrite(complaint) from None


def _exchanged(data: Any, old: str, new: str) -> Any:
    match data:
        case dict():
            return {key: _exchanged(value, old, new) for key, value in data.items()}
        case list() | tuple():
            return [_exchanged(value, old, new) for value in data]
        case str():
            return data.replace(old, new)
    return data


def _commented(path: str, text: str, literals: list[Literal]) -> Edited:
    source = syntax.parse("json", text)
    pieces: list[syntax.Piece] = []
    notes: dict[str, None] = {}
    for node, inside in syntax.holders(source, literals, ("string", "comment")):
        start, end = source.span(node)
        if node.type == "comment":
            pieces.append((start, end, redacted(text, inside, start, end)))
            continue
        if tool(path):
            raise CannotRewrite("a manifest with comments")
        said = [reference(path, item) for item in inside]
        pieces.append((start, end, interpolated(between(text, start, end, inside), [new for new, _ in said])))
        notes.update(dict.fromkeys(note for _, note in said if note))
    return Edited(syntax.replaced(source, pieces), tuple(notes))
