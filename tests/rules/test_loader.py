"""What a rule file may say, and how it is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

import rules.loader
from offkey.errors import Exit
from offkey.model import Confidence, Ownership
from rules import RuleError, load
from rules.rule import RuleSet
from rules.table import markdown

GOOD = """
provider = "acme"
console = "https://acme.test/keys"
[[rule]]
kind = "acme.key"
name = "Acme key"
pattern = '''\\b(?P<secret>acme_[A-Za-z0-9]{20})\\b'''
keywords = ["ACME_"]
confidence = "high"
ownership = "personal"
examples = ["acme_<base62:20>", "key: acme_<base62:20>"]
counterexamples = ["acme_<base62:19>", "acme_xxxxxxxxxxxxxxxxxxxx"]
[rule.checks]
entropy = 3.0
"""


def write(folder: Path, text: str, name: str = "acme.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_bundled_rules_cover_many_providers() -> None:
    ruleset = load()
    assert len(ruleset.rules) >= 380
    assert len({rule.provider for rule in ruleset.rules}) >= 210
    assert [rule.kind for rule in ruleset.rules] == sorted({rule.kind for rule in ruleset.rules})


def test_every_provider_says_what_a_person_must_do() -> None:
    assert [p.name for p in load().providers.values() if not p.handover.strip()] == []


def test_a_users_file_adds_a_kind(tmp_path: Path) -> None:
    ruleset = load([write(tmp_path, GOOD)])
    (rule,) = [rule for rule in ruleset.rules if rule.provider == "acme"]
    assert (rule.kind, rule.confidence, rule.ownership) == ("acme.key", Confidence.HIGH, Ownership.PERSONAL)
    assert rule.keywords == (b"acme_",)
    assert ruleset.providers["acme"].console == "https://acme.test/keys"


def test_a_users_file_replaces_a_bundled_kind_and_keeps_the_providers_texts(tmp_path: Path) -> None:
    text = GOOD.replace("acme.key", "github.oauth").replace('"acme"', '"github"').replace("https://acme.test/keys", "")
    ruleset = load([write(tmp_path, text)])
    (rule,) = [rule for rule in ruleset.rules if rule.kind == "github.oauth"]
    assert b"acme_" in rule.pattern
    assert ruleset.providers["github"] == load().providers["github"]


BROKEN = {
    "is not valid TOML": GOOD + "\nname = = 1",
    "unknown key colour": GOOD.replace('name = "Acme key"', 'name = "Acme key"\ncolour = "red"'),
    "unknown key entropi": GOOD.replace("entropy", "entropi"),
    "unknown key provider_name": GOOD.replace("provider =", "provider_name ="),
    "holds no [[rule]]": 'provider = "acme"\n',
    "pattern is missing": GOOD.replace("pattern = ", "#"),
    "name must be a string": GOOD.replace('"Acme key"', "7"),
    "name is empty": GOOD.replace('"Acme key"', '" "'),
    "keywords are empty": GOOD.replace('["ACME_"]', "[]"),
    "keywords holds an empty string": GOOD.replace('["ACME_"]', '[""]'),
    "keywords must be a list of strings": GOOD.replace('["ACME_"]', "[1]"),
    "is no regular expression": GOOD.replace("{20})\\b", "{20}\\b"),
    "beyond ASCII": GOOD.replace("[A-Za-z0-9]", "[A-Zä]"),
    "may span more than": GOOD.replace("{20})\\b", "+)\\b"),
    "one named group: secret, or id": GOOD.replace("?P<secret>", "?P<value>"),
    "unknown checksum": GOOD.replace("entropy = 3.0", 'checksum = "luhn"'),
    "confidence is 'sure'": GOOD.replace('"high"', '"sure"'),
    "ownership is 'mine'": GOOD.replace('"personal"', '"mine"'),
    "is no kind of this provider": GOOD.replace('"acme.key"', '"emca.key"'),
    "needs two examples": GOOD.replace('["acme_<base62:20>", ', "["),
    "two counterexamples": GOOD.replace('["acme_<base62:19>", ', "["),
    "entropy must lie between": GOOD.replace("3.0", "9.5"),
    "near_lines must lie between": GOOD.replace("entropy = 3.0", "near_lines = 1000"),
    "a part's pattern needs": GOOD + "[[rule.parts]]\nname = 'x'\npattern = 'abc'\n",
    "two parts have one name": GOOD + "[[rule.parts]]\nname = 'secret'\npattern = '(?P<secret>abc)'\n",
    "is not found": GOOD.replace('"acme_<base62:20>"', '"acme_<base62:21>"'),
    "is found": GOOD.replace('"acme_<base62:19>"', '"acme_<base62:20>"'),
    "unknown alphabet": GOOD.replace('"acme_<base62:20>"', '"acme_<klingon:20>"'),
    "no keyword stands in": GOOD.replace('["ACME_"]', '["emca_"]'),
    "parts must be an array of tables": GOOD.replace("[rule.checks]", "[rule.parts]"),
    "already defined": GOOD + GOOD[GOOD.index("[[rule]]") :],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_rule_file_is_refused_with_its_name_and_the_fault(fault: str, tmp_path: Path) -> None:
    path = write(tmp_path, BROKEN[fault])
    with pytest.raises(RuleError) as caught:
        load([path])
    message = str(caught.value)
    assert fault in message
    assert str(path) in message
    assert caught.value.advice
    assert caught.value.exit_code == Exit.USAGE
    before_any_rule = "TOML", "no [[rule]]", "provider_name"
    assert any(word in fault for word in before_any_rule) or ".key" in message


def test_a_missing_file_and_a_binary_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="cannot be read"):
        load([tmp_path / "none.toml"])
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="not UTF-8"):
        load([binary])


def test_one_kind_in_two_of_the_users_files_is_refused(tmp_path: Path) -> None:
    files = [write(tmp_path, GOOD), write(tmp_path, GOOD, "again.toml")]
    with pytest.raises(RuleError, match=r"again\.toml: acme\.key: this kind is already defined"):
        load(files)


def digest_of(ruleset: RuleSet, **changes: object) -> str:
    first = replace(ruleset.rules[0], **changes)  # type: ignore[arg-type]
    return rules.loader._digest((first, *ruleset.rules[1:]))


def test_the_digest_is_stable_and_changes_with_what_a_rule_matches() -> None:
    ruleset = load()
    assert ruleset.digest == load().digest == digest_of(ruleset)
    assert ruleset.digest.startswith("sha256:")
    assert digest_of(ruleset, pattern=ruleset.rules[0].pattern + b"x") != ruleset.digest
    assert digest_of(ruleset, entropy=7.5) != ruleset.digest
    assert digest_of(ruleset, confidence=Confidence.LOW) != ruleset.digest or (
        ruleset.rules[0].confidence is Confidence.LOW
    )
    assert digest_of(ruleset, examples=("a", "b"), counterexamples=("c", "d")) == ruleset.digest


def test_the_digest_changes_with_a_users_file(tmp_path: Path) -> None:
    assert load([write(tmp_path, GOOD)]).digest != load().digest


def test_the_table_of_kinds_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "rules.md"
    assert page.read_text(encoding="utf-8") == markdown(load()), "run `python -m rules.table docs/rules.md`"
