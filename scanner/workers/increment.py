"""A scan of what is new in a repository since an earlier one: objects that it did not have, and the history they make.

Whatever does not fit what is remembered (objects that are gone, trees that name what nobody has) means a full scan.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from scanner.commits import past as pasts
from scanner.commits.history import from_headers
from scanner.commits.past import Past
from scanner.repository.git import Git
from scanner.repository.objects import ObjectInfo
from scanner.storage.packs import mapped
from scanner.storage.treewalk import ABSENT, NAMES, TreeKernel
from scanner.workers.state import Objects
from scanner.workers.work import Outcome, Task

MOST = 20_000
"""New objects beyond which a scan of all packs is the better way."""
_NAMES = 8 + 1024
KeptPast = tuple[bytes, bytes | None]
"""What `scanner.commits.past.load` reads."""


class Known:
    """The ids in a repository's packs and among its loose objects, now or earlier.

    `tables` are pack indexes as far as they name objects, one for each pack.
    """

    def __init__(self, kernel: TreeKernel, tables: Sequence[bytes], loose: Sequence[str], hash_size: int) -> None:
        self._kernel = kernel
        self._tables = tables
        self.loose = frozenset(loose)
        self._size = hash_size

    def without(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that are not here."""
        left = [oid for oid in ids if oid not in self.loose]
        for table in self._tables:
            found = memoryview(self._kernel.rows(table, bytes.fromhex("".join(left)), self._size)).cast("I")
            left = [oid for oid, row in zip(left, found, strict=True) if row == ABSENT]
        return left


def table(pack: str, hash_size: int) -> bytes:
    """The part of a pack's index that names its objects. Raises OSError, and ValueError for an index of version 1."""
    index = mapped(pack[: -len("pack")] + "idx")
    if index[:8] != b"\xfftOc\0\0\0\2":
        raise ValueError("an index of another version")
    return index[: _NAMES + int.from_bytes(index[_NAMES - 4 : _NAMES], "big") * hash_size]


def names(table: bytes, hash_size: int) -> list[str]:
    """All ids of a table."""
    text, width = table[_NAMES:].hex(), 2 * hash_size
    return [text[n : n + width] for n in range(0, len(text), width)]


def unknown_objects(
    git: Git, kernel: TreeKernel, before: Objects, now: Objects, kept: Callable[[str], bytes | None]
) -> list[str] | None:
    """Ids of the objects that came since `before`; None where some went, or too much changed.

    `kept` gives the table of a pack by its checksum, needed when it is gone.
    """
    if before.lfs != now.lfs:
        return None
    size = git.hash_size
    known, here = set(before.packs.values()), set(now.packs.values())
    same = [pack for pack, checksum in now.packs.items() if checksum in known]
    fresh = [pack for pack, checksum in now.packs.items() if checksum not in known]
    old_tables = [table(pack, size) for pack in same]
    new_tables = [table(pack, size) for pack in fresh]
    vanished = sorted(set(before.loose) - set(now.loose))
    for checksum in known - here:
        lost = kept(checksum)
        if lost is None:
            return None
        old_tables.append(lost)
        vanished += names(lost, size)
    if vanished and Known(kernel, [*old_tables[: len(same)], *new_tables], now.loose, size).without(vanished):
        return None
    ids = list(dict.fromkeys([*now.loose, *(oid for one in new_tables for oid in names(one, size))]))
    unknown = Known(kernel, old_tables, before.loose, size).without(ids)
    return unknown if len(unknown) <= MOST else None


class Increment:
    """The new objects of one target. `kept` is the past that was remembered, as bytes, and the graph beside it."""

    def __init__(self, git: Git, target: int, unknown: Sequence[str], known: Known, kept: KeptPast | None) -> None:
        self.git = git
        self.target = target
        self.unknown = unknown
        self.trees: list[ObjectInfo] = []
        """New git trees."""
        self._known = known
        self._kept = kept
        self._commits: list[bytes] = []
        self._headers: list[bytes] = []
        self._named: set[bytes] = set()
        self._unread = 0

    def add(self, outcome: Outcome) -> None:
        """Take over what a worker sent."""
        self._commits.append(bytes(outcome.commits))
        self._headers.append(bytes(outcome.headers))
        self.trees += outcome.trees
        if outcome.walked is not None:
            self._named |= outcome.walked.named
            self._unread += outcome.walked.unread

    def is_loose(self, oid: str) -> bool:
        """Whether an object lies outside the packs."""
        return oid in self._known.loose

    def tasks(self) -> Iterator[Task]:
        """The share of work that reads the new trees."""
        if self.trees:
            yield Task(self.target, objects=tuple(self.trees), look=NAMES)

    @cached_property
    def past(self) -> Past | None:
        """The history with what is new; None where that cannot be told."""
        if self._kept is None:
            return None
        try:
            before = pasts.load(*self._kept)
        except (ValueError, KeyError, TypeError, IndexError):
            return None
        newer = from_headers(self.git, self._commits, self._headers)
        return None if newer.gaps else before.with_newer(newer, self.unknown)

    def fits(self, missing: Sequence[str]) -> bool:
        """Whether the new trees name nothing that is absent, but for what was `missing` before and still is."""
        if self._unread or set(missing) & set(self.unknown):
            return False
        told = {oid.hex() for oid in self._named} - set(missing) - set(self.unknown)
        return not self._known.without(sorted(told))
