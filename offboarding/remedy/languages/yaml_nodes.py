"""The scalars of a YAML file with their places, as PyYAML composes them, and how one may be spelled again."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from offboarding.remedy.literal import CannotRewrite

Path = tuple[str, ...]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where it is there: the same marks, ten times as fast."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar: its keys from the document's number down, the characters [start, end), and what it says.

    `keys` are the places of the keys of the mappings around, as [start, end) of the innermost.
    """

    path: Path
    start: int
    end: int
    style: str
    value: str
    tag: str
    is_key: bool = False
    key: tuple[int, int] = (0, 0)


def scalars(text: str) -> list[Scalar]:
    """All scalars in the order of the text; what an alias repeats is told once. Raises `CannotRewrite`."""
    try:
        documents = list(yaml.compose_all(text, LOADER))
        return [found for number, node in enumerate(documents) for found in _under(node, (str(number),), set())]
    except (yaml.YAMLError, RecursionError, ValueError):
        raise CannotRewrite("the file is not valid YAML") from None


def _under(
    node: yaml.Node | None, path: Path, seen: set[int], key: tuple[int, int] = (0, 0), is_key: bool = False
) -> Iterator[Scalar]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        start, end = node.start_mark.index, node.end_mark.index
        yield Scalar(path, start, end, node.style or "", node.value, node.tag, is_key, key)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _under(item, (*path, str(number)), seen)
    elif isinstance(node, yaml.MappingNode):
        for name, item in node.value:
            said = name.value if isinstance(name, yaml.ScalarNode) else "?"
            span = (name.start_mark.index, name.end_mark.index)
            yield from _under(name, (*path, said), seen, is_key=True)
            yield from _under(item, (*path, said), seen, key=span)


def spelled(new: str, style: str) -> str:
    """Characters as they must be written inside a scalar of a style."""
    if style == '"':
        return new.replace("\\", "\\\\").replace('"', '\\"')
    return new.replace("'", "''") if style == "'" else new
