"""A repository's packs and loose objects, read as files: names, types and delta trees, without a git process.

What cannot be read this way (an index of version 1, a damaged entry, a base in another pack) is left to
`git cat-file`, which decides whether it is an object or a Gap. Formats: gitformat-pack(5), gitrepository-layout(5).
"""

import mmap
import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from scanner.storage.columns import beginnings
from scanner.storage.deflate import RATIO, deflate
from scanner.storage.delta import Python, kernel

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_DEPTH = 5
_BATCH = 4 << 20
_TREES_BATCH = 3 << 20


class Unplanned(Exception):
    """The packs of this repository must be read through git."""


class Share(NamedTuple):
    """Some delta trees, by their roots, and their packed bytes. Only the last can be large by itself."""

    size: int
    roots: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Pack:
    """One pack and its plan; positions count entries in the order of their offsets. See `storage.delta.Kernel.plan`."""

    path: str
    hash_size: int
    idx: mmap.mmap
    data: memoryview
    offsets: memoryview
    starts: memoryview
    sizes: memoryview
    names: memoryview
    types: bytes
    bases: memoryview
    first: memoryview
    following: memoryview
    roots: memoryview
    compiled: bool

    def __len__(self) -> int:
        return len(self.types)

    @property
    def plan(self) -> tuple[memoryview, ...]:
        """What the compiled kernel reads entries by."""
        return self.data, self.offsets, self.starts, self.sizes, self.names, self.first, self.following

    def oid(self, position: int) -> str:
        """The object id of an entry, in hex."""
        return self.named(self.names[position])

    def named(self, row: int) -> str:
        """The object id in a row of the index."""
        at = 8 + 1024 + row * self.hash_size
        return self.idx[at : at + self.hash_size].hex()

    def holds(self, oid: str) -> bool:
        """Whether an entry has this id."""
        return not self.lacks((oid,))

    def lacks(self, oids: Collection[str]) -> list[str]:
        """Which of these ids no entry has."""
        first, size, start = self._beginnings, self.hash_size, 8 + 1024
        count, idx, left = len(first), self.idx, []
        names = bytes.fromhex("".join(oids))
        at = 0
        for oid, beginning in zip(oids, beginnings(names, size), strict=True):
            row, name = bisect_left(first, beginning), names[at : at + size]
            at += size
            while (
                row < count and first[row] == beginning and idx[start + row * size : start + row * size + size] != name
            ):
                row += 1
            if row == count or first[row] != beginning:
                left.append(oid)
        return left

    @cached_property
    def _beginnings(self) -> "array[int]":
        return beginnings(self.idx[8 + 1024 : 8 + 1024 + len(self) * self.hash_size], self.hash_size)

    def inflate(self, position: int, limit: int) -> bytes:
        """What an entry holds: a whole object or a delta. Raises one of DAMAGE."""
        start, end, size = self.starts[position], self.offsets[position + 1], self.sizes[position]
        if size > limit:
            raise ValueError(f"{size} bytes, above the size limit")
        most = (end - start) * RATIO
        if most <= limit or most <= 1 << 20:
            content: bytes = deflate.decompress(self.data[start:end], 15, (size if size < most else most) + 1)
        else:
            content = deflate.decompressobj().decompress(self.data[start:end], size + 1)
        if len(content) != size:
            raise ValueError("its size is not what its header says")
        return content

    def children(self, position: int) -> Iterator[int]:
        """Entries that are deltas of this one."""
        child = self.first[position]
        while child >= 0:
            yield child
            child = self.following[child]

    def below(self, position: int) -> Iterator[int]:
        """An entry and all that are built on it."""
        waiting = [position]
        while waiting:
            position = waiting.pop()
            yield position
            waiting += self.children(position)

    def shares(self, *, trees: bool = False) -> list[Share]:
        """The delta trees, of git trees or of all else, in shares of about equal packed bytes, the largest first.

        One tree is never divided.
        """
        batch = _TREES_BATCH if trees else _BATCH
        found = kernel(self.compiled).shares(self.offsets, self.roots, self.types, batch, trees)
        shares = [Share(size, tuple(memoryview(roots).cast("i"))) for size, roots in found]
        return sorted(shares, key=lambda share: -share.size)

    @property
    def left(self) -> Iterator[str]:
        """Ids of entries outside the delta trees that git may know how to read: damaged, or their base is elsewhere."""
        yield from map(self.oid, sorted({*self._outside}.difference(self._circular)))

    @property
    def circular(self) -> Iterator[str]:
        """Ids of entries that nobody can read, as their bases lead round in a circle. Git would follow it until all
        memory is taken (seen with 2.39), so it must not be asked for them."""
        yield from map(self.oid, self._circular)

    @cached_property
    def _outside(self) -> list[int]:
        if b"\xff\xff\xff" not in self.roots.tobytes():  # only a negative number or a huge one has three such bytes
            return []
        return [position for position, root in enumerate(self.roots) if root < 0]

    @cached_property
    def _circular(self) -> list[int]:
        leads: dict[int, bool] = {}
        for position in self._outside:
            chain = []
            at = position
            while at >= 0 and at not in leads:
                leads[at] = True  # until told otherwise: to meet it again is the circle
                chain.append(at)
                at = self.bases[at]
            leads.update(dict.fromkeys(chain, at >= 0 and leads[at]))
        return [at for at in self._outside if leads[at]]


def open_pack(path: str, hash_size: int, compiled: bool = True, jobs: int = 1) -> Pack:
    """The pack at `path`, planned once in a process, by up to `jobs`; forked workers inherit it. Raises Unplanned."""
    key = path, hash_size, compiled
    if key not in _opened:
        if len(_opened) >= _OPENED:
            _opened.pop(next(iter(_opened)))
        _opened[key] = planned(*key, jobs)
    return _opened[key]


_OPENED = 4096
_opened: dict[tuple[str, int, bool], Pack] = {}


def planned(path: str, hash_size: int, compiled: bool, jobs: int = 1) -> Pack:
    """The same, planned now."""
    used = kernel(compiled)
    try:
        idx, data = mapped(path[: -len("pack")] + "idx"), mapped(path)
        more = (jobs, _reverse_index(path)) if isinstance(used, Python) else ()  # the kernel needs none
        arrays = used.plan(idx, data, hash_size, *more)
    except (OSError, ValueError) as error:
        raise Unplanned(f"{path}: {error}") from error
    offsets, starts, sizes, names, types, bases, first, following, roots = arrays
    return Pack(
        path=path,
        hash_size=hash_size,
        idx=idx,
        data=memoryview(data),
        offsets=memoryview(offsets).cast("Q"),
        starts=memoryview(starts).cast("Q"),
        sizes=memoryview(sizes).cast("Q"),
        names=memoryview(names).cast("I"),
        types=types,
        bases=memoryview(bases).cast("i"),
        first=memoryview(first).cast("i"),
        following=memoryview(following).cast("i"),
        roots=memoryview(roots).cast("i"),
        compiled=compiled,
    )


def _reverse_index(pack: str) -> bytes:
    """What git keeps beside a pack to find rows by offsets (gitformat-pack(5)), or nothing."""
    with suppress(OSError, ValueError):
        return bytes(mapped(pack[: -len("pack")] + "rev"))
    return b""


def mapped(path: str) -> mmap.mmap:
    """A file's bytes, read as they are asked for. Raises OSError and ValueError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def object_folders(common_dir: Path) -> list[str]:
    """The repository's object folder and those it borrows from (gitrepository-layout(5), alternates)."""
    found: dict[str, None] = {}
    waiting = [(os.path.join(common_dir, "objects"), 0)]
    while waiting:
        folder, depth = waiting.pop()
        real = os.path.realpath(folder)
        if real in found or depth > _DEPTH:
            continue
        found[real] = None
        with suppress(FileNotFoundError), open(os.path.join(folder, "info", "alternates"), "rb") as file:
            for line in file.read(1 << 20).splitlines():
                if line.startswith(b'"'):
                    raise Unplanned("a quoted path in objects/info/alternates")
                if line and not line.startswith(b"#"):
                    waiting.append((os.path.join(folder, os.fsdecode(line)), depth + 1))
    return list(found)


def pack_paths(folders: list[str]) -> list[str]:
    """Packs that have an index, the largest first."""
    sizes: dict[str, int] = {}
    for folder in folders:
        with suppress(FileNotFoundError, NotADirectoryError):
            names = set(os.listdir(os.path.join(folder, "pack")))
            for name in names:
                if name.endswith(".pack") and name[:-4] + "idx" in names:
                    path = os.path.join(folder, "pack", name)
                    sizes[path] = os.stat(path).st_size
    return sorted(sizes, key=lambda path: (-sizes[path], path))


_FAN = re.compile(r"[0-9a-f]{2}")


def loose_objects(folders: list[str], hash_size: int) -> Iterator[str]:
    """Ids of the loose objects, in no order."""
    rest = re.compile(rf"[0-9a-f]{{{2 * hash_size - 2}}}").fullmatch
    for folder in folders:
        with suppress(FileNotFoundError, NotADirectoryError):
            for fan in filter(_FAN.fullmatch, os.listdir(folder)):
                with suppress(NotADirectoryError):
                    yield from [fan + name for name in os.listdir(f"{folder}/{fan}") if rest(name)]
