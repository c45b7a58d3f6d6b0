"""Rules in Python's own form are the rules that were read."""

import marshal
import sys
from pathlib import Path

import pytest

import rules
from rules import reading
from rules.frozen import VERSION, freeze, thaw
from rules.light import light
from scanner.matching import rulecache

MINE = """
provider = "acme"
[[rule]]
kind = "acme.token"
name = "Acme token"
pattern = '(?P<secret>acme_[a-z0-9]{%d})'
keywords = ["acme_"]
confidence = "high"
ownership = "personal"
references = ["https://example.com"]
examples = ["acme_<lower:%d>", "key: acme_<lower:%d>"]
counterexamples = ["acme_short", "acme-<lower:%d>"]
"""


@pytest.fixture(scope="module")
def bundled() -> rules.RuleSet:
    return rules.load(generic=True)


def test_frozen_and_thawed_rules_are_the_same(bundled: rules.RuleSet) -> None:
    again = thaw(freeze(bundled))
    assert again == bundled
    assert {name: again.providers[name] for name in again.providers} == dict(bundled.providers)
    assert type(again.rules[0].confidence) is type(bundled.rules[0].confidence)


def test_no_pattern_is_parsed_again_to_know_its_width(bundled: rules.RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, expected = freeze(bundled), light(bundled)
    monkeypatch.setattr(reading, "_known", {})
    monkeypatch.setattr(reading.re, "_parser", None)
    assert light(thaw(frozen)) == expected


def _other(data: bytes) -> bytes:
    return marshal.dumps(((VERSION[0] + 1, sys.hexversion), *marshal.loads(data)[1:]))


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[:5000], _other, lambda data: marshal.dumps((1, 2)), lambda data: b"\xff" * 99],
    ids=["empty", "cut", "another version", "something else", "noise"],
)
def test_anything_else_is_refused(bundled: rules.RuleSet, damage: object) -> None:
    assert callable(damage)
    with pytest.raises(ValueError, match=r"."):
        thaw(damage(freeze(bundled)))


def test_rules_come_from_the_cache_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, mine = str(tmp_path / "cache"), tmp_path / "mine.toml"
    mine.write_text(MINE % (20, 20, 20, 20))
    reads = []
    load = rules.load

    def counted(*args: object, **named: object) -> rules.RuleSet:
        reads.append(args)
        return load(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(rules, "load", counted)
    first = rulecache.load_all([str(mine)], cache=cache)
    assert rulecache.load_all([str(mine)], cache=cache) == first == load([mine])
    assert len(reads) == 1
    assert rulecache.load_all([], cache=cache) == load()
    assert rulecache.load_all([], generic=True, cache=cache) == load(generic=True)
    mine.write_text(MINE % (21, 21, 21, 21))
    changed = rulecache.load_all([str(mine)], cache=cache)
    assert changed == load([mine])
    assert changed.digest != first.digest


def test_a_damaged_cache_of_rules_is_made_anew(tmp_path: Path) -> None:
    first = rulecache.load_all(cache=str(tmp_path / "cache"))
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:-100])
    assert rulecache.load_all(cache=str(tmp_path / "cache")) == first
    kept.write_bytes(b"")
    assert rulecache.load_all(cache=str(tmp_path / "cache")) == first


def test_a_wrong_rule_file_is_refused_each_time(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("provider = 1")
    for _ in range(2):
        with pytest.raises(rules.RuleError):
            rulecache.load_all([str(mine)], cache=str(tmp_path / "cache"))
