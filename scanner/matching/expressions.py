"""Rules as Hyperscan expressions: cheaper to compile and run than the exact patterns, and matching wherever those do.

Three things make an automaton large or slow. Long bounded repeats (`{60,32000}`) become states: they lose their upper
bound. A pattern without a literal of two bytes runs over every byte of every file: its keywords stand in for it.
For a pattern wider than what is searched around a change (`contents.carry`) its front does (`fronts`), if that holds
one of the rule's literals or keywords, whose places are remembered; else these do. So they do for what Hyperscan cannot
compile. `rules.match.find` says the exact thing afterwards.

A rule with near words is asked when its value turns up, if there are literals to remember the places of values by;
else when a near word does.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from rules.assigned import MODES
from rules.extent import in_line, sight
from rules.light import LightRule, superset
from rules.match import looks_near
from rules.naming import TEXT
from scanner.matching.fronts import fronts, needed, parser
from scanner.storage.patch import FAR

_LITERAL_NEEDED = 2
_LOOKS = re.compile(rb"\(\?<!\[(A-Za-z|A-Z)\]\)")
_VALUE = re.compile(rb"\(\?P<secret>[^()]*\)")
_MOST = 2
"""Repeats whose bounds are kept in the patterns of rules that go by names: of larger ones Hyperscan makes a dot."""
DELTA_REACH = 256
"""Bytes on either side of a change that are searched with it; FAR times as many where no line ends among them."""


class Expression(NamedTuple):
    """`by_keyword` says that the rule's literals or keywords stand in for its pattern."""

    text: bytes
    by_keyword: bool


def expressions(rules: Sequence[LightRule]) -> list[Expression]:
    """One expression a rule, in the rules' order."""
    return [by_pattern(rule) if _by_pattern(rule) else _by_front(rule) or by_keyword(rule) for rule in rules]


def announced(rule: LightRule) -> Expression:
    """The expression of a rule that is looked for in windows (`scanner.matching.announced`)."""
    if not narrow(rule):
        return by_keyword(rule)
    if rule.context:
        return Expression(_led(by_pattern(rule).text), False)
    return Expression(superset(_behind(rule.pattern)), False)


def _led(text: bytes) -> bytes:
    """The expression of a name with what stands before it: a look behind Hyperscan leaves out."""
    return _LOOKS.sub(rb"(?:^|[^\1])", text)


def _behind(pattern: bytes) -> bytes:
    """What of a pattern stands behind its value, if only that tells it: values alone fit in every window."""
    value = _VALUE.search(pattern)
    if value is None or literal_run(pattern[: value.end()]) >= _LITERAL_NEEDED:
        return pattern
    return pattern[value.end() :] if literal_run(pattern[value.end() :]) >= _LITERAL_NEEDED else pattern


def narrow(rule: LightRule) -> bool:
    """Whether whatever decides over a match lies within the bytes that are searched with a change which it touches."""
    return _within(rule.sight, rule.in_line)


def _within(sight: int, in_line: bool) -> bool:
    return sight < (FAR * DELTA_REACH if in_line else DELTA_REACH)


def _by_pattern(rule: LightRule) -> bool:
    return _known(rule) and narrow(rule) and literal_run(rule.pattern) >= _LITERAL_NEEDED


def _known(rule: LightRule) -> bool:
    """Whether the places that are remembered of the rule are those of its values."""
    return bool(rule.literals) or not looks_near(rule)


def _by_front(rule: LightRule) -> Expression | None:
    """A front of the pattern that lies within the bytes that are searched, and holds what is looked for later."""
    for front in fronts(rule.pattern) if _known(rule) else ():
        parsed, runs = parser.parse(front), needed(front)
        if rule.literals:
            told = any(word in run for word in rule.literals for run in runs)
        else:
            told = any(word in run.lower() for word in rule.keywords for run in runs)
        if told and _within(sight(parsed), in_line(parsed)):
            return Expression(superset(front), False)
    return None


def by_keyword(rule: LightRule) -> Expression:
    """Any of the rule's literals, or where there are none any of its keywords, in any case."""
    if rule.literals:
        return Expression(b"(?:" + b"|".join(re.escape(word) for word in rule.literals) + b")", True)
    return Expression(b"(?i:" + b"|".join(re.escape(word) for word in rule.keywords) + b")", True)


def by_pattern(rule: LightRule) -> Expression:
    """The rule's pattern without the upper bounds of its long repeats, nor the rest of a password."""
    if not rule.context or (rule.lead < 0 and rule.context[2] not in MODES):
        return Expression(superset(rule.pattern), False)
    text = superset(rule.pattern, _MOST)
    rest = TEXT + b"{0,})"
    return Expression(text.removesuffix(rest) + b")" if text.endswith(rest) else text, False)


class _Run(NamedTuple):
    """Least lengths of the literals at a sequence's start and end and of the longest; `whole`: it is all literal."""

    first: int
    longest: int
    last: int
    whole: bool


_EMPTY = _Run(0, 0, 0, True)
_OTHER = _Run(0, 0, 0, False)


def literal_run(pattern: bytes) -> int:
    """The length of the longest run of literal bytes that every match must hold, or less."""
    return _sequence(parser.parse(pattern)).longest


def _sequence(items: Any) -> _Run:
    total = _EMPTY
    for code, argument in items:
        total = _joined(total, _item(str(code), argument))
    return total


def _joined(left: _Run, right: _Run) -> _Run:
    return _Run(
        left.first + right.first if left.whole else left.first,
        max(left.longest, right.longest, left.last + right.first),
        left.last + right.last if right.whole else right.last,
        left.whole and right.whole,
    )


def _item(name: str, argument: Any) -> _Run:
    if name == "LITERAL":
        return _Run(1, 1, 1, True)
    if name in ("AT", "ASSERT", "ASSERT_NOT"):
        return _EMPTY
    if name == "SUBPATTERN":
        return _sequence(argument[-1])
    if name == "BRANCH":
        branches = [_sequence(branch) for branch in argument[1]]
        first, longest, last, whole = (min(values) for values in zip(*branches, strict=True))
        return _Run(first, longest, last, bool(whole))
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] > 0:
        once = _sequence(argument[2])
        return once if argument[:2] == (1, 1) else once._replace(whole=False)
    return _OTHER
