"""Files in our cache folder: it belongs to the user and is closed to others, or nothing in it is believed.

Light: the pre-commit hook imports this.
"""

import os
import stat

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def read(path: str) -> bytes:
    """A file's content; empty for one that is missing, or that somebody else could have written."""
    if not _is_private(os.path.dirname(path)):
        return b""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        return file.read() if stat.S_ISREG(seen.st_mode) and _ours(seen) else b""


def write(path: str, data: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing; no file where the folder is not ours. Raises OSError."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=FOLDER_MODE, exist_ok=True)
    if not _is_private(folder):
        return
    draft = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(draft, flags, FILE_MODE), "wb") as file:
        file.write(data)
    os.replace(draft, path)


def _is_private(folder: str) -> bool:
    """Whether the folder is a real one, ours, and closed to everybody else."""
    try:
        seen = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(seen.st_mode) and _ours(seen)


def _ours(seen: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):  # Windows: a profile folder is closed to others by its own access list
        return True
    return seen.st_uid == os.geteuid() and not seen.st_mode & 0o077
