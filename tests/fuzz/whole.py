"""The whole scan over a repository whose pack is damaged or hostile, in a child process with bounds."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.fuzz.damage import TEXT, Draw, hostile
from tests.fuzz.handmade import install

SECONDS = 10
MEMORY = 1 << 30
"""What a scan may take on top of what the rules take."""


@lru_cache(maxsize=1)
def _setting() -> Any:
    import rules
    from offkey.fingerprint import OrgKey
    from offkey.secret import Secret
    from rules.light import light
    from scanner.matching.matcher import open_matcher

    folder = Path(mkdtemp(prefix="fuzz", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    os.environ.update(HOME=str(folder), GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull)
    ruleset = rules.load()
    open_matcher(light(ruleset), ruleset.digest, cache=folder / "cache")
    subprocess.run(["git", "init", "-q", folder / "empty"], check=True)
    return ruleset, OrgKey(Secret(b"k" * 32)), folder


def scanned(draw: Draw) -> None:
    """Scan one such repository in a child. Raises when it does not end well, in time and within memory."""
    _, _, folder = _setting()
    compiled, jobs = bool(draw.number(0, 1)), draw.number(1, 2)
    pack, idx = hostile(draw)
    shutil.rmtree(folder / "app", ignore_errors=True)
    shutil.copytree(folder / "empty", folder / "app")
    install(folder / "app/.git", pack, idx)
    (folder / "app/settings.txt").write_bytes(TEXT)
    child = os.fork()
    if not child:
        os._exit(_in_child(folder / "app", compiled=compiled, jobs=jobs))
    _, status = os.waitpid(child, 0)
    if status:
        raise AssertionError(f"the scan ended with {os.waitstatus_to_exitcode(status)}")


def _in_child(path: Path, **options: Any) -> int:
    try:
        _compared(path, options)
    except BaseException:  # noqa: BLE001 - whatever ends a child is told by its parent
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


def _compared(path: Path, options: dict[str, Any]) -> None:
    """A quick scan and a thorough one, with little memory: without a gap the first misses nothing."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    fast = _timed(path, **options)
    slow = _timed(path, exhaustive=True)
    if not fast.gaps and (missed := _places(slow) - _places(fast)):
        raise AssertionError(f"missed without a gap: {missed}")


def _timed(path: Path, **options: Any) -> Any:
    from scanner.scan import Options, scan

    ruleset, key, folder = _setting()
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    result = scan([path], ruleset, key, Options(cache=folder / "cache", **options))
    signal.alarm(0)
    return result


def _late(*_: object) -> None:
    raise TimeoutError(f"no answer within {SECONDS} s")


def _places(result: Any) -> set[tuple[Any, ...]]:
    return {(one.kind, one.fingerprint, p.object, p.spans) for one in result.findings for p in one.places}
