"""What the decoded runs of a text hold: searched like any text, for what is encoded in them again, and for archives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rules.light import GENERIC, LightRule
from rules.match import Match, find, resolve
from scanner.contents.opening import Refused, worth
from scanner.matching.matcher import Matcher
from scanner.matching.runs import Run, decode, runs

DEPTH = 3
"""Runs within runs; keywords are looked for in base64 of base64 and no deeper."""
TOO_MUCH = "more encoded text than the limit"


class Inner(NamedTuple):
    """Matches in a decoded run of a text, or why it was not looked at.

    The run is text[low:high], and `steps` lead from the text to what it holds.
    """

    low: int
    high: int
    steps: tuple[str, ...]
    matches: tuple[Match, ...]
    why: str = ""


@dataclass
class Allowance:
    """How much one object may open to by its encoded runs: their number, and bytes out of archives in them."""

    runs: int = 10_000
    bytes: int = 256 << 20


class Inside(NamedTuple):
    """`stretches` are all that the answer depends on, in order; they may overlap."""

    stretches: tuple[tuple[int, int], ...]
    found: tuple[Inner, ...]


def inside(matcher: Matcher, rules: Sequence[LightRule], text: bytes, allowance: Allowance) -> Inside:
    """What the encoded runs of a text hold. When they are too many, the answer depends on the whole text."""
    search = _Search(matcher, rules, allowance)
    stretches: list[tuple[int, int]] = []
    found: list[Inner] = []
    for run in runs(text, matcher.marks(text)):
        stretches.append((run.low, run.high))
        allowance.runs -= 1
        if allowance.runs < 0:
            return Inside(((0, len(text)),), (*found, Inner(0, len(text), (), (), TOO_MUCH)))
        for steps, matches, why in _run(search, text, run, DEPTH):
            found.append(Inner(run.start, run.end, steps, matches, why))
    return Inside(tuple(sorted(stretches)), tuple(found))


def moved(inner: Inner, by: int) -> Inner:
    """The same in a text where the run stands `by` bytes further on."""
    if not inner.steps:
        return inner
    form, start, end = inner.steps[0].split(":")
    first = f"{form}:{int(start) + by}:{int(end) + by}"
    return Inner(inner.low + by, inner.high + by, (first, *inner.steps[1:]), inner.matches, inner.why)


class _Search(NamedTuple):
    matcher: Matcher
    rules: Sequence[LightRule]
    allowance: Allowance


class _Item(NamedTuple):
    steps: tuple[str, ...]
    matches: tuple[Match, ...]
    why: str = ""


def _run(search: _Search, text: bytes, run: Run, depth: int) -> Iterator[_Item]:
    step = f"{run.form}:{run.start}:{run.end}"
    yield from _under((step,), _searched(search, decode(text[run.start : run.end], run.form), depth - 1))


def _searched(search: _Search, text: bytes, depth: int, *, archives: bool = True) -> Iterator[_Item]:
    """Matches in a decoded text, in its own runs to a depth, and in what it is an archive of."""
    candidates = search.matcher.candidates(text)
    specific = (search.rules[i] for i in candidates if i < len(search.rules))
    matches = resolve(match for rule in specific if not rule.kind.startswith(GENERIC) for match in find(rule, text))
    if matches:
        yield _Item((), tuple(matches))
    if depth > 0 and candidates[-1:] == [len(search.rules)]:
        for run in runs(text, search.matcher.marks(text)):
            search.allowance.runs -= 1
            if search.allowance.runs < 0:
                yield _Item((), (), TOO_MUCH)
                break
            yield from _run(search, text, run, depth)
    if archives and worth(text):
        yield from _members(search, text, depth)


def _members(search: _Search, text: bytes, depth: int) -> Iterator[_Item]:
    from scanner.contents.unpack import Budget, unpacked

    for item in unpacked(text, Budget(size=max(0, search.allowance.bytes))):
        if isinstance(item, Refused):
            yield _Item(item.steps, (), item.why)
            continue
        search.allowance.bytes -= len(item.text)
        yield from _under(item.steps, _searched(search, item.text, depth, archives=False))


def _under(steps: tuple[str, ...], items: Iterator[_Item]) -> Iterator[_Item]:
    for item in items:
        yield item._replace(steps=(*steps, *item.steps))
