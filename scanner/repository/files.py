"""Files outside git's objects, read without following links or waiting on pipes."""

import os
import stat
from typing import NamedTuple

from offkey.found import Gap


class FileItem(NamedTuple):
    """A file to look at. `known` is the object id git already holds its content under, or empty."""

    root: str
    path: str
    kind: str
    reach: str
    known: str


def read_file(item: FileItem, limit: int) -> bytes | Gap | None:
    """A regular file's bytes; None for what is no file's content (a link, a socket, a tracked file deleted)."""
    path = os.path.join(item.root, item.path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        return _unopened(path, item, error)
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            return None
        if seen.st_size > limit:
            return Gap(
                where=path, why=f"{seen.st_size} bytes, above the limit of {limit}", advice="raise the size limit"
            )
        try:
            return file.read(limit + 1)[:limit]
        except OSError as error:
            return Gap(where=path, why=f"cannot be read: {error.strerror}", advice="check the disk and permissions")


def _unopened(path: str, item: FileItem, error: OSError) -> Gap | None:
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return None if item.known else Gap(where=path, why="vanished during the scan", advice="scan again")
    if stat.S_ISREG(kind):
        return Gap(where=path, why=f"cannot be opened: {error.strerror}", advice="run as a user who may read it")
    return None
