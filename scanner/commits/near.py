"""What attribution asks of a small repository, answered from its files where git would say nothing else.

Each answer is None where git must be asked.
"""

import re
from collections.abc import Collection, Sequence
from functools import cached_property

from scanner.commits.authors import Record
from scanner.commits.differences import Change
from scanner.commits.forest import Forest
from scanner.commits.history import History, Node
from scanner.commits.reach import Cells
from scanner.commits.treediff import Trees
from scanner.storage.packs import object_folders
from scanner.storage.store import Store, Unreadable

_PERSON = rb"([^<>\s\0](?:[^<>\n\0]*[^<>\s\0])?) <([^<>\s\0]+)> (\d{1,10}) [+-]\d{4}"
_COMMIT = re.compile(
    rb"tree [0-9a-f]+\n(?:parent [0-9a-f]+\n)*author " + _PERSON + rb"\ncommitter " + _PERSON + rb"\n"
    rb"(?:gpgsig(?:-sha256)? [^\n]*\n(?: [^\n]*\n)*)*\n"
)  # fmt: skip
_TRAILER = re.compile(rb"co-authored-by", re.IGNORECASE)
_BLANK = re.compile(r"\n[ \t\r]*\n")
_BLANKS = re.compile(r"\A(?:[ \t\r]*\n)+")
_MAILMAP = b".mailmap"


def _split(message: str) -> tuple[str, str]:
    """The first paragraph in one line, as git makes it of it, and the rest, both without blank lines before them."""
    parts = _BLANK.split(_BLANKS.sub("", message), 1)
    first = " ".join(line.rstrip(" \t\r") for line in parts[0].rstrip("\n").split("\n"))
    return first, _BLANKS.sub("", "".join(parts[1:]))


class Near:
    """Reads what it needs of a repository itself."""

    def __init__(self, forest: Forest) -> None:
        git = forest.git
        folders = object_folders(git.common_dir)
        assert forest.kernel is not None
        self._forest = forest
        self._store = Store(folders, forest.packs, forest.contents, trees=forest.kernel, limit=forest.limit)
        self._trees = Trees(self._store, git)

    def changes(self, history: History, wanted: Collection[str], only: Collection[int] | None) -> list[Change] | None:
        """As `scanner.commits.differences.changes`."""
        try:
            return self._trees.changes(history, wanted, only) if only is not None else None
        except Unreadable:
            return None

    def cells(self, trees: Sequence[str], wanted: Collection[str]) -> dict[str, Cells] | None:
        """The wanted objects in each tree, with their paths."""
        try:
            return {tree: self._trees.cells(tree, wanted) for tree in trees}
        except Unreadable:
            return None

    def records(self, nodes: Sequence[Node]) -> list[Record] | None:
        """What `git log` prints of these commits for `scanner.commits.authors`."""
        if self._mapped:
            return None
        try:
            found = [self._record(node) for node in nodes]
        except Unreadable:
            return None
        return [record for record in found if record is not None] if None not in found else None

    def _record(self, node: Node) -> Record | None:
        """Of a commit as git writes it today, without co-authors."""
        if node.kind != "commit":
            return None
        content = self._store.read(node.id).content
        head = _COMMIT.match(content)
        if head is None or b"\0" in content or _TRAILER.search(content):
            return None
        try:
            author, email, at, committer, their_email, their_at = (field.decode() for field in head.groups())
            message = content[head.end() :].decode()
        except UnicodeDecodeError:
            return None
        paragraph, body = _split(message)
        who, them = (author, email), (committer, their_email)
        return [node.id, *who, *who, at, *them, *them, their_at, "", paragraph, body]

    @cached_property
    def _mapped(self) -> bool:
        """Whether the tree of some HEAD has a `.mailmap`, or that cannot be told."""
        forest = self._forest
        if forest.refs is None:
            return True
        index, trees = forest.history.index, forest.history.trees
        try:
            heads = [trees[index[oid]] if oid in index else "" for oid in forest.refs.heads]
            return any(not tree or self._trees.names(tree, _MAILMAP) for tree in heads)
        except Unreadable:
            return True
