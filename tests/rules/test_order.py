"""Two rules that take the same value need an order, and a rule of a user's is refused that has none, or is slow."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from rules import Rule, RuleError, expand, load
from rules.light import everything, from_cache, light, to_cache
from rules.match import find, resolve
from rules.order import Others
from rules.rule import RuleSet, orders

ALL = load()
TWIN = """
provider = "acme"
[[rule]]
kind = "acme.key"
name = "Acme key"
pattern = '''\\b(?P<secret>acme_[A-Za-z0-9]{20})\\b'''
keywords = ["acme_"]
confidence = "high"
ownership = "personal"
examples = ["acme_<base62:20>", "key: acme_<base62:20>"]
counterexamples = ["acme_<base62:19>", "acme_xxxxxxxxxxxxxxxxxxxx"]
[[rule]]
kind = "acme.admin_key"
name = "Acme key of an administrator"
pattern = '''\\b(?P<secret>acme_[A-Za-z0-9]{20})\\b'''
keywords = ["acme_"]
confidence = "high"
ownership = "personal"
examples = ["acme_<base62:20>", "admin: acme_<base62:20>"]
counterexamples = ["acme_<base62:19>", "acme_xxxxxxxxxxxxxxxxxxxx"]
"""
SLOW = """
provider = "acme"
[[rule]]
kind = "acme.slow"
name = "Acme key"
pattern = '''acme(?:[a-z0-9]{1,30}){1,30}=(?P<secret>[A-Z0-9]{20})\\b'''
keywords = ["acme"]
confidence = "high"
ownership = "personal"
examples = ["acmekey=<upper:20>", "acme1=<upper:20>"]
counterexamples = ["acmekey=<upper:19>", "acme=<upper:20>"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "acme.toml"
    path.write_text(text, encoding="utf-8")
    return path


def kinds(ruleset: RuleSet, content: bytes) -> list[str]:
    return [match.kind for match in resolve(match for rule in light(ruleset) for match in find(rule, content))]


def test_no_bundled_rule_takes_another_ones_value_without_an_order() -> None:
    others = Others(light(ALL))
    assert {(rule.kind, kind): told for rule in ALL.rules for kind, told in others.alike(rule).items()} == {}


def test_what_bundled_rules_go_over_is_known_and_no_circle() -> None:
    known = {rule.kind for rule in ALL.rules}
    assert [(rule.kind, kind) for rule in ALL.rules for kind in rule.over if kind not in known] == []
    assert min(orders(ALL.rules).values()) < 0


def test_a_rule_that_takes_the_value_of_another_is_refused_until_it_says_which_goes_first(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"acme\.toml: acme\.key: acme\.admin_key takes the same value") as caught:
        load([written(tmp_path, TWIN)])
    assert 'add over = ["acme.admin_key"]' in str(caught.value.advice)
    above = TWIN.replace('name = "Acme key"\n', 'name = "Acme key"\nover = ["acme.admin_key"]\n')
    ruleset = load([written(tmp_path, above)])
    value = expand(next(rule for rule in ruleset.rules if rule.kind == "acme.key"), "x: acme_<base62:20>", 0)
    assert kinds(ruleset, value) == ["acme.key"], "the alphabet would have taken acme.admin_key"
    _, kept = from_cache(to_cache(ruleset))
    assert set(everything(kept)) == set(light(ruleset))


@pytest.mark.parametrize(
    ("other", "decides"),
    [
        ('confidence = "high"', 'confidence = "medium"'),
        ("(?P<secret>acme_[A-Za-z0-9]{20})", "acme_(?P<secret>[A-Za-z0-9]{20})"),
    ],
)
def test_what_confidence_or_length_decides_needs_no_order(other: str, decides: str, tmp_path: Path) -> None:
    head, rule, last = TWIN.partition('[[rule]]\nkind = "acme.admin_key"')
    assert len(load([written(tmp_path, head + rule + last.replace(other, decides))]).rules) == len(ALL.rules) + 2


def test_a_rule_that_takes_a_bundled_rules_value_is_refused(tmp_path: Path) -> None:
    text = TWIN.partition('[[rule]]\nkind = "acme.admin_key"')[0].replace("acme_[A-Za-z0-9]{20}", "sntryu_[a-f0-9]{64}")
    text = text.replace("acme_<base62:20>", "sntryu_<hex:64>").replace('"acme_"', '"sntryu_"')
    with pytest.raises(RuleError, match=r"acme\.key: sentry\.user_token takes the same value"):
        load([written(tmp_path, text)])


def test_a_circle_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    first = TWIN.replace('name = "Acme key"\n', 'name = "Acme key"\nover = ["acme.admin_key"]\n')
    circle = first.replace('administrator"\n', 'administrator"\nover = ["acme.key"]\n')
    with pytest.raises(RuleError, match=r"circle: acme\.(key|admin_key) over acme\."):
        load([written(tmp_path, circle)])
    with pytest.raises(RuleError, match=r"over names 'acme\.kex', which is no kind"):
        load([written(tmp_path, first.replace('["acme.admin_key"]', '["acme.kex"]'))])


def test_orders_are_lower_the_more_a_rule_goes_before() -> None:
    first = ALL.rules[0]
    made: list[Rule] = [
        replace(first, kind="a.a", over=("a.b", "a.gone")),
        replace(first, kind="a.b", over=("a.c",)),
        replace(first, kind="a.c"),
    ]
    assert orders(made) == {"a.a": -2, "a.b": -1, "a.c": 0}


def test_a_users_rule_that_hostile_text_makes_slow_is_refused_in_bounded_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(RuleError, match=r"acme\.toml: acme\.slow: its pattern is slow") as caught:
        load([written(tmp_path, SLOW)])
    assert "bound its repeats" in str(caught.value.advice)
    assert time.monotonic() - began < 60
