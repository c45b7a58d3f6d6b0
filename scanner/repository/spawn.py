"""Starts a program with pipes on both ends, without the import of subprocess (7 ms at every commit).

Only for the pre-commit hook's ordinary path; where something goes wrong it asks subprocess for the program's words.
"""

import os
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

_SIGPIPE = 13  # Python ignores it; the program must not. The same number on Linux, macOS and the BSDs.


class Process:
    """A running program. `stdin` and `stdout` are its pipes; standard error is thrown away.

    Raises FileNotFoundError when there is no such program on PATH.
    """

    def __init__(self, words: list[str], environment: Mapping[str, str]) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        actions = (
            (os.POSIX_SPAWN_DUP2, theirs_in, 0),
            (os.POSIX_SPAWN_DUP2, theirs_out, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        )
        try:
            self._pid = os.posix_spawnp(words[0], words, environment, file_actions=actions, setsigdef=(_SIGPIPE,))
        except OSError:
            os.close(ours_out)
            os.close(ours_in)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.stdin: IO[bytes] = os.fdopen(ours_out, "wb")
        self.stdout: IO[bytes] = os.fdopen(ours_in, "rb")

    def wait(self) -> int:
        """Close the pipes, wait for the end, return the exit code (negative: the signal)."""
        for pipe in (self.stdin, self.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                continue
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def output(words: list[str], environment: Mapping[str, str]) -> tuple[int, bytes]:
    """Exit code and standard output of a program that gets no input."""
    process = Process(words, environment)
    process.stdin.close()
    data = process.stdout.read()
    return process.wait(), data
