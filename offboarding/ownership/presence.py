"""Whether somebody worked in a repository while a value was in its history: by the order of commits, not by dates.

Dates are what a committer writes; which commit is built on which is in the ids. Somebody who has a commit that the
value's introduction is not built upon had the repository at that time or later. What was taken out of the files again
is still in the history, which a clone brings along: it counts as being there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from scanner.repository.git import Git

_LOG = (
    "log", "--all", "--reflog", "--topo-order", "--no-patch", "--no-notes", "--no-color", "--encoding=UTF-8",
    "--format=tformat:%H%x00%P%x00%ae%x00%ce",
)  # fmt: skip


@dataclass
class Graph:
    """The commits of a repository, children before parents. `mine` marks those that name somebody asked for."""

    ids: list[str] = field(default_factory=list)
    parents: list[tuple[str, ...]] = field(default_factory=list)
    mine: list[bool] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _before: list[bool] = field(default_factory=list)

    def add(self, commit: str, parents: tuple[str, ...], *, mine: bool) -> None:
        self._numbers[commit] = len(self.ids)
        self.ids.append(commit)
        self.parents.append(parents)
        self.mine.append(mine)

    def holds(self, commit: str) -> bool:
        return commit in self._numbers

    def descendants(self, commit: str) -> frozenset[str]:
        """The commit and all that are built on it; nothing for one that is not here."""
        number = self._numbers.get(commit)
        if number is None:
            return frozenset()
        found = {commit}
        for at in range(number - 1, -1, -1):
            if not found.isdisjoint(self.parents[at]):
                found.add(self.ids[at])
        return frozenset(found)

    def worked_since(self, commit: str) -> bool | None:
        """Whether any of the marked commits is not one that `commit` is built on; None for one that is not here."""
        number = self._numbers.get(commit)
        if number is None:
            return None
        if not self._before:
            self._mark()
        return not self._before[number]

    def _mark(self) -> None:
        """Of each commit, whether all marked ones are its ancestors. One pass each way, over bits of the last ones."""
        leads = [False] * len(self.ids)
        last: dict[int, int] = {}
        for number, mine in enumerate(self.mine):
            if mine and not leads[number]:
                last[number] = 1 << len(last)
            for parent in self.parents[number] if mine or leads[number] else ():
                if (at := self._numbers.get(parent)) is not None:
                    leads[at] = True
        everyone = (1 << len(last)) - 1
        bits = [0] * len(self.ids)
        self._before = [False] * len(self.ids)
        for number in range(len(self.ids) - 1, -1, -1):
            above = 0
            for parent in self.parents[number]:
                if (at := self._numbers.get(parent)) is not None:
                    above |= bits[at]
            self._before[number] = above == everyone
            bits[number] = above | last.get(number, 0)


def read(git: Git, is_mine: Callable[[str], bool]) -> Graph:
    """All commits that refs and reflogs lead to; `is_mine` is asked for each author's and committer's address.

    Raises GitError.
    """
    graph = Graph()
    known: dict[bytes, bool] = {}
    for record in git.stream(*_LOG):
        fields = record.split(b"\0")
        if len(fields) != 4:
            continue
        for address in fields[2:]:
            if address not in known:
                known[address] = is_mine(address.decode("utf-8", "replace"))
        parents = tuple(fields[1].decode().split())
        graph.add(fields[0].decode(), parents, mine=known[fields[2]] or known[fields[3]])
    return graph
