"""A front fits wherever its pattern does: what it stands in for is never missed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules.examples import expand
from rules.light import light
from scanner.matching.expressions import expressions
from scanner.matching.fronts import fronts, needed

RULES = rules.load()


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.kind)
def test_a_front_fits_at_every_match_of_a_bundled_rule(rule: rules.Rule) -> None:
    found = 0
    for number, example in enumerate(rule.examples):
        text = expand(rule, example, number)
        for hit in re.finditer(rule.pattern, text):
            found += 1
            for front in fronts(rule.pattern):
                assert re.compile(front).match(text, hit.start())
            for run in needed(rule.pattern):
                assert run.lower() in hit[0].lower()
    assert found


def test_the_words_of_common_prose_and_code_ask_no_rule() -> None:
    """As they did where a wide pattern had its keyword alone stand in."""
    by_kind = {rule.kind: one for rule, one in zip(RULES.rules, expressions(light(RULES)), strict=True)}
    prose = b'the machine forgot its password: {"auth": true, "d": "x"}\nclient_auth = new_auth\n'
    for kind in ("netrc.password", "npm.basic_auth", "docker.config_auth", "private_key.jwk"):
        assert not by_kind[kind].by_keyword
        assert not re.search(by_kind[kind].text, prose)


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        (b"abc[0-9]{4,9}x", b"abc[0-9]{4}"),
        (b"abc[0-9]{4,}x", b"abc[0-9]{4}"),
        (b"(?P<a>x[0-9]{2,3}(?P<b>y{5,6}))z", b"(?P<a>x[0-9]{2,3}(?P<b>y{5}))"),
        (b"(?i)ab[0-9]{2,3}c", b"(?i)ab[0-9]{2}"),
        (b"a{0,4}b", None),
        (b"ab{2,3}|c", None),
        (b"(?:x|ab{2,3})c", None),
        (b"ab{2,3}?c", None),
        (b"(?:ab{2,3})*c", None),
        (b"(?=ab{2,3}c)a", None),
        (b"[{2}]", None),
        (b"ab", None),
    ],
)
def test_where_a_front_ends(pattern: bytes, longest: bytes | None) -> None:
    assert next(fronts(pattern), None) == longest


@pytest.mark.parametrize(
    ("pattern", "runs"),
    [
        (b"abc[0-9]de", [b"abc", b"de"]),
        (b"a(?P<x>bc)?d", [b"a", b"d"]),
        (b"a(?P<x>bc)d", [b"abcd"]),
        (b"a(?i:bc)d", [b"a", b"d"]),
        (b"ab|cd", []),
    ],
)
def test_what_every_match_holds(pattern: bytes, runs: list[bytes]) -> None:
    assert needed(pattern) == runs


ATOMS = st.sampled_from(["a", "bc", "[0-9]", r"\s", "(?:x|yz)", "."])
BOUNDS = st.sampled_from(["", "{1}", "{2,3}", "{0,2}", "{3,}", "?", "*", "{1,2}?", "{2,4}+"])
PARTS = st.lists(st.tuples(ATOMS, BOUNDS).map("".join), min_size=1, max_size=4).map("".join)
GROUPS = st.tuples(st.sampled_from(["", "(?P<g>{})", "(?:{})", "(?:{})|q", "(?:{}){{2,3}}"]), PARTS).map(
    lambda made: made[0].format(made[1]) if made[0] else made[1]
)
PATTERNS = st.tuples(PARTS, GROUPS, PARTS).map("".join)


@given(st.data())
def test_a_front_fits_wherever_its_pattern_does(data: st.DataObject) -> None:
    pattern = data.draw(PATTERNS).encode()
    text = data.draw(st.from_regex(pattern))
    hit = re.search(pattern, text)
    if hit is None:
        return  # what is possessive may give nothing back
    for front in fronts(pattern):
        assert re.compile(front).match(text, hit.start()), front
    for run in needed(pattern):
        assert run in hit[0]
