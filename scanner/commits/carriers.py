"""How each later commit brings a value that an earlier one introduced: copied, moved, rebased, merged, and so on.

A commit that was rewritten (rebased, picked, amended, squashed) is told by its people, dates and change, not by its
message alone, which whoever commits may write. The same change means: the same lines added to and taken from the same
paths, of those paths at which the value comes in; blanks at line ends do not count.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from offkey.found import Reach
from scanner.commits.authors import Credits
from scanner.commits.carrier import Carrier
from scanner.commits.differences import Change
from scanner.commits.history import History
from scanner.commits.reach import led_by

_MOST = 40
"""Changes of one value whose lines are compared; beyond it only equal objects tell equal changes."""
_PULL = re.compile(r"\(#\d{1,9}\)\s*\Z")
_KEPT = (Reach.BRANCH, Reach.TAG)
REWRITTEN = frozenset({Carrier.AMEND, Carrier.REBASE, Carrier.CHERRY_PICK, Carrier.SQUASH})
"""Kinds that are an earlier commit made anew."""

Lines = Callable[[Change], object | None]
"""What a change adds and takes away, as something to compare; None where that cannot be told."""


@dataclass(frozen=True)
class Brought:
    """How one value comes in. `bringers` are the nodes that bring it, `first` those with no other above them.

    `movers` take it from another path at the same time. `again` have an ancestor that brought it to the same path.
    `changes` are a node's changes that bring it; a bringer without any says it in its message.
    """

    bringers: Collection[int]
    first: Collection[int]
    movers: Collection[int]
    again: Collection[int]
    changes: Mapping[int, Sequence[Change]]


@dataclass(frozen=True)
class Compared:
    """What is known of a repository's commits: its history, people, how each is reached, and how to see a change."""

    history: History
    credits: Mapping[str, Credits]
    bits: Sequence[int]
    lines: Lines


def kinds(known: Compared, brought: Brought, ordered: Sequence[int]) -> dict[int, Carrier]:
    """The kind of each of the `ordered` bringers but the first, which is the introducer."""
    judge = _Judge(known, brought)
    found = {}
    for at, number in enumerate(ordered):
        if at:
            found[number] = judge.kind(number)
        judge.add(number)
    return found


class _Judge:
    """Judges the bringers of one value, from the earliest to the last."""

    def __init__(self, known: Compared, brought: Brought) -> None:
        self._known = known
        self._brought = brought
        self._by_email: dict[str, list[int]] = defaultdict(list)
        self._by_parents: dict[tuple[int, ...], list[int]] = defaultdict(list)
        self._told: dict[int, object | None] = {}

    def add(self, number: int) -> None:
        """What follows may be this one made anew."""
        mine = self._credits(number)
        if mine and mine.author.email and self._brought.changes.get(number):
            self._by_email[mine.author.email].append(number)
            if number not in self._known.history.cut:
                self._by_parents[self._known.history.parents[number]].append(number)

    def kind(self, number: int) -> Carrier:
        mine = self._credits(number)
        if self._known.history.is_tag(number):
            return Carrier.TAG
        if not self._brought.changes.get(number):
            return Carrier.MESSAGE
        said = mine.said if mine else None
        told = said if said is Carrier.CHERRY_PICK else (self._rewritten(number, mine) if mine else None) or said
        return told or self._plain(number)

    def _plain(self, number: int) -> Carrier:
        """The kind of a commit that is no other one made anew, by what it does alone."""
        brought = self._brought
        if len(self._known.history.parents[number]) > 1:
            return Carrier.MERGE
        if number in brought.movers:
            return Carrier.MOVE
        if number in brought.first:
            return Carrier.INDEPENDENT
        return Carrier.ADDED_AGAIN if number in brought.again else Carrier.COPY

    def _rewritten(self, number: int, mine: Credits) -> Carrier | None:
        """Which of REWRITTEN it is, if an earlier commit was made anew."""
        if not mine.author.email:
            return None  # two without an address need not be one person
        alone = number in self._brought.first
        beside = self._by_parents.get(self._known.history.parents[number], [])[:_MOST]
        if number not in self._known.history.cut and any(self._amended(number, mine, one) for one in beside):
            return Carrier.AMEND
        same = self._by_email.get(mine.author.email, [])[:_MOST]
        for one in same:
            if self._at_once(mine, one) and (alone or self._same_change(number, one)):
                return self._moved_on(number, one)
        if alone and _PULL.search(mine.subject) and any(who.email in self._by_email for who in mine.people):
            return Carrier.SQUASH
        if number not in self._brought.again:
            for one in same:
                if one not in self._brought.again and self._same_change(number, one):
                    return self._moved_on(number, one)
        return None

    def _credits(self, number: int) -> Credits | None:
        return self._known.credits.get(self._known.history.ids[number])

    def _amended(self, number: int, mine: Credits, one: int) -> bool:
        """Of two on the same parents, not both kept: one author and the same paths, or one message and change."""
        them = self._credits(one)
        if self._kept(number) and self._kept(one):
            return False
        if them is None or mine.author.email == them.author.email:
            return self._paths(number) == self._paths(one)
        return mine.message == them.message and self._same_change(number, one)

    def _moved_on(self, number: int, one: int) -> Carrier:
        """A pick leaves its original where it was, on a branch or tag; a rebase does not."""
        return Carrier.CHERRY_PICK if self._kept(number) and self._kept(one) else Carrier.REBASE

    def _kept(self, number: int) -> bool:
        return any(led_by(self._known.bits[number], reach) for reach in _KEPT)

    def _at_once(self, mine: Credits, one: int) -> bool:
        them = self._credits(one)
        return them is not None and mine.dated and them.dated and mine.author.at == them.author.at

    def _paths(self, number: int) -> set[bytes]:
        return {change.path for change in self._brought.changes[number]}

    def _same_change(self, number: int, one: int) -> bool:
        mine, theirs = (self._brought.changes[it] for it in (number, one))
        if {change[1:] for change in mine} == {change[1:] for change in theirs}:
            return True
        if self._paths(number) != self._paths(one):
            return False
        told = self._lines(number)
        return told is not None and told == self._lines(one)

    def _lines(self, number: int) -> object | None:
        """What a commit adds and takes away where it brings the value; None where that is not to be told."""
        if number not in self._told:
            changes = self._brought.changes[number]
            fine = len(self._told) < _MOST and len(changes) <= _MOST and all(len(one.olds) <= 1 for one in changes)
            told = {one.path: self._known.lines(one) for one in changes} if fine else {}
            self._told[number] = told if fine and None not in told.values() else None
        return self._told[number]
