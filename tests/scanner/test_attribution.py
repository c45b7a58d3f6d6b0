"""Each scenario is a real repository; what is asserted is who is named, through which commit, path and reach."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offkey.model import Place, Reach
from scanner.attribution import Attributed, attribute
from scanner.git import Git
from scanner.objects import object_id
from tests.builders import ANN, BOB, EPOCH, Repo, token

CAT = ("Cat Cooper", "cat@example.com")
EVE = ("Eve Engel", "eve@example.com")
FAY = ("Fay Fisher", "fay@example.com")
KEY = token("glp_", 20)
OTHER = token("glp_", 20, seed=2)


def holders(path: Path, value: str) -> list[Place]:
    """A place for every stored object that holds `value`, found by reading everything through plain git."""
    git = Git(path)
    places = []
    listing = git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").decode()
    for oid, kind in (line.split() for line in listing.splitlines()):
        content = git.run("cat-file", kind, oid, check=False) if kind in {"blob", "commit", "tag"} else b""
        if value.encode() in content:
            line = content[: content.index(value.encode())].count(b"\n") + 1
            places.append(Place(repo=str(path), object=oid, object_type=kind, path="", line=line, column=1, spans=()))
    return places


def attributed(repo: Repo, *values: str) -> Attributed:
    found = {value: holders(repo.path, value) for value in values or (KEY,)}
    return attribute(Git(repo.path), found)


def named(result: Attributed, value: str = KEY) -> tuple[str, str]:
    """Who introduced a value, and through which object."""
    return result.introduced[value].name, result.introduced[value].commit


def seen(result: Attributed, value: str = KEY) -> set[tuple[str, str, Reach, bool]]:
    return {(place.path, place.commit, place.reach, place.present) for place in result.places[value]}


def said(result: Attributed, value: str = KEY) -> str:
    return "\n".join(result.evidence[value])


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "app")
    repo.commit("start", {"README": "hello\n"}, author=FAY)
    return repo


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


class TestThreeSecretsWherePeersGoWrong:
    """An author commits a token, others edit the file; one enters in a merge; one hangs in a reset-away commit."""

    def test_the_first_author_is_named_and_not_the_owner_of_the_path_or_a_later_editor(self, repo: Repo) -> None:
        repo.commit("create", {"conf": text("a", "b")}, author=FAY)
        first = repo.commit("add key", {"conf": text("a", KEY, "b")}, author=ANN)
        second = repo.commit("edit", {"conf": text("A", KEY, "b")}, author=BOB)
        third = repo.commit("edit", {"conf": text("A", KEY, "B")}, author=CAT)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()
        assert seen(result) == {
            ("conf", first, Reach.BRANCH, False),
            ("conf", second, Reach.BRANCH, False),
            ("conf", third, Reach.BRANCH, True),
        }

    def test_a_secret_that_only_a_merge_brings_is_the_mergers(self, repo: Repo) -> None:
        repo.branch("side").commit("side", {"side": "1"}, author=BOB)
        repo.checkout("main").commit("main", {"main": "1"}, author=CAT)
        merge = repo.merge("side", author=EVE, files={"conf": text(KEY)})
        result = attributed(repo)
        assert named(result) == ("Eve Engel", merge)
        assert seen(result) == {("conf", merge, Reach.MERGE, True)}

    def test_a_secret_in_a_reset_away_commit_is_found_through_the_reflog(self, repo: Repo) -> None:
        lost = repo.commit("oops", {"conf": text(KEY)}, author=FAY)
        repo.git("reset", "-q", "--hard", "HEAD^")
        result = attributed(repo)
        assert named(result) == ("Fay Fisher", lost)
        assert seen(result) == {("conf", lost, Reach.REFLOG, False)}

    def test_and_without_a_reflog_as_dangling(self, repo: Repo) -> None:
        lost = repo.commit("oops", {"conf": text(KEY)}, author=FAY)
        repo.git("reset", "-q", "--hard", "HEAD^")
        repo.git("reflog", "expire", "--expire=now", "--all")
        result = attributed(repo)
        assert named(result) == ("Fay Fisher", lost)
        assert seen(result) == {("conf", lost, Reach.DANGLING, False)}
