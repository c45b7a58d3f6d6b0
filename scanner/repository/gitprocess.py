"""A git process while it runs: its pipes, what it prints, its end."""

import ctypes
import select
import signal
import subprocess  # noqa: TID251 - beside scanner/repository/git.py, which starts them
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

if sys.platform == "linux":
    import fcntl

    _prctl = ctypes.CDLL(None).prctl
_PR_SET_PDEATHSIG = 1


class Silence(Exception):
    """Git has printed nothing for as long as it was given."""


@dataclass(frozen=True)
class GitProcess:
    """A running git: `stdin` and `stdout` are its pipes."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]

    def wait(self) -> int:
        return self.process.wait()

    def said(self) -> bytes:
        """What it has written on standard error so far."""
        self.stderr.seek(0)
        return self.stderr.read(1 << 16)

    def close(self) -> None:
        """End it whatever it is doing."""
        for pipe in (self.stdin, self.stdout):
            try:
                pipe.close()
            except (BrokenPipeError, ValueError):
                continue
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


def widen(pipe: int) -> None:
    """A wider pipe saves context switches on large objects; where the system refuses, the default does as well."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def end_with_us() -> None:
    """Called in a new process: the system ends it when its parent dies, however that dies (prctl(2); Linux alone)."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def records(pipe: IO[bytes], separator: bytes, seconds: float | None = None) -> Iterator[bytes]:
    """What comes through the pipe, cut at the separator. Raises Silence when nothing comes for `seconds`."""
    rest = b""
    while _speaks(pipe, seconds) and (block := pipe.read1(1 << 18)):  # type: ignore[attr-defined]
        *whole, rest = (rest + block).split(separator)
        yield from whole
    if rest:
        yield rest


def _speaks(pipe: IO[bytes], seconds: float | None) -> bool:
    if seconds is not None and hasattr(select, "poll"):
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise Silence
    return True
