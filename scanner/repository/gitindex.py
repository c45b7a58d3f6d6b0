"""The index read as a file (gitformat-index(5)), and whether a work tree holds anything else, without a git process.

Anything unusual, such as a split or sparse index, version 4 or a repository within, is left to git.
"""

import os
from struct import Struct
from typing import NamedTuple

_HEAD = Struct(">4sII")
_ENTRY = Struct(">24xI12x")
_FLAGS = Struct(">H")
_EXTENSION = Struct(">4sI")
_STAT, _EXTENDED, _NAME = 40, 0x4000, 0x0FFF
_GITLINK = 0o160000


class Unusual(Exception):
    """Git must say what this is."""


class Entry(NamedTuple):
    """Mode as git prints it, object id, and path of an entry of the index. A path in conflict has several."""

    mode: str
    object: str
    path: bytes


def read_index(path: str, hash_size: int) -> list[Entry]:
    """All entries; none where there is no index. Raises Unusual and OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return []
    with open(descriptor, "rb") as file:
        data = file.read()
    if len(data) < _HEAD.size + hash_size:
        raise Unusual
    magic, version, count = _HEAD.unpack_from(data)
    if magic != b"DIRC" or version not in (2, 3):
        raise Unusual
    found, at = [], _HEAD.size
    end = len(data) - hash_size
    for _ in range(count):
        entry, at = _entry(data, at, end, hash_size)
        found.append(entry)
    while at < end:
        name, size = _EXTENSION.unpack_from(data, at) if end - at >= _EXTENSION.size else (b"", 0)
        if not name[:1].isupper():
            raise Unusual  # "must be understood"
        at += _EXTENSION.size + size
    if at != end:
        raise Unusual
    return found


def _entry(data: bytes, at: int, end: int, hash_size: int) -> tuple[Entry, int]:
    """The entry that begins at `at`, and where the next one begins."""
    name = at + _STAT + hash_size + _FLAGS.size
    if name >= end:
        raise Unusual
    (mode,) = _ENTRY.unpack_from(data, at)
    oid = data[at + _STAT : name - _FLAGS.size]
    (flags,) = _FLAGS.unpack_from(data, name - _FLAGS.size)
    if flags & _EXTENDED:
        name += _FLAGS.size
    stop = data.find(b"\0", name, end)
    length = stop - name
    if length <= 0 or flags & _NAME != min(length, _NAME) or mode & 0o170000 == 0o40000:
        raise Unusual
    return Entry(f"{mode:06o}", oid.hex(), data[name:stop]), at + (stop - at + 8) // 8 * 8


def nothing_else(work_tree: str, entries: list[Entry]) -> bool:
    """Whether a work tree holds no file or repository beside what the index names; False where git must say so."""
    files = {entry.path for entry in entries}
    links = {entry.path for entry in entries if entry.mode == f"{_GITLINK:06o}"}
    root = os.fsencode(work_tree)
    waiting = [b""]
    try:
        while waiting:
            folder = waiting.pop()
            with os.scandir(os.path.join(root, folder)) as inside:
                for one in inside:
                    path = folder + one.name
                    if one.name == b".git":
                        if folder:
                            return False
                    elif not one.is_dir(follow_symlinks=False):
                        if path not in files:
                            return False
                    elif path not in links:
                        waiting.append(path + b"/")
    except OSError:
        return False
    return True
