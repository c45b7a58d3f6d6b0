"""Git trees of a small repository compared without a git process: what `git diff-tree -c -r --raw` says of them.

What is out of order in a tree is left to git, which may see more in it, or less. Format: git-mktree(1), and the
"tree" objects of gitformat-pack(5): mode, name, NUL, id.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from scanner.commits.differences import Change
from scanner.commits.history import History
from scanner.commits.reach import Cells
from scanner.repository.git import Git
from scanner.repository.objects import object_id
from scanner.storage.store import Store, Unreadable

Entries = Mapping[bytes, bytes]
"""Ids by name; the name of a folder ends in a slash."""
_NOTHING: Entries = {}
_FOLDER = b"40000"
_STEPS = 200_000
"""Entries beyond which git is asked after all: a tree that holds one tree many times over has more than it seems."""
_DEPTH = 200
_MODES = frozenset({b"100644", b"100755", b"120000", b"160000", b"100664", _FOLDER})


class Trees:
    """The trees of one repository, each read once."""

    def __init__(self, store: Store, git: Git) -> None:
        hash_size = git.hash_size
        self._store = store
        self._empty = object_id("tree", b"", git.object_format)
        self._entry = re.compile(rb"([0-7]{5,6}) ([^\0/]+)\0(.{%d})" % hash_size, re.DOTALL)
        self._none = "0" * 2 * hash_size
        self._known: dict[bytes, Entries] = {}
        self._cells: dict[bytes, list[tuple[str, bytes]]] = {}
        self._left = _STEPS

    def changes(self, history: History, wanted: Collection[str], only: Collection[int]) -> list[Change]:
        """As `scanner.commits.differences.changes`. Raises Unreadable where git must be asked."""
        found = [
            Change(number, b"", node.blob, ())
            for number, node in sorted(history.odd.items())
            if node.blob in wanted and number in only
        ]
        names = {bytes.fromhex(oid) for oid in wanted}
        for number in sorted(only):
            tree = history.trees[number]
            above = () if history.is_tag(number) else [history.trees[parent] for parent in history.parents[number]]
            if number in history.cut or "" in above:
                raise Unreadable(history.ids[number])
            if tree not in {"", self._empty, *above}:
                before = [self._root(one) for one in above] or [_NOTHING]
                for path, new, olds in self._differing(b"", self._root(tree), before):
                    if new in names or not names.isdisjoint(olds):
                        found.append(Change(number, path, self._hex(new), tuple(map(self._hex, olds))))
        return found

    def cells(self, tree: str, wanted: Collection[str]) -> Cells:
        """The wanted objects (always the same) in a tree, each with its path. Raises Unreadable."""
        names = {bytes.fromhex(oid) for oid in wanted}
        return frozenset(() if tree == self._empty else self._within(bytes.fromhex(tree), names))

    def names(self, tree: str, name: bytes) -> bool:
        """Whether a tree holds something of this name. Raises Unreadable."""
        return name in self._root(tree)

    def _within(self, tree: bytes, wanted: Collection[bytes], depth: int = 0) -> list[tuple[str, bytes]]:
        if tree not in self._cells:
            found = []
            for name, oid in self._read(tree, depth).items():
                if name[-1:] == b"/":
                    found += [(held, name + path) for held, path in self._within(oid, wanted, depth + 1)]
                elif oid in wanted:
                    found.append((oid.hex(), name))
            self._spend(len(found))
            self._cells[tree] = found
        return self._cells[tree]

    def _differing(
        self, path: bytes, mine: Entries, before: Sequence[Entries], depth: int = 0
    ) -> Iterator[tuple[bytes, bytes, tuple[bytes, ...]]]:
        """Paths at which an entry is not as in any of the trees before; b"" stands for none."""
        names = {*mine}.union(*before)
        self._spend(len(names))
        for name in names:
            new, olds = mine.get(name, b""), tuple([one.get(name, b"") for one in before])
            if new in olds:
                continue
            if name[-1:] == b"/":
                folders = [self._read(old, depth) if old else _NOTHING for old in (new, *olds)]
                yield from self._differing(path + name, folders[0], folders[1:], depth + 1)
            else:
                yield path + name, new, olds

    def _root(self, tree: str) -> Entries:
        return _NOTHING if tree == self._empty else self._read(bytes.fromhex(tree), 0)

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Unreadable("too many entries")

    def _read(self, tree: bytes, depth: int) -> Entries:
        if depth > _DEPTH:
            raise Unreadable("too deep")
        if tree not in self._known:
            found = self._store.read(tree.hex())
            if found.type != "tree":
                raise Unreadable(found.oid)
            self._known[tree] = self._parsed(found.oid, found.content)
        return self._known[tree]

    def _parsed(self, oid: str, content: bytes) -> Entries:
        entries: dict[bytes, bytes] = {}
        at, before = 0, b""
        for match in self._entry.finditer(content):
            mode, name, held = match.groups()
            name += b"/" if mode == _FOLDER else b""
            if match.start() != at or mode not in _MODES or name <= before:
                raise Unreadable(oid)
            entries[name] = held
            at, before = match.end(), name
        if at != len(content):
            raise Unreadable(oid)
        return entries

    def _hex(self, oid: bytes) -> str:
        return oid.hex() or self._none
