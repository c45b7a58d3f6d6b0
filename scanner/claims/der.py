"""As much of ASN.1's distinguished encoding (ITU-T X.690) as names in certificates and the numbers of keys need."""

from collections.abc import Iterator
from typing import NamedTuple

SEQUENCE, SET, INTEGER, OBJECT, OCTETS, VERSION = 0x30, 0x31, 0x02, 0x06, 0x04, 0xA0
_LARGEST = 1 << 16
NAMES = {b"\x55\x04\x03": "certificate name", b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "certificate e-mail"}
"""id-at-commonName (RFC 5280, appendix A.1) and emailAddress (PKCS#9, RFC 2985)."""


class Item(NamedTuple):
    """A tag and its content."""

    tag: int
    content: bytes


def items(raw: bytes) -> Iterator[Item]:
    """The items one after another; ends at the first that is not whole."""
    at = 0
    while at + 2 <= len(raw):
        tag, size, at = raw[at], raw[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(raw[at : at + width], "big"), at + width
            if not 0 < width <= 4 or size > _LARGEST:
                return
        if at + size > len(raw):
            return
        yield Item(tag, raw[at : at + size])
        at += size


def sequence(raw: bytes) -> list[Item]:
    """What the first item holds, when that is a sequence."""
    first = next(items(raw), None)
    return list(items(first.content)) if first is not None and first.tag == SEQUENCE else []


def subject(certificate: bytes) -> dict[bytes, bytes]:
    """The subject's attributes by object identifier (RFC 5280, section 4.1): the sixth field with a version, else the
    fifth.
    """
    body = sequence(certificate)
    fields = list(items(body[0].content)) if body and body[0].tag == SEQUENCE else []
    fields = fields[1:] if fields and fields[0].tag == VERSION else fields
    named = {}
    for part in items(fields[4].content) if len(fields) > 4 else ():
        for pair in items(part.content):
            attribute = list(items(pair.content))
            if len(attribute) == 2 and attribute[0].tag == OBJECT:
                named[attribute[0].content] = attribute[1].content
    return named


def rsa_public(key: bytes) -> tuple[bytes, bytes] | None:
    """(exponent, modulus) of an RSA private key, in PKCS#1's form or PKCS#8's (RFC 8017, RFC 5958)."""
    fields = sequence(key)
    if len(fields) > 2 and fields[2].tag == OCTETS:
        fields = sequence(fields[2].content)
    if len(fields) < 9 or any(field.tag != INTEGER for field in fields[:3]):
        return None
    return fields[2].content, fields[1].content


def curve_private(key: bytes) -> tuple[bytes, bytes] | None:
    """(object identifier, private number) of a curve's key, in SEC 1's form or PKCS#8's (RFC 5915, RFC 5958, RFC 8410).

    The identifier is the curve's, or that of the algorithm which has but one.
    """
    fields = sequence(key)
    curve = b""
    if len(fields) > 2 and fields[1].tag == SEQUENCE and fields[2].tag == OCTETS:
        named = [item.content for item in items(fields[1].content) if item.tag == OBJECT]
        inner = next(items(fields[2].content), None)
        if len(named) == 1 and inner is not None and inner.tag == OCTETS:
            return named[0], inner.content
        curve, fields = named[-1] if named else b"", sequence(fields[2].content)
    if len(fields) < 2 or fields[0] != (INTEGER, b"\x01") or fields[1].tag != OCTETS:
        return None
    told = (item.content for field in fields[2:] if field.tag == VERSION for item in items(field.content))
    return next(told, curve), fields[1].content
