"""What a credential says of its owner: an address inside a token, the comment of a key, the user of a database URL.

Pure: the parts of a credential and the text at it go in, claims come out. A claim has a grade:

- `issued`: a part of the credential itself. Whoever changes it makes another credential, which opens nothing. Offline
  no signature is checked, so a claim is worth as much as the issuer's answer about that very value.
- `written`: stands beside the key material, or in a part of it that nobody signs. Whoever made the file can write it.

No claim holds the secret or a part of it. GitHub's, GitLab's and Slack's tokens have nothing inside that their
providers document; nothing is claimed of them.
"""

from collections.abc import Iterable

from scanner.claims.said import ISSUED, Decoder, Said, Value, showable

REACH = 4096
"""Bytes on either side of a credential that may be looked at: a certificate beside its key has some 2 KB."""
_MOST = 12
_WORTH = {
    "issued": "a part of the value itself; no signature was checked here",
    "written": "whoever made the file can write it",
}


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
    return tuple(dict.fromkeys(said for said in told if showable(said.subject, value.secret)))[:_MOST]


def words(source: str, subject: str, grade: str) -> str:
    """A claim as a line of evidence."""
    where = "inside the value" if grade == ISSUED else "at the value"
    return f"{where}: {source} {subject} ({_WORTH[grade]})"


def _decoder(kind: str) -> Decoder | None:
    from scanner.claims.kinds import BY_FAMILY, BY_KIND  # read at the first finding, not at every start

    return BY_KIND.get(kind) or BY_FAMILY.get(kind.partition(".")[0])
