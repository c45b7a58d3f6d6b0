"""Where repositories still name the leaver as one in charge: by path, line and what it is; others are left out."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path

import pytest

from offboarding import cli
from offboarding.remedy.metadata import Words, in_commit, kind_of
from offkey.errors import Exit
from offkey.model import Account, Identity, Person
from scanner.repository.git import Git
from tests.builders import ANN, Repo

SAM = Person(
    id="sam",
    names=("Sam Rivera", "Sam"),
    emails=("sam@corp.test",),
    accounts=(Account(provider="github", id="1", login="samr"),),
    certain=(Identity(name="Samuel Rivera", email="sam@home.test"),),
)
WORDS = Words.of(SAM)
FILES = {
    ".github/CODEOWNERS": "*.py @annarcher\n/db/ @samr @annarcher\n/samples/ @samr-bot\n",
    "MAINTAINERS": "Ann Archer\nSam Rivera <sam@corp.test>\n",
    "package.json": '{\n  "name": "app",\n  "author": "Samuel Rivera",\n  "main": "sample.js"\n}\n',
    "pyproject.toml": '[project]\nauthors = [{name = "x", email = "sam@home.test"}]\n',
    ".github/dependabot.yml": "updates:\n  - reviewers:\n      - samr\n      - annarcher\n",
    "ops/oncall.yaml": "primary: samr\nsecondary: annarcher\n",
    "src/app.py": (
        "# TODO(samr): mend\n# TODO(annarcher): more\n# Copyright 2024 Sam Rivera\nsamr = 1\n# ask sam@corp.test\n"
    ),
    "README": "Sam Rivera wrote a story. The sample is samr.\n",
}


def test_every_line_is_told_with_what_it_is_and_nobody_elses(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("all", FILES, author=ANN)
    found = [tuple(asdict(mark).values()) for mark in in_commit(Git(repo.path), repo.head("HEAD"), WORDS)]
    assert found == [
        (".github/CODEOWNERS", 2, "an owner of code"),
        (".github/dependabot.yml", 3, "a reviewer of updates"),
        ("MAINTAINERS", 2, "a maintainer"),
        ("ops/oncall.yaml", 1, "somebody on call"),
        ("package.json", 3, "an author or maintainer of a package"),
        ("pyproject.toml", 2, "an author or maintainer of a package"),
        ("src/app.py", 1, "a task in a comment"),
        ("src/app.py", 3, "a copyright line"),
        ("src/app.py", 5, "an e-mail address"),
    ]


@pytest.mark.parametrize(
    ("path", "line", "what"),
    [
        ("CODEOWNERS", "* @SAMR", "an owner of code"),
        ("CODEOWNERS", "* @corp/samr-team", ""),
        ("CODEOWNERS", "/samr.d/ @ann", ""),
        ("a.py", "# FIXME(sam@corp.test) x", "a task in a comment"),
        ("a.py", "# TODO(Sam Rivera) x", "a task in a comment"),
        ("a.py", "# TODO(sam) x", ""),
        ("a.py", "x@sam@corp.test.example", ""),
        ("CODEOWNERS", "y" * 600 + " @samr", ""),
    ],
)
def test_a_name_counts_as_a_whole_and_in_its_place(path: str, line: str, what: str) -> None:
    assert kind_of(path, line, WORDS) == what


def test_the_command_lists_them_changes_nothing_and_says_what_it_could_not_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = Repo.create(tmp_path / "app")
    repo.commit("all", FILES, author=ANN)
    (tmp_path / "people.yaml").write_text(
        "- id: sam\n  names: [Sam Rivera]\n  emails: [sam@corp.test]\n  accounts: {github: samr}\n"
    )
    (tmp_path / "offkey.toml").write_text('[directory]\npeople = "people.yaml"\n[repositories]\npaths = ["app"]\n')
    before = repo.git("for-each-ref"), repo.git("status", "--porcelain")

    def offkey(*words: str) -> tuple[int, str]:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            return cli.main(list(words)), out.getvalue()

    code, text = offkey("metadata", "sam@corp.test", "--format", "json")
    assert code == Exit.OPEN
    ((where, marks),) = json.loads(text)["found"].items()
    assert where == str(repo.path)
    assert {"path": "MAINTAINERS", "line": 2, "what": "a maintainer"} in marks
    assert offkey("metadata", "sam@corp.test")[0] == Exit.OPEN
    assert (repo.git("for-each-ref"), repo.git("status", "--porcelain")) == before
    repo.commit("gone", delete=tuple(FILES), author=ANN)
    assert offkey("metadata", "sam@corp.test")[0] == Exit.DONE
    code, text = offkey("metadata", "sam@corp.test", str(tmp_path / "none"), "--format", "json")
    assert code == Exit.GAPS
    assert json.loads(text)["gaps"]
