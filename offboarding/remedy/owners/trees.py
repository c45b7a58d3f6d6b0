"""YAML documents as trees of nodes, and whether two say the same but for some entries of lists. Pure."""

from dataclasses import dataclass, field

import yaml

from offboarding.remedy.languages.yaml_nodes import LOADER
from offboarding.remedy.literal import CannotRewrite

STRING = "tag:yaml.org,2002:str"
Nodes = list[yaml.Node]


@dataclass(frozen=True, slots=True)
class Edits:
    """By (id of a sequence's node, index): the entries that went, and what others say now."""

    gone: set[tuple[int, int]] = field(default_factory=set)
    new: dict[tuple[int, int], str] = field(default_factory=dict)


def trees(text: str) -> Nodes:
    """The documents of a text. Raises CannotRewrite."""
    try:
        return list(yaml.compose_all(text, LOADER))
    except (yaml.YAMLError, RecursionError, ValueError):
        raise CannotRewrite("the file is not valid YAML") from None


def same(before: Nodes, after: Nodes, edits: Edits) -> bool:
    """Whether the documents differ in the edits alone: in kinds, tags, values, and the order of everything."""
    waiting = [(before, after)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        ones, others = waiting.pop()
        if len(ones) != len(others):
            return False
        for one, other in zip(ones, others, strict=True):
            if (id(one), id(other)) in seen:
                continue
            seen.add((id(one), id(other)))
            if type(one) is not type(other) or one.tag != other.tag:
                return False
            if isinstance(one, yaml.ScalarNode) and one.value != other.value:
                return False
            if isinstance(one, yaml.MappingNode):
                waiting.append(([part for row in one.value for part in row], [p for row in other.value for p in row]))
            elif isinstance(one, yaml.SequenceNode) and isinstance(other, yaml.SequenceNode):
                entries = _unedited(one, other, edits)
                if entries is None:
                    return False
                waiting.append(entries)
    return True


def _unedited(one: yaml.SequenceNode, other: yaml.SequenceNode, edits: Edits) -> tuple[Nodes, Nodes] | None:
    """The entries of both lists that must be the same; None where the others are not what they are to be."""
    kept = [(edits.new.get((id(one), i)), item) for i, item in enumerate(one.value) if (id(one), i) not in edits.gone]
    if len(kept) != len(other.value):
        return None
    rows = [(new, item, found) for (new, item), found in zip(kept, other.value, strict=True)]
    if any(new is not None and (found.value != new or found.tag != STRING) for new, _, found in rows):
        return None
    plain = [(item, found) for new, item, found in rows if new is None]
    return [item for item, _ in plain], [found for _, found in plain]
