"""Single objects of a small repository, read from its files; whoever needs many asks the workers or git."""

from collections.abc import Mapping, Sequence

from scanner.repository.objects import GitObject
from scanner.storage.deflate import DAMAGE
from scanner.storage.delta import kernel
from scanner.storage.loose import read_loose
from scanner.storage.packs import KINDS, Pack
from scanner.storage.treewalk import TreeKernel, rows


class Unreadable(Exception):
    """Git must say what this object is, or that there is none."""


class Store:
    """`known` are trees whose content was kept when they were met."""

    def __init__(
        self,
        folders: Sequence[str],
        packs: Sequence[Pack],
        known: Mapping[str, bytes],
        *,
        trees: TreeKernel,
        limit: int,
    ) -> None:
        self._folders = folders
        self._packs = [(pack, {row: position for position, row in enumerate(pack.names)}) for pack in packs]
        self._known = known
        self._trees = trees
        self._limit = limit

    def read(self, oid: str) -> GitObject:
        """The object. Raises Unreadable."""
        if oid in self._known:
            return GitObject(oid, "tree", self._known[oid])
        for pack, positions in self._packs:
            (row,) = rows(self._trees, pack, bytes.fromhex(oid))
            if row >= 0:
                return self._packed(oid, pack, positions[row])
        found = read_loose(self._folders, oid, self._limit)
        if found is None:
            raise Unreadable(oid)
        return found

    def _packed(self, oid: str, pack: Pack, position: int) -> GitObject:
        if pack.roots[position] < 0 or pack.types[position] not in KINDS:
            raise Unreadable(oid)
        chain = [position]
        while pack.bases[chain[-1]] >= 0:
            chain.append(pack.bases[chain[-1]])
        try:
            content = pack.inflate(chain.pop(), self._limit)
            while chain:
                content, _ = kernel().apply(content, pack.inflate(chain.pop(), self._limit), -1, self._limit)
        except DAMAGE as error:
            raise Unreadable(oid) from error
        return GitObject(oid, KINDS[pack.types[position]], content)
