import base64
import gzip
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import load
from rules.light import light
from scanner.contents.inline import Allowance, inside
from scanner.contents.replay import replay
from scanner.matching.encoded import Encodings, cased
from scanner.matching.matcher import HyperscanMatcher, KeywordMatcher
from scanner.matching.runs import decode, runs
from tests.builders import token

pytest.importorskip("hyperscan")
RULES = light(load())
FAST = HyperscanMatcher(RULES, "d")
SLOW = KeywordMatcher(RULES)
VALUE = b"token: " + token("glpat-", 20).encode() + b" end"

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "twice": lambda text: base64.b64encode(base64.b64encode(text)),
    "hex": lambda text: text.hex().encode(),
    "HEX": lambda text: text.hex().upper().encode(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text).encode(),
    "escapes": lambda text: "".join(f"\\u{byte:04x}" for byte in text).encode(),
    "bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text).encode(),
    "lines": base64.encodebytes,
    "indented lines": lambda text: base64.encodebytes(text).replace(b"\n", b"\r\n    "),
}


def values(content: bytes) -> list[tuple[tuple[str, ...], bytes]]:
    """The steps and the bytes of what is found in a content's runs, after comparing both matchers."""
    by_both = [inside(matcher, RULES, content, Allowance()).found for matcher in (FAST, SLOW)]
    assert by_both[0] == by_both[1]
    return [
        (one.steps, replay(content, one.steps)[match.start : match.end]) for one in by_both[0] for match in one.matches
    ]


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"x" * 200])
@pytest.mark.parametrize("form", ENCODE)
def test_a_value_is_found_in_each_form_at_each_alignment(form: str, before: bytes) -> None:
    content = b'a = "' + ENCODE[form](before + VALUE) + b'"\n'
    if "lines" in form:
        content = b"a: |\n    " + ENCODE[form](before + VALUE)
    assert {value for _, value in values(content)} == {VALUE.split()[1]}


def test_a_keyword_has_its_patterns_case_even_when_it_is_spread_over_alternatives() -> None:
    kinds = {rule.kind: rule for rule in RULES}
    assert cased(kinds["circleci.token"]) == {b"CCIPAT_", b"CCIPRJ_"}
    assert cased(kinds["aws.access_key"]) == {b"AKIA"}


PIECES = st.one_of(
    st.sampled_from([encode(before + VALUE) for encode in ENCODE.values() for before in (b"", b"x")]),
    st.sampled_from(sorted(Encodings(RULES).literals)),
    st.sampled_from([b"\n", b" ", b"=", b'"', b"-", b"_", b"+", b"/", b"%41" * 8, b"a" * 70, b"a" * 70 + b"\n"]),
    st.binary(max_size=30),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_both_matchers_find_the_same_whatever_stands_around(content: bytes) -> None:
    values(content)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, min_size=1, max_size=8).map(b"".join), st.binary(max_size=300), st.binary(max_size=300))
def test_a_run_depends_on_what_it_says_and_no_more(content: bytes, before: bytes, after: bytes) -> None:
    """What lets an object take over what its base's runs hold."""
    for run in runs(content, FAST.marks(content)):
        if run.low == 0 or run.high == len(content):
            continue  # an end that stays an end
        moved = before + content[run.low : run.high] + after
        by = len(before) - run.low
        again = runs(moved, FAST.marks(moved))
        assert (run.form, run.start + by, run.end + by) in {one[:3] for one in again}


def test_too_many_runs_are_told_and_not_all_looked_at() -> None:
    content = b" ".join(base64.b64encode(VALUE) for _ in range(5))
    told = inside(FAST, RULES, content, Allowance(runs=3))
    assert told.stretches == ((0, len(content)),)
    assert [one.why for one in told.found if one.why] == ["more encoded text than the limit"]
    assert len([one for one in told.found if one.matches]) == 3


def test_an_archive_in_base64_is_opened_and_a_bomb_there_is_told() -> None:
    held = base64.b64encode(gzip.compress(VALUE))
    assert [value for _, value in values(b"a: " + held)] == [VALUE.split()[1]]
    bomb = base64.b64encode(gzip.compress(bytes(8 << 20)))
    told = inside(FAST, RULES, b"a: " + bomb, Allowance())
    assert ["times as large" in one.why for one in told.found] == [True]


def test_long_and_crowded_runs_take_no_more_than_a_moment() -> None:
    """Marks side by side in one long line: each run is measured and decoded once for each alignment."""
    marks = sorted(Encodings(RULES).literals)
    content = b"".join(random.Random(1).choices(marks, k=60_000))
    began = time.process_time()
    inside(FAST, RULES, content, Allowance())
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "form", "clear"),
    [
        (b"amqp%3A%2F%2Fa%3Ab", "percent", b"amqp://a:b"),
        (b"https:\\/\\/h", "escapes", b"https://h"),
        (b"AccountKey\\u003dabc\\u003D", "escapes", b"AccountKey=abc="),
        (b"YWJj\n  ZGVm", "base64", b"abcdef"),
        (b"_-8", "base64url", b"\xff\xef"),
    ],
)
def test_a_run_is_decoded(text: bytes, form: str, clear: bytes) -> None:
    assert decode(text, form) == clear
