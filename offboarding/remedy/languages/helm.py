"""Helm: a template takes the value from `.Values`, and a chart's `values.yaml` keeps an empty string.

Helm expands nothing in values (helm.sh, "Values Files"); `required` stops a rendering that has no value.
"""

import re

from offboarding.remedy.literal import REMOVED, CannotRewrite, Edited, Literal, between, splice

TEMPLATE = re.compile(r"(^|/)templates/.*\.(ya?ml|tpl|txt|json)$|\.tpl$")
ACTION = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')


def is_template(path: str, text: str) -> bool:
    """Whether a file is rendered by Helm before anybody reads it as YAML."""
    return bool(TEMPLATE.search(path)) and "{{" in text


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """A template with each literal replaced by a demanded value of the chart. Raises `CannotRewrite`."""
    actions = [found.span() for found in ACTION.finditer(text)]
    pieces = []
    for item in literals:
        line = text[text.rfind("\n", 0, item.start) + 1 : item.start]
        action = next(((start, end) for start, end in actions if start < item.start < end), None)
        wanted = f'required "{item.name}" $.Values.{item.name}'
        if action is None:
            in_comment = re.search(r"(^|\s)#", line) is not None
            pieces.append((item.start, item.end, REMOVED if in_comment else f"{{{{ {wanted} }}}}"))
        elif re.match(r"\{\{-?\s*/\*", text[action[0] :]):
            pieces.append((item.start, item.end, REMOVED))
        else:
            pieces.append(_in_action(text, action, item, wanted))
    notes = tuple(f"render with --set-string {item.name}=... or a secret values file" for item in literals)
    return Edited(splice(text, pieces), tuple(dict.fromkeys(notes)))


def _in_action(text: str, action: tuple[int, int], item: Literal, wanted: str) -> tuple[int, int, str]:
    """The string of an expression becomes the value itself, or `printf` with it."""
    around = (one.span() for one in STRING.finditer(text, *action) if one.start() < item.start)
    start, end = next(((first, last) for first, last in around if item.end < last), (0, 0))
    if not end or re.search(r"\b(define|template|block|include|tpl)\s+$", text[action[0] : start]):
        raise CannotRewrite("the value is part of an expression of the template")
    before, behind = (piece.replace("%", "%%") for piece in between(text, start + 1, end - 1, [item]))
    quote = text[start]
    whole = not before and not behind
    return start, end, f"({wanted})" if whole else f"(printf {quote}{before}%s{behind}{quote} ({wanted}))"
