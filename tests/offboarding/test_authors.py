"""Who stands in real repositories, and `offkey whois` on top of them."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from offboarding import cli
from offboarding.commands import whois
from offboarding.identity import authors, people
from offboarding.identity.directory import Directory, Entry
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import Gap, Person, from_json
from tests.builders import ANN, BOB, Repo

LEA = ("Lea Mueller", "lea@corp.example")
LEA_HOME = ("lea", "lea@home.example")
LEA_NOREPLY = ("lea-dev", "4711+lea-dev@users.noreply.github.com")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"}, author=LEA)
    repo.commit("two", {"a": "2"}, author=LEA)
    repo.commit("three\n\nCo-authored-by: lea-dev <4711+lea-dev@users.noreply.github.com>", {"a": "3"}, author=ANN)
    repo.commit("map", {".mailmap": f"{LEA[0]} <{LEA[1]}> <{LEA_HOME[1]}>\n"}, author=BOB)
    repo.branch("side").commit("four", {"b": "4"}, author=LEA_HOME)
    repo.checkout("main").git("branch", "-q", "-D", "side")
    return repo


def seen(repo: Repo) -> dict[str, tuple[str, str, int]]:
    found, gaps = authors.in_repositories([str(repo.path)])
    assert not gaps
    return {author.raw_email: (author.name, author.email, author.commits) for author in found}


def test_authors_committers_and_coauthors_of_all_refs_and_reflogs_are_listed_with_mailmap(repo: Repo) -> None:
    assert seen(repo) == {
        LEA[1]: (*LEA, 2),
        LEA_HOME[1]: (*LEA, 1),
        LEA_NOREPLY[1]: (*LEA_NOREPLY, 1),
        ANN[1]: (*ANN, 1),
        BOB[1]: (*BOB, 1),
    }


def test_a_bare_clone_lists_the_same(repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "side", "HEAD@{1}")
    bare = repo.clone(tmp_path / "bare.git", "--mirror")
    assert seen(bare)[LEA_HOME[1]][:2] == LEA


def test_a_mailmap_of_the_user_or_named_by_the_repository_is_not_read(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "evil").write_text(f"{LEA[0]} <{LEA[1]}> <{ANN[1]}>\n")
    repo.config("mailmap.file", str(tmp_path / "evil"))
    assert seen(repo)[ANN[1]][:2] == ANN


def test_an_empty_repository_has_nobody_and_what_is_none_is_a_gap(tmp_path: Path) -> None:
    empty = Repo.create(tmp_path / "empty")
    found, gaps = authors.in_repositories([str(empty.path), str(tmp_path / "none"), f"file://{tmp_path}/none.git"])
    assert found == ()
    assert len(gaps) == 2
    assert all(gap.why for gap in gaps)


def configured(repo: Repo, tmp_path: Path) -> Path:
    (tmp_path / "people.yaml").write_text(
        "- {id: lea, names: [Lea Mueller], emails: [lea@corp.example], accounts: {github: lea-dev, github.id: 4711},"
        " left_at: 2026-11-01}\n- {id: ann, names: [Ann Archer], emails: [ann@example.com]}\n"
    )
    (tmp_path / "offkey.toml").write_text(
        f'[directory]\npeople = "people.yaml"\n[repositories]\npaths = ["{repo.path}"]\n'
    )
    return tmp_path / "offkey.toml"


def call(*words: str) -> tuple[Exit, str, str]:
    """Run `offkey whois` in this process: exit, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    args = cli.parser("whois").parse_args(words)
    code = whois.run(args, UI(Console(file=out, width=200), Console(file=err, width=200)))
    return code, out.getvalue(), err.getvalue()


def test_whois_shows_three_sets_with_evidence(repo: Repo, tmp_path: Path) -> None:
    code, out, _ = call("--config", str(configured(repo, tmp_path)), "whois", "lea@corp.example")
    assert code is Exit.DONE
    certain, rest = out.split("probable: need")
    assert "left 2026-11-01" in certain
    assert "no-reply address carries the account id 4711" in certain
    assert "lea@home.example" in rest
    assert "anybody who commits can write it" in rest
    assert "ann@example.com" not in out


def test_whois_json_is_the_person_and_the_gaps(repo: Repo, tmp_path: Path) -> None:
    config = configured(repo, tmp_path)
    missing = str(tmp_path / "gone")
    code, out, _ = call("--config", str(config), "whois", "lea", str(repo.path), missing, "--format", "json")
    told = json.loads(out)
    assert code is Exit.GAPS
    assert [gap["where"] for gap in told["gaps"]] == [missing]
    assert from_json(told["gaps"][0], Gap).why
    person = from_json(told["person"], Person)
    assert {i.email for i in person.certain if i.name} == {LEA[1], LEA_NOREPLY[1]}
    assert {i.email for i in person.probable} == {LEA_HOME[1]}


def test_what_plan_resolves_from_repositories_is_in_one_order(repo: Repo) -> None:
    listed = Directory(entries=(Entry(id="lea", emails=(LEA[1],)),))
    found, _ = authors.in_repositories([str(repo.path)])
    assert people.resolve("lea", listed, found) == people.resolve("lea", listed, reversed(found))


def test_names_with_markup_are_shown_as_they_are(repo: Repo, tmp_path: Path) -> None:
    repo.commit("odd", {"c": "1"}, author=("[red]Lea[/red] [/]", "lea@corp.example"))
    code, out, _ = call("--config", str(configured(repo, tmp_path)), "whois", "lea")
    assert code is Exit.DONE
    assert "[red]Lea[/red] [/]" in out
