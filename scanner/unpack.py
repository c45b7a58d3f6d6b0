"""Whole contents that hide text: other encodings, archives, compressed files, databases, notebooks, key stores."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.containers import Layer, Overflow, Refused, Room, form, opened
from scanner.encoding import decoded

__all__ = ["Budget", "Layer", "Refused", "keystore", "unpacked", "widened", "worth"]

_HEADS = (b"\x1f\x8b\x08", b"PK\3\4", b"PK\5\6", b"\xfd7zXZ", b"BZh", b"7z\xbc\xaf", b"\xff\xfe", b"\xfe\xff")
_SIZE = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83.{3}|\x84.{4})"
_PKCS12 = re.compile(
    rb"\x30" + _SIZE + rb"\x02\x01\x03\x30" + _SIZE + rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]", re.DOTALL
)
"""PFX ::= SEQUENCE { version 3, authSafe ContentInfo of data or signedData } (RFC 7292, section 4)."""


@dataclass(frozen=True)
class Budget:
    """How much one object may open to: bytes in all, output per input byte (from 1 MiB on), depth, members."""

    size: int = 256 << 20
    ratio: int = 200
    depth: int = 3
    members: int = 10_000


def worth(head: bytes, size: int) -> bool:
    """Whether `unpacked` may find something in a content of `size` bytes, by its first 512 bytes."""
    # UTF-16, UTF-32 and tar all have zero bytes at the front; text has none.
    if b"\0" in head or head.startswith(_HEADS):
        return size >= 8
    return head[:1] == b"{" and (b'"cells"' in head or b'"nbformat"' in head)


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


def keystore(content: bytes) -> str | None:
    """Which key store the content is: "pkcs12", "jks" or "jceks". No password is tried."""
    if content.startswith(b"\xfe\xed\xfe\xed"):
        return "jks"
    if content.startswith(b"\xce\xce\xce\xce"):
        return "jceks"
    return "pkcs12" if _PKCS12.match(content[:64]) else None
