"""Asking git about many things at once, and finding out on which of them it fails."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from scanner.repository.giterrors import GitError
from scanner.workers.pool import at_once

T = TypeVar("T")
FAILURES = 200
"""How many objects git may fail on, one by one, before the rest of a failing group is given up together."""


def attempted(
    run: Callable[[Sequence[T]], bytes], groups: Iterable[Sequence[T]], jobs: int
) -> Iterator[tuple[Sequence[T], bytes | GitError]]:
    """Each group with the output of `run` over it, or its error; `jobs` at a time, in the order of the groups."""

    def attempt(group: Sequence[T]) -> tuple[Sequence[T], bytes | GitError]:
        try:
            return group, run(group)
        except GitError as error:
            return group, error

    yield from at_once(attempt, groups, jobs)


def bisected(
    run: Callable[[Sequence[T]], bytes], items: Sequence[T], failures: Iterator[int]
) -> Iterator[tuple[Sequence[T], bytes | GitError]]:
    """The output of `run` over `items`, in parts where it fails: the items it fails on come alone, with the error.

    Each failure takes one from `failures`; when none is left a failing part is not divided any more.
    """
    try:
        yield items, run(items)
    except GitError as error:
        if len(items) == 1 or next(failures, None) is None:
            yield items, error
            return
        half = len(items) // 2
        yield from bisected(run, items[:half], failures)
        yield from bisected(run, items[half:], failures)
