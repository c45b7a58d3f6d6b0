"""Canonical JSON (RFC 8785) and the digests taken over it."""

import hashlib
from typing import Any

import rfc8785


def canonical(data: Any) -> bytes:
    """Canonical JSON bytes of plain data (dict, list, str, int, bool, None).

    Raises `rfc8785.CanonicalizationError` for anything else, so that a Secret can never slip in.
    """
    return rfc8785.dumps(data)


def digest(data: Any) -> str:
    """`sha256:` and the hex SHA-256 of the canonical JSON of plain data."""
    return "sha256:" + hashlib.sha256(canonical(data)).hexdigest()


def content_digest(content: bytes) -> str:
    """`sha256:` and the hex SHA-256 of bytes as they are."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
