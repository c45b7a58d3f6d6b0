"""The variables that a value is assigned to, as far as the text before it in its file shows."""

import re

from offkey.found import Place
from scanner.matching.encoding import decoded
from scanner.matching.runs import FORMS

_BEFORE = 400
_ASSIGNED = re.compile(
    r"(?:^|[\s{,;(\"'`-])(?:export\s+|set\s+|ENV\s+|ARG\s+|-e\s+|--env[ =]|--build-arg[ =])?[\"']?\$?"
    r"([A-Za-z_][A-Za-z0-9_.\-]{0,100})[\"'\]]{0,2}\s{0,8}(?:=>|:=|\|\|=|\?=|=|:)\s{0,8}[\"'`(]{0,3}[^\s\"'`=]{0,80}$"
)
_DOCKER = re.compile(r"^\s*ENV\s+([A-Za-z_]\w*)\s+\S{0,80}$")
_ITEM = re.compile(r"^\s*-?\s*name:\s*[\"']?([A-Za-z_]\w*)[\"']?\s*$")
_TEXT = frozenset(("utf-16le", "utf-16be"))
"""Decoding steps after which lines are still those of the file."""
_YAML = re.compile(r"\.ya?ml(?:\.\w+)?$", re.IGNORECASE)
_BLOCK = re.compile(
    rb"((?: |- )*)[\"']?([A-Za-z_][\w.\-]{0,100})[\"']?\s{0,8}:\s{1,8}"
    rb"(?:[&!]\S+\s{1,8}){0,2}[|>][-+0-9]{0,3}\s*(?:#.*)?"
)
_ABOVE = 200
"""Lines before a value among which the key of its block is looked for."""
_PROGRAMS = frozenset(
    ["run", "script", "before_script", "after_script", "after-script", "command", "commands", "cmd", "args", "bash",
     "pwsh", "powershell", "shell", "inlineScript", "inline", "install", "entrypoint", "description", "raw"]
)  # fmt: skip
"""Keys whose block is a text to run or to read, and not the value of a variable."""
_RUN = re.compile(rf"(?:{'|'.join(sorted(FORMS))}):(\d+):\d+")
"""A step into an encoded run of a text (`base64:64:118`): where it stands is told in the text around it."""


def packed(place: Place) -> bool:
    """Whether a place tells where it lies in what was packed inside, and not where in the file."""
    first = _first_step(place)
    return bool(first) and _RUN.fullmatch(first) is None


def _first_step(place: Place) -> str:
    return next((step for step in place.decoding if step not in _TEXT), "")


def assigned(content: bytes, place: Place) -> tuple[str, ...]:
    """The variables that the parts of a value are assigned to, where the text before them shows it."""
    text = decoded(content)[0]
    if packed(place):
        return ()
    found = []
    for at in _offsets(place):
        start = max(text.rfind(b"\n", 0, at) + 1, at - _BEFORE)
        before = text[start:at].decode("utf-8", "replace")
        hit = _ASSIGNED.search(before) or _DOCKER.match(before)
        name = hit[1] if hit else ""
        if name == "value":
            name = _item(text, start) or name
        found.append(name)
    blocks = (_block(text, at) for at in _offsets(place)) if _YAML.search(place.path) else ()
    return tuple(dict.fromkeys(filter(None, (*found, *blocks))))


def _offsets(place: Place) -> list[int]:
    """Where the parts of a value begin in the text of the file, or the encoded run that holds all of them."""
    run = _RUN.fullmatch(_first_step(place))
    return [int(run[1])] if run else [span.start for span in place.spans]


def _item(text: bytes, start: int) -> str:
    """Of a list of names and values (Kubernetes, CircleCI): the name on one of the lines before."""
    above = text[max(0, start - _BEFORE) : start].decode("utf-8", "replace").split("\n")[-4:]
    return next((hit[1] for line in reversed(above) if (hit := _ITEM.match(line))), "")


def _block(text: bytes, at: int) -> str:
    """The key of the block (`KEY: |`) of YAML in whose lines an offset lies; "" outside of one.

    The key stands on the nearest line above that is indented less, or on the nearest above that one, and so on.
    """
    start = text.rfind(b"\n", 0, at) + 1
    indent = _indent(text[start : start + _BEFORE])
    for _ in range(_ABOVE):
        if not start or not indent:
            return ""
        end, start = start - 1, text.rfind(b"\n", 0, start - 1) + 1
        line = text[start : min(end, start + _BEFORE)].rstrip()
        hit = _BLOCK.fullmatch(line)
        if hit and len(hit[1]) < indent:
            name = hit[2].decode()
            return (_item(text, start) or name) if name == "value" else "" if name in _PROGRAMS else name
        if line:
            indent = min(indent, _indent(line))
    return ""


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))
