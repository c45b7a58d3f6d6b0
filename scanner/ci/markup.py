"""XML elements with their lines. Document types are refused, and with them entities: nothing expands, nothing is read
from anywhere (the advice of docs.python.org/3/library/xml.html)."""

from typing import NamedTuple
from xml.parsers import expat

from scanner.ci.tree import LIMIT, Unreadable

_DEPTH = 200


class Element(NamedTuple):
    """An element that ended: tags from the root to it, its own text, the lines of its beginning and end."""

    path: tuple[str, ...]
    text: str
    line: int
    end: int

    @property
    def tag(self) -> str:
        """Its name, without a namespace's prefix."""
        return self.path[-1]


def elements(text: str) -> list[Element]:
    """All elements, inner ones before those around them. Raises Unreadable."""
    if len(text) > LIMIT:
        raise Unreadable(f"longer than {LIMIT} characters")
    parser = expat.ParserCreate()
    found: list[Element] = []
    waiting: list[tuple[str, int, list[str]]] = []

    def begin(tag: str, _: object) -> None:
        if len(waiting) >= _DEPTH:
            raise Unreadable(f"nested more than {_DEPTH} deep")
        waiting.append((tag.rpartition(":")[2], parser.CurrentLineNumber, []))

    def end(_: str) -> None:
        path = tuple(tag for tag, _, _ in waiting)
        _, line, pieces = waiting.pop()
        found.append(Element(path, "".join(pieces), line, parser.CurrentLineNumber))

    def data(piece: str) -> None:
        if waiting:
            waiting[-1][2].append(piece)

    def refuse(*_: object) -> None:
        raise Unreadable("it has a document type, which could define entities")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, data
    parser.StartDoctypeDeclHandler = refuse
    try:
        # Jenkins writes version 1.1, which expat does not know; the declaration says nothing that we need.
        parser.Parse(_without_declaration(text).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise Unreadable(f"no XML at line {error.lineno}") from None
    return found


def _without_declaration(text: str) -> str:
    start = text.lstrip()
    if not start.startswith("<?xml"):
        return text
    end = start.find("?>")
    return text if end < 0 else "\n" * start[:end].count("\n") + start[end + 2 :]
