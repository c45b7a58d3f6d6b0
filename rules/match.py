"""Confirms a hit: the exact pattern, its checks, the words near it and the credential's other parts.

One implementation for the scanner's workers, the pre-commit hook and the loader's check of examples. Everything is
bounded: a pattern by its `width`, a look around by lines *and* bytes, so that a one-line file of 10 MB costs no more.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from rules.checks import accepts
from rules.drawn import holds
from rules.light import GENERIC, IMPORTED, LightPart, LightRule
from rules.pairing import pair
from rules.record import Record
from rules.spans import compiled, merged, occurrences, widened

REACH = 4096
"""The most bytes on either side of an anchor in which near words are looked for."""
PART_REACH = 16384
"""The same for parts: a service account's JSON holds a private key of some 3 KB."""
Places = Sequence[tuple[int, int]]
_RANK = {"high": 3, "medium": 2, "low": 1}


class Match(Record):
    """One credential in one content. `spans` are (part, start, end), the anchor first; offsets in bytes.

    `lone` is the confidence without the further parts, or "" where a part is required; `order` is that of the rule.
    """

    kind: str
    spans: tuple[tuple[str, int, int], ...]
    start: int
    end: int
    confidence: str
    lone: str = ""
    order: int = 0


def find(rule: LightRule, content: bytes, places: Places | None = None) -> list[Match]:
    """Every confirmed match of one rule, in order, not overlapping. `places` are its `stretches`, if known."""
    places = stretches(rule, content) if places is None else places
    if rule.context:
        from rules import contextual  # its many patterns take the hook 10 ms, and few commits hold such a name

        return [_alone(rule, *told) for told in contextual.anchors(rule, content, places)]
    spans = _anchors(rule, content, places)
    anchors = [span for span in spans if not rule.near or _near(rule, content, span)]
    if not rule.parts:
        return [_alone(rule, start, end, rule.confidence) for start, end in anchors]
    if not anchors:
        return []
    chosen = [_parts(part, content, anchors) for part in rule.parts]
    required = any(part.required for part in rule.parts)
    found = []
    for i, (start, end) in enumerate(anchors):
        whole = [(rule.anchor, start, end)]
        missing = False
        for part, picks in zip(rule.parts, chosen, strict=True):
            if (span := picks[i]) is not None:
                whole.append((part.name, *span))
            missing |= part.required and span is None
        if missing:
            continue
        confidence = rule.confidence if len(whole) > 1 else rule.lone_confidence
        lone = "" if required else rule.lone_confidence
        found.append(Match(rule.kind, tuple(whole), start, end, confidence, lone, rule.order))
    return found


def _alone(rule: LightRule, start: int, end: int, confidence: str) -> Match:
    return Match(rule.kind, ((rule.anchor, start, end),), start, end, confidence, "", rule.order)


def _anchors(rule: LightRule, content: bytes, places: Places) -> list[tuple[int, int]]:
    group = rule.anchor
    spans = []
    for low, high in places:
        for hit in compiled(rule.pattern).finditer(content, low, high):
            value = hit[group]
            if (
                value
                and (rule.lead < 0 or holds(value))
                and _has_keyword(rule, content, hit)
                and accepts(value, entropy_min=rule.entropy, checksum=rule.checksum, reject=rule.reject)
            ):
                spans.append(hit.span(group))
    return spans


def _occurrences(words: Sequence[bytes], text: bytes) -> Iterator[tuple[int, int]]:
    return ((at, at + len(word)) for word in words for at in occurrences(word, text))


def looks_near(rule: LightRule) -> bool:
    """Whether the rule's keywords are words that stand near its values; else they are a part of what it matches."""
    return bool(rule.near) and all(word in rule.near for word in rule.keywords)


def stretches(rule: LightRule, content: bytes, within: Places | None = None) -> list[tuple[int, int]]:
    """Where in a content the rule is looked for: around its literals, as far as a match of it can reach from one.

    A rule without literals is looked for around its keywords, one with a context around what its pattern fits;
    `within` is where alone that can be, if it is known.

    What is found in a stretch depends on its bytes, the near words and parts around them, and nothing else: that is
    what lets a scanner search a part of a content and find what a search of the whole would.
    """
    reach = rule.width + 1
    if rule.context:
        from rules import contextual

        return widened(contextual.windows(rule, content, within), reach, len(content))
    if rule.literals:
        words = list(_occurrences(rule.literals, content))
    else:
        reach += REACH if looks_near(rule) else 0
        words = list(_occurrences(rule.keywords, content.lower()))
    return widened(words, reach, len(content))


def _has_keyword(rule: LightRule, content: bytes, hit: re.Match[bytes]) -> bool:
    low, high = window(content, *hit.span(), rule.near_lines, REACH) if looks_near(rule) else hit.span()
    lower = content[low:high].lower()
    return any(word in lower for word in rule.keywords)


def window(content: bytes, start: int, end: int, lines: int, reach: int) -> tuple[int, int]:
    """The bounds of the lines around a span: `lines` before and after its own, at most `reach` bytes each way."""
    floor, ceiling = max(0, start - reach), min(len(content), end + reach)
    low, high = start, end
    for _ in range(lines + 1):
        low = content.rfind(b"\n", floor, low)
        if low < 0:
            low = floor - 1
            break
    for _ in range(lines + 1):
        high = content.find(b"\n", high, ceiling)
        if high < 0:
            high = ceiling
            break
        high += 1
    return low + 1, high


def _near(rule: LightRule, content: bytes, span: tuple[int, int]) -> bool:
    """Whether a near word stands around the value; the value itself does not count."""
    low, high = window(content, *span, rule.near_lines, REACH)
    before, after = content[low : span[0]].lower(), content[span[1] : high].lower()
    return any(word in before or word in after for word in rule.near)


def _parts(part: LightPart, content: bytes, anchors: list[tuple[int, int]]) -> list[tuple[int, int] | None]:
    """For each anchor the span of this part that belongs to it, or None."""
    windows = [window(content, start, end, part.within_lines, PART_REACH) for start, end in anchors]
    candidates = [
        hit.span("secret")
        for low, high in merged(windows)
        for hit in compiled(part.pattern).finditer(content, low, high)
        if accepts(hit["secret"], entropy_min=part.entropy)
    ]
    candidates = [c for c in candidates if not _overlaps(c, anchors)]
    return pair(anchors, windows, candidates)


def _overlaps(span: tuple[int, int], sorted_spans: list[tuple[int, int]]) -> bool:
    at = bisect_left(sorted_spans, span)
    return any(span[0] < end and start < span[1] for start, end in sorted_spans[max(0, at - 1) : at + 1])


def resolve(matches: Iterable[Match]) -> list[Match]:
    """One match per secret: the more specific one keeps a value that several rules of one content claim.

    More specific is: told by more than a name, higher confidence, more parts, the longer anchor, of ours rather than
    taken over, before another by its rule's `over`, the kind's name. A part that two anchors claim goes to the nearer
    one; the other becomes a lone anchor, or goes where its parts are required.
    """
    ordered = sorted(set(_share_parts(sorted(matches))), key=_specificity)
    kept: list[Match] = []
    starts: list[int] = []
    claimed: list[tuple[int, int]] = []
    longest = 0
    for match in ordered:
        if all(_covered(start, end, starts, claimed, longest) for _, start, end in match.spans):
            continue
        kept.append(match)
        for _, start, end in match.spans:
            at = bisect_left(claimed, (start, end))
            claimed.insert(at, (start, end))
            starts.insert(at, start)
            longest = max(longest, end - start)
    return sorted(kept, key=lambda match: (match.start, match.end, match.kind))


def standing(match: Match) -> tuple[bool, int, int, int, bool, int]:
    """What decides between two matches of one value; of equal ones the kind's name does."""
    vague, theirs = match.kind.startswith(GENERIC), match.kind.startswith(IMPORTED)
    return vague, -_RANK[match.confidence], -len(match.spans), match.start - match.end, theirs, match.order


def _specificity(match: Match) -> tuple[tuple[bool, int, int, int, bool, int], str, int]:
    return standing(match), match.kind, match.start


def _covered(start: int, end: int, starts: list[int], claimed: list[tuple[int, int]], longest: int) -> bool:
    """Whether one claimed span holds [start, end)."""
    at = bisect_left(starts, start + 1) - 1
    while at >= 0 and starts[at] >= start - longest:
        if claimed[at][1] >= end:
            return True
        at -= 1
    return False


def _share_parts(matches: Sequence[Match]) -> list[Match]:
    """The matches with each part kept only by the anchor nearest to it."""
    owner: dict[tuple[int, int], tuple[int, str, int]] = {}
    for match in matches:
        for _, start, end in match.spans[1:]:
            claim = (max(start - match.end, match.start - end), match.kind, match.start)
            owner[start, end] = min(owner.get((start, end), claim), claim)
    shared = []
    for match in matches:
        spans = match.spans[:1] + tuple(s for s in match.spans[1:] if owner[s[1:]][1:] == (match.kind, match.start))
        if len(spans) == len(match.spans):
            shared.append(match)
        elif match.lone:
            shared.append(match._replace(spans=spans, confidence=match.confidence if spans[1:] else match.lone))
    return shared
