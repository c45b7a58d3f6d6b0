"""Rules for the pre-commit hook: from a cache when it is fresh and ours, else from the rule files.

Reading and checking the rule files takes several times as long as the hook's whole work. The cache lies in a folder
that belongs to the user and is closed to others; a cache that somebody else could have written is never read.
"""

import os
import stat
import sys
import zlib
from collections.abc import Sequence

from offkey import __version__
from rules.light import VERSION, LightRule, from_cache

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def load(extra: Sequence[str] = (), cache: str | None = None) -> tuple[LightRule, ...]:
    """The bundled rules and those of the files `extra`. `cache` is the folder, None for no caching.

    Raises rules.RuleError for a rule file that cannot be used.
    """
    stamp = _stamp(extra)
    path = os.path.join(cache, _name(extra)) if cache else ""
    if path and _is_private(cache or "") and (data := _read(path)):
        head, _, body = data.partition(b"\n")
        if head == stamp:
            try:
                return from_cache(body)[1]
            except ValueError:
                pass  # of another make: it is written anew below
    return _build(stamp, extra, cache or "", path)


def _build(stamp: bytes, extra: Sequence[str], cache: str, path: str) -> tuple[LightRule, ...]:
    from pathlib import Path

    import rules
    from rules.light import light, to_cache

    ruleset = rules.load([Path(name) for name in extra])
    if path:
        try:
            os.makedirs(cache, mode=FOLDER_MODE, exist_ok=True)
            if _is_private(cache):
                _write(path, stamp + b"\n" + to_cache(ruleset))
        except OSError as error:
            sys.stderr.write(f"offkey-hook: the rules cannot be cached in {cache}: {error.strerror}\n")
    return light(ruleset)


def _name(extra: Sequence[str]) -> str:
    """One file for each installation and choice of rule files, so that two of them do not overwrite each other's."""
    return f"hook-{zlib.crc32(repr((__file__, list(extra))).encode()):08x}.rules"


def _stamp(extra: Sequence[str]) -> bytes:
    """What the cache depends on: our version, and name, size and time of each rule file."""
    import rules.light

    folder = os.path.dirname(rules.light.__file__)
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".toml"):
                seen = entry.stat()
                found.append((entry.path, seen.st_size, seen.st_mtime_ns))
    for name in extra:
        try:
            seen = os.stat(name)
        except OSError:
            continue  # the loader says what is wrong with it
        found.append((os.path.abspath(name), seen.st_size, seen.st_mtime_ns))
    return repr((__version__, VERSION, sorted(found))).encode()


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


def _read(path: str) -> bytes:
    """The file's content; empty for one that is missing or not ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        return file.read() if stat.S_ISREG(seen.st_mode) and _ours(seen) else b""


def _write(path: str, data: bytes) -> None:
    """Write the file so that a reader sees all of it or nothing."""
    draft = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(draft, flags, FILE_MODE), "wb") as file:
        file.write(data)
    os.replace(draft, path)
