"""What the packs tell of one repository's history beside findings: its commits, and which of them can matter.

The workers send the headers of commits and tags as they search them, then the records of all git trees
(`scanner.storage.treewalk`). From both follows which commits can have brought or removed what was found, so that git
compares these alone with their parents, and whether anything that the history names is absent.
"""

import hashlib
import os
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from offkey.found import Gap
from scanner.commits.ancestry import differing
from scanner.commits.differences import Change
from scanner.commits.history import History, from_headers, read
from scanner.commits.reach import Tips, reaches, tips
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, GitObject, ObjectInfo
from scanner.repository.refs import Refs, read_refs
from scanner.storage.packs import Pack
from scanner.storage.treewalk import NONE, Look, Partial, TreeKernel, Walked, pair, record, rows, single, walk_single
from scanner.workers.work import Outcome, Task

_ROUNDS = 8
_MASK = (1 << 64) - 1
_EMPTY = 1 << 62
"""The number of the empty tree, which git need not store: greater than any other, so it holds nothing."""


class Forest:
    """One target's packs, loose trees and what the workers said of them."""

    def __init__(
        self,
        git: Git,
        target: int,
        packs: Sequence[Pack],
        loose: Sequence[str],
        *,
        kernel: TreeKernel | None,
        limit: int,
    ) -> None:
        self.git = git
        self.target = target
        self.packs = packs
        self.loose = loose
        """Ids of all objects outside the packs."""
        self.trees: list[ObjectInfo] = []
        """Git trees outside the packs, and those in them that a pack reader cannot read."""
        self.searched = True
        """Whether the workers have searched the packs, and so sent the headers of commits."""
        self.index: set[str] = set()
        """Ids that the index names."""
        self.contents: dict[str, bytes] = {}
        """Git trees outside the packs whose content was kept when they were met."""
        self.compared: list[Change | Gap] | None = None
        """What git says of all commits about the objects that are `wanted`, where it was asked."""
        self.wanted: frozenset[str] = frozenset()
        self.kernel = kernel
        self.limit = limit
        self._seed = int.from_bytes(os.urandom(8), "big")
        self._commits: list[bytes] = []
        self._headers: list[bytes] = []
        self._records: list[bytes] = []
        self._partial: list[Partial] = []
        self._wanted: list[str] = []
        self._lost = kernel is None
        self._nowhere: dict[str, int] = {}

    @property
    def whole(self) -> bool:
        """Whether git trees are read at all, which takes the compiled kernel."""
        return self.kernel is not None

    def add(self, outcome: Outcome) -> None:
        """Take over what a worker sent."""
        self._commits.append(bytes(outcome.commits))
        self._headers.append(bytes(outcome.headers))
        self.trees += outcome.trees
        self.contents |= outcome.contents
        if outcome.walked is not None:
            self._walked(outcome.walked)

    def _walked(self, walked: Walked) -> None:
        self._records.append(walked.records)
        self._partial += walked.partial
        self._lost |= bool(walked.unread)

    def find_trees(self) -> None:
        """Ask git for the trees outside the packs, where nobody lists all objects anyway."""
        single = sorted({*self.loose, *(oid for pack in self.packs for oid in pack.left)})
        found = list(CatFileReader(self.git).info(single)) if single else []
        self._lost |= any(isinstance(info, Gap) for info in found)
        self.trees += [info for info in found if isinstance(info, ObjectInfo) and info.type == "tree"]

    def lost(self) -> None:
        """A worker died over a part: nothing can be told from the rest."""
        self._lost = True

    def tasks(self, wanted: Collection[str]) -> Iterator[Task]:
        """The shares of work of a walk over all trees; `wanted` are the ids of blobs in which something was found."""
        if self.kernel is None:
            return
        self._wanted = sorted(wanted)
        ids = bytes.fromhex("".join(self._wanted))
        for first, pack in zip(self._first, self.packs, strict=True):
            look = Look(ids, first, self._seed)
            for share in pack.shares(trees=True):
                yield Task(self.target, pack=pack.path, roots=share.roots, look=look)
        look = Look(ids, 0, self._seed)
        if self.contents:
            met = (GitObject(oid, "tree", content) for oid, content in self.contents.items())
            self._walked(walk_single(self.kernel, met, self.git.hash_size, look))
        left = tuple([info for info in self.trees if info.oid not in self.contents])
        if left:
            yield Task(self.target, objects=left, look=look)

    @cached_property
    def history(self) -> History:
        """All commits and tags of the packs; from git where no worker searched them."""
        if not self.searched:
            return read(self.git)
        return from_headers(self.git, self._commits, self._headers)

    @property
    def absent(self) -> frozenset[str] | None:
        """Ids of blobs that some tree or the index names and that are nowhere. None where trees or commits are, too."""
        self._complete()
        history = self.history
        if self._lost or history.gaps or -1 in self._roots.values():
            return None
        numbers = self._numbers(self.index)
        return frozenset(self._nowhere) | {oid for oid, number in numbers.items() if number < 0}

    @cached_property
    def refs(self) -> Refs | None:
        """What refs and reflogs name, read as files."""
        return read_refs(self.git)

    @cached_property
    def tips(self) -> Tips:
        """Where the refs lead into the history."""
        return tips(self.git, self.history, self.refs)

    def prepare(self) -> None:
        """Work out what follows from the commits alone."""
        _ = self.history.index, self.bits, self._roots

    def lacking(self, oids: Collection[str]) -> list[str]:
        """Which of these are not stored."""
        if self.kernel is not None:
            return [oid for oid, number in self._numbers(oids).items() if number < 0]
        left = oids
        for pack in self.packs:
            left = pack.lacks(left)
        apart = {*self.loose, self.history.empty_tree} if left else ()
        return [oid for oid in left if oid not in apart]

    @cached_property
    def signatures(self) -> Mapping[str, int | None] | None:
        """By id of a root tree; two equal ones hold the same blobs of interest at the same paths. None: cannot tell.

        Of interest are those that `tasks` was told of, and those that are absent.
        """
        if self._lost:
            return None
        self._complete()
        wanted = {*self._wanted, *self._nowhere}
        known = b"".join(pair(number, self._value(oid)) for oid in wanted for number in self._all_numbers(oid))
        total = self._start + len(self.loose) + len(self._nowhere)
        present = [(tree, number) for tree, number in self._roots.items() if 0 <= number < total]
        asked = array("Q", [number for _, number in present]).tobytes()
        for _ in range(_ROUNDS):
            sums, circular = self._kernel.signatures(tuple(self._records), total, known, asked, self._seed)
            if not circular:
                found: dict[str, int | None] = {**dict.fromkeys(self._roots), self.history.empty_tree: 0}
                found.update(zip((tree for tree, _ in present), memoryview(sums).cast("Q"), strict=True))
                return found
            self._in_full(set(memoryview(circular).cast("Q")))
            if self._lost:
                break
        return None

    @cached_property
    def bits(self) -> list[int]:
        """Which kinds of refs lead to each node."""
        return reaches(self.history, self.tips)

    @cached_property
    def candidates(self) -> frozenset[int] | None:
        """Numbers of the nodes that can have brought or removed what the signatures stand for. None for all nodes."""
        return None if self.signatures is None else differing(self.history, self.signatures)

    @property
    def _kernel(self) -> TreeKernel:
        assert self.kernel is not None
        return self.kernel

    @cached_property
    def _first(self) -> list[int]:
        """The number of each pack's first object."""
        found, total = [], 0
        for pack in self.packs:
            found.append(total)
            total += len(pack)
        return found

    @cached_property
    def _roots(self) -> dict[str, int]:
        """The numbers of the trees (and blobs) that commits and tags name."""
        history = self.history
        blobs = [node.blob for node in history.odd.values()]
        return self._numbers({*history.trees, *blobs} - {""})

    @cached_property
    def _outside(self) -> dict[str, int]:
        """Numbers of the objects outside the packs."""
        return {oid: self._start + n for n, oid in enumerate(self.loose)}

    @cached_property
    def _start(self) -> int:
        """The number of the first object outside the packs."""
        return sum(len(pack) for pack in self.packs)

    def _numbers(self, oids: Iterable[str]) -> dict[str, int]:
        """The number of each object, -1 for one that is nowhere."""
        found: dict[str, int] = {}
        left = list(oids)
        for first, pack in zip(self._first, self.packs, strict=True):
            at = rows(self._kernel, pack, bytes.fromhex("".join(left)))
            found.update((oid, first + row) for oid, row in zip(left, at, strict=True) if row >= 0)
            left = [oid for oid, row in zip(left, at, strict=True) if row < 0]
        empty = self.history.empty_tree
        found.update((oid, self._outside.get(oid, _EMPTY if oid == empty else -1)) for oid in left)
        return found

    def _all_numbers(self, oid: str) -> list[int]:
        """The numbers of an object in all places that hold it, or the one it has because it is absent."""
        found = [self._outside[oid]] if oid in self._outside else []
        found += [self._nowhere[oid]] if oid in self._nowhere else []
        raw = bytes.fromhex(oid)
        for first, pack in zip(self._first, self.packs, strict=True):
            found += [first + row for row in rows(self._kernel, pack, raw) if row >= 0]
        return found

    def _value(self, oid: str) -> int:
        key = self._seed.to_bytes(8, "big")
        return int.from_bytes(hashlib.blake2b(oid.encode(), key=key, digest_size=8).digest(), "big") | 1

    def _complete(self) -> None:
        """Make records of the trees that name objects outside their pack."""
        partial, self._partial = self._partial, []
        if not partial:
            return
        numbers = self._numbers(
            oid
            for tree in partial
            for oid in (*([tree.tree] if tree.tree else []), *(gone[2].hex() for gone in tree.absent))
        )
        wanted = set(self._wanted)
        start = self._start + len(self.loose)
        for tree in partial:
            sides = [bytearray(tree.removed), bytearray(tree.added)]
            for added, name, raw, directory in tree.absent:
                oid = raw.hex()
                if directory or oid in wanted:
                    self._lost |= numbers[oid] < 0
                    sides[added] += pair(name, numbers[oid] & _MASK)
                elif numbers[oid] < 0:
                    sides[added] += pair(name, self._nowhere.setdefault(oid, start + len(self._nowhere)))
            for number in self._all_numbers(tree.tree) if tree.tree else [tree.number]:
                self._records.append(record(number, tree.base, bytes(sides[1]), bytes(sides[0])))

    def _in_full(self, numbers: Collection[int]) -> None:
        """Records that lean on no base, for trees whose bases need them in turn."""
        reader = CatFileReader(self.git, limit=self.limit)
        infos = list(reader.info(self._id(number) for number in sorted(numbers)))
        try:
            for tree in reader.read([info for info in infos if isinstance(info, ObjectInfo)]):
                if isinstance(tree, Gap):
                    self._lost = True
                elif found := single(self._kernel, tree.oid, tree.content, self.git.hash_size, self._seed):
                    self._partial.append(found)
                else:
                    self._records.append(record(self._numbers([tree.oid])[tree.oid], NONE, b"", b""))
        finally:
            reader.close()
        self._lost |= any(isinstance(info, Gap) for info in infos)
        self._complete()

    def _id(self, number: int) -> str:
        for first, pack in zip(reversed(self._first), reversed(self.packs), strict=True):
            if number >= first:
                return pack.named(number - first)
        return ""
