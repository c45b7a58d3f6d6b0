"""What a credential says of its owner: an address inside a token, the comment of a key, the user of a database URL.

Pure: the parts of a credential and the text at it go in, claims come out. A claim has a grade:

- `issued`: a part of the credential itself. Whoever changes it makes another credential, which opens nothing. Offline
  no signature is checked, so a claim is worth as much as the issuer's answer about that very value.
- `written`: stands beside the key material, or in a part of it that nobody signs. Whoever made the file can write it.

No claim holds the secret or a part of it. GitHub's, GitLab's and Slack's tokens have nothing inside that their
providers document; nothing is claimed of them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

ISSUED, WRITTEN = "issued", "written"
REACH = 4096
"""Bytes on either side of a credential that may be looked at: a certificate beside its key has some 2 KB."""
_MOST = 12
_LONGEST = 200
_RANDOM = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}|[A-Za-z0-9]{32,}")
_WORDS = {
    ISSUED: "a part of the value itself; no signature was checked here",
    WRITTEN: "whoever made the file can write it",
}


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


def claims(kind: str, spans: Iterable[tuple[str, int, int]], text: bytes) -> tuple[Said, ...]:
    """What a credential of this kind says; its parts are `spans` of `text`. In a fixed order, at most twelve."""
    decoder = _decoder(kind)
    if decoder is None:
        return ()
    places = list(spans)
    start, end = min(place[1] for place in places), max(place[2] for place in places)
    parts = {name: text[low:high] for name, low, high in places}
    value = Value(parts, text[max(0, start - REACH) : start], text[end : end + REACH])
    return claims_in(value, decoder)


def claims_in(value: Value, decoder: Decoder) -> tuple[Said, ...]:
    """What a decoder reads in a value, without what cannot be shown."""
    told = [said._replace(subject=" ".join(said.subject.split())) for said in decoder(value)]
    return tuple(dict.fromkeys(said for said in told if _showable(said.subject, value.secret)))[:_MOST]


def words(source: str, subject: str, grade: str) -> str:
    """A claim as a line of evidence."""
    where = "inside the value" if grade == ISSUED else "at the value"
    return f"{where}: {source} {subject} ({_WORDS[grade]})"


def name_like(text: str) -> bool:
    """Whether a user name is one: some put a token where the name belongs (`https://TOKEN:x@host`)."""
    return bool(re.fullmatch(r"[\w.@+$\\-]{1,64}", text)) and ("@" in text or not _RANDOM.search(text))


def plain(raw: bytes) -> str:
    """Bytes as text; empty for what is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _showable(subject: str, secret: bytes) -> bool:
    return 0 < len(subject) <= _LONGEST and subject.isprintable() and not (secret and secret in subject.encode())


def _decoder(kind: str) -> Decoder | None:
    from scanner.claims.kinds import BY_FAMILY, BY_KIND  # read at the first finding, not at every start

    return BY_KIND.get(kind) or BY_FAMILY.get(kind.partition(".")[0])
