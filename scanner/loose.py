"""Loose objects read as files, without a git process (gitformat-loose(5)). What cannot be read so is left to git."""

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress

from scanner.objects import GitObject

_HEAD = 64
_KINDS = frozenset({b"blob", b"tree", b"commit", b"tag"})
_RATIO = 1032
"""Deflate expands at most so much (RFC 1951)."""


def read_loose(folders: Sequence[str], oid: str, limit: int) -> GitObject | None:
    """The object from the first of the object folders that has it; None for what git must look at.

    That is one that is not there, is damaged, or is larger than `limit` bytes.
    """
    for folder in folders:
        with suppress(OSError), open(os.path.join(folder, oid[:2], oid[2:]), "rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                return None
            return _opened(oid, file.read(), limit)
    return None


def _opened(oid: str, packed: bytes, limit: int) -> GitObject | None:
    inflater = zlib.decompressobj()
    try:
        begin = inflater.decompress(packed, _HEAD)
        head, nul, content = begin.partition(b"\0")
        kind, _, told = head.partition(b" ")
        if not nul or kind not in _KINDS or not told.isdigit() or int(told) > min(limit, len(packed) * _RATIO):
            return None
        size = int(told)
        content += (
            inflater.decompress(inflater.unconsumed_tail, size - len(content) + 1) if size > len(content) else b""
        )
        if len(content) != size or not (inflater.eof or not inflater.decompress(inflater.unconsumed_tail, 1)):
            return None
    except zlib.error:
        return None
    return GitObject(oid, kind.decode(), content)
