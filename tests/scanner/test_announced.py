"""Rules that a name announces are looked for around what may be keys only, and nothing is missed by that."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules
from rules.drawn import CHARACTERS, LEAST, holds, lead, runs, windows
from rules.light import LightRule, light
from rules.match import Match, find
from scanner.contents.carry import Searcher
from scanner.matching.announced import Known, Windows, announced_rules
from scanner.matching.expressions import DELTA_REACH
from scanner.matching.fronts import parser
from scanner.matching.matcher import HyperscanMatcher, KeywordMatcher
from scanner.storage.delta import Kernel, Python, kernel
from tests.fuzz.handmade import copy, delta, insert
from tests.needs import KERNEL

pytest.importorskip("hyperscan")
KINDS = (
    "generic.password", "generic.token", "generic.key", "generic.setting", "generic.bare_key", "generic.url_parameter",
    "datadog.api_key", "convertapi.secret", "auth0.management_token", "azure.client_secret.legacy", "uclassify.api_key",
)  # fmt: skip
RULES = tuple(rule for rule in light(rules.load()) if rule.kind in KINDS)
FAST, PLAIN = HyperscanMatcher(RULES, "test"), KeywordMatcher(RULES)
KERNELS = [pytest.param(kernel(), marks=KERNEL, id="compiled"), pytest.param(Python(), id="python")]
VALUES = (
    b"9fK2mQ7xLp4Rt8Vb3Nw6Zc1D",
    b"4f9a1c7e2b8d6f0a3c5e7b9d1f2a4c6e",
    b"Kq7#mVz2!pXw9",
    b"7Yw2Kc9XbV4m",
    b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI4MjMxIn0.k3J9xQ2mVb7Rt5Yw8Zc1Nf6Lp4Ds0Ag",
)
pieces = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from([word for rule in RULES for word in rule.keywords]),
    st.sampled_from(
        [
            b"\n",
            b" ",
            b" = ",
            b": ",
            b'"',
            b"'",
            b"api_",
            b"db_",
            b"_id",
            b"client.",
            b"name: ",
            b"value: ",
            b"&",
            b"(",
            b"# ",
        ]
    ),
    st.text("abcxyz_ \n", max_size=40).map(str.encode),
)
texts = st.lists(pieces, max_size=40).map(b"".join)
some = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def everything(content: bytes) -> list[Match]:
    """What each rule finds when it is asked about the whole content."""
    return [match for rule in RULES for match in find(rule, content)]


@KERNEL
@given(
    content=st.lists(st.sampled_from([*map(bytes, zip(CHARACTERS)), b"7", b"ab", b" ", b"\n", b'"', b"\xff"])).map(
        b"".join
    ),
    before=st.integers(0, 40),
    after=st.integers(0, 40),
)
@settings(max_examples=1000)
def test_both_kernels_see_the_same_windows(content: bytes, before: int, after: int) -> None:
    assert kernel().drawn(content, before, after) == Python().drawn(content, before, after)


@pytest.mark.parametrize("size", range(1, 90))
def test_a_run_is_seen_wherever_it_stands(size: int) -> None:
    """Sixteen bytes are looked at in one: none of their places may be special."""
    run = b"a" * (LEAST - 1) + b"7"
    for text in (run, run[::-1], run + b"b" * 30, b"b" * 30 + run):
        content = b" " * size + text + b" " * (90 - size)
        assert list(runs(content)) == [(size, size + len(text))]
        for used in (kernel(), Python()):
            bounds = memoryview(used.drawn(content, 0, 0)).cast("Q").tolist()
            assert bounds == [size, size + len(text)]


def test_a_run_has_a_digit_beside_a_letter_and_length_enough() -> None:
    assert holds(b"a" * (LEAST - 1) + b"1")
    assert not holds(b"a" * (LEAST - 2) + b"1")
    assert not holds(b"a" * 40)
    assert not holds(b"a" * 6 + b" " + b"1" * 6)
    assert not holds(b"1" * 40)
    assert not holds(b"https://somewhere.example/123/456")
    assert not holds(b"2026-11-22/10:30:00.000")
    assert holds(b"2026-11-22T10:30:00.000")
    assert holds(b"1-293847-19283746-abcdefgh")
    assert not holds(b"abcdefgh-1-293847-19283746")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (rb"[0-9]{4,10}-[0-9]{3,12}-[A-Za-z0-9]{12}", (5, 21)),
        (rb"[0-9]{4,10}-[0-9]{30,42}-[A-Za-z0-9]{40}", (-1, 0)),
        (rb"[0-9]{20}", (-1, 0)),
        (rb"[a-z]{20}", (-1, 0)),
        (rb"[0-9]{8}[.][a-z]{20}", (-1, 0)),
        (rb"(?:[0-9a-f]{4}-){3}[a-z]{20}", (5, 35)),
    ],
)
def test_a_value_that_may_have_no_digit_beside_a_letter_is_looked_for_everywhere(
    value: bytes, told: tuple[int, int]
) -> None:
    assert lead(parser.parse(b"name=(?P<secret>" + value + b")")) == told


def test_windows_that_meet_are_one() -> None:
    run = b"1a" * 6
    text = b" " * 20 + run + b" " * 10 + run + b" " * 50 + run
    assert windows(text, 6, 4) == [(14, 58), (98, 116)]


@given(content=texts)
@some
def test_what_is_found_in_windows_is_what_is_found_in_the_whole(content: bytes) -> None:
    for matcher in (FAST, PLAIN):
        named = [i for i in matcher.candidates(content) if i < len(RULES)]
        told = [match for index in named for match in find(RULES[index], content)]
        assert told == everything(content)
        spotted = Searcher(RULES, matcher).whole(content)
        assert sorted(m for kept in spotted.values() for m in kept.matches) == sorted(everything(content))


@given(content=texts)
@some
def test_nothing_that_is_found_ends_before_the_text_is_said_to_be_clear(content: bytes) -> None:
    first = FAST.first(content)
    ends = [match.end for match in everything(content)]
    assert not ends or 0 <= first <= min(ends)


@pytest.mark.parametrize("used", KERNELS)
@given(base=texts, new=texts, at=st.integers(0, 600), cut=st.integers(0, 80), fill=st.integers(0, 3))
@some
def test_a_changed_text_holds_what_a_search_of_it_finds(
    used: Kernel, base: bytes, new: bytes, at: int, cut: int, fill: int
) -> None:
    padding = b"alpha beta gamma\n" * (20 * fill)
    base = padding + base + padding
    at = min(at + len(padding), len(base))
    cut, new = min(cut, len(base) - at), new[:100]
    orders = [copy(0, at)] if at else []
    orders += [insert(new)] if new else []
    rest = len(base) - at - cut
    orders += [copy(at + cut, rest)] if rest else []
    steps = delta(len(base), at + len(new) + rest, *orders)
    target, around = used.apply(base, steps, DELTA_REACH, 1 << 20)
    searcher = Searcher(RULES, FAST)
    held = searcher.changed(target, around, searcher.whole(base), used.carry, steps)
    assert sorted(match for kept in held.values() for match in kept.matches) == sorted(everything(target))


def test_a_window_holds_all_that_may_announce_its_value() -> None:
    named = announced_rules(RULES)
    found = Windows(RULES, named)
    for index in named:
        rule: LightRule = RULES[index]
        name = rule.keywords[0]
        content = b" " * 500 + name + b"_token" + b" " * (rule.lead - len(name) - 6) + VALUES[1] + b" " * 500
        assert any(low <= 500 and high >= 500 + rule.lead + 32 for low, high in found.of(content))


def test_what_was_worked_out_of_a_text_is_kept_a_while() -> None:
    asked: list[bytes] = []
    known: Known[bytes, int] = Known()
    for text in (b"a", b"b", b"a"):
        assert known.of(text, 1, lambda one: asked.append(one) or len(one)) == 1  # type: ignore[func-returns-value]
    assert asked == [b"a", b"b"]
    for number in range(10_000):
        known.of(b"%d" % number, 4, len)
    assert known.of(b"a", 1, lambda one: 7) == 7


def test_a_long_text_is_not_kept() -> None:
    known: Known[bytes, int] = Known()
    long = b"a" * 10_000
    assert known.of(long, len(long), len) == 10_000
    assert known.of(long, len(long), lambda one: 7) == 7
