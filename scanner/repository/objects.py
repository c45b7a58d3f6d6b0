"""Reading a repository's objects: the interface, and the reader that asks `git cat-file`.

Another reader (over the packs themselves) has the same two methods. This one stays, as the fallback and for
`--exhaustive`, because it believes nothing but git.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import NamedTuple, Protocol

from offkey.found import Gap
from scanner.repository.git import Git
from scanner.repository.gitenv import mask
from scanner.repository.giterrors import GitError
from scanner.repository.gitprocess import GitProcess

SIZE_LIMIT = 512 << 20
"""Bytes above which an object is a Gap unless the caller says otherwise."""

_ASK_AHEAD = 256
_FAILURES = 64
"""How often git may end over some object before the rest of a group is given up together."""
_RAISE = "raise the size limit to look inside"
_FETCH = "fetch it from the repository's origin (`git fetch --refetch`) and scan again"
LISTED = "%(objectname) %(objecttype) %(objectsize)"


class ObjectInfo(NamedTuple):
    """`size` in bytes, inflated. `type` is blob, tree, commit or tag."""

    oid: str
    type: str
    size: int


class GitObject(NamedTuple):
    oid: str
    type: str
    content: bytes


class ObjectReader(Protocol):
    """What scanning needs of a repository's object store."""

    def list_objects(self) -> Iterator[ObjectInfo | Gap]:
        """Every object once, reachable or not, in an order that is cheap to read; what cannot be listed is a Gap."""

    def read(self, objects: Iterable[ObjectInfo]) -> Iterator[GitObject | Gap]:
        """The objects in the order asked for, each as its content or as a Gap."""

    def close(self) -> None:
        """End whatever the reader started."""


def object_id(kind: str, content: bytes, object_format: str = "sha1") -> str:
    """The id that git gives to content: the hash over `<type> <size>`, a zero byte and the content."""
    hasher = hashlib.new(object_format, b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    hasher.update(content)
    return hasher.hexdigest()


class CatFileReader:
    """Reads through `git cat-file`: one process that lists, one that reads and is started anew when it dies."""

    def __init__(self, git: Git, *, limit: int = SIZE_LIMIT) -> None:
        self._git = git
        self._limit = limit
        self._stack = ExitStack()
        self._process: GitProcess | None = None

    def list_objects(self) -> Iterator[ObjectInfo | Gap]:
        """Packs, loose objects and alternates, in pack order, which keeps delta bases near their deltas."""
        listing = ("cat-file", "--batch-all-objects", "--unordered", f"--batch-check={LISTED}")
        said: list[str] = []
        try:
            for line in self._git.stream(*listing, told=said.append):
                yield self._listed(line)
        except GitError as error:
            yield self._gap("the list of its objects", f"git stopped: {error}", error.advice)
        for complaint in said:  # a pack or an alternate that cannot be opened is no failure to git
            if complaint.startswith("error:"):
                yield self._gap("the list of its objects", complaint)

    def info(self, oids: Iterable[str]) -> Iterator[ObjectInfo | Gap]:
        """Type and size of the named objects; those over which git ends are Gaps."""
        yield from self._info(list(oids), iter(range(_FAILURES)))

    def _info(self, oids: list[str], failures: Iterator[int]) -> Iterator[ObjectInfo | Gap]:
        wanted = "".join(f"{oid}\n" for oid in oids).encode()
        try:
            listed = self._git.run("cat-file", "--buffer", f"--batch-check={LISTED}", input=wanted).splitlines()
        except GitError as error:
            half = len(oids) // 2
            if half and next(failures, None) is not None:
                yield from self._info(oids[:half], failures)
                yield from self._info(oids[half:], failures)
            else:
                yield from (self._gap(f"object {oid}", f"git cannot read it: {error}", error.advice) for oid in oids)
        else:
            yield from map(self._listed, listed)

    def read(self, objects: Iterable[ObjectInfo]) -> Iterator[GitObject | Gap]:
        """Contents in the order asked for; what is too large is told without being asked for.

        An object that kills git twice is a Gap, and reading goes on behind it.
        """
        asked: deque[ObjectInfo] = deque()
        for info in objects:
            if info.size > self._limit:
                yield self._gap(
                    f"{info.type} {info.oid}", f"{info.size} bytes, above the limit of {self._limit}", _RAISE
                )
                continue
            self._ask([info])
            asked.append(info)
            if len(asked) >= _ASK_AHEAD:
                yield from self._take(asked, _ASK_AHEAD // 2)
        yield from self._take(asked, 0)

    def close(self) -> None:
        self._stack.close()
        self._process = None

    def _ask(self, objects: Iterable[ObjectInfo]) -> None:
        # At most _ASK_AHEAD requests are unanswered, fewer bytes than a pipe holds: neither side can block the other.
        if self._process is None:
            self._process = self._stack.enter_context(self._git.popen("cat-file", "--batch"))
        with suppress(BrokenPipeError):  # seen again, with its cause, when the answer is read
            self._process.stdin.write("".join(f"{info.oid}\n" for info in objects).encode())

    def _take(self, asked: deque[ObjectInfo], leave: int) -> Iterator[GitObject | Gap]:
        deaths = 0
        while len(asked) > leave:
            answer = self._answer(asked[0])
            if answer is None:
                deaths += 1
                said = self._bury()
                if deaths > 1:
                    lost = asked.popleft()
                    yield self._gap(f"{lost.type} {lost.oid}", f"git cannot read it: {said}")
                    deaths = 0
                self._ask(asked)
            else:
                deaths = 0
                asked.popleft()
                yield answer

    def _answer(self, info: ObjectInfo) -> GitObject | Gap | None:
        """The next answer, or None when git has died over it."""
        assert self._process is not None
        try:
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        header = self._process.stdout.readline().split()
        if len(header) == 2:
            return self._gap(f"{info.type} {info.oid}", "missing from the repository", _FETCH)
        if len(header) != 3:
            return None
        content = self._process.stdout.read(int(header[2]) + 1)
        if len(content) <= int(header[2]):
            return None
        return GitObject(info.oid, header[1].decode(), content[:-1])

    def _bury(self) -> str:
        assert self._process is not None
        self._process.wait()
        said = mask(self._process.said().decode(errors="replace")).strip()
        self.close()
        return said.splitlines()[-1].removeprefix("fatal: ") if said else "git ended without a word"

    def _gap(self, what: str, why: str, advice: str = "") -> Gap:
        return Gap(where=f"{self._git.path}: {what}", why=why, advice=advice or "run `git fsck` on the repository")

    def _listed(self, line: bytes) -> ObjectInfo | Gap:
        fields = line.decode("ascii", errors="replace").split(" ")
        if len(fields) == 3 and fields[2].isdigit():
            return ObjectInfo(fields[0], fields[1], int(fields[2]))
        return self._gap(f"object {fields[0]}", " ".join(fields[1:]) or "git could not read its header", _FETCH)


def missing_objects(git: Git) -> Iterator[str | Gap]:
    """Ids of objects that the refs lead to but the repository lacks (partial clones, public snapshots, damage).

    Reads commits and trees only. Ends with a Gap when git cannot walk the history to its end.
    """
    walk = ("rev-list", "--objects", "--missing=print", "--quiet", "--all", "--reflog", "--indexed-objects")
    try:
        for line in git.stream(*walk):
            if line.startswith(b"?"):
                yield line[1:].decode()
    except GitError as error:
        yield Gap(where=f"{git.path}: history", why=f"git cannot walk it to its end: {error}", advice=error.advice)


def not_itself(git: Git, found: GitObject) -> Gap:
    """What is said of an object whose content does not have its id."""
    return Gap(
        where=f"{git.path}: {found.type} {found.oid}",
        why="its content is not what its id says; what is there was looked at",
        advice="run `git fsck`; a fresh clone may be whole",
    )
