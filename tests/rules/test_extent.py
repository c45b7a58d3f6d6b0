"""No match is longer than its pattern's sight, and one that keeps to a line holds no line's end within."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import load
from rules.extent import in_line, sight
from rules.light import light

RULES = light(load())


def parsed(pattern: bytes) -> Any:
    return getattr(re, "_parser").parse(pattern)  # noqa: B009


@pytest.mark.parametrize(
    ("pattern", "size", "line"),
    [
        (rb"tok_[a-z]{8}", 12, True),
        (rb"tok_[^a-z]{2}", 6, False),
        (rb"a\nb", 3, False),
        (rb"a\s{0,4}=b", 7, False),
        (rb"a[ \t]{0,4}=b", 7, True),
        (rb"(?:^|[^a-z])ab(?:[^a-z]|\Z)", 4, True),
        (rb"[^a-z]ab[^a-z]", 4, True),
        (rb"[^a-z]{0,2}ab", 4, False),
        (rb"(?:x[^a-z]|[^a-z])ab", 4, False),
        (rb"(?:[^a-z]|xy)ab", 4, True),
        (rb"([^a-z])ab\1", 4, False),
        (rb"(?<![a-z])ab(?![^a-z])", 4, True),
        (rb"ab(?=\n)cd", 5, True),
        (rb"ab(?=.{2})", 4, False),
        (rb"ab(?!x\ny)", 5, False),
        (rb"ab(?=c(?=\nd))", 5, False),
        (rb"a(?!zz[a-z]{3})b(?:(?<=b)c)?", 9, True),
        (rb"(?P<q>[\"'])[\W]", 2, True),
        (rb"a[\W]b", 3, False),
        (rb"a[\x00-\x1f]b", 3, False),
        (rb"a[\x0b-\x1f]b", 3, True),
        (rb"(?s)a.b", 3, False),
        (rb"\n", 1, True),
        (rb"(x)?(?(1)a\nb|c)", 4, False),
        (rb"", 0, True),
    ],
)
def test_a_pattern_reaches(pattern: bytes, size: int, line: bool) -> None:
    assert (sight(parsed(pattern)), in_line(parsed(pattern))) == (size, line)


@given(st.data())
@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
def test_what_the_rules_match_is_as_they_say(data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from([rule for rule in RULES if rule.sight < 500]))
    text = data.draw(st.from_regex(rule.pattern))
    for hit in re.finditer(rule.pattern, text):
        assert len(hit[0]) <= rule.width <= rule.sight
        assert not (rule.in_line and b"\n" in hit[0][1:-1])


def test_most_rules_keep_to_a_line() -> None:
    """Else deltas are searched far around each change, or many rules are asked by their keywords alone."""
    own = [rule for rule in RULES if not rule.context]  # a provider's name may stand lines before its value
    assert sum(rule.in_line for rule in own) > len(own) * 2 // 3
