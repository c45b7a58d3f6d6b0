"""Whole contents that hide text: other encodings, archives, compressed files, databases, notebooks."""

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.contents.containers import form, opened
from scanner.contents.opening import Layer, Refused
from scanner.matching.encoding import decoded
from scanner.storage.inflate import Overflow, Room


@dataclass(frozen=True)
class Budget:
    """How much one object may open to: bytes in all, output per input byte (from 1 MiB on), depth, members."""

    size: int = 256 << 20
    ratio: int = 200
    depth: int = 5
    members: int = 10_000


def unpacked(content: bytes, budget: Budget = Budget()) -> Iterator[Layer | Refused]:
    """Every text inside the content, outer ones first, and what could not be opened; not the content itself."""
    room = Room(budget.size, budget.members, budget.ratio)
    yield from _inside(content, (), room, budget.depth)


def _inside(content: bytes, steps: tuple[str, ...], room: Room, depth: int) -> Iterator[Layer | Refused]:
    name = form(content)
    wide = None if name else widened(content)
    if name is None and wide is None:
        return
    if depth <= 0:
        yield Refused((*steps, name or "text"), "nested deeper than the limit")
        return
    if wide:
        try:
            room.take(len(wide.text))
        except Overflow as error:
            yield Refused((*steps, *wide.steps), str(error))
            return
    found = opened(name, content, room) if name else iter((wide,) if wide else ())
    for item in found:
        item = item._replace(steps=(*steps, *item.steps))  # noqa: PLW2901
        yield item
        if isinstance(item, Layer):
            yield from _inside(item.text, item.steps, room, depth - 1)


def widened(content: bytes) -> Layer | None:
    """The content as UTF-8 when it is UTF-16 or UTF-32, with or without a mark."""
    head = content[:512]
    for step, mark, at in (("utf-32le", b"\xff\xfe\0\0", 0), ("utf-32be", b"\0\0\xfe\xff", 3)):
        bare = len(head) >= 8 and not any(any(head[i::4]) for i in range(4) if i != at) and 0 not in head[at::4]
        if content.startswith(mark) or bare:
            return Layer(rewritten(content, step), (step,))
    text, steps = decoded(content)
    return Layer(text, steps) if steps else None


def rewritten(content: bytes, step: str) -> bytes:
    """The content decoded from the encoding `step`, as UTF-8."""
    return content.decode(step, errors="replace").encode("utf-8", errors="replace")
