"""Compiled pattern databases in a folder that is the user's alone.

Hyperscan trusts what it loads, so we look whose it is.
"""

import hashlib
import logging
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

VERSION = b"offkey-hyperscan-11\n"
_MAKERS = (
    "matching/announced.py", "matching/building.py", "matching/encoded.py", "matching/expressions.py",
    "matching/fronts.py", "matching/matcher.py", "matching/runs.py", "storage/patch.py",
)  # fmt: skip


def key(digest: str, library: str) -> str:
    """A file name for the rules of a digest, the code that makes a database of them, the library and this machine."""
    features = platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        features += next((line for line in lines if line.startswith(("flags", "Features"))), "")
    told = (VERSION.decode(), digest, library, features, repr(sorted(_code())))
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:40]


def _code() -> Iterator[tuple[str, int, int]]:
    """Name, size and time of each file that has a say in what a database is, as far as there are such files."""
    here = Path(__file__).parents[1]
    for path in (*here.with_name("rules").glob("*.py"), *(here / name for name in _MAKERS)):
        with suppress(OSError):
            seen = path.stat()
            yield str(path), seen.st_size, seen.st_mtime_ns


def private(folder: Path) -> bool:
    """Whether the folder is a real one, ours alone; made when it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.lstat()
    except OSError as error:
        log.info("no cache for the pattern database: %s", error.strerror)
        return False
    if stat.S_ISDIR(seen.st_mode) and _ours(seen):
        return True
    log.warning("%s is not a folder of this user alone; the pattern database is built anew each time", folder)
    return False


def _ours(seen: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return False
    return seen.st_uid == os.geteuid() and not stat.S_IMODE(seen.st_mode) & 0o077


def load(path: Path) -> bytes | None:
    """The body of a cache file that is ours and whole, else None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode) or not _ours(seen):
            log.warning("%s is not this user's own file; building the pattern database anew", path)
            return None
        data = file.read()
    body = data[len(VERSION) + 32 :]
    whole = data.startswith(VERSION) and hashlib.sha256(body).digest() == data[len(VERSION) :][:32]
    return body if whole else None


def store(path: Path, body: bytes) -> None:
    """Write a cache file so that a reader sees all of it or nothing."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        with open(descriptor, "wb") as file:
            file.write(VERSION + hashlib.sha256(body).digest() + body)
        os.replace(temporary, path)
    except OSError as error:
        log.info("the pattern database is not cached: %s", error.strerror)
        with suppress(OSError):
            os.unlink(temporary)


def opened(digest: str, name: str, folder: Path | None, build: Callable[[], Any]) -> Any:
    """The database of a name for the rules of a digest, from the cache, or built and put there."""
    import hyperscan as hs

    if folder is None or not private(folder):
        return build()
    path = folder / f"{key(digest, hs.__version__)}.{name}.hsdb"  # type: ignore[attr-defined]
    body = load(path)
    if body is not None:
        try:
            return hs.loadb(body, hs.HS_MODE_BLOCK)
        except hs.HyperscanError:
            log.info("rebuilding the database %s: the cached one is of another machine or damaged", name)
    database = build()
    store(path, hs.dumpb(database))
    return database
