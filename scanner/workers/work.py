"""What is handed to workers, and what they give back."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from offkey.found import Gap
from rules.light import LightRule
from scanner.commits.history import header
from scanner.contents.hits import Hit
from scanner.repository.files import FileItem
from scanner.repository.git import Git
from scanner.repository.objects import SIZE_LIMIT, ObjectInfo
from scanner.storage.treewalk import Look, Walked

Content = bytes
_SMALL = 4 << 20
"""Bytes of objects; of loose ones and files a task has few anyway."""


class Task(NamedTuple):
    """A share of work: objects, delta trees or files of one target, or the walk for missing objects.

    With `look`, objects and delta trees are git trees, and it says what is wanted of them. `roots` are positions in
    `pack`, or the one root of the tree that this `piece` is of (`workers.division`); what a pack of `before` holds is
    left to that one. `held` objects belong to a revision whose values are to be left out. `whole` is all that a small
    target holds, and who brought it there (`workers.whole`); `keep` says that what git trees outside the packs hold is
    to be kept.
    """

    target: int
    objects: tuple[ObjectInfo, ...] = ()
    loose: tuple[str, ...] = ()
    pack: str = ""
    before: tuple[str, ...] = ()
    roots: tuple[int, ...] = ()
    piece: int = -1
    look: Look | None = None
    files: tuple[FileItem, ...] = ()
    walk: bool = False
    held: bool = False
    whole: bool = False
    keep: bool = False

    @property
    def bytes(self) -> int:
        return sum(info.size for info in self.objects)


@dataclass
class Outcome:
    """What one task gave. `bytes` counts content looked at, `missing` lists absent object ids.

    `commits` and `headers` are what `commits.history.header` keeps of commits and tags; `walked` is of git trees,
    `trees` are those that lie outside the packs,
    `contents` what they hold, where that is wanted.
    `of_files` tells what lies in files from what lies in objects.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    target: int = 0
    objects: int = 0
    files: int = 0
    bytes: int = 0
    suppressed: int = 0
    held: bool = False
    commits: bytearray = field(default_factory=bytearray)
    headers: bytearray = field(default_factory=bytearray)
    trees: list[ObjectInfo] = field(default_factory=list)
    walked: Walked | None = None
    of_files: bool = False

    def keep_header(self, oid: str, kind: str, content: Content) -> None:
        """Keep of a commit or tag what `commits.history.header` does."""
        commit, head = header(oid, kind, content)
        self.commits += commit
        self.headers += head


@dataclass(frozen=True)
class Setup:
    """All that a worker needs, in a form that `spawn` can hand over. The key's bytes go through the pipe only.

    `verify` has each object's content compared with its id, which git does not do when it reads. `compiled` allows
    the compiled kernel.
    """

    gits: tuple[Git | None, ...]
    rules: tuple[LightRule, ...]
    digest: str
    key: bytes = field(repr=False)
    matcher: str = "auto"
    cache: Path | None = None
    limit: int = SIZE_LIMIT
    verify: bool = False
    compiled: bool = True
    excuse: bool = True


def small(task: Task) -> bool:
    """Whether a task takes no longer than a process to start."""
    packed = os.path.getsize(task.pack) if task.roots else 0
    read = task.bytes if task.look is None else task.bytes // 4  # what is listed of git trees is not searched
    return not task.walk and not task.whole and max(read, 4 * packed) <= _SMALL


def split(task: Task) -> Iterator[Task]:
    """The task in two halves, or nothing when it is one object or file: to find the one that kills a worker."""
    for name in ("objects", "loose", "roots", "files"):
        items = getattr(task, name)
        if len(items) > 1:
            middle = len(items) // 2
            yield task._replace(objects=(), loose=(), roots=(), files=(), **{name: items[:middle]})
            yield task._replace(objects=(), loose=(), roots=(), files=(), **{name: items[middle:]})
