"""Whether a content may hide others: a look at its first bytes, so cheap that every object gets it."""

import re
from typing import NamedTuple

_LOOK = 512
_STARTS = frozenset((b"\x1f\x8b", b"PK", b"\xfd7", b"BZ", b"7z", b"\xff\xfe", b"\xfe\xff", b"\x30\x82", b"\x30\x80"))
_SIZE = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83.{3}|\x84.{4})"
_PKCS12 = re.compile(
    rb"\x30" + _SIZE + rb"\x02\x01\x03\x30" + _SIZE + rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]", re.DOTALL
)
"""PFX ::= SEQUENCE { version 3, authSafe ContentInfo of data or signedData } (RFC 7292, section 4)."""


class Layer(NamedTuple):
    """A text that was hidden, and the steps that lead to it from the content (see `scanner.contents.replay`)."""

    text: bytes
    steps: tuple[str, ...]


class Refused(NamedTuple):
    """What could not be looked at, and why in plain words."""

    steps: tuple[str, ...]
    why: str


def worth(content: bytes) -> bool:
    """Whether `contents.unpack.unpacked` or `keystore` may find something in a content, by its first 512 bytes."""
    start = content[:2]
    if start in _STARTS:
        return True
    head = content[:_LOOK]
    # UTF-16, UTF-32, tar, SQLite and key stores all have zero bytes at the front; text has none.
    if b"\0" in head:
        return len(content) >= 8
    return start[:1] == b"{" and (b'"cells"' in head or b'"nbformat"' in head)


def keystore(content: bytes) -> str | None:
    """Which key store the content is: "PKCS #12", "JKS" or "JCEKS". No password is tried."""
    if content.startswith(b"\xfe\xed\xfe\xed"):
        return "JKS"
    if content.startswith(b"\xce\xce\xce\xce"):
        return "JCEKS"
    return "PKCS #12" if _PKCS12.match(content[:64]) else None
