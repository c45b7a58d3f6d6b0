"""The names in a key store that no password hides: entries' names, and whom their certificates name.

JKS and JCEKS (OpenJDK, sun.security.provider.JavaKeyStore) encrypt the keys alone. PKCS #12 (RFC 7292) has the names of
encrypted keys beside them in the clear, as OpenSSL and keytool write it; certificates are encrypted as a rule.
"""

import re
from collections.abc import Iterator

from scanner.claims import der
from scanner.claims.said import name_like, plain, showable

_MOST = 5
_KEY_ENTRY, _CERTIFICATE_ENTRY = 1, 2
_DATA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
_FRIENDLY_NAME = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"
_CERTIFICATE_BAG = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03"
_EXPLICIT = 0xA0


def names(content: bytes) -> tuple[str, ...]:
    """Up to five names in a key store, each once; nothing that looks like a credential. Whoever made it wrote them."""
    told = _pkcs12(content) if content.startswith(b"\x30") else _java(content)
    found = (" ".join(name.split()) for name in told)
    return tuple(dict.fromkeys(name for name in found if _fit(name)))[:_MOST]


def _fit(name: str) -> bool:
    return showable(name, b"") and all(name_like(word) for word in re.split(r"[ ,()'/:=*]+", name) if word)


def subjects(certificate: bytes) -> Iterator[str]:
    """Whom a certificate names."""
    for attribute, text in der.subject(certificate).items():
        if attribute in der.NAMES:
            yield plain(text)


def _java(content: bytes) -> Iterator[str]:
    """A magic number, a version and a count; each entry begins with its kind, name and date."""
    at = 12
    for _ in range(int.from_bytes(content[8:12], "big")):
        kind = int.from_bytes(content[at : at + 4], "big")
        if at >= len(content) or kind not in (_KEY_ENTRY, _CERTIFICATE_ENTRY):
            return
        name, at = _counted(content, at + 4, 2)
        at, chain = at + 8, 1
        if kind == _KEY_ENTRY:
            yield plain(name)
            _, at = _counted(content, at, 4)
            chain, at = int.from_bytes(content[at : at + 4], "big"), at + 4
        for number in range(chain):
            if at >= len(content):
                return
            _, at = _counted(content, at, 2)
            certificate, at = _counted(content, at, 4)
            if kind == _KEY_ENTRY and not number:
                yield from subjects(certificate)


def _counted(content: bytes, at: int, width: int) -> tuple[bytes, int]:
    """What a length of so many bytes counts, and where it ends."""
    start = at + width
    end = start + int.from_bytes(content[at:start], "big")
    return content[start:end], end


def _pkcs12(content: bytes) -> Iterator[str]:
    """Version and ContentInfo; that holds further ones, and those of plain data hold bags (sections 4 and 5)."""
    for safe in der.sequence(content)[1:2]:
        for part in der.sequence(_content(safe.content)):
            for bag in der.sequence(_content(part.content)):
                yield from _bag(list(der.items(bag.content)))


def _content(info: bytes) -> bytes:
    """What a ContentInfo of plain data holds; nothing for other kinds."""
    fields = list(der.items(info))
    if len(fields) < 2 or fields[0] != (der.OBJECT, _DATA) or fields[1].tag != _EXPLICIT:
        return b""
    held = next(der.items(fields[1].content), None)
    return held.content if held is not None and held.tag == der.OCTETS else b""


def _bag(fields: list[der.Item]) -> Iterator[str]:
    """A SafeBag: its kind, what it holds, and attributes (sections 4.2 and 4.2.3)."""
    if len(fields) > 2 and fields[2].tag == der.SET:
        for attribute in der.items(fields[2].content):
            pair = list(der.items(attribute.content))
            if len(pair) == 2 and pair[0].content == _FRIENDLY_NAME:
                for text in der.items(pair[1].content):
                    yield text.content.decode("utf-16-be", "replace")
    if len(fields) > 1 and fields[0].content == _CERTIFICATE_BAG:
        for held in der.sequence(fields[1].content)[1:2]:
            for certificate in der.items(held.content):
                yield from subjects(certificate.content)
