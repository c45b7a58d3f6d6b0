"""Claims at private keys: comments, user ids, and the public key's fingerprint, by which servers list it."""

import base64
import hashlib
import re
from collections.abc import Iterator

from scanner.claims import der, openpgp
from scanner.claims.said import ISSUED, WRITTEN, Said, Value, plain
from scanner.claims.tokens import unbase64

_MAGIC = b"openssh-key-v1\0"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s\\\"']{64,8000}?)-----END CERTIFICATE-----")
_PUBLIC_LINES = re.compile(rb"\nPublic-Lines: [0-9]{1,3}\r?\n([A-Za-z0-9+/=\r\n]{20,8000}?)\r?\nPrivate-")
_HEADER = re.compile(rb"\b(Comment|DEK-Info): {0,4}([^\n\\\r]{1,200})")
_STRINGS_AFTER_TYPE = {b"ssh-ed25519": 2, b"ssh-rsa": 6, b"ssh-dss": 5}
"""How many strings of a private key stand between its type and its comment (RFC 8709, draft-miller-ssh-agent)."""


def body(armoured: bytes) -> bytes:
    """The bytes of a PEM or OpenSSH body, whatever it stands in: quotes, `\\n`, comment marks, a patch."""
    lines = [line.strip(b"\"',\\;#*|>") for line in re.sub(rb"\\[rnt]", b"\n", armoured).split()]
    if len(lines) > 1 and all(line.startswith(b"+") for line in lines[1:]):
        lines = [lines[0], *(line[1:] for line in lines[1:])]
    kept = b"".join(line for line in lines if line and b":" not in line and not line.startswith(b"="))
    return unbase64(kept)


def fingerprint(public: bytes) -> str:
    """As `ssh-keygen -l` writes it: SHA256 over the public key's wire form, base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")


def _strings(raw: bytes, most: int) -> tuple[list[bytes], bytes]:
    """Up to so many length-prefixed strings (RFC 4251, section 5), and what is left."""
    found: list[bytes] = []
    while len(raw) >= 4 and len(found) < most:
        size = int.from_bytes(raw[:4], "big")
        if size > len(raw) - 4:
            break
        found.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return found, raw


def openssh(value: Value) -> Iterator[Said]:
    """OpenSSH's own form (github.com/openssh/openssh-portable, PROTOCOL.key): the public keys stand there in the clear,
    the comment in the part that a passphrase encrypts. Nothing signs the comment.
    """
    raw = body(value.secret)
    head, rest = _strings(raw[len(_MAGIC) :], 3) if raw.startswith(_MAGIC) else ([], b"")
    listed, _ = _strings(rest[4:], 2)
    if len(head) < 3 or len(listed) < 2:
        return
    yield Said("SSH public key", fingerprint(listed[0]), ISSUED)
    if head[0] != b"none":
        yield Said("SSH key encrypted with", f"{plain(head[0])}, its comment cannot be read", WRITTEN)
    elif comment := _comment(listed[1]):
        yield Said("SSH key comment", comment, WRITTEN)


def _comment(private: bytes) -> str:
    """The comment of the first key in an unencrypted list: after two equal numbers, a type and its fields."""
    if private[:4] != private[4:8]:
        return ""
    found, _ = _strings(private[8:], 8)
    kind = found[0] if found else b""
    count = 3 if kind.startswith(b"ecdsa-sha2-") else _STRINGS_AFTER_TYPE.get(kind, 0)
    return plain(found[count + 1]) if count and len(found) > count + 1 else ""


def pem(value: Value) -> Iterator[Said]:
    """Keys in PEM (RFC 7468, RFC 1421): no owner inside. Told are a comment, the cipher, the public key's fingerprint
    of an unencrypted key, and whom a certificate beside the key names, which need not be this key's.
    """
    for name, text in _HEADER.findall(value.before[-400:]):
        source = "key comment" if name == b"Comment" else "key encrypted with"
        yield Said(source, plain(text).partition(",")[0] if name == b"DEK-Info" else plain(text), WRITTEN)
    if public := _public(body(value.secret)):
        yield Said("SSH public key", fingerprint(public), ISSUED)
    for near in (value.before, value.after):
        for found in _CERTIFICATE.findall(near)[:2]:
            for attribute, text in der.subject(body(found)).items():
                if attribute in der.NAMES:
                    yield Said(der.NAMES[attribute], plain(text), WRITTEN)


def _public(private: bytes) -> bytes:
    """The public key of a private one as SSH writes it (RFC 4253, section 6.6); empty where it cannot be told."""
    if numbers := der.rsa_public(private):
        return b"".join(map(_string, (b"ssh-rsa", *numbers)))
    told = der.curve_private(private)
    if told is None:
        return b""
    from scanner.claims import curves  # a large library, for a rare find

    return curves.public(*told)


def _string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def putty(value: Value) -> Iterator[Said]:
    """PuTTY's form (the.earth.li/~sgtatham/putty/0.81/htmldoc/AppendixC.html): a comment that its MAC covers, which
    whoever can open the key can make anew. The public half stands before the private one, in the clear.
    """
    for text in _PUBLIC_LINES.findall(value.before):
        if (public := body(text)).startswith(b"\0\0\0"):
            yield Said("SSH public key", fingerprint(public), ISSUED)
    found = re.findall(rb"\nComment: {0,4}([^\r\n]{1,200})", value.before)
    if found:
        yield Said("PuTTY key comment", plain(found[-1]), WRITTEN)


def pgp(value: Value) -> Iterator[Said]:
    """The user ids (packet 13) of an OpenPGP key (RFC 9580, sections 4.2 and 5.11). The key's owner writes them, and
    signs them with that same key.
    """
    for kind, content in openpgp.packets(body(value.secret)):
        if kind == openpgp.USER_ID:
            yield Said("PGP user id", plain(content), WRITTEN)
