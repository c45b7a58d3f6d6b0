"""What the file around a value says of an owner, and who owns its path by CODEOWNERS."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offkey.found import Finding, Place
from rules import RuleSet
from scanner.claims import around, codeowners
from scanner.matching.matcher import masking
from scanner.repository.git import Git
from scanner.values import read_text
from tests.builders import Repo, token
from tests.scanner.conftest import Scan

GITHUB = """\
# the example of GitHub's documentation, with addresses of ours
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README", "@global-owner1 @global-owner2"),
        ("src/a.js", "@js-owner"),
        ("a.go", "docs@example.com"),
        ("deep/down/a.txt", "@octo-org/octocats"),
        ("build/logs/x", "@octocat"),
        ("docs/a.md", "@doctocat"),
        ("docs/build/a.md", "@doctocat"),
        ("other/docs/a.md", "@global-owner1 @global-owner2"),
        ("lib/apps/x", "@octocat"),
        ("deeply/nested/logs/x/y", "@octocat"),
        ("scripts/x.sh", "@doctocat @octocat"),
        ("apps/github", ""),
        ("apps/github/x.py", ""),
        ("apps/other.py", "@octocat"),
    ],
)
def test_the_last_line_that_matches_decides(path: str, expected: str) -> None:
    assert " ".join(codeowners.owners(GITHUB, path)) == expected


def test_a_star_at_the_end_stays_in_its_folder() -> None:
    text = "* @all\ndocs/* @writers\n"
    assert codeowners.owners(text, "docs/a.md") == ("@writers",)
    assert codeowners.owners(text, "docs/build/a.md") == ("@all",)


def test_sections_decide_each_for_itself_and_lend_their_owners() -> None:
    text = "* @all\n[Docs] @writers\ndocs/\n^[Config][2] @ops\n*.toml @sam\n!vendor.toml\n*.ini\n"
    assert codeowners.owners(text, "docs/x.toml") == ("@all", "@writers", "@sam")
    assert codeowners.owners(text, "vendor.toml") == ("@all",)
    assert codeowners.owners(text, "a.ini") == ("@all", "@ops")


def test_a_space_and_a_mark_can_be_escaped() -> None:
    assert codeowners.owners("a\\ b.txt @x\n\\#c @y\n", "a b.txt") == ("@x",)
    assert codeowners.owners("a\\ b.txt @x\n\\#c @y\n", "#c") == ("@y",)


@given(st.text(alphabet="ab*?/\\![]@# .\n", max_size=60), st.text(alphabet="ab/. ", min_size=1, max_size=20))
def test_no_file_whatever_is_trouble(text: str, path: str) -> None:
    for owner in codeowners.owners(text, path):
        assert "@" in owner


def test_many_stars_take_no_long_time() -> None:
    assert codeowners.owners("a*" * 12 + "b @x\n" + "**/" * 12 + "b @y\n", "a" * 60 + "/" + "c") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"key = /home/sam/.ssh/id", {("home folder of", "sam")}),
        (b"C:\\Users\\Sam.Rivera\\x", {("home folder of", "Sam.Rivera")}),
        (b'"C:\\\\Users\\\\sam\\\\x"', {("home folder of", "sam")}),
        (b"/Users/sam/x and /home/runner/work", {("home folder of", "sam")}),
        (b"# owner: Sam Rivera <sam@corp.test>\n", {("line owner", "Sam Rivera <sam@corp.test>")}),
        (b" * @author Sam Rivera\n", {("line @author", "Sam Rivera")}),
        (b"labels:\n  managed-by: terraform\n", {("line managed-by", "terraform")}),
        (b'  "maintainer": "sam@corp.test",\n', {("line maintainer", "sam@corp.test")}),
        (b"owner: ${OWNER}\nowner:\n  - x\n", set()),
        (f"owner: {token('', 40)}\n".encode(), set()),
    ],
)
def test_the_lines_near_a_value_name_owners(text: bytes, expected: set[tuple[str, str]]) -> None:
    assert set(around.near("x.cfg", text, len(text))) == expected


def test_what_stands_far_away_is_not_near() -> None:
    far = b"x" * 5000 + b"\n/home/sam/x\n" + b"y" * 5000
    assert set(around.near("a", far, len(far))) == set()


def test_the_author_of_a_package_counts_where_the_value_lies_in_it() -> None:
    package = {"name": "x", "author": "Sam <sam@corp.test> (https://x)", "maintainers": [{"email": "ann@corp.test"}]}
    told = set(around.near("web/package.json", json.dumps(package, indent=1).encode(), 0))
    assert {("author in package.json", "Sam <sam@corp.test>"), ("author in package.json", "<ann@corp.test>")} <= told
    project = b'[project]\nauthors = [{name = "Sam", email = "sam@corp.test"}]\n'
    assert ("author in pyproject.toml", "Sam <sam@corp.test>") in set(around.near("pyproject.toml", project, 0))
    assert set(around.near("other.json", json.dumps(package).encode(), 0)) == set()


@given(st.binary(max_size=400), st.sampled_from(["package.json", "pyproject.toml", "x"]), st.integers(0, 400))
def test_no_content_whatever_is_trouble(text: bytes, name: str, at: int) -> None:
    list(around.near(name, text, at))
    list(around.near(name, b'{"author": ' + text + b"}", at))


@pytest.mark.parametrize(
    "broken", [b"[" * 100_000, b'{"author": 5, "maintainers": {"a": 1}}', b'{"author": {"name": []}}']
)
def test_a_broken_package_names_nobody(broken: bytes) -> None:
    assert not [one for one in around.near("package.json", broken, 0) if one[1]]


# --- with a repository ---


def surrounded(repo: Repo, look: Scan, rules: RuleSet) -> Finding:
    (finding,) = look(repo.path).findings

    def read(place: Place) -> bytes:
        return read_text(place)

    (told,) = around.with_surroundings([finding], read, {str(repo.path): Git(repo.path)}, masking(rules))
    return told


def test_text_that_is_no_unicode_is_left_out(tmp_path: Path, look: Scan, ruleset: RuleSet) -> None:
    repo = Repo.create(tmp_path / "r")
    text = json.dumps({"author": "Sam \ud800 Reed", "contributors": ["Ann Archer"], "key": token("sk_live_", 24)})
    repo.commit("one", {"package.json": text})
    told = surrounded(repo, look, ruleset)
    assert [one.subject for one in told.claims] == ["Ann Archer"]


def test_code_owners_are_those_of_the_tip_for_what_stands_today(tmp_path: Path, look: Scan, ruleset: RuleSet) -> None:
    repo = Repo.create(tmp_path / "r")
    value = token("sk_live_", 24)
    repo.commit("one", {"conf/a.env": f"KEY={value}\n# /home/sam/x\n", "CODEOWNERS": "/conf/ @old-team\n"})
    repo.commit("two", {"CODEOWNERS": "/conf/ @corp/payments\n"})
    told = surrounded(repo, look, ruleset)
    assert [(one.source, one.subject, one.grade) for one in told.claims] == [
        ("file: home folder of", "sam", "written"),
        ("file: code owner", "@corp/payments", "written"),
    ]
    assert "around the value: code owner @corp/payments (anybody who commits can write it)" in told.evidence
    repo.commit("three", delete=("conf/a.env",))
    assert any(one.subject == "@old-team" for one in surrounded(repo, look, ruleset).claims)


def test_neither_the_value_nor_another_one_is_quoted(tmp_path: Path, look: Scan, ruleset: RuleSet) -> None:
    value, other = token("sk_live_", 24), token("npm_", 36)
    (tmp_path / "a.env").write_text(f"owner: {value}\nmaintainer: {other}\n# owner: key {value}\n/home/{value}/x\n")
    findings = look(tmp_path).findings
    told = around.with_surroundings(findings, read_text, {}, masking(ruleset))
    assert told
    text = str([(one.claims, one.evidence) for one in told])
    assert value not in text
    assert other not in text


def test_a_value_that_is_gone_leaves_the_finding_as_it_was(tmp_path: Path, look: Scan, ruleset: RuleSet) -> None:
    (tmp_path / "a.env").write_text(f"KEY={token('sk_live_', 24)}\n# /home/sam/x\n")
    findings = look(tmp_path).findings
    (tmp_path / "a.env").unlink()
    assert around.with_surroundings(findings, read_text, {}, masking(ruleset)) == findings


def test_a_hostile_file_takes_no_long_time() -> None:
    """A stranger wrote it, and it is asked for every finding."""
    began = time.process_time()
    codeowners.owners("".join(f"a*{n}/**/b*?c @x\n" for n in range(200_000)), "a" * 200 + "/" + "b" * 200)
    assert time.process_time() - began < 5
    began = time.process_time()
    for text in (b"owner:" * 10_000, b"/home/" * 10_000, b"@author " * 10_000, b"\\" * 50_000, b" " * 50_000):
        list(around.near("x", text, len(text)))
    assert time.process_time() - began < 2


def test_what_is_beyond_the_limit_is_said_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    from scanner.claims import around
    from tests.offboarding.cases import finding

    monkeypatch.setattr(around, "MOST", 0)
    (told,) = around.with_surroundings([finding()], lambda _: b"", {}, str)
    assert told.evidence[-1] == around.NOT_LOOKED
