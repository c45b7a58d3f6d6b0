"""Makes a Hyperscan database of patterns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rules.light import LightRule
from scanner.matching.expressions import by_keyword


def built(
    rules: Sequence[LightRule],
    patterns: Mapping[int, bytes],
    marks: Mapping[int, bytes] | None = None,
    every: Collection[int] = (),
) -> Any:
    """A database that reports the number of a rule's pattern once, but of `every` and of a mark wherever it stands.

    For a pattern that Hyperscan cannot compile its rule's keywords stand in. Raises ImportError without Hyperscan.
    """
    import hyperscan as hs

    marks = marks or {}
    try:
        return _database(patterns, marks, every)
    except hs.HyperscanError:
        taken = {i: one if _taken(one) else by_keyword(rules[i]).text for i, one in patterns.items()}
        return _database(taken, marks, every)


def _taken(pattern: bytes) -> bool:
    import hyperscan as hs

    try:
        _database({0: pattern}, {}, ())
    except hs.HyperscanError:
        return False
    return True


def _database(patterns: Mapping[int, bytes], marks: Mapping[int, bytes], every: Collection[int]) -> Any:
    import hyperscan as hs

    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    # Several texts may be searched as lines of one, so ^ and $ must match at each.
    flags = hs.HS_FLAG_PREFILTER | hs.HS_FLAG_ALLOWEMPTY | hs.HS_FLAG_MULTILINE
    once = flags | hs.HS_FLAG_SINGLEMATCH
    # One number for all marks would do, but then compiling takes six times as long.
    database.compile(
        expressions=[*patterns.values(), *marks.values()],
        ids=[*patterns, *marks],
        flags=[*(flags if number in every else once for number in patterns), *[0] * len(marks)],
    )
    return database
