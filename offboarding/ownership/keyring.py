"""The ids of the keys in a keyring for gpgv, so that no program is started for a signature of somebody else's.

Read are GnuPG's two forms, packets one after another and the keybox (GnuPG's kbx/keybox-blob.c), and ASCII armour.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from offkey.errors import UsageError
from scanner.claims import openpgp

_MAGIC, _OPENPGP = b"KBXf", 2
_KEYS = frozenset({openpgp.PUBLIC_KEY, openpgp.PUBLIC_SUBKEY})


def ids(path: Path) -> frozenset[bytes]:
    """The key ids, eight bytes each, of keys and subkeys; none where the form is not known. Raises UsageError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        advice = "set `gpg_keyring` under [directory] to a keyring for gpgv"
        raise UsageError(f"{path}: {error.strerror}", advice=advice) from error
    blocks = _blocks(raw) if raw[8:12] == _MAGIC else [raw if raw[:1] >= b"\x80" else openpgp.dearmoured(raw)]
    packets = (packet for block in blocks for packet in openpgp.packets(block))
    return frozenset(one for kind, content in packets if kind in _KEYS and (one := _id(content)))


def _blocks(raw: bytes) -> Iterator[bytes]:
    """The OpenPGP keys in a keybox: blobs of a length, a kind, and where in the blob the key lies."""
    at = 0
    while at + 16 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        if size < 16:
            return
        if raw[at + 4] == _OPENPGP:
            start, length = (int.from_bytes(raw[at + n : at + n + 4], "big") for n in (8, 12))
            yield raw[at + start : at + min(start + length, size)]
        at += size


def _id(key: bytes) -> bytes:
    """RFC 9580, section 5.5.4: a digest over the key's packet behind a mark and its length; empty for old versions."""
    version = key[0] if key else 0
    if version == 4:
        digest = hashlib.sha1(b"\x99" + len(key).to_bytes(2, "big") + key, usedforsecurity=False)
    elif version in (5, 6):
        digest = hashlib.sha256((b"\x9a" if version == 5 else b"\x9b") + len(key).to_bytes(4, "big") + key)
    else:
        return b""
    return openpgp.key_id(digest.digest(), version)
