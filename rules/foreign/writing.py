"""Rules that were taken over, as the text of a rule file of ours. Examples in it are templates: no token is copied."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rules.examples import expand
from rules.foreign.draft import Carried, rule_of
from rules.foreign.read import Imported
from rules.light import lighten
from rules.match import find

_RANDOM = re.compile(r"[A-Za-z0-9]{8,}")
_SLOTS = (
    ("digits", re.compile(r"[0-9]+")), ("hex", re.compile(r"[0-9a-f]+")), ("HEX", re.compile(r"[0-9A-F]+")),
    ("lower", re.compile(r"[0-9a-z]+")), ("upper", re.compile(r"[0-9A-Z]+")), ("base62", re.compile(r"[0-9A-Za-z]+")),
)  # fmt: skip
_KEPT = 16
"""Characters at the beginning of a run that may be what a token always begins with."""


def toml(imported: Imported, source: str) -> tuple[str, list[str]]:
    """The text of the file, and one line for each rule whose examples could not be made templates."""
    lines = [f"# Taken over from {source} ({imported.tool}) by `offkey rules import`.", ""]
    data = imported.data
    lines += [f"{key} = {_value(data[key])}" for key in ("provider", "console", "handover") if key in data]
    told = []
    for one in imported.carried:
        row, dropped = templated(one)
        if dropped:
            told.append(f"{one.draft.id}: {dropped} of its examples cannot be written without their values")
        lines += ["", *_table("[[rule]]", row)]
        if checks := row.get("checks"):
            lines += _table("[rule.checks]", checks)
        for part in row.get("parts", ()):
            lines += _table("[[rule.parts]]", part)
    return "\n".join(lines) + "\n", told


def _table(head: str, row: Mapping[str, Any]) -> Iterator[str]:
    yield head
    for key, value in row.items():
        if key not in ("checks", "parts"):
            yield f"{key} = {_value(value, pattern=key == 'pattern')}"


def _value(value: Any, *, pattern: bool = False) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    text = str(value)
    if pattern and "'''" not in text and not text.endswith("'") and text.isprintable():
        return f"'''{text}'''"
    # JSON's escapes are TOML's, but for the one character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def templated(one: Carried) -> tuple[dict[str, Any], int]:
    """The rule's table with its examples as templates, and how many could not be made one."""
    row, dropped = dict(one.row), 0
    for key, wanted in (("examples", True), ("counterexamples", False)):
        if key in row:
            made = [_template(row, text, number, wanted=wanted) for number, text in enumerate(row[key])]
            row[key] = [text for text in made if text]
            dropped += made.count("")
            if not row[key]:
                del row[key]
    if min(len(row.get("examples", ())), len(row.get("counterexamples", ()))) < 2:
        row["untried"] = True
    return row, dropped


def _template(row: Mapping[str, Any], text: str, number: int, *, wanted: bool) -> str:
    """A template that is found, or not found, like the text; "" for none."""
    rule = replace(rule_of(row), examples=(), counterexamples=())
    index = number if wanted else len(row.get("examples", ())) + number
    for kept in range(_KEPT):
        made = _RANDOM.sub(lambda run, kept=kept: _slot(run[0], kept), text)  # type: ignore[misc]
        if bool(find(lighten(rule), expand(rule, made, index))) is wanted:
            return made
    return ""


def _slot(run: str, kept: int) -> str:
    """A run with what follows its first characters as a slot; a word without digits or with one case stays."""
    head, rest = run[:kept], run[kept:]
    if len(rest) < 8 or (rest.isalpha() and (rest.islower() or rest.isupper())):
        return run
    alphabet = next(name for name, form in _SLOTS if form.fullmatch(rest))
    return f"{head}<{alphabet}:{len(rest)}>"
