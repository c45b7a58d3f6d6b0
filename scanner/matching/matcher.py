"""Which rules could match a content: the seam between a fast prefilter and the exact patterns.

A matcher may name too many rules, never too few. What a content holds is then said by `rules.match.find` on the
whole content for each named rule, so that every matcher gives the same findings.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from offkey.errors import OffkeyError
from offkey.secret import redact
from rules.assigned import MODES
from rules.contextual import likely
from rules.light import GENERIC, LightRule, light
from rules.match import Match, find, resolve, stretches
from rules.spans import widened
from scanner.matching import databases
from scanner.matching.announced import Announced, Known, Place, Windows, announced_rules
from scanner.matching.building import built
from scanner.matching.encoded import Encodings, marks_from, marks_to
from scanner.matching.expressions import expressions, narrow
from scanner.matching.runs import Mark

if TYPE_CHECKING:
    from rules.rule import RuleSet

log = logging.getLogger(__name__)


Spots = Sequence[Place] | None
_MORE = 16
"""Bytes beyond a match that decide whether it may be one."""


class MatcherUnavailable(OffkeyError):
    """Hyperscan was asked for by name and cannot be used here."""


class Matcher(Protocol):
    """Names the rules worth trying on a content."""

    def candidates(self, content: bytes) -> list[int]:
        """Indexes into the rules, ascending, of all that could match anywhere in the content.

        The last may be one more than there are rules: then something may be encoded in it.
        """

    def first(self, content: bytes) -> int:
        """An offset up to which nothing ends that makes a candidate; -1 where there are no candidates."""

    def marks(self, content: bytes) -> Iterable[tuple[int, Mark]]:
        """Where marks of encoded text stand, in no order."""

    def spots(self, index: int, content: bytes) -> Spots:
        """Where alone a rule can find something, in order and apart; None where that is not known."""


def matches(matcher: Matcher, rules: Sequence[LightRule], content: bytes) -> list[Match]:
    """The confirmed matches in a content as it stands, one per secret, in order."""
    indexes = matcher.candidates(content)
    if not indexes:
        return []
    told = (found(matcher, rules, i, content) for i in indexes if i < len(rules))
    return settled([match for one in told for match in one])


def found(matcher: Matcher, rules: Sequence[LightRule], index: int, content: bytes) -> list[Match]:
    """What `rules.match.find` gives for one rule, sooner where the matcher knows the places."""
    spots = matcher.spots(index, content)
    return find(rules[index], content, None if spots is None else stretches(rules[index], content, spots))


def settled(found: Sequence[Match]) -> list[Match]:
    """Of all that the rules found in a content one match per secret, in order."""
    specific = resolve(match for match in found if not match.kind.startswith(GENERIC))
    vague = [match for match in found if match.kind.startswith(GENERIC)]
    if not vague:
        return specific
    from scanner.matching.generic import apart_from

    return sorted(specific + apart_from(specific, vague), key=lambda match: (match.start, match.end, match.kind))


def redacted_text(matcher: Matcher, rules: Sequence[LightRule], text: str) -> str:
    """The text with each credential in it replaced by its redacted form. Bytes kept as surrogates stay as they are."""
    content = text.encode("utf-8", "surrogateescape")
    spans = sorted({span[1:] for match in matches(matcher, rules, content) for span in match.spans}, reverse=True)
    for start, end in spans:
        content = content[:start] + redact(content[start:end]).encode() + content[end:]
    return content.decode("utf-8", "surrogateescape")


def masking(ruleset: "RuleSet") -> Callable[[str], str]:
    """What takes the credentials that the rules know out of a text: for text quoted after a scan."""
    rules = light(ruleset)
    return partial(redacted_text, KeywordMatcher(rules), rules)


def open_matcher(
    rules: Sequence[LightRule], digest: str, *, choice: str = "auto", cache: Path | None = None
) -> Matcher:
    """The matcher for `choice`: auto, hyperscan or keyword. `cache` is a folder of ours for compiled databases.

    `auto` takes Hyperscan where it can be imported. Raises MatcherUnavailable when it is asked for and not there.
    """
    if choice != "keyword":
        try:
            return HyperscanMatcher(rules, digest, cache)
        except ImportError as error:
            if choice == "hyperscan":
                raise MatcherUnavailable(
                    f"hyperscan cannot be used here: {error}", advice="use the keyword matcher; findings are the same"
                ) from error
            log.info("hyperscan is not installed; using keywords and re, with the same findings")
    return KeywordMatcher(rules)


def default_cache() -> Path | None:
    """The user's cache folder for compiled databases, or None where there is no home."""
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "offkey"
    return None


class KeywordMatcher:
    """Looks for each rule's literals, or its keywords in the lower-case content. Needs nothing but Python."""

    def __init__(self, rules: Sequence[LightRule]) -> None:
        self._by_literal: dict[bytes, list[int]] = {}
        self._by_keyword: dict[bytes, list[int]] = {}
        self._by_name: dict[bytes, list[int]] = {}
        self._named = frozenset(announced_rules(rules))
        self._windows = Windows(rules, sorted(self._named))
        for index, rule in enumerate(rules):
            named = index in self._named
            table = self._by_name if named else self._by_literal if rule.literals else self._by_keyword
            for word in rule.keywords if named else rule.literals or rule.keywords:
                table.setdefault(word, []).append(index)
        self._encodings = Encodings(rules)
        self._encoded = len(rules)

    def candidates(self, content: bytes) -> list[int]:
        """Rules one of whose literals or keywords occurs."""
        lower = content.lower()
        seen = {i for word, indexes in self._by_keyword.items() if word in lower for i in indexes}
        seen.update(i for word, ones in self._by_literal.items() if word in content for i in ones)
        windows = b"\n".join(lower[low:high] for low, high in self._windows.of(content)) if self._named else b""
        if windows:
            seen.update(i for word, ones in self._by_name.items() if word in windows for i in ones)
        found = sorted(seen)
        if next(self._encodings.find(content), None):
            found.append(self._encoded)
        return found

    def first(self, content: bytes) -> int:
        return 0 if self.candidates(content) else -1

    def marks(self, content: bytes) -> Iterable[tuple[int, Mark]]:
        return self._encodings.find(content)

    def spots(self, index: int, content: bytes) -> Spots:
        return self._windows.of(content) if index in self._named else None


class HyperscanMatcher:
    """All patterns in one automaton. Raises ImportError where there is no hyperscan."""

    def __init__(self, rules: Sequence[LightRule], digest: str, cache: Path | None = None) -> None:
        import hyperscan

        self._encoded = len(rules)
        self._database, self._marks = _cached(rules, digest, cache) if cache else (_compile(rules), b"")
        self._database.scratch = hyperscan.Scratch(self._database)
        self._rules = rules
        self._placed = frozenset(placed(rules))
        self._known = {index: Known[bytes, int]() for index in self._placed}
        self._content = b""
        self._places: dict[int, list[Place]] = {}
        self._announced = Announced(rules, digest, cache)
        self._seen: list[tuple[int, int]] = []
        self._encodings = Encodings(rules)

    def candidates(self, content: bytes) -> list[int]:
        """Rules whose automaton matched."""
        seen = {min(number, self._encoded) for number, _ in self._told(content)}
        seen.update(self._announced.places(content))
        return sorted(seen)

    def first(self, content: bytes) -> int:
        plain = min((end for _, end in self._told(content)), default=-1)
        named = self._announced.first(content if plain < 0 else content[:plain])
        return plain if named < 0 else named

    def marks(self, content: bytes) -> Iterable[tuple[int, Mark]]:
        alike, rules = self._alike, self._encoded
        found = [(end, alike[number - rules]) for number, end in self._scan(content) if number >= rules]
        return [(end - mark.size, mark) for end, marks in found for mark in marks]

    def spots(self, index: int, content: bytes) -> Spots:
        if index in self._announced.indexes:
            return self._announced.places(content).get(index, [])
        if index not in self._placed:
            return None
        if content is not self._content:
            self._told(content)
        return self._places.get(index, [])

    @cached_property
    def _alike(self) -> Sequence[Sequence[Mark]]:
        return marks_from(self._marks) if self._marks else self._encodings.alike

    def _told(self, content: bytes) -> list[tuple[int, int]]:
        """What fits, with its end; of rules whose places are told only what may be taken by `rules.match.find`."""
        told: list[tuple[int, int]] = []
        ends: dict[int, list[Place]] = {}
        for number, end in self._scan(content):
            if number in self._placed:
                ends.setdefault(number, []).append((end, end))
            else:
                told.append((number, end))
        self._content, self._places = content, {}
        for number, found in ends.items():
            rule = self._rules[number]
            for low, high in widened(found, rule.width + _MORE, len(content)):
                end = self._known[number].of(content[low:high], high - low, partial(likely, rule))
                if end >= 0:
                    self._places.setdefault(number, []).append((low, high))
                    told.append((number, low + end))
        return told

    def _scan(self, content: bytes) -> list[tuple[int, int]]:
        self._seen.clear()
        self._database.scan(content, match_event_handler=self._see)
        return self._seen

    def _see(self, index: int, start: int, end: int, flags: int, context: object) -> None:
        self._seen.append((index, end))


def _compile(rules: Sequence[LightRule]) -> Any:
    apart, every = set(announced_rules(rules)), placed(rules)
    chosen = {i: one.text for i, one in enumerate(expressions(rules)) if i not in apart}
    marks = dict(enumerate((alike[0].pattern for alike in Encodings(rules).alike), len(rules)))
    return built(rules, chosen, marks, every)


def placed(rules: Sequence[LightRule]) -> list[int]:
    """The indexes of the rules of passwords: where they fit is told, each time, and what fits is looked at."""
    return [
        i
        for i, rule in enumerate(rules)
        if rule.context and rule.context[2] in MODES and rule.lead < 0 and narrow(rule)
    ]


def _cached(rules: Sequence[LightRule], digest: str, folder: Path) -> tuple[Any, bytes]:
    """The database from the cache, or compiled and put there; and what its marks are."""
    import hyperscan as hs

    if not databases.private(folder):
        return _compile(rules), b""
    path = folder / f"{databases.key(digest, hs.__version__)}.hsdb"  # type: ignore[attr-defined]
    body = databases.load(path)
    if body is not None:
        end = 8 + int.from_bytes(body[:8], "big")
        try:
            return hs.loadb(body[8:end], hs.HS_MODE_BLOCK), body[end:]
        except hs.HyperscanError:
            log.info("rebuilding the pattern database: the cached one is of another machine or damaged")
    database = _compile(rules)
    dumped, marks = hs.dumpb(database), marks_to(Encodings(rules).alike)
    databases.store(path, len(dumped).to_bytes(8, "big") + dumped + marks)
    return database, marks
