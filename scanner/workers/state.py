"""What a scan's result depends on, told from names, sizes and times alone, without a git process.

Two equal states mean that nothing there has changed since: then what an earlier scan said still holds. A file written
in the same tick of the clock as it was looked at may change again unseen, so such a state is not `settled`.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.repository.files import FileItem
from scanner.repository.git import Git
from scanner.storage.packs import loose_objects, object_folders, pack_paths

_TICK = 20_000_000
"""Nanoseconds within which two writes may get one time."""
_IGNORED = frozenset({"objects", "lfs", "modules", "index", "FETCH_HEAD", "COMMIT_EDITMSG", "gc.log", "worktrees"})
"""What lies in a git folder and decides nothing by itself; the index is looked at when it matters."""
_TRAILER = 20


@dataclass(frozen=True)
class State:
    """`digest` stands for all that was looked at; `settled` is false when some of it was written just now."""

    digest: str
    settled: bool


@dataclass(frozen=True)
class Objects:
    """What an object store holds: by path of each pack its size and checksum, the ids of loose objects, and a digest
    over the files of Git LFS.
    """

    packs: dict[str, str]
    loose: list[str]
    lfs: str


def objects_of(git: Git) -> Objects:
    """The packs and loose objects of a repository and those it borrows from. Raises Unplanned and OSError."""
    folders = object_folders(git.common_dir)
    packs = {path: _checksum(path) for path in pack_paths(folders)}
    lfs = _Seen()
    lfs.folder(git.common_dir / "lfs")
    return Objects(packs, sorted(set(loose_objects(folders, git.hash_size))), lfs.state().digest)


def _checksum(pack: str) -> str:
    with open(pack, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TRAILER))
        return f"{size}:{file.read(_TRAILER).hex()}"


def refs_of(git: Git, *, index: bool) -> State:
    """What refs, reflogs, configuration and the like of a repository say; with `index` that, too."""
    seen = _Seen()
    for folder in dict.fromkeys((git.common_dir, git.git_dir)):
        seen.folder(folder, _IGNORED if folder == git.common_dir else _IGNORED - {"index"} if index else _IGNORED)
        if index:
            seen.file(str(folder / "index"))
    for head in sorted(git.common_dir.glob("worktrees/*/HEAD")):
        seen.file(str(head))
    return seen.state()


def files_of(items: Iterable[FileItem]) -> State:
    """What the work tree and the index say: names, ids in the index, sizes and times."""
    seen = _Seen()
    for item in items:
        seen.told(item.kind, item.path, item.known)
        seen.file(os.path.join(item.root, item.path))
    return seen.state()


def joined(states: Iterable[State], *told: object) -> State:
    """One state for several, and for what else was `told`."""
    digest = hashlib.blake2b(repr(told).encode("utf-8", errors="surrogateescape"), digest_size=20)
    settled = True
    for state in states:
        digest.update(state.digest.encode())
        settled &= state.settled
    return State(digest.hexdigest(), settled)


class _Seen:
    """Names, sizes and times on their way into a digest."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=20)
        self._newest = 0
        self._now = time.time_ns()

    def told(self, *words: Any) -> None:
        self._digest.update(repr(words).encode("utf-8", errors="surrogateescape"))

    def file(self, path: str) -> None:
        try:
            one = os.lstat(path)
        except OSError as error:
            self.told(path, error.errno)
            return
        self._newest = max(self._newest, one.st_mtime_ns, one.st_ctime_ns)
        self.told(path, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino)

    def folder(self, path: Path, ignored: frozenset[str] = frozenset()) -> None:
        """All files below a folder, apart from the `ignored` names at its top."""
        waiting = [str(path)]
        while waiting:
            folder = waiting.pop()
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    if folder == str(path) and entry.name in ignored:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    self.file(entry.path)

    def state(self) -> State:
        return State(self._digest.hexdigest(), self._newest < self._now - _TICK)
