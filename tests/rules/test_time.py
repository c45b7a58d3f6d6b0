"""No rule is slow on text that someone made to make it slow."""

import random
import re
import time
from collections.abc import Callable

import pytest

from rules import Rule, expand, load
from rules.foreign.trial import slow
from rules.light import LightRule, lighten
from rules.match import find

ALL = load().rules
NAMED = [rule for rule in ALL if rule.context and rule.provider != "generic"]
RULES = [rule for rule in ALL if rule not in NAMED] + NAMED[::12]
"""Rules that a provider's name announces are looked for by one piece of code: of these every twelfth will do."""
WIDE = [rule for rule in RULES if lighten(rule).width > 4096]
SIZE = 200_000
TASTE = 10_000  # all texts are tried at this size, the slowest of them in full
MOST = 25
"""Times what a plain pattern takes for twice as much text: the slowest rules take 12, what is quadratic 60.

Seconds would not do: on a shared machine the same work takes twice as long from one hour to the next.
"""
PLAIN = re.compile(rb"[a-z][a-z0-9]{3,12}(?<!xx)[0-9][=:]")
TEXT = b"abcdefghijklmn opqrst uvw 12345 " * 12_500


def hostile_texts(rule: Rule, size: int) -> list[bytes]:
    """Repeated prefixes, near misses, long runs and shuffled pieces of what the rule looks for."""
    chance = random.Random(rule.kind)
    good = expand(rule, rule.examples[0], 0)
    bad = [expand(rule, text, 10 + i) for i, text in enumerate(rule.counterexamples)]
    word = rule.keywords[0]
    start = good.lower().find(word) if word in good.lower() else 0
    pieces = [good[start : start + n] for n in (len(word), len(word) + 4, 40, 400)] + [good, good[:-1], good[:-2], *bad]
    pieces += [
        word,
        word + b"a",
        word + b"-",
        word + b"://",
        word + b"=" * 9,
        word + b" " * 50,
        good[start:] + b"\\n" * 40,
    ]
    texts = [(piece * (size // max(1, len(piece)) + 1))[:size] for piece in pieces if piece]
    texts += [
        good[: start + 12] + run * size
        for run in (b"a", b"A1", b"-", b"_", b" ", b"\n", b"\\n", b":", b"/", b"=", b".")
    ]
    texts.append(b"".join(chance.choice(pieces) for _ in range(size // 40))[:size])
    return [text[:size] for text in texts]


@pytest.mark.parametrize("rule", RULES, ids=[rule.kind for rule in RULES])
def test_hostile_text_costs_little_more_than_plain_text(rule: Rule) -> None:
    light = lighten(rule)
    taste = [seconds(light, text) for text in hostile_texts(rule, TASTE)]
    slowest = hostile_texts(rule, SIZE)[taste.index(max(taste))]
    # Of three tries one is not disturbed by who else uses the processor.
    assert any(seconds(light, slowest) < MOST * plain() for _ in range(3))


@pytest.mark.parametrize("rule", WIDE, ids=[rule.kind for rule in WIDE])
def test_a_wide_rule_of_ours_is_as_quick_as_one_of_a_user_must_be(rule: Rule) -> None:
    assert slow([lighten(rule)]) == set()


def test_a_pattern_that_goes_over_the_same_text_again_and_again_costs_too_much() -> None:
    again = re.compile(rb" +x")
    assert timed(lambda: again.search(b" " * (SIZE // 4))) > MOST * plain()


def seconds(rule: LightRule, text: bytes) -> float:
    return timed(lambda: find(rule, text))


def plain() -> float:
    """Seconds of this process for a plain pattern, now."""
    return timed(lambda: PLAIN.findall(TEXT))


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
