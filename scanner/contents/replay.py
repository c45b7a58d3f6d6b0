"""Follows decoding steps again, so that a finding can be shown where it was."""

from scanner.contents.containers import opened
from scanner.contents.opening import Layer
from scanner.contents.unpack import Budget, rewritten
from scanner.matching.runs import decode
from scanner.storage.inflate import Room

_WIDE = ("utf-16le", "utf-16be", "utf-32le", "utf-32be")
_INLINE = ("base64", "base64url", "hex", "percent", "escapes")


def replay(content: bytes, steps: tuple[str, ...]) -> bytes:
    """The text that `steps` lead to. Raises ValueError when the content does not fit them."""
    budget = Budget()
    room = Room(budget.size, budget.members, budget.ratio)
    for step in steps:
        content = _one(content, step, room)
    return content


def _one(content: bytes, step: str, room: Room) -> bytes:
    name, *rest = step.split(":")
    if name in _WIDE and not rest:
        return rewritten(content, name)
    if name in _INLINE:
        if len(rest) != 2 or not all(part.isascii() and part.isdigit() for part in rest):
            raise ValueError("a decoding step without its place")
        start, end = map(int, rest)
        if not start <= end <= len(content):
            raise ValueError("the content is shorter than the decoding step says")
        try:
            return decode(content[start:end], name)
        except ValueError as error:
            raise ValueError(f"what stands there is not {name}") from error
    for found in opened(name, content, room):
        if isinstance(found, Layer) and found.steps == (step,):
            return found.text
    raise ValueError(f"the content holds nothing at the step {name}")
