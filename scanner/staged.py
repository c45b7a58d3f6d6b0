"""What a commit is about to add, read from the index for the pre-commit hook. Light: no GitPython, no pathlib.

Git runs twice on the usual path (the list of changes, then all contents from one process); which lines are new is
asked only for a file that holds a hit.
"""

import os
from collections.abc import Iterable, Iterator

from offkey.errors import OffkeyError
from rules.record import Record
from scanner.matching.encoding import decoded
from scanner.repository import spawn
from scanner.repository.gitenv import command, environment, mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - its name alone
    from types import TracebackType
    from typing import IO

LIMIT = 8 << 20
"""Bytes above which a staged file is not looked at: it is data, and `offkey scan` reads it."""

_NO_DRIVERS = ("--no-ext-diff", "--no-textconv", "--no-color")
_RAW = ("diff", *_NO_DRIVERS, "--no-relative", "--ignore-submodules=all", "--no-abbrev", "--raw", "-z")
_HUNK = rb"(?m)^@@ -\S+ \+(\d+)(?:,(\d+))? @@"
_REGULAR, _LINK = b"100", b"120"


class HookError(OffkeyError):
    """The hook could not look: git failed, or a staged object cannot be read."""


class Change(Record):
    """A staged file: its path from the top of the repository, its old and new blob. `old` is "" for a new file.

    `whole` says that every line of it is to be looked at.
    """

    path: str
    old: str
    new: str
    whole: bool = False


class Content(Record):
    """`skipped` says why `data` is empty, or is "" itself."""

    change: Change
    data: bytes
    skipped: str = ""


def run(*args: str) -> bytes:
    """Git's output. Raises HookError in git's own words."""
    words, given = command(args), environment(in_hook=True)
    try:
        if hasattr(os, "posix_spawnp"):
            code, output = spawn.output(words, given)
            if code == 0:
                return output
        return _explained(words, given, args[0])
    except FileNotFoundError:
        raise HookError("the git program was not found", advice="install git and put it on PATH") from None


def _explained(words: list[str], given: dict[str, str], name: str) -> bytes:
    """The same by subprocess: where nothing else can start programs, and to hear what git has to say."""
    import subprocess  # noqa: TID251 - beside scanner/repository/git.py, which takes too long to import for a hook

    done = subprocess.run(words, env=given, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        said = mask(done.stderr.decode("utf-8", "replace")).strip()
        if "--no-index" in said:  # how `git diff` greets a folder without a repository
            said = "not a git repository"
        raise HookError(said or f"git {name} failed", advice="run the hook in the repository that you commit to")
    return done.stdout


def changes(revisions: tuple[str, ...] = ("--cached",)) -> list[Change]:
    """Files that the commit adds or changes. `revisions` may be `A...B` instead of the index against HEAD."""
    return [
        Change(path, "" if set(old) == {"0"} else old, new)
        for mode, status, old, new, path in _raw(run(*_RAW, "--no-renames", *revisions, "--"))
        if status in "AMT" and mode.startswith((_REGULAR, _LINK))
    ]


def renamed_from(revisions: tuple[str, ...] = ("--cached",)) -> dict[str, str]:
    """The old blob of each file that git takes for a renamed one, by its new path."""
    found = _raw(run(*_RAW, "--find-renames", "--diff-filter=R", *revisions, "--"))
    return {path: old for _, _, old, _, path in found}


def prefix() -> str:
    """The present folder's path from the top of the repository: "" or `a/b/`."""
    return "" if os.path.exists(".git") else os.fsdecode(run("rev-parse", "--show-prefix")).removesuffix("\n")


def top() -> str:
    """The way to the top of the repository from the present folder."""
    return "." if os.path.exists(".git") else os.fsdecode(run("rev-parse", "--show-cdup")).removesuffix("\n") or "."


def in_index(paths: Iterable[str]) -> list[Change]:
    """Named files as they lie in the index, to be looked at whole. What is not tracked is left out."""
    rows = []
    for entry in run("ls-files", "--stage", "-z", "--full-name", "--", *paths).split(b"\0")[:-1]:
        meta, _, path = entry.partition(b"\t")
        mode, oid, _ = meta.split(b" ")
        if mode.startswith((_REGULAR, _LINK)):
            rows.append(Change(os.fsdecode(path), "", oid.decode(), whole=True))
    return rows


def _raw(output: bytes) -> Iterator[tuple[bytes, str, str, str, str]]:
    """New mode, status letter, old and new id, and path of each record of `--raw -z`."""
    fields = iter(output.split(b"\0"))
    for meta in fields:
        if not meta:
            return
        _, mode, old, new, status = meta.split(b" ")
        path = next(fields)
        if status[:1] in b"RC":
            path = next(fields)
        yield mode, status[:1].decode(), old.decode(), new.decode(), os.fsdecode(path)


def changed_lines(old: str, new: str) -> list[range]:
    """Numbers, from 1, of the lines in blob `new` that differ from blob `old`."""
    import re

    patch = run("diff", *_NO_DRIVERS, "--text", "--unified=0", "--inter-hunk-context=0", old, new)
    hunks = ((int(start), int(count or 1)) for start, count in re.findall(_HUNK, patch))
    return [range(start, start + count) for start, count in hunks]


class Blobs:
    """One `git cat-file` for all contents. Started early: git gets going while Python loads the rules."""

    def __init__(self) -> None:
        words, given = command(("cat-file", "--batch")), environment(in_hook=True)
        try:
            self._process = spawn.Process(words, given) if hasattr(os, "posix_spawnp") else _popen(words, given)
        except FileNotFoundError:
            raise HookError("the git program was not found", advice="install git and put it on PATH") from None

    def __enter__(self) -> "Blobs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: "TracebackType | None"
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait()

    def read(self, wanted: Iterable[Change], limit: int = LIMIT) -> Iterator[Content]:
        """The content of each change, or why it is skipped. Raises HookError for an object that git does not have."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        for change in wanted:
            try:
                stdin.write(change.new.encode() + b"\n")
                stdin.flush()
                header = stdout.readline().split()
            except BrokenPipeError:
                header = []
            if len(header) != 3:
                raise HookError(f"{change.path}: git cannot read its staged content", advice="run `git fsck`")
            size = int(header[2])
            if size > limit:
                _discard(stdout, size + 1)
                yield Content(change, b"", f"more than {limit >> 20} MiB")
                continue
            yield _text(change, stdout.read(size + 1)[:-1])


def _popen(words: list[str], given: dict[str, str]) -> "subprocess.Popen[bytes]":
    import subprocess  # noqa: TID251 - as above

    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(words, env=given, stdin=pipe, stdout=pipe, stderr=nothing)


def _discard(pipe: "IO[bytes]", size: int) -> None:
    while size > 0 and (block := pipe.read(min(size, 1 << 20))):
        size -= len(block)


def _text(change: Change, data: bytes) -> Content:
    """The content as text in which secrets can be found; binary content is skipped as git would (a zero byte)."""
    text, steps = decoded(data)
    return Content(change, b"", "binary") if not steps and b"\0" in text[:8000] else Content(change, text)
