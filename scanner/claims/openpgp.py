"""OpenPGP's packets, and which keys a signature names: read offline, nothing is verified here.

RFC 9580, and for version 5 draft-koch-librepgp.
"""

from collections.abc import Iterator

from scanner.claims.tokens import unbase64

SIGNATURE, PUBLIC_KEY, USER_ID, PUBLIC_SUBKEY = 2, 6, 13, 14
_NEW_FORM = 0x40
_ISSUER, _ISSUER_FINGERPRINT, _CRITICAL = 16, 33, 0x80


def dearmoured(text: bytes) -> bytes:
    """The bytes in the first ASCII armour (RFC 9580, section 6.2); nothing where there is none."""
    kept = []
    for line in text[text.find(b"-----BEGIN PGP ") :].splitlines()[1:]:
        if line.startswith((b"=", b"-----END ")):
            break
        if b":" not in line:  # a header
            kept.append(line.strip())
    return unbase64(b"".join(kept))


def packets(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, content) of the packets one after another (RFC 9580, section 4.2); ends at the first of unknown length."""
    at = 0
    while at + 2 <= len(raw) and raw[at] & 0x80:
        first, at = raw[at], at + 1
        if first & _NEW_FORM:
            kind, low = first & 0x3F, raw[at]
            if low < 192:
                width, size = 1, low
            elif low < 224:
                width, size = 2, (low - 192 << 8) + int.from_bytes(raw[at + 1 : at + 2], "big") + 192
            elif low == 255:
                width, size = 5, int.from_bytes(raw[at + 1 : at + 5], "big")
            else:
                return  # in pieces, which only data packets are
        else:
            kind, width = first >> 2 & 0x0F, 1 << (first & 3)
            if width == 8:
                return
            size = int.from_bytes(raw[at : at + width], "big")
        yield kind, raw[at + width : at + width + size]
        at += width + size


def issuers(signature: bytes) -> tuple[bytes, ...]:
    """The key ids, eight bytes each, that a signature packet's content names, in the order in which GnuPG looks.

    First its issuer's fingerprint, which the signature covers, then the ids, which anybody can change.
    """
    version = signature[0] if signature else 0
    if version == 3:
        return (signature[7:15],) if len(signature) >= 15 else ()
    if version not in (4, 5, 6):
        return ()
    width = 4 if version == 6 else 2
    covered, rest = _counted(signature[4:], width)
    added, _ = _counted(rest, width)
    prints = [key_id(content[1:], content[0]) for kind, content in _inside(covered) if kind == _ISSUER_FINGERPRINT]
    named = [content for part in (covered, added) for kind, content in _inside(part) if kind == _ISSUER]
    return tuple(dict.fromkeys(one for one in (*prints, *named) if len(one) == 8))


def key_id(fingerprint: bytes, version: int) -> bytes:
    """The eight bytes of a fingerprint that a key is called by (RFC 9580, section 5.5.4.2)."""
    return fingerprint[-8:] if version == 4 else fingerprint[:8]


def _counted(raw: bytes, width: int) -> tuple[bytes, bytes]:
    """What a length of so many bytes counts, and the rest."""
    end = width + int.from_bytes(raw[:width], "big")
    return raw[width:end], raw[end:]


def _inside(area: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, content) of a signature's subpackets (section 5.2.3.7), those without content left out."""
    at = 0
    while at < len(area):
        low = area[at]
        if low < 192:
            width, size = 1, low
        elif low < 255:
            width, size = 2, (low - 192 << 8) + int.from_bytes(area[at + 1 : at + 2], "big") + 192
        else:
            width, size = 5, int.from_bytes(area[at + 1 : at + 5], "big")
        body = area[at + width : at + width + size]
        if len(body) > 1:
            yield body[0] & ~_CRITICAL, body[1:]
        at += width + size
