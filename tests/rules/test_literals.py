"""The literals of a pattern stand in all that it matches; where no bytes do, there are none."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import expand, load
from rules.light import light
from rules.literals import literals, worthwhile

RULESET = load()


def of(pattern: bytes) -> tuple[bytes, ...]:
    parser: Any = getattr(re, "_parser")  # noqa: B009
    return literals(parser.parse(pattern))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (rb"key_[a-z0-9]{32}", (b"key_",)),
        (rb"\bpk_(?:live|test)_[a-z]{8}", (b"live", b"test")),
        (rb"(?P<secret>sk-ant-[a-z]{8})", (b"sk-ant-",)),
        (rb"a(?=x)b(?<!y)c$", (b"abc",)),
        (rb"(?:abc){2,3}", (b"abc",)),
        (rb"(?:abc)?xy", (b"xy",)),
        (rb"(?:abc)*", ()),
        (rb"ab[c]d", (b"abcd",)),
        (rb"ab[cd]efg", (b"efg",)),
        (rb"(?i)token_[a-z]{8}", ()),
        (rb"id_(?i:token)", (b"id_",)),
        (rb"(?:abc|[a-z]{3})", ()),
        (rb"(?:abc|)d", (b"d",)),
        (rb"(?:one|two|three|four|five|six|seven|eight|nine)-", (b"-",)),
        (rb"(x)\1", (b"x",)),
        (rb"[a-z]{40}", ()),
        (rb"", ()),
    ],
)
def test_a_pattern_needs(pattern: bytes, expected: tuple[bytes, ...]) -> None:
    assert set(of(pattern)) == set(expected)


PIECES = st.recursive(
    st.sampled_from(["a", "b", "ab", "key", r"\.", "[ab]", "[a-c]{2}", "a?", "b+", "(?:)", r"\d"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "{0,2}", "{1,2}", "{2}"])).map(lambda of: f"(?:{of[0]}){of[1]}"),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"(?i:{one})"),
        inner.map(lambda one: f"(?!zz){one}"),
    ),
    max_leaves=8,
)


@given(data=st.data(), pattern=PIECES)
def test_one_of_them_stands_in_whatever_matches(data: st.DataObject, pattern: str) -> None:
    found = of(pattern.encode())
    text = data.draw(st.from_regex(re.compile(pattern.encode()), fullmatch=True))
    assert not found or any(literal in text for literal in found)


def test_one_of_them_stands_in_each_example_of_each_rule() -> None:
    checked = 0
    for rule, one in zip(RULESET.rules, light(RULESET), strict=True):
        for number, example in enumerate(rule.examples):
            if one.literals:
                checked += 1
                assert any(literal in expand(rule, example, number) for literal in one.literals), rule.kind
    assert checked > len(RULESET.rules) / 2


@pytest.mark.parametrize(
    ("found", "width", "keywords", "better"),
    [
        ((b"ghp_",), 40, [b"github"], True),
        ((b"gh",), 40, [b"github"], False),
        ((b"gh",), 40, [b"gh"], True),
        ((b"ghp_",), 10_000, [b"github"], False),
        ((b"github_",), 10_000, [b"github"], True),
        ((b"abcd", b"xy"), 40, [b"github"], False),
        ((), 40, [b"a"], False),
    ],
)
def test_literals_are_used_where_they_find_less_in_vain_than_keywords(
    found: tuple[bytes, ...], width: int, keywords: list[bytes], better: bool
) -> None:
    assert worthwhile(found, width, keywords) is better
