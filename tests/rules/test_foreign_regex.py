"""Regular expressions of RE2 and of Rust, as Python's."""

import random
import re

import pytest

from rules.foreign import filters
from rules.foreign.regex import Flavour, Untranslatable, translate
from rules.foreign.sample import sample
from rules.foreign.words import fixed, related

RE2, RUST = Flavour.RE2, Flavour.RUST
MEANS = [
    (RE2, r"(?i)abc", "ABC", "AB"),
    (RE2, r"a(?i)b|c", "aB", "AB"),
    (RE2, r"a(?i)b|c", "C", "A"),
    (RE2, r"(a(?i)b)c", "aBc", "aBC"),
    (RE2, r"(?i)a(?-i)b", "Ab", "AB"),
    (RE2, r"(?i:a)b", "Ab", "AB"),
    (RE2, r"x(?P<name>[[:alpha:]_]+)y", "xA_y", "x1y"),
    (RE2, r"[[:xdigit:]]{4}", "aF09", "aG09"),
    (RE2, r"[^[:space:]]x", "-x", " x"),
    (RE2, r"\x{41}\x42", "AB", "AC"),
    (RE2, r"\Qa.b*\E+", "a.b**", "aXb"),
    (RE2, r"a{,2}", "a{,2}", "aa"),
    (RE2, r"é+", "éé", "e"),
    (RE2, r"ab$", "ab", "ab\n"),
    (RE2, r"ab\z", "ab", "ab\n"),
    (RE2, r"(?m)^ab$", "ab", "cab"),
    (RE2, r"[a[]b", "[b", "]b"),
    (RE2, r"[]a]b", "]b", "[b"),
    (RE2, r"a.c", "abc", "a\nc"),
    (RE2, r"(?s)a.c", "a\nc", "ac"),
    (RUST, "(?x) a b  # a comment with ( in it\n c", "abc", "a b c"),
    (RUST, "(?x) [a b]+ \\# c", "ab#c", "a b# c"),
    (RUST, r"(?<TOKEN>a+)b", "aab", "b"),
    (RUST, r"\u{41}B", "AB", "B"),
]


def compiled(flavour: Flavour, pattern: str, secret: int = 0) -> "re.Pattern[bytes]":
    return re.compile(translate(pattern, flavour).pattern(secret, 100).encode("ascii"))


@pytest.mark.parametrize(("flavour", "pattern", "fits", "fails"), MEANS, ids=[f"{one[1]}-{one[2]}" for one in MEANS])
def test_a_pattern_means_what_it_means_there(flavour: Flavour, pattern: str, fits: str, fails: str) -> None:
    ours = compiled(flavour, pattern)
    assert ours.fullmatch(fits.encode())
    assert not ours.fullmatch(fails.encode())


@pytest.mark.parametrize(
    ("flavour", "pattern"),
    [
        (RE2, r"\pL+"),
        (RE2, r"[\p{Greek}]"),
        (RE2, r"[é]"),
        (RE2, r"a\Cb"),
        (RE2, r"(?P=name)"),
        (RE2, r"(a"),
        (RE2, r"a)"),
        (RE2, r"[a"),
        (RE2, r"(a)\1"),
        (RE2, "a\\"),
        (RUST, r"[a-z&&[^aeiou]]"),
        (RUST, r"[[a-z][0-9]]"),
        (RUST, r"\b{start}a"),
        (RUST, r"\<a"),
        (RUST, r"(?R)a$"),
    ],
)
def test_what_has_no_equal_is_refused(flavour: Flavour, pattern: str) -> None:
    with pytest.raises(Untranslatable, match=r"."):
        translate(pattern, flavour)


def test_every_repeat_gets_an_end_and_stays_as_greedy_as_it_was() -> None:
    ours = translate(r"a*b+?c{3,}(?U)d*e{2,}?", RE2)
    assert ours.endless
    assert ours.pattern(0, 50) == "(?P<secret>a{0,50}b{1,51}?c{3,53}d{0,50}?e{2,52})"
    assert not translate(r"a{1,3}b?c{2}", RE2).endless


def test_the_chosen_group_alone_captures() -> None:
    told = translate(r"(a)(?:b)(?P<x>c)(d)", RE2)
    assert told.groups == ("", "x", "")
    assert told.pattern(2, 9) == "(?:a)(?:b)(?P<secret>c)(?:d)"
    assert compiled(RE2, r"(a)(b)", 2).fullmatch(b"ab")["secret"] == b"b"  # type: ignore[index]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (rb"\b(?P<secret>acme_[a-z]{9})", (b"acme_",)),
        (rb"(?i:ACME|umbra)[=:]x", (b"acme", b"umbra")),
        (rb"[Aa]pi_?key", (b"api",)),
        (rb"(?:abc)?defg", (b"defg",)),
        (rb"[0-9]{9}:[a-z]{9}", ()),
        (rb"[a-f]{32}", ()),
    ],
)
def test_words_are_found_of_which_one_stands_in_every_match(pattern: bytes, words: tuple[bytes, ...]) -> None:
    found = fixed(pattern)
    assert found == words
    chance = random.Random(1)
    for _ in range(20):
        text = sample(pattern, chance).lower()
        assert not found or any(word in text for word in found)


def test_a_keyword_within_what_must_stand_there_needs_no_look_around() -> None:
    assert related(rb"(?:xox)[pe]-[0-9]{9}", [b"xoxp-", b"xoxe-"])
    assert related(rb"begin[a-z]{5}private key", [b"begin"])
    assert not related(rb"key=[0-9a-f]{9}", [b"acme"])


def test_a_filter_is_taken_apart_at_its_alternatives() -> None:
    told = filters.read(
        """
        // low entropy, "||" in a comment
        (filter.entropy(finding["secret"]) <= 3.5) ||
        filter.containsAny(finding["secret"], ["_MOCK_", 'a"b', r"c\\d"]) ||
        (matchesAny(finding.secret, [`(?i)dummy`]) || finding["secret"] == "SUPER") ||
        filter.matchesAny(finding["secret"], ["^a+$"]) ||
        (filter.entropy(finding["secret"]) < 9 && filter.failsTokenEfficiency(finding["secret"]))
        """
    )
    assert told.entropy == 3.5
    assert told.reject == ("_MOCK_", 'a"b', "c\\d", "dummy", "SUPER")
    assert len(told.left) == 2
    assert "matchesAny" in told.left[0]
    assert "failsTokenEfficiency" in told.left[1]


@pytest.mark.parametrize("text", ["", "(", ")))", '"', "a || b", "[[[", "containsAny(finding.secret, [x])", "||" * 50])
def test_a_filter_that_is_none_is_left_and_nothing_is_raised(text: str) -> None:
    told = filters.read(text)
    assert (told.entropy, told.reject) == (0.0, ())
