"""Loose objects read as files, without a git process (gitformat-loose(5)). What cannot be read so is left to git."""

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress

from scanner.repository.objects import GitObject
from scanner.storage.deflate import DAMAGE, deflate

_HEAD = 64
_KINDS = {b"blob": "blob", b"tree": "tree", b"commit": "commit", b"tag": "tag"}
_RATIO = 1032
"""Deflate expands at most so much (RFC 1951)."""
_AT_ONCE = 16 << 20
"""Bytes that may come out where nothing is known yet; of what may give more the header is read first."""


def read_loose(folders: Sequence[str], oid: str, limit: int) -> GitObject | None:
    """The object from the first of the object folders that has it; None for what git must look at.

    That is one that is not there, is damaged, or is larger than `limit` bytes.
    """
    for folder in folders:
        with suppress(OSError):
            packed = _read(f"{folder}/{oid[:2]}/{oid[2:]}", limit)
            return _opened(oid, packed, limit) if packed is not None else None
    return None


def _read(path: str, limit: int) -> bytes | None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        size = os.fstat(descriptor).st_size
        parts = [os.read(descriptor, size + 1)] if size <= limit else []
        while parts and sum(map(len, parts)) < size and (more := os.read(descriptor, size)):
            parts.append(more)
    finally:
        os.close(descriptor)
    return b"".join(parts) if parts else None


def _opened(oid: str, packed: bytes, limit: int) -> GitObject | None:
    try:
        if len(packed) * _RATIO <= min(limit, _AT_ONCE):
            head, nul, content = deflate.decompress(packed).partition(b"\0")
            kind, _, told = head.partition(b" ")
            known = nul and kind in _KINDS and told.isdigit() and int(told) == len(content)
            return GitObject(oid, _KINDS[kind], content) if known else None
        return _opened_with_care(oid, packed, limit)
    except DAMAGE:
        return None


def _opened_with_care(oid: str, packed: bytes, limit: int) -> GitObject | None:
    inflater = zlib.decompressobj()
    begin = inflater.decompress(packed, _HEAD)
    head, nul, content = begin.partition(b"\0")
    kind, _, told = head.partition(b" ")
    if not nul or kind not in _KINDS or not told.isdigit() or int(told) > min(limit, len(packed) * _RATIO):
        return None
    size = int(told)
    content += inflater.decompress(inflater.unconsumed_tail, size - len(content) + 1) if size > len(content) else b""
    if len(content) != size or not (inflater.eof or not inflater.decompress(inflater.unconsumed_tail, 1)):
        return None
    return GitObject(oid, _KINDS[kind], content)
