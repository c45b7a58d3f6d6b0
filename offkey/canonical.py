"""Canonical JSON (RFC 8785) and the digests taken over it."""

import hashlib
import json
from typing import Any

import rfc8785

_FAST = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True).encode
_EXACT = 2**53
"""Integers below it are the same in JSON everywhere."""


def canonical(data: Any) -> bytes:
    """Canonical JSON bytes of plain data (dict, list, str, int, bool, None).

    Raises `rfc8785.CanonicalizationError` for anything else, so that a Secret can never slip in.
    """
    try:
        return _FAST(data).encode() if _plain(data) else rfc8785.dumps(data)
    except UnicodeEncodeError:
        return rfc8785.dumps(data)


def _plain(data: Any) -> bool:
    """Whether Python's own encoder writes this as RFC 8785 wants it, several times faster: it sorts by code point."""
    kind = type(data)
    if kind is dict:
        for key, value in data.items():
            if type(key) is not str or not key.isascii() or not (type(value) is str or _plain(value)):
                return False
        return True
    if kind is list:
        return all(map(_plain, data))
    return kind is str or data is None or kind is bool or (kind is int and -_EXACT < data < _EXACT)


def digest(data: Any) -> str:
    """`sha256:` and the hex SHA-256 of the canonical JSON of plain data."""
    return "sha256:" + hashlib.sha256(canonical(data)).hexdigest()


def content_digest(content: bytes) -> str:
    """`sha256:` and the hex SHA-256 of bytes as they are."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
