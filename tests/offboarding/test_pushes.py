"""Who pushed a commit, by the provider's own record, and whether somebody worked in a repository since."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.configuration.schema import SettingsError
from offboarding.ownership import presence, pushes
from offboarding.ownership.presence import Graph
from offkey.errors import UsageError
from scanner.repository.git import Git
from tests.builders import ANN, BOB, Repo

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ZERO = "0" * 40


def activity(before: str, after: str, who: str = "samr", number: int = 77, **changes: Any) -> dict[str, Any]:
    """One object of GitHub's answer, as its API description has it."""
    actor = {"login": who, "id": number, "node_id": "U_1", "type": "User", "site_admin": False}
    day = changes.pop("day", 0)
    return {
        "id": 1,
        "node_id": "PSH_1",
        "before": before,
        "after": after,
        "ref": "refs/heads/main",
        "timestamp": (BEGIN + timedelta(days=day)).isoformat().replace("+00:00", "Z"),
        "activity_type": "push",
        "actor": actor,
    } | changes


def graph(repo: Repo, address: str = "") -> Graph:
    return presence.read(Git(repo.path), lambda one: one == address)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "pushes.jsonl"


def write(log: Path, *rows: Any) -> Path:
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return log


def test_the_push_that_first_brought_a_commit_names_its_account(tmp_path: Path, log: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    first, second, third = (repo.commit(str(n), {"a": str(n)}) for n in range(3))
    told = pushes.load(
        write(log, activity(second, third, "ann", 4, day=2), activity(ZERO, first, day=0), activity(first, second))
    )
    account, words = pushes.pusher(told, graph(repo), second)
    assert account is not None
    assert (account.provider, account.id, account.login) == ("github", "77", "samr")
    assert "samr (id 77) on 2026-01-01" in words
    assert pushes.pusher(told, graph(repo), third)[0] != account


def test_a_push_of_several_commits_brought_each_of_them(tmp_path: Path, log: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    first, second, third = (repo.commit(str(n), {"a": str(n)}) for n in range(3))
    told = pushes.load(write(log, activity(first, third)))
    assert pushes.pusher(told, graph(repo), second)[0] is not None
    assert pushes.pusher(told, graph(repo), first) == (
        None,
        "the push log does not reach back to the push of its commit",
    )


def test_who_merged_a_pull_request_did_not_push_it(tmp_path: Path, log: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    first, second = (repo.commit(str(n), {"a": str(n)}) for n in range(2))
    told = pushes.load(write(log, activity(first, second, activity_type="pr_merge")))
    account, words = pushes.pusher(told, graph(repo), second)
    assert account is None
    assert "a merge of samr (id 77)" in words


def test_an_actor_that_is_gone_is_nobody(tmp_path: Path, log: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    first, second = (repo.commit(str(n), {"a": str(n)}) for n in range(2))
    told = pushes.load(write(log, activity(first, second, actor=None)))
    assert pushes.pusher(told, graph(repo), second)[0] is None


def test_without_a_log_nothing_is_said(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    commit = repo.commit("x", {"a": "1"})
    assert pushes.pusher(pushes.load(None), graph(repo), commit) == (None, "")


def test_an_array_is_read_as_well_as_lines(log: Path) -> None:
    rows = [activity(ZERO, "a" * 40), activity("a" * 40, "b" * 40, day=1)]
    log.write_text(json.dumps(rows))
    assert pushes.load(log) == pushes.load(write(log, *rows))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (activity(ZERO, "a" * 40, extra=1), "unknown key"),
        ({"before": ZERO}, "is missing"),
        (activity(ZERO, "not an id"), "after"),
        (activity(ZERO, "a" * 40, activity_type="sabotage"), "activity_type"),
        ({"action": "git.push", "actor": "samr", "repository": "corp/app"}, "audit log, which names no commits"),
        ("text", "entries"),
    ],
)
def test_what_is_no_activity_is_refused_with_its_place(log: Path, row: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        pushes.load(write(log, activity(ZERO, "a" * 40), row))


def test_a_file_that_is_no_json_is_refused(log: Path) -> None:
    log.write_text(json.dumps(activity(ZERO, "a" * 40)) + "\nnothing\n")
    with pytest.raises(SettingsError, match="line 2 is no JSON") as caught:
        pushes.load(log)
    assert "gh api" in caught.value.advice
    with pytest.raises(UsageError, match="cannot be read"):
        pushes.load(log / "none")


# --- who was there ---


def random_history(folder: Path, seed: int) -> Repo:
    """Branches and merges by two people."""
    dice = random.Random(seed)
    repo = Repo.create(folder)
    commits: list[str] = []
    tree = repo.git("hash-object", "-t", "tree", "-w", "/dev/null")
    for number in range(25):
        parents = dice.sample(commits, k=min(len(commits), dice.choice([0, 1, 1, 1, 2])))
        who = dice.choice([ANN, BOB, BOB])
        joined = [word for parent in parents for word in ("-p", parent)]
        commits.append(repo.git("commit-tree", tree, *joined, "-m", str(number), author=who))
        repo.git("update-ref", f"refs/heads/b{number}", commits[-1])
    return repo


@pytest.mark.parametrize("seed", range(6))
def test_who_worked_since_is_what_git_says_of_ancestors(tmp_path: Path, seed: int) -> None:
    repo = random_history(tmp_path / "r", seed)
    told = graph(repo, ANN[1])
    every = repo.git("rev-list", "--all").split()
    mine = set(repo.git("log", "--all", "--format=%H", f"--author={ANN[1]}").split())
    for commit in every:
        older = set(repo.git("rev-list", commit).split()) - {commit}
        assert told.worked_since(commit) is bool(mine - older)
        below = {one for one in every if commit in repo.git("rev-list", one).split()}
        assert told.descendants(commit) == below


def test_a_commit_that_is_not_here_says_nothing(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit("x", {"a": "1"})
    assert graph(repo).worked_since("f" * 40) is None
    assert graph(repo).descendants("f" * 40) == frozenset()


def test_a_committer_was_there_as_well_as_an_author(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    first = repo.commit("x", {"a": "1"}, author=BOB)
    (repo.path / "a").write_text("2")
    repo.git("commit", "-qam", "y", author=BOB, committer=ANN)
    assert graph(repo, ANN[1]).worked_since(first) is True
    assert graph(repo, "nobody@example.com").worked_since(first) is False
