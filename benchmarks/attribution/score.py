"""Is an answer right? Pure: a truth and what a tool named in, a grade out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.attribution.scenario import Truth


class Grade(StrEnum):
    """Best first. RIGHT: found, and exactly the one who introduced it is named (or nobody, where nobody can be).

    AMONG: several are named, the right one among them. NOBODY: found, but nobody is named. WRONG: somebody else is
    named, alone or with others, and the right one is not. MISSED: not found.
    """

    RIGHT = "right"
    AMONG = "among"
    NOBODY = "nobody"
    WRONG = "wrong"
    MISSED = "missed"


@dataclass(frozen=True)
class Named:
    """One whom a tool names: an e-mail address (in lower case; "" where it gives none) and a commit."""

    email: str
    commit: str
    name: str = ""


@dataclass(frozen=True)
class Answer:
    """What a tool says of the secret. `named` has one entry for each row with an author; `problems` is for offkey."""

    found: bool
    named: tuple[Named, ...] = ()
    problems: tuple[str, ...] = ()
    commits: frozenset[str] = field(default=frozenset())
    """Every commit named for it, with an author or without."""


@dataclass(frozen=True)
class Score:
    grade: Grade
    commit: bool
    """Whether the right commit is named, and no other."""
    problems: tuple[str, ...] = ()

    @property
    def perfect(self) -> bool:
        return self.grade is Grade.RIGHT and self.commit and not self.problems


def score(truth: Truth, answer: Answer) -> Score:
    """Grade one answer. A tool may give the committed address or the one that `.mailmap` makes of it."""
    commits = {one.commit for one in answer.named} | answer.commits
    right = commits <= {""} if truth.person is None else commits == {truth.commit}
    return Score(_grade(truth, answer), right and answer.found, answer.problems)


def _grade(truth: Truth, answer: Answer) -> Grade:
    if not answer.found:
        return Grade.MISSED
    told = {one.email for one in answer.named if one.email}
    if truth.person is None:
        return Grade.WRONG if told else Grade.RIGHT
    if not told:
        return Grade.NOBODY
    good = told & {truth.person[1].lower(), truth.address.lower()}
    if not good:
        return Grade.WRONG
    return Grade.RIGHT if told == good else Grade.AMONG


def best(scores: Collection[Score]) -> Score:
    """The one that does a tool most credit, of several ways to show it the same repository."""
    order = list(Grade)
    return min(scores, key=lambda one: (order.index(one.grade), not one.commit, one.problems))


def totals(scores: Sequence[Score]) -> dict[str, int]:
    """How many of each grade, and with the right commit beside the right author."""
    counted = {grade.value: sum(one.grade is grade for one in scores) for grade in Grade}
    both = sum(one.grade is Grade.RIGHT and one.commit for one in scores)
    return {"scenarios": len(scores), **counted, "right_author_and_commit": both}
