"""YAML as nodes with their lines, made from libyaml's events: no recursion, no objects, and bounds on everything.

Aliases lead to the one node that the anchor made, so that a "billion laughs" stays as small as its text. Templates
of Helm and Jinja are blanked out before, line for line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

LIMIT = 1 << 20
"""Characters of a file that is parsed; what is longer is no configuration that people keep."""
_NODES = 200_000
_DEPTH = 200
_ALIASED = 1_000
"""Nodes behind aliases that one job is followed into, and keys that one merge gives: jobs share them, time adds up."""


class Unreadable(ValueError):
    """Why a text is not what its path says, in words that quote nothing of it."""


@dataclass(slots=True, eq=False)
class Node:
    """`kind` is map, list or text. `items` are the values, in a map keys and values in turn. Lines count from 1.

    `style` is that of a text (`|`, `>`, quotes or nothing), `tag` its tag (`!vault`) or "".
    `end` leaves out what only an alias leads to.
    """

    kind: str
    line: int
    end: int
    text: str = ""
    style: str = ""
    items: list["Node"] = field(default_factory=list)
    tag: str = ""


NOTHING = Node("text", 0, 0)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(text: str) -> list[Node]:
    """The documents of a YAML stream. Raises Unreadable."""
    if len(text) > LIMIT:
        raise Unreadable(f"longer than {LIMIT} characters")
    if _too_nested(text):
        raise Unreadable("nested too deeply")
    try:
        return list(_composed(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise Unreadable(f"no YAML{where}") from None
    except (ValueError, RecursionError, AttributeError, UnicodeError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable("no YAML") from None


def _too_nested(text: str) -> bool:
    """Brackets that stay open: libyaml takes time with the square of their number."""
    deepest = depth = 0
    for hit in _BRACKET.finditer(text):
        depth += 1 if hit[0] in "[{" else -1
        depth = max(depth, 0)
        deepest = max(deepest, depth)
    return deepest > 20 * _DEPTH


_BRACKET = re.compile(r"[\[\]{}]")


def _composed(text: str) -> Iterator[Node]:
    """The nodes of each document, as their events come."""
    anchors: dict[str, Node] = {}
    around: list[Node] = []
    count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            anchors.clear()
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = around.pop()
            if around:
                around[-1].end = max(around[-1].end, done.end)
            else:
                yield done
        elif isinstance(event, yaml.NodeEvent):
            count += 1
            if count > _NODES:
                raise Unreadable(f"more than {_NODES} nodes")
            node = _added(event, anchors, around)
            if node is not None:
                yield node


def _added(event: "yaml.NodeEvent", anchors: dict[str, Node], around: list[Node]) -> Node | None:
    """Put one node into the one around it; gives back a text that is a whole document."""
    line = _line(event.start_mark)
    alias = isinstance(event, yaml.AliasEvent)
    node = anchors.get(event.anchor or "", NOTHING) if alias else _node(event, line)
    if around:
        around[-1].items.append(node)
        around[-1].end = max(around[-1].end, line if alias else node.end)
    if alias:
        return None
    if event.anchor:
        anchors[event.anchor] = node
    if node.kind == "text":
        return None if around else node
    around.append(node)
    if len(around) > _DEPTH:
        raise Unreadable(f"nested more than {_DEPTH} deep")
    return None


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _node(event: "yaml.NodeEvent", line: int) -> Node:
    if isinstance(event, yaml.ScalarEvent):
        end, column = _line(event.end_mark), event.end_mark.column if event.end_mark else 1
        return Node(
            "text",
            line,
            end - 1 if column == 0 and end > line else end,
            event.value,
            event.style or "",
            tag=event.tag or "",
        )
    return Node("map" if isinstance(event, yaml.MappingStartEvent) else "list", line, line)


def pairs(node: Node) -> list[tuple[Node, Node]]:
    """Keys and values of a map, with those of its merge keys (`<<`) behind its own; none of anything else."""
    found: dict[str, tuple[Node, Node]] = {}
    waiting, seen = [node], {id(node)}
    while waiting and len(seen) < _DEPTH:
        here = waiting.pop(0)
        for key, value in own_pairs(here, _NODES if here is node else _ALIASED // 10):
            if key.text == "<<" and key.kind == "text":
                for other in value.items if value.kind == "list" else [value]:
                    if other.kind == "map" and id(other) not in seen:
                        seen.add(id(other))
                        waiting.append(other)
            else:
                found.setdefault(key.text, (key, value))
    return list(found.values())


def own_pairs(node: Node, most: int = _NODES) -> list[tuple[Node, Node]]:
    """Keys and values as they stand in a map, the first of them where there are too many."""
    items = node.items if len(node.items) <= 2 * most else node.items[: 2 * most]
    return list(zip(items[::2], items[1::2], strict=False)) if node.kind == "map" else []


def get(node: Node, *path: str) -> Node:
    """The value that keys lead to; NOTHING where there is none."""
    for key in path:
        node = next((value for name, value in pairs(node) if name.text == key), NOTHING)
    return node


def text_of(node: Node, *path: str) -> str:
    """The text that keys lead to, or ""."""
    found = get(node, *path)
    return found.text if found.kind == "text" else ""


def items(node: Node) -> list[Node]:
    """The entries of a list; one thing counts as a list of itself, nothing as none."""
    if node.kind == "list":
        return node.items
    return [] if node is NOTHING or (node.kind == "text" and not node.text) else [node]


def texts(node: Node) -> list[str]:
    """The texts of a list, or the one text."""
    return [one.text for one in items(node) if one.kind == "text"]


def walk(node: Node) -> Iterator[Node]:
    """Every node from here on once, through aliases too."""
    seen = {id(node)}
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        for child in reversed(here.items):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def lines(*nodes: Node, key: Node = NOTHING) -> tuple[tuple[int, int], ...]:
    """The lines of nodes and of the anchors that their aliases lead to, in order and without overlaps."""
    spans: set[tuple[int, int]] = set()
    seen: set[int] = set()
    aliased: set[int] = set()
    waiting = [node for node in nodes if node is not NOTHING]
    for node in waiting:
        spans.add((key.line if key is not NOTHING and key.line <= node.line else node.line, node.end))
    elsewhere = 0
    while waiting and elsewhere < _ALIASED:
        here = waiting.pop()
        for child in here.items:
            if id(child) in seen or child is NOTHING:
                continue
            if elsewhere >= _ALIASED:
                break
            seen.add(id(child))
            if child.line < here.line or child.end > here.end:  # only an alias leads out of a node
                spans.add((child.line, child.end))
                aliased.add(id(child))
            if id(here) in aliased:
                aliased.add(id(child))
                elsewhere += 1
            waiting.append(child)
    return united(spans)


def united(spans: "set[tuple[int, int]] | list[tuple[int, int]]") -> tuple[tuple[int, int], ...]:
    """The same lines as few stretches."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}")


def without_templates(text: str) -> str:
    """The text with `{{ ... }}` and `{% ... %}` made harmless: gone where a line holds nothing else, else underscores.

    Line numbers stay as they are.
    """
    out = []
    blanked = _TEMPLATE.sub(lambda hit: re.sub(r"[^\n]", "\x00", hit[0]), text)
    for line in blanked.split("\n"):
        if "\x00" not in line:
            out.append(line)
        elif not line.replace("\x00", "").strip(" \t\r-"):
            out.append("")
        else:
            out.append(line.replace("\x00", "_"))
    return "\n".join(out)


def without_blanks(text: str) -> str:
    """A name in which `*` stands for what a template would put there."""
    return re.sub("_{4,}", "*", text)
