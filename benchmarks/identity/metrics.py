"""Pairwise and B-cubed precision and recall of sets asked for one person at a time, and the bound on a precision.

Every person of the truth is asked for; the answer is a set of identities. Two identities are the same person, two
people, or undetermined (None): what the truth does not know counts neither for nor against.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Item = Hashable
Same = Callable[[Any, Any], bool | None]
Split = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Answer:
    """What was answered for one person: `theirs` is the truth, `found` the set (both of identities seen)."""

    theirs: frozenset[Item]
    found: frozenset[Item]


@dataclass
class Count:
    """Right and wrong ones among those answered, and all that should have been."""

    right: int = 0
    wrong: int = 0
    wanted: int = 0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    def shown(self) -> dict[str, Any]:
        """The figures with the 95 % lower bound on the precision."""
        answered = self.right + self.wrong
        return {
            "precision": round(self.precision, 5),
            "precision_95_lower": round(lower_bound(self.right, answered), 5),
            "recall": round(self.recall, 5),
            "answered": answered,
            "wrong": self.wrong,
            "wanted": self.wanted,
        }


def pairwise(answers: Iterable[Answer], same: Same, split: Split = lambda a, b: True) -> Count:
    """Counts pairs of identities within each answer against the pairs within each person, those of `split` alone."""
    count = Count()
    for answer in answers:
        count.wanted += sum(split(a, b) for a, b in combinations(sorted(answer.theirs, key=repr), 2))
        for a, b in combinations(sorted(answer.found, key=repr), 2):
            if not split(a, b):
                continue
            if a in answer.theirs and b in answer.theirs:
                count.right += 1
            elif same(a, b) is False:
                count.wrong += 1
    return count


def decisions(answers: Iterable[Answer], same: Same, counted: Callable[[Answer, Any], bool]) -> Count:
    """Counts identities: each one answered is a yes that may be acted on. `counted` says which matter."""
    count = Count()
    for answer in answers:
        count.wanted += sum(counted(answer, one) for one in answer.theirs)
        for one in answer.found:
            if not counted(answer, one):
                continue
            if one in answer.theirs:
                count.right += 1
            elif is_wrong(answer, one, same):
                count.wrong += 1
    return count


def is_wrong(answer: Answer, one: Item, same: Same) -> bool:
    """Whether an answered identity is somebody else's as far as the truth knows: differing from all of the person's."""
    return one not in answer.theirs and all(same(one, mine) is False for mine in answer.theirs)


def b_cubed(answers: Iterable[Answer], same: Same) -> tuple[float, float]:
    """B-cubed precision and recall (Bagga and Baldwin 1998), the mean over the identities of the truth.

    An identity that its person's answer lacks is a cluster of its own: precise, and alone.
    """
    precision = recall = 0.0
    number = 0
    for answer in answers:
        right = answer.found & answer.theirs
        wrong = sum(is_wrong(answer, one, same) for one in answer.found - answer.theirs)
        for one in answer.theirs:
            number += 1
            precision += len(right) / (len(right) + wrong) if one in right else 1.0
            recall += (len(right) if one in right else 1) / len(answer.theirs)
    return (precision / number, recall / number) if number else (1.0, 1.0)


def leavers_hit(answers: Iterable[Answer], same: Same) -> tuple[int, int]:
    """(people asked for with somebody else's identity in the answer, people asked for)."""
    told = [any(is_wrong(answer, one, same) for one in answer.found) for answer in answers]
    return sum(told), len(told)


def lower_bound(right: int, number: int, error: float = 0.05) -> float:
    """The exact one-sided lower bound of Clopper and Pearson (1934): with `error` 0.05, 95 % confidence."""
    if not right:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_least(right, number, middle) < error else (low, middle)
    return low


def _at_least(right: int, number: int, p: float) -> float:
    """The chance of `right` or more successes in `number` tries."""
    if p in (0.0, 1.0):
        return p
    terms = (
        math.lgamma(number + 1) - math.lgamma(k + 1) - math.lgamma(number - k + 1)
        + k * math.log(p) + (number - k) * math.log1p(-p)
        for k in range(right, number + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, terms)))
