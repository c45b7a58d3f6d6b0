"""What is found in an object, kept so that the objects built on it by a delta need not be searched anew.

The contract: every object gets exactly the matches that `rules.match.find` gives on its whole content.

A delta's target is searched where it differs (`storage.delta.Kernel.apply` gives it with the bytes around). A stretch
that a rule's pattern fits and that is new in the target touches a change, so it lies within the bytes searched; the
rule is then asked about the whole object. Keywords stand in for patterns that reach too far for that. What the pattern
fits in a base is remembered, whether it was confirmed or not: it may hide another that overlaps it. It is taken over
when everything that it depends on was copied in one piece; else its rule is asked again, too. A rule that looks around
(near words, parts) or far can change its mind by what happens elsewhere, so where its keywords stand is remembered even
if nothing fits.

Encoded text is found by marks (`matching.encoded`), which are short: a new one touches a change. What it stands in may
be long, so its whole run is remembered, again even if nothing was found in it; when a run is cut, all are asked anew.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from rules import contextual
from rules.light import LightRule
from rules.match import PART_REACH, REACH, Match, find, stretches
from rules.spans import compiled, widened
from scanner.contents.inline import Allowance, Inner, inside, moved
from scanner.matching.announced import Known
from scanner.matching.expressions import narrow
from scanner.matching.matcher import Matcher
from scanner.storage.clear import memory

Span = tuple[int, int]
Looked = tuple[tuple[Span, ...], tuple[Match, ...]]
_BEFORE, _BEHIND = 256, 128
"""Bytes around a window that decide over what stands in it (`rules.contextual.sway`), and more."""
Carry = Callable[[bytes, bytes], list[list[int] | None]]


_PAIRS = 1 << 27
"""Bounds of stretches times bytes of a delta above which asking the rules anew is quicker than comparing them."""


class Kept(NamedTuple):
    """One rule's matches in an object, and the stretches on which they (or their absence) depend.

    What encoded runs hold is kept like the matches of one more rule, in `inner`.
    """

    stretches: tuple[Span, ...]
    matches: tuple[Match, ...]
    inner: tuple[Inner, ...] = ()


Held = Mapping[int, Kept]
"""By rule; empty for nearly every object."""
NOTHING: Held = {}


class Searcher:
    """Searches whole objects and deltas. `find` names the rules that are asked."""

    def __init__(self, rules: Sequence[LightRule], matcher: Matcher) -> None:
        self._rules = rules
        self._matcher = matcher
        self._known: Known[tuple[int, int, int, bytes], Looked] = Known()
        self._simple = [narrow(rule) and not rule.near and not rule.parts for rule in rules]
        self._margin = [
            2 * rule.width + 2 + (2 * REACH if rule.near else 0) + (2 * PART_REACH if rule.parts else 0)
            for rule in rules
        ]

    @cached_property
    def known_clear(self) -> bytearray:
        """What is known to hold nothing that is looked for (`scanner.storage.clear`)."""
        return memory()

    def whole(self, content: bytes, allowance: Allowance | None = None) -> Held:
        """What is found in a content of which nothing is known. `allowance` is what is left for its object."""
        candidates = self._matcher.candidates(content)
        return self._asked(candidates, content, allowance) if candidates else NOTHING

    def clear_until(self, content: bytes) -> int:
        """Before which byte of a content nothing can end that `whole` could find; -1 for its end."""
        return self._matcher.first(content) if content else -1

    def clear(self, contents: Sequence[bytes]) -> list[bool]:
        """Of each content whether nothing can be found in it as it stands; of some this is left open."""
        first = self.clear_until(b"\n".join(contents))
        ends = accumulate(len(content) + 1 for content in contents)
        return [first < 0 or end <= first for end in ends]

    def changed(self, content: bytes, around: bytes, held: Held, carry: Carry, delta: bytes) -> Held:
        """What is found in a delta's target, of whose base `held` is known. `around` are the bytes near its changes."""
        candidates = self._matcher.candidates(around) if around else []
        if not held:
            return self._asked(candidates, content) if candidates else NOTHING
        ask = set(candidates)
        kept = {rule: one for rule, one in held.items() if rule not in ask}
        found = _moved(kept, carry, delta) if kept else {}
        ask.update(kept.keys() - found.keys())
        found.update(self._asked(sorted(ask), content))
        return {rule: one for rule, one in found.items() if one.stretches}

    def _asked(self, indexes: Iterable[int], content: bytes, allowance: Allowance | None = None) -> dict[int, Kept]:
        found = {}
        for index in indexes:
            if index == len(self._rules):
                told = inside(self._matcher, self._rules, content, allowance or Allowance())
                found[index] = Kept(tuple(widened(told.stretches, 0, len(content))), (), told.found)
                continue
            rule = self._rules[index]
            if rule.context and self._simple[index]:
                if (kept := self._named(index, content)) is not None:
                    found[index] = kept
                continue
            places = stretches(rule, content, self._matcher.spots(index, content))
            matches = tuple(find(rule, content, places)) if places else ()
            if self._simple[index]:
                places = [place for place in places if compiled(rule.pattern).search(content, *place)]
            if places or not self._simple[index]:
                found[index] = Kept(tuple(widened(places, self._margin[index], len(content))), matches)
        return found

    def _named(self, index: int, content: bytes) -> Kept | None:
        """The same of a rule that a name announces. Where nothing was confirmed a change far from it confirms nothing,
        and of one that is near enough all is searched; unless name and value are very long.
        """
        rule, size = self._rules[index], len(content)
        sway, most = contextual.sway(rule)
        fits: list[Span] = []
        matches: list[Match] = []
        for low, high in self._spots(index, content):
            start = max(0, low - _BEFORE)
            text = content[start : high + _BEHIND]
            there, told = self._known.of((index, low - start, high - start, text), len(text), self._look)
            fits += [(start + at, start + end) for at, end in there]
            matches += [_at(match, start) for match in told]
        if not matches:
            fits = [(start, end) for start, end in fits if end - start > most]
        return Kept(tuple(widened(fits, sway, size)), tuple(matches)) if fits else None

    def _spots(self, index: int, content: bytes) -> Iterable[Span]:
        spots = self._matcher.spots(index, content)
        if spots is None:
            return stretches(self._rules[index], content)
        return spots

    def _look(self, key: tuple[int, int, int, bytes]) -> Looked:
        """Names with values in a part of a text, and those that are confirmed."""
        index, low, high, text = key
        fits = tuple(contextual.windows(self._rules[index], text, [(low, high)]))
        return fits, tuple(find(self._rules[index], text, [(low, high)])) if fits else ()


def _moved(held: Held, carry: Carry, delta: bytes) -> dict[int, Kept]:
    """What of `held` the target takes over, by rule; a rule one of whose stretches was cut is absent."""
    bounds = array("Q", [bound for kept in held.values() for stretch in kept.stretches for bound in stretch])
    if len(bounds) * len(delta) > _PAIRS:
        return {}
    answers = iter(carry(delta, bounds.tobytes()))
    found: dict[int, Kept] = {}
    for rule, kept in held.items():
        shifts = [next(answers) for _ in kept.stretches]
        if all(one is not None for one in shifts):
            found[rule] = _shifted(kept, [one or [] for one in shifts])
    return found


def _shifted(kept: Kept, shifts: Sequence[Sequence[int]]) -> Kept:
    if all(one == [0] for one in shifts):
        return kept
    places = []
    matches = []
    inner: list[Inner] = []
    for (low, high), moves in zip(kept.stretches, shifts, strict=True):
        for by in moves:
            places.append((low + by, high + by))
            matches += [_at(match, by) for match in kept.matches if low <= match.start and match.end <= high]
            inner += [moved(one, by) for one in kept.inner if low <= one.low and one.high <= high]
    return Kept(tuple(sorted(places)), tuple(sorted(matches)), tuple(sorted(inner)))


def _at(match: Match, by: int) -> Match:
    spans = tuple((name, start + by, end + by) for name, start, end in match.spans)
    return match._replace(spans=spans, start=match.start + by, end=match.end + by)
