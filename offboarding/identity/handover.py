"""Whose files somebody takes up: commits that start from versions of files which a person left, or leave hers.

One who changes address goes on in the files that she was in, and her next commit often starts from the very version
that her last one left. People who work side by side do so, too, so it is compared with what a sample of everybody
else's commits does: `chance` says how often somebody with no more to do with her would come as near. Pure.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Raw = tuple[str, str]
"""Name and e-mail as committed."""


@dataclass(frozen=True, slots=True)
class Change:
    """The versions of files (path and blob) that one commit starts from, and those that it leaves."""

    before: frozenset[bytes]
    after: frozenset[bytes]


@dataclass(frozen=True)
class Changes:
    """The changes of identities that may be one person's, and one change of each of many `others`."""

    of: Mapping[Raw, tuple[Change, ...]] = field(default_factory=dict)
    others: tuple[tuple[Raw, Change], ...] = ()


class Trail:
    """All versions that a person's commits start from and leave."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self.before: set[bytes] = set()
        self.after: set[bytes] = set()
        self.extend(changes)

    def extend(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.before |= change.before
            self.after |= change.after

    def meets(self, change: Change) -> bool:
        """Whether the change comes directly before or after one of the person's in some file, or makes the same."""
        starts = not self.after.isdisjoint(change.before) or not self.after.isdisjoint(change.after)
        return starts or not self.before.isdisjoint(change.after)


class Met(NamedTuple):
    """How many of an identity's commits meet the person's, and of the sample of others'."""

    commits: int
    of: int
    others: int
    sample: int

    @property
    def chance(self) -> float:
        """How often one of the others would meet at least so many times, by Laplace's rule and the binomial tail."""
        share = (self.others + 1) / (self.sample + 2)
        return tail(self.commits, self.of, share)


def met(trail: Trail, who: Raw, changes: Changes, akin: Callable[[Raw], bool]) -> Met:
    """How often an identity's commits meet the trail; of the others those count that are not `akin` to the person."""
    mine = changes.of.get(who, ())
    hits = sum(map(trail.meets, mine))
    if not hits:
        return Met(0, len(mine), 0, 0)
    others = [change for raw, change in changes.others if not akin(raw)]
    return Met(hits, len(mine), sum(map(trail.meets, others)), len(others))


def tail(hits: int, tries: int, share: float) -> float:
    """The probability of at least `hits` in `tries`, each of which succeeds with probability `share`, between 0 and 1.

    >>> round(tail(2, 3, 0.5), 6)
    0.5
    """
    if hits <= 0:
        return 1.0
    terms = (
        math.lgamma(tries + 1) - math.lgamma(i + 1) - math.lgamma(tries - i + 1)
        + i * math.log(share) + (tries - i) * math.log1p(-share)
        for i in range(hits, tries + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, terms)))
