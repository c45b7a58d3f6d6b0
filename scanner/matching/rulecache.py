"""Rules for the pre-commit hook and for scans: from a cache when it is fresh and ours, else from the rule files.

Reading and checking the rule files takes several times as long as the hook's whole work, and half as long as a second
scan's. The cache lies in a folder that belongs to the user and is closed to others; a cache that somebody else could
have written is never read.
"""

import os
import sys
import zlib
from collections.abc import Sequence

from offkey import __version__
from rules.light import VERSION, Shelf, from_cache
from scanner.matching import cachefile

TYPE_CHECKING = False  # typing's own would be an import that the hook does without
if TYPE_CHECKING:
    from rules.rule import RuleSet


def load(extra: Sequence[str] = (), cache: str | None = None) -> Shelf:
    """The bundled rules and those of the files `extra`, as the hook wants them. `cache` is the folder, None for none.

    Raises rules.RuleError for a rule file that cannot be used.
    """
    stamp, path = _stamp(extra), _path("hook", extra, cache)
    if body := _fresh(path, stamp):
        try:
            return from_cache(body)[1]
        except ValueError:
            pass  # of another make: it is written anew below

    from pathlib import Path

    import rules
    from rules.light import light, shelf, to_cache

    ruleset = rules.load([Path(name) for name in extra])
    _keep(path, stamp, to_cache(ruleset))
    return shelf(light(ruleset))


def load_all(extra: Sequence[str] = (), *, generic: bool = False, cache: str | None = None) -> "RuleSet":
    """What `rules.load` gives, from a cache like that of the hook, for `offkey scan`. Raises rules.RuleError."""
    from rules.frozen import freeze, thaw

    stamp, path = _stamp(extra), _path("generic" if generic else "scan", extra, cache)
    if body := _fresh(path, stamp):
        try:
            return thaw(body)
        except ValueError:
            pass  # of another make: it is written anew below

    from pathlib import Path

    import rules

    ruleset = rules.load([Path(name) for name in extra], generic=generic)
    _keep(path, stamp, freeze(ruleset))
    return ruleset


def _fresh(path: str, stamp: bytes) -> bytes:
    """What is cached of the rule files as they are now; empty for nothing that could be believed."""
    head, _, body = cachefile.read(path).partition(b"\n") if path else (b"", b"", b"")
    return body if head == stamp else b""


def _keep(path: str, stamp: bytes, body: bytes) -> None:
    if not path:
        return
    try:
        cachefile.write(path, stamp + b"\n" + body)
    except OSError as error:
        sys.stderr.write(f"offkey: the rules cannot be cached in {os.path.dirname(path)}: {error.strerror}\n")


def _path(what: str, extra: Sequence[str], cache: str | None) -> str:
    return os.path.join(cache, _name(what, extra)) if cache else ""


def _name(what: str, extra: Sequence[str]) -> str:
    """One file for each installation and choice of rule files, so that two of them do not overwrite each other's."""
    return f"{what}-{zlib.crc32(repr((__file__, list(extra))).encode()):08x}.rules"


def _stamp(extra: Sequence[str]) -> bytes:
    """What the cache depends on: our version, and name, size and time of each rule file and of what reads them."""
    import rules.light

    folder = os.path.dirname(rules.light.__file__)
    found = []
    # Only rule files of the user's may be another scanner's.
    for place in (folder, os.path.join(folder, "foreign")) if extra else (folder,):
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.endswith((".toml", ".py")):
                    seen = entry.stat()
                    found.append(f"{entry.path} {seen.st_size} {seen.st_mtime_ns}")
    for name in extra:
        try:
            seen = os.stat(name)
        except OSError:
            continue  # the loader says what is wrong with it
        found.append(f"{os.path.abspath(name)} {seen.st_size} {seen.st_mtime_ns}")
    return repr((__version__, VERSION, sorted(found))).encode()
