"""Filters of betterleaks, as far as our rules can say them: least entropy, and texts that mark a stand-in.

A filter is true for what is to be left out. It is taken apart at its outermost `||`; each alternative is carried over
or told. Source: https://github.com/betterleaks/betterleaks/blob/main/docs/config.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_VALUE = r'finding(?:\.secret|\[\s*"secret"\s*\])'
_ENTROPY = re.compile(rf"(?:filter\.)?entropy\(\s*{_VALUE}\s*\)\s*<=?\s*(\d+(?:\.\d+)?)")
_CONTAINS = re.compile(rf"(?:filter\.)?containsAny\(\s*{_VALUE}\s*,\s*\[(.*)\]\s*\)", re.DOTALL)
_MATCHES = re.compile(rf"(?:filter\.)?matchesAny\(\s*{_VALUE}\s*,\s*\[(.*)\]\s*\)", re.DOTALL)
_EQUAL = re.compile(rf"{_VALUE}\s*==\s*(.*)", re.DOTALL)
_STRING = re.compile(
    r"""\s*(r?)(\"\"\"(.*?)\"\"\"|'''(.*?)'''|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`]*)`)\s*(?:,|\Z)""",
    re.DOTALL,
)
_WORD = re.compile(
    r"""r?\"\"\".*?\"\"\"|r?'''.*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|//[^\n]*|\|\||[()\[\]{}]|.""",
    re.DOTALL,
)
_PLAIN = re.compile(r"(?:\(\?i\))?((?:[A-Za-z0-9_ -]|\\[-._])+)")
_SHOWN = 90


@dataclass(frozen=True)
class Filtered:
    """What of a filter our rules can say; `left` are the alternatives that they cannot, shortened."""

    entropy: float
    reject: tuple[str, ...]
    left: tuple[str, ...]


def read(expression: str) -> Filtered:
    """Nothing is raised: what is not understood is `left`."""
    entropy, reject, left = 0.0, list[str](), list[str]()
    for one in _alternatives(expression):
        words = _words(one)
        if told := _ENTROPY.fullmatch(one):
            entropy = max(entropy, float(told[1]))
        elif words:
            reject += words
        else:
            shown = " ".join(one.split())
            left.append(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…")
    return Filtered(entropy, tuple(reject), tuple(left))


def plain(pattern: str) -> str:
    """The text that a regular expression stands for, where it is nothing but a text without an anchor; else ""."""
    found = _PLAIN.fullmatch(pattern)
    return found[1].replace("\\", "") if found else ""


def _words(one: str) -> list[str]:
    """Texts of which any marks a stand-in; none where the alternative says something else."""
    if told := _EQUAL.fullmatch(one):
        return _strings(told[1]) if len(_strings(told[1])) == 1 else []
    if told := _CONTAINS.fullmatch(one):
        return _strings(told[1])
    if told := _MATCHES.fullmatch(one):
        words = [plain(pattern) for pattern in _strings(told[1])]
        return words if all(words) else []
    return []


def _strings(text: str) -> list[str]:
    """The strings of a list; none where it holds anything else."""
    found, at = [], 0
    while at < len(text) and text[at:].strip():
        told = _STRING.match(text, at)
        if told is None:
            return []
        raw = next(group for group in told.groups()[2:7] if group is not None)
        quoted = told[2][0] in "\"'" and not told[1] and not told[2].startswith(('"""', "'''"))
        found.append(re.sub(r"\\(.)", r"\1", raw) if quoted else raw)
        at = told.end()
    return found


def _alternatives(expression: str) -> Iterator[str]:
    """The parts between outermost `||`, without comments and brackets around the whole."""
    parts, depth, now = list[str](), 0, list[str]()
    for word in _WORD.findall(expression):
        if word.startswith("//"):
            continue
        depth += (word in "([{") - (word in ")]}")
        if word == "||" and depth == 0:
            parts.append("".join(now))
            now = []
        else:
            now.append(word)
    for part in [*parts, "".join(now)]:
        bare = _bare(part.strip())
        if bare != part.strip():
            yield from _alternatives(bare)
        elif bare:
            yield bare


def _bare(part: str) -> str:
    """A part without the brackets that hold all of it."""
    if not part.startswith("("):
        return part
    depth, at = 0, 0
    for word in _WORD.findall(part):
        depth += (word == "(") - (word == ")")
        at += len(word)
        if depth == 0:
            return part[1:-1].strip() if at == len(part) else part
    return part
