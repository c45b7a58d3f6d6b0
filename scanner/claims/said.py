"""A claim as decoders make it, and what may be shown of one."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

ISSUED, WRITTEN = "issued", "written"
_LONGEST = 200
_RANDOM = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}|[A-Za-z0-9]{32,}")


class Said(NamedTuple):
    """One claim as workers send it: the fields of `offkey.found.Claim`."""

    source: str
    subject: str
    grade: str


class Value(NamedTuple):
    """A credential in memory: its parts by name, and the text before and after it."""

    parts: Mapping[str, bytes]
    before: bytes
    after: bytes

    @property
    def secret(self) -> bytes:
        return self.parts.get("secret", b"")


Decoder = Callable[[Value], Iterable[Said]]


def name_like(text: str) -> bool:
    """Whether a user name is one: some put a token where the name belongs (`https://TOKEN:x@host`)."""
    return bool(re.fullmatch(r"[\w.@+$\\-]{1,64}", text)) and ("@" in text or not _RANDOM.search(text))


def plain(raw: bytes) -> str:
    """Bytes as text; empty for what is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def showable(subject: str, secret: bytes) -> bool:
    """Whether a claim can be printed as it is, and does not hold the secret."""
    return 0 < len(subject) <= _LONGEST and subject.isprintable() and not (secret and secret in subject.encode())
