"""Lists in YAML and JSON: OWNERS, OWNERS_ALIASES, reviewers and assignees of bots, on-call files. Pure.

An entry that is the person goes from its list, in block and in flow style; everything else stays to the byte. The
nodes before and behind are compared, in order and with their tags: they differ in those entries and in nothing else.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from offboarding.remedy.languages.yaml_nodes import spelled
from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.owners.changes import (
    CREDIT,
    MOST,
    TOO_MANY,
    Change,
    Piece,
    Who,
    applied,
    cuts,
    line_of,
    of_the_past,
    whole_line,
)
from offboarding.remedy.owners.trees import Edits, same, trees

OTHER = "a list of something else than reviewers and assignees"
ENTWINED = "an alias, a comment or another entry is entwined with it"
_REVIEWING = re.compile(r"(?i).*(reviewer|assignee|approver)s?(groups)?|(add_)?users|(review|assignee)_?groups")
_DASH = re.compile(r"[ \t]*-[ \t]+")
_BEHIND = re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)\r?\n?")
_BEHIND_FLOW = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\r?\n?")


@dataclass(frozen=True, slots=True)
class _List:
    """A sequence, the keys that lead to it, and where its entries lie, as characters [start, end)."""

    node: yaml.SequenceNode
    keys: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> bool:
        """Whether each entry is written here, not taken from elsewhere by an alias."""
        ends = [self.node.start_mark.index]
        for start, end in self.spans:
            if start < ends[-1]:
                return False
            ends.append(end)
        return ends[-1] <= self.node.end_mark.index


def changes(text: str, who: Who, *, as_json: bool = False, reviewing: bool = False) -> list[Change]:
    """The person taken out of each list that has others; else the successor in their place, or it stays.

    With `reviewing` only lists of reviewers and assignees count. Raises CannotRewrite where the text cannot be read,
    or would say something else afterwards.
    """
    before = _read(text, as_json)
    found: list[Change] = []
    edits = Edits()
    for one in _lists(before):
        theirs = [i for i, item in enumerate(one.node.value) if _scalar(item) and who.is_item(item.value)]
        if len(theirs) + len(found) > MOST:
            raise CannotRewrite(TOO_MANY)
        if theirs:
            found += _taken_out(text, one, theirs, who, edits, reviewing=reviewing)
    after = applied(text, found)
    if after != text and not same(before, _read(after, as_json), edits):
        raise CannotRewrite("the edited file would say something else, too")
    return found


def _read(text: str, as_json: bool) -> list[yaml.Node]:
    if as_json:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            raise CannotRewrite("the file is not plain JSON") from None
        text = text.replace("\t", " ")  # no string holds a raw one, and YAML does not take them everywhere
    return trees(text)


def _scalar(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _lists(documents: Sequence[yaml.Node]) -> Iterator[_List]:
    """Every sequence once, in the order of the text."""
    seen: set[int] = set()
    open_nodes: list[tuple[yaml.Node, tuple[str, ...]]] = [(node, ()) for node in reversed(documents)]
    while open_nodes:
        node, keys = open_nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            spans = tuple((item.start_mark.index, item.end_mark.index) for item in node.value)
            yield _List(node, keys, spans)
            open_nodes += [(item, keys) for item in reversed(node.value)]
        elif isinstance(node, yaml.MappingNode):
            named = [(value, (*keys, key.value if _scalar(key) else "")) for key, value in node.value]
            open_nodes += reversed(named)


def _taken_out(text: str, one: _List, theirs: list[int], who: Who, edits: Edits, *, reviewing: bool) -> list[Change]:
    lines = [line_of(text, one.spans[i][0]) for i in theirs]
    new: dict[int, str] = {}
    why = _objection(one, reviewing)
    if not why and len(theirs) == len(one.spans):
        new = _successor(text, one, theirs, who)
        why = "" if new else who.unfollowed()
    gone = [i for i in theirs if i not in new]
    cut = {} if why else _pieces(text, one, gone)
    if why or cut is None:
        return [Change(line, why=why or ENTWINED) for line in lines]
    cut |= {i: (*one.spans[i], written) for i, written in new.items()}
    edits.gone.update((id(one.node), i) for i in gone)
    edits.new.update({(id(one.node), i): who.instead(one.node.value[i].value) for i in new})
    return [Change(line, (cut[i],) if i in cut else ()) for line, i in zip(lines, theirs, strict=True)]


def _objection(one: _List, reviewing: bool) -> str:
    if any(of_the_past(key) for key in one.keys):
        return CREDIT
    if reviewing and not any(_REVIEWING.fullmatch(key) for key in one.keys):
        return OTHER
    return "" if one.whole else ENTWINED


def _successor(text: str, one: _List, theirs: list[int], who: Who) -> dict[int, str]:
    """The first entry that the successor can stand for, and how they are written there; empty where none is."""
    for i in theirs:
        node: yaml.ScalarNode = one.node.value[i]
        said = who.instead(node.value)
        if said and node.style in (None, "", "'", '"') and text[slice(*one.spans[i])][:1] not in "&!":
            return {i: _written(said, node.style or "")}
    return {}


def _written(said: str, style: str) -> str:
    if style:
        return f"{style}{spelled(said, style)}{style}"
    try:
        (node,) = trees(f"- {said}\n")
        plain = node.value[0].value == said and node.value[0].tag == "tag:yaml.org,2002:str"
    except (CannotRewrite, AttributeError):
        plain = False
    return said if plain else json.dumps(said)


def _pieces(text: str, one: _List, gone: list[int]) -> dict[int, Piece] | None:
    """What takes the entries out, by entry; those of a run in flow style go together. None where that is not safe."""
    if one.node.flow_style:
        found = cuts(one.spans, gone)
        if not any("#" in text[slice(*piece[:2])] for piece in found.values()):
            return found
    found = {}
    for i in gone:
        start, end = one.spans[i]
        first, last = whole_line(text, start)
        ahead, behind = text[first:start], text[end:last]
        if one.node.flow_style:
            alone = not ahead.strip() and _BEHIND_FLOW.fullmatch(behind)
        else:
            alone = _DASH.fullmatch(ahead) and _BEHIND.fullmatch(behind)
        if not alone or end > last:
            return None
        found[i] = (first, last, "")
    return found
