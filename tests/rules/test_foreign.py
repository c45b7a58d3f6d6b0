"""Rule files of gitleaks, betterleaks and Kingfisher, written here from their documentation, as rules of ours."""

import time
from pathlib import Path

import pytest

from offboarding import cli
from offkey.errors import Exit
from rules import RuleError, load
from rules.foreign.read import Imported, read
from rules.light import everything, lighten
from rules.match import find, resolve
from scanner.matching import rulecache
from tests.builders import token

GITLEAKS = """
title = "acme"
[extend]
useDefault = true
disabledRules = ["generic-api-key"]

[[rules]]
id = "acme-token"
description = "Acme token"
regex = '''(?i)\\b(acme_[a-z0-9]{32})(?:['"\\s;]|$)'''
entropy = 3
keywords = ["acme_"]
tags = ["acme"]
  [[rules.allowlists]]
  description = "our stand-ins"
  condition = "OR"
  commits = ["deadbeef"]
  paths = ['''tests/.*''']
  stopwords = ["sandbox"]
  regexes = ['''dummy''', '''^acme_0+$''']

[[rules]]
id = "umbra-key"
description = "Umbra key, by its name"
regex = '''(?i)(umbra|umb)[\\w-]{0,20}\\s*[:=]\\s*["']?([0-9a-f]{40})["']?'''
secretGroup = 2
keywords = ["umbra"]

[[rules]]
id = "hex-near-word"
description = "Forty digits in a file on Nimbus"
regex = '''\\b[0-9a-f]{40}\\b'''
keywords = ["nimbus"]

[[rules]]
id = "by-path"
description = "Key stores"
path = '''\\.p12$'''

[[rules]]
id = "only-there"
description = "In one file"
regex = '''there_[a-z0-9]{20}'''
path = '''settings\\.py'''

[[rules]]
id = "no-word"
description = "Forty digits"
regex = '''[0-9a-f]{40}'''

[[rules]]
id = "greek"
description = "Letters"
regex = '''gr_\\p{Greek}{20}'''

[[rules]]
id = "pair-id"
description = "Half of a pair"
regex = '''\\bpid_[a-z0-9]{12}\\b'''
skipReport = true

[[rules]]
id = "pair-secret"
description = "The other half"
regex = '''\\bpsk_[a-z0-9]{24}\\b'''
  [[rules.required]]
  id = "pair-id"
  withinLines = 2

[[allowlists]]
targetRules = ["umbra-key"]
stopwords = ["00000000"]
"""
BETTERLEAKS = """
prefilter = '''filter.matchesAny(attributes[?"path"].orValue(""), ["vendor/"])'''
[[rules]]
id = "acme-token"
description = "Acme token"
regex = '''\\b(acme_[a-zA-Z0-9]{32})\\b'''
keywords = ["acme_"]
filter = '''
filter.entropy(finding["secret"]) <= 3.5 ||
filter.containsAny(finding["secret"], ["_MOCK_"]) ||
filter.failsTokenEfficiency(finding["secret"])
'''
validate = '''http.get("https://api.acme.test/me", {})'''
"""
KINGFISHER = """
rules:
  - name: Acme PAT
    id: custom.acme.1
    pattern: |
      (?xi)
      \\b
      (
        acme_[a-z0-9]{32}   # the body (all of it)
      )
      \\b
    min_entropy: 3.1
    confidence: high
    pattern_requirements:
      min_digits: 1
      min_lowercase: 1
      ignore_if_contains: [sandbox]
    examples: ["ACME=%s", "token %s"]
    negative_examples: ["acme_short", "acme-%s"]
    validation: {type: Http}
    revocation: {type: AWS}
  - name: Named value
    id: custom.named
    pattern: 'nm_(?P<region>eu|us)_(?P<TOKEN>[a-z0-9]{20})'
  - name: Helper
    id: custom.helper
    visible: false
    pattern: 'helper_[a-z]{9}'
"""
ACME = token("acme_", 32, seed=5, alphabet="abcdefghijklmnopqrstuvwxyz0123456789")
HEX = token("", 40, seed=5, alphabet="0123456789abcdef")


def taken(text: str, name: str = "rules.toml") -> Imported:
    found = read(Path(name), text)
    assert found is not None
    return found


def values(path: Path, content: str) -> dict[str, bytes]:
    """What the imported rules find in a content: kind and value."""
    data = content.encode()
    rules = [lighten(rule) for rule in load([path]).rules if rule.provider == "imported"]
    matches = resolve(match for rule in rules for match in find(rule, data))
    return {match.kind: data[match.spans[0][1] : match.spans[0][2]] for match in matches}


def write(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def kingfisher() -> str:
    others = [token("", 32, seed=n, alphabet="abcdefghijklmnopqrstuvwxyz0123456789") for n in (1, 2, 3)]
    return KINGFISHER % (f"acme_{others[0]}", f"acme_{others[1]}", others[2])


def test_rules_of_gitleaks_find_what_they_are_for(tmp_path: Path) -> None:
    path = write(tmp_path, GITLEAKS, "gitleaks.toml")
    assert values(path, f'x = "{ACME}"\n') == {"imported.acme_token": ACME.encode()}
    assert values(path, f"UMBRA_KEY: '{HEX}'\n") == {"imported.umbra_key": HEX.encode()}
    assert values(path, f"# nimbus\n\nvalue {HEX}\n") == {"imported.hex_near_word": HEX.encode()}
    assert values(path, f"value {HEX}\n") == {}


def test_stop_words_excuse_and_a_word_for_one_rule_excuses_no_other(tmp_path: Path) -> None:
    path = write(tmp_path, GITLEAKS, "gitleaks.toml")
    for word in ("sandbox", "dummy"):
        assert values(path, f'x = "acme_{word}{ACME[5 + len(word) :]}"\n') == {}
    assert values(path, f"umbra = 00000000{HEX[8:]}\n") == {}
    assert values(path, f"nimbus\n{'0' * 4}1{'0' * 4}{HEX[9:]}\n") == {
        "imported.hex_near_word": ("0" * 4 + "1" + "0" * 4 + HEX[9:]).encode()
    }


def test_a_required_rule_must_match_near(tmp_path: Path) -> None:
    path = write(tmp_path, GITLEAKS, "gitleaks.toml")
    secret, half = token("psk_", 24, alphabet="abcdefgh123"), token("pid_", 12, alphabet="abcdefgh123")
    assert values(path, f"{half}\n{secret}\n") == {"imported.pair_secret": secret.encode()}
    assert values(path, f"{half}\n\n\n\n\n{secret}\n") == {}
    assert values(path, f"{secret}\n") == {}


def test_what_is_not_carried_over_is_named_with_its_reason() -> None:
    found = taken(GITLEAKS)
    assert found.tool == "gitleaks"
    why = dict(found.missing)
    assert set(why) == {"by-path", "no-word", "greek", "pair-id"}
    assert "by their path" in why["by-path"]
    assert "no text of 2 bytes" in why["no-word"]
    assert "\\p" in why["greek"]
    assert "not reported by itself" in why["pair-id"]
    of_file = [line for name, line in found.lost if not name]
    assert any("own rules" in line for line in of_file)
    assert any("switched off" in line for line in of_file)
    notes = {one.draft.id: " ".join(one.notes) for one in found.carried}
    assert "paths are not carried over" in notes["acme-token"]
    assert "'^acme_0+$'" in notes["acme-token"]
    assert "commits" in notes["acme-token"]
    assert "bounded at" in notes["umbra-key"]
    assert "100 lines" in notes["hex-near-word"]
    assert "some paths only" in notes["only-there"]
    assert {one.row["confidence"] for one in found.carried if one.draft.id == "only-there"} == {"low"}


def test_filters_of_betterleaks_become_entropy_and_stop_words(tmp_path: Path) -> None:
    found = taken(BETTERLEAKS)
    (one,) = found.carried
    assert found.tool == "betterleaks"
    assert one.row["checks"] == {"entropy": 3.5, "reject": ["_mock_"]}
    assert "failsTokenEfficiency" in " ".join(one.notes)
    assert "validation" in " ".join(one.notes)
    assert any("prefilter" in line for _, line in found.lost)


def test_rules_of_kingfisher_find_and_their_own_examples_are_tried(tmp_path: Path) -> None:
    path = write(tmp_path, kingfisher(), "acme.yml")
    assert values(path, f'x = "{ACME}"\n') == {"imported.custom_acme_1": ACME.encode()}
    value = token("", 20, alphabet="abcdefgh1234567")
    assert values(path, f"nm_eu_{value}\n") == {"imported.custom_named": value.encode()}
    found = taken(path.read_text(), "acme.yml")
    rows = {one.draft.id: one for one in found.carried}
    assert "untried" not in rows["custom.acme.1"].row
    assert rows["custom.named"].row["untried"] is True
    assert rows["custom.acme.1"].row["checks"]["checksum"] == "letters-and-digits"
    assert found.missing == (("custom.helper", "is not reported by itself: only as a part of others"),)
    notes = " ".join(rows["custom.acme.1"].notes)
    assert "validation" in notes
    assert "revocation" in notes


def test_an_example_that_is_not_found_here_is_told(tmp_path: Path) -> None:
    text = kingfisher().replace("ACME=", "AC").replace("acme_short", f"not {ACME}")
    (one, *_) = taken(text, "acme.yml").carried
    assert "1 of its 2 examples are not found here" in one.notes
    assert "1 of its 2 counter-examples are found here" in one.notes
    assert one.row["untried"] is True


def test_the_written_file_holds_no_token_and_means_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, made = write(tmp_path, kingfisher(), "acme.yml"), tmp_path / "acme.toml"
    assert cli.main(["rules", "import", str(source), "-o", str(made)]) == Exit.GAPS
    said = capsys.readouterr().err
    assert "Kingfisher: 2 of 3 rules carried over, 1 of them without examples" in said
    assert "not carried over: custom.helper" in said
    text = made.read_text()
    for seed in (1, 2, 3):
        assert token("", 32, seed=seed, alphabet="abcdefghijklmnopqrstuvwxyz0123456789") not in text
    assert "acme_<lower:32>" in text
    assert load([made]).digest == load([source]).digest
    assert load([made]).unread == ()


@pytest.mark.parametrize("text", [GITLEAKS, BETTERLEAKS], ids=["gitleaks", "betterleaks"])
def test_every_written_file_loads(tmp_path: Path, text: str) -> None:
    source, made = write(tmp_path, text, "theirs.toml"), tmp_path / "ours.toml"
    assert cli.main(["rules", "import", str(source), "-o", str(made)]) in (Exit.DONE, Exit.GAPS)
    assert load([made]).digest == load([source]).digest


def test_another_provider_may_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path, BETTERLEAKS, "theirs.toml")
    assert cli.main(["rules", "import", str(source), "--provider", "acme"]) == Exit.DONE
    assert 'kind = "acme.acme_token"' in capsys.readouterr().out
    assert cli.main(["rules", "import", str(source), "--provider", "Acme Inc"]) == Exit.USAGE


def test_what_is_lost_is_told_at_every_scan_and_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path, GITLEAKS, "gitleaks.toml")
    (tmp_path / "a.py").write_text(f'x = "{ACME}"\n')
    for _ in range(2):
        assert cli.main(["scan", str(tmp_path / "a.py"), "--no-state", "--rules", str(source)]) == Exit.OPEN
        out, err = capsys.readouterr()
        assert "imported.acme_token" in out
        assert "4 of 9 rules of gitleaks are not carried over" in err
    assert cli.main(["rules", "check", str(source)]) == Exit.DONE
    assert "4 of 9 rules of gitleaks" in capsys.readouterr().err


def test_the_hook_takes_them_too_and_from_its_cache(tmp_path: Path) -> None:
    source = str(write(tmp_path, BETTERLEAKS, "theirs.toml"))
    first = rulecache.load([source], str(tmp_path / "cache"))
    assert "imported.acme_token" in {rule.kind for rule in everything(first)}
    assert rulecache.load([source], str(tmp_path / "cache")) == first


HOSTILE = {
    "nested": "evil(?:a|aa|aaa){1,60}!",
    "side by side": "evil[a-z]{1,4000}[a-z]{1,4000}[a-z]{1,4000}[0-9]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pattern_that_hostile_text_makes_slow_is_left_out_in_bounded_time(name: str) -> None:
    began = time.process_time()
    found = taken(f"[[rules]]\nid = 'evil'\nregex = '''{HOSTILE[name]}'''\n{BETTERLEAKS[BETTERLEAKS.index('[[') :]}")
    assert found.missing == (("evil", "its pattern is slow on text made to make it slow"),)
    assert [one.kind for one in found.carried] == ["imported.acme_token"]
    assert time.process_time() - began < 20


def test_endless_repeats_are_bounded_until_the_pattern_is_quick() -> None:
    (one,) = taken("[[rules]]\nid = 'wide'\nregex = '''wide_[a-z]*[a-z]*[a-z0-9]+!'''\n").carried
    assert "bounded at 120" in " ".join(one.notes)
    (two,) = taken("[[rules]]\nid = 'wide'\nregex = '''wide_[a-z0-9]+'''\n").carried
    assert "bounded at 4096" in " ".join(two.notes)


def test_a_wider_match_than_may_be_is_refused() -> None:
    found = taken("[[rules]]\nid = 'evil'\nregex = '''evil((a+)+)+$'''\n")
    assert "may span more than" in found.missing[0][1]


BOMB = "a: &a [x, x]\n" + "".join(
    f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *{'a' if n == 0 else f'b{n - 1}'}]\n" for n in range(60)
)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.yml", "rules:\n  - !!python/object/apply:os.system [echo]\n", "neither TOML nor YAML"),
        ("a.yml", "rules: [\n", "neither TOML nor YAML"),
        ("a.yaml", "- just\n- a list\n", "not valid TOML"),
        ("a.toml", "rules = 3\n", "unknown key rules"),
        ("a.toml", "[[rules]]\nname = 'no id'\n", "unknown key rules"),
    ],
)
def test_what_is_no_rule_file_is_refused(tmp_path: Path, name: str, text: str, fault: str) -> None:
    with pytest.raises(RuleError, match=fault):
        load([write(tmp_path, text, name)])


def test_a_yaml_bomb_does_nothing() -> None:
    text = f"{BOMB}rules:\n  - id: a\n    pattern: 'acme_[a-z]{{9}}'\n    examples: *b59\n    name: *b59\n"
    began = time.process_time()
    (one,) = taken(text, "a.yml").carried
    assert one.row["name"] == "a"
    assert time.process_time() - began < 10


def test_a_rule_of_ours_goes_before_anothers_on_the_same_value(tmp_path: Path) -> None:
    text = "[[rules]]\nid = 'aaa'\nregex = '''slack_[a-z0-9]{20}'''\n"
    ours = """
provider = "zzz"
[[rule]]
kind = "zzz.key"
name = "Ours"
pattern = '(?P<secret>slack_[a-z0-9]{20})'
keywords = ["slack_"]
confidence = "medium"
ownership = "shared"
examples = ["slack_<lower:20>", "a slack_<lower:20>"]
counterexamples = ["slack_", "slack"]
"""
    rules = load([write(tmp_path, text, "theirs.toml"), write(tmp_path, ours, "ours.toml")]).rules
    data = token("slack_", 20, alphabet="abcdefgh12345").encode()
    named = [lighten(rule) for rule in rules if rule.kind in ("imported.aaa", "zzz.key")]
    assert [match.kind for match in resolve(match for rule in named for match in find(rule, data))] == ["zzz.key"]


def test_two_rules_of_one_name_get_two_kinds() -> None:
    rules = "".join(
        f"[[rules]]\nid = '{name}'\nregex = 'acme{n}_[a-z]{{9}}'\n" for n, name in enumerate(("a-b", "a.b", "1x"))
    )
    assert [one.kind for one in taken(rules).carried] == ["imported.a_b", "imported.a_b_2", "imported.rule_1x"]
