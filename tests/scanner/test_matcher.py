"""Both matchers find the same; the cache of compiled patterns is loaded only when it is ours and whole."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules
from offboarding.demo.simulators import tokens
from rules.light import light
from scanner.matching import databases
from scanner.matching import matcher as module
from scanner.matching.expressions import expressions, literal_run
from scanner.matching.matcher import (
    HyperscanMatcher,
    KeywordMatcher,
    MatcherUnavailable,
    matches,
    open_matcher,
    redacted_text,
)

hyperscan = pytest.importorskip("hyperscan")

RULES = rules.load()
LIGHT = light(RULES)
KEYWORD = KeywordMatcher(LIGHT)
FAST = HyperscanMatcher(LIGHT, RULES.digest)
PLANTED = [
    tokens.github_classic("a"),
    tokens.github_fine_grained("a"),
    tokens.slack_bot("a"),
    tokens.npm("a"),
    tokens.database_url("a", host="db.corp.internal"),
    tokens.private_key_pem("a"),
    tokens.stripe_live("a"),
    "aws_access_key_id = {}\naws_secret_access_key = {}".format(*tokens.aws_pair("a")),
]


@given(
    pieces=st.lists(
        st.one_of(
            st.sampled_from([token.encode() for token in PLANTED]),
            st.sampled_from([word for rule in LIGHT for word in rule.keywords]),
            st.sampled_from([b"\n", b" ", b"=", b'"', b"'", b"\0", b"://u:p@"]),
            st.binary(max_size=60),
        ),
        max_size=20,
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_matchers_find_the_same_in_planted_tokens_and_noise(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    assert matches(FAST, LIGHT, content) == matches(KEYWORD, LIGHT, content)


def test_every_example_of_every_rule_is_found_by_both_matchers() -> None:
    for index, rule in enumerate(RULES.rules):
        for number, example in enumerate(rule.examples):
            content = rules.expand(rule, example, number)
            assert index in FAST.candidates(content), rule.kind
            if (index + number) % 5 == 0:
                assert index in KEYWORD.candidates(content), rule.kind


def test_planted_tokens_are_found_at_all() -> None:
    for token in PLANTED:
        assert matches(FAST, LIGHT, f"x = '{token}'\n".encode()), token[:4]


def test_text_has_its_credentials_redacted() -> None:
    token = tokens.github_classic("a")
    assert redacted_text(FAST, LIGHT, f"by {token} \udce9") == "by ghp_…(40) \udce9"


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        (b"abc[0-9]", 3),
        (b"(?:ab|ac)de", 4),
        (b"(?:abc|x)y", 2),
        (b"a?bcd", 3),
        (b"(?:ab)+c", 3),
        (b"(?:ab){0,2}c", 1),
        (b"(?:ab|c)d|e", 1),
        (b"[a-z]{40}", 0),
    ],
)
def test_the_literal_that_a_pattern_needs_is_not_overrated(pattern: bytes, length: int) -> None:
    assert literal_run(pattern) <= length


def test_a_pattern_without_a_literal_is_replaced_by_its_keywords() -> None:
    by_kind = {rule.kind: one for rule, one in zip(LIGHT, expressions(LIGHT), strict=True)}
    assert by_kind["azure.devops_pat.legacy"].by_keyword
    assert not by_kind["github.pat.classic"].by_keyword


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts how often the patterns are compiled."""
    count: list[int] = []
    original = module._compile
    monkeypatch.setattr(module, "_compile", lambda rules: count.append(1) or original(rules))
    return count


TOKEN = tokens.github_classic("cached").encode()
ONE = tuple(rule for rule in LIGHT if rule.kind == "github.pat.classic")


def works(cache: Path, digest: str = "d") -> bool:
    return bool(matches(HyperscanMatcher(ONE, digest, cache), ONE, TOKEN))


def test_a_second_start_loads_what_the_first_compiled(tmp_path: Path, compiled: list[int]) -> None:
    assert works(tmp_path / "c")
    assert works(tmp_path / "c")
    assert len(compiled) == 1
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "c").iterdir())


def test_other_rules_get_another_database(tmp_path: Path, compiled: list[int]) -> None:
    assert works(tmp_path / "c", "one")
    assert works(tmp_path / "c", "two")
    assert len(compiled) == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "foreign", "readable by others", "a link"])
def test_a_cache_file_that_is_not_ours_and_whole_is_built_anew(
    tmp_path: Path, compiled: list[int], damage: str
) -> None:
    assert works(tmp_path / "c")
    (file,) = (tmp_path / "c").iterdir()
    data = file.read_bytes()
    if damage == "readable by others":
        file.chmod(0o644)
    elif damage == "a link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.write_bytes(
            {"empty": b"", "cut": data[:-9], "changed": data[:-9] + b"x" * 9, "foreign": b"y" * 99}[damage]
        )
    assert works(tmp_path / "c")
    assert len(compiled) == 2
    assert works(tmp_path / "c")
    assert len(compiled) == 2, "the file was not replaced by a good one"


def test_a_folder_that_others_may_write_is_neither_read_nor_written(tmp_path: Path, compiled: list[int]) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    folder.chmod(0o777)
    assert works(folder)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_link_is_not_used(tmp_path: Path, compiled: list[int]) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "c").symlink_to(tmp_path / "real")
    assert works(tmp_path / "c")
    assert os.listdir(tmp_path / "real") == []


def test_without_hyperscan_auto_uses_keywords_and_asking_for_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "hyperscan", None)
    assert isinstance(open_matcher(ONE, "d"), KeywordMatcher)
    with pytest.raises(MatcherUnavailable) as caught:
        open_matcher(ONE, "d", choice="hyperscan")
    assert caught.value.advice


@given(lines=st.lists(st.sampled_from(["", "a b", "x" * 40, *PLANTED]), min_size=1, max_size=6))
@settings(deadline=None)
@pytest.mark.parametrize("matcher", [FAST, KEYWORD], ids=["hyperscan", "keyword"])
def test_the_lines_that_end_before_what_comes_first_hold_nothing(
    matcher: HyperscanMatcher | KeywordMatcher, lines: list[str]
) -> None:
    content = "\n".join(lines).encode()
    at = matcher.first(content)
    assert (at < 0) == (not matcher.candidates(content))
    if at >= 0:
        assert not matcher.candidates(content[: content.rfind(b"\n", 0, at) + 1])


def test_other_code_gets_another_database(tmp_path: Path, compiled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a database looks for depends on what makes it, not on the rules alone."""
    assert works(tmp_path / "c")
    monkeypatch.setattr(databases, "_MAKERS", (*databases._MAKERS, "contents/carry.py"))
    assert works(tmp_path / "c")
    assert len(compiled) == 2


def test_marks_are_the_same_from_a_cache(tmp_path: Path) -> None:
    text = base64.b64encode(b"x = " + TOKEN) + b"\n" + TOKEN.hex().encode()
    made, loaded = (HyperscanMatcher(ONE, "d", tmp_path / "c") for _ in range(2))
    found = [{(at, mark[1:]) for at, mark in one.marks(text)} for one in (HyperscanMatcher(ONE, "d"), made, loaded)]
    assert found[0]
    assert found[0] == found[1] == found[2]
