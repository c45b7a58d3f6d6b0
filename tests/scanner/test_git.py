"""Finding a repository, and what is said when git cannot open it."""

import os
import pickle
from pathlib import Path

import pytest

from offkey.errors import Exit, UsageError
from scanner.repository import gitenv
from scanner.repository.git import Git
from scanner.repository.gitenv import mask
from scanner.repository.giterrors import (
    CorruptRepository,
    DubiousOwnership,
    GitError,
    NotARepository,
    UnknownRevision,
    failure,
)
from tests.builders import Repo


def test_a_work_tree_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"src/a.py": "1"})
    git = Git(repo.path / "src")
    assert (git.work_tree, git.git_dir, git.bare) == (repo.path, repo.path / ".git", False)


def test_a_bare_repository_has_no_work_tree(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app.git", bare=True)
    assert Git(repo.path).bare


def test_a_linked_worktree_has_its_own_index_and_the_common_objects(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"})
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    git = Git(tmp_path / "linked")
    assert git.work_tree == tmp_path / "linked"
    assert git.common_dir == repo.path / ".git"
    assert git.run("rev-parse", "HEAD").decode().strip() == repo.head()


def test_a_sha256_repository_says_so(tmp_path: Path) -> None:
    assert Git(Repo.create(tmp_path / "app", object_format="sha256").path).object_format == "sha256"


def test_a_git_survives_pickling_because_spawned_workers_get_it_so(tmp_path: Path) -> None:
    git = Git(Repo.create(tmp_path / "app").path)
    assert pickle.loads(pickle.dumps(git)) == git


def test_a_folder_that_is_no_repository_is_a_usage_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(NotARepository) as caught:
        Git(tmp_path)
    assert caught.value.exit_code is Exit.USAGE
    assert caught.value.advice


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Git(tmp_path / "nowhere")


def test_a_repository_of_another_user_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.create(tmp_path / "app")
    # Git's own switch for its tests: it takes every folder as another user's.
    monkeypatch.setattr(gitenv, "OFF", gitenv.OFF | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(DubiousOwnership) as caught:
        Git(repo.path)
    assert "safe.directory" in caught.value.advice


def test_a_broken_configuration_is_an_error_with_advice(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    (repo.path / ".git" / "config").write_text("[core\n")
    with pytest.raises(CorruptRepository) as caught:
        Git(repo.path)
    assert caught.value.advice


def test_an_unknown_revision_is_a_usage_error(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one")
    with pytest.raises(UnknownRevision) as caught:
        Git(repo.path).run("rev-parse", "--verify", "--end-of-options", "nowhere^{commit}")
    assert caught.value.exit_code is Exit.USAGE


def test_a_stream_gives_all_it_read_before_it_tells_of_the_failure(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1", "b": "2"})
    lost = repo.head("HEAD^{tree}")
    (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    seen = []
    with pytest.raises(GitError):
        seen.extend(Git(repo.path).stream("rev-list", "--objects", "HEAD"))
    assert seen == [repo.head().encode()]


def test_messages_hide_credentials_in_urls() -> None:
    assert mask("cannot open https://user:pw@host/x") == "cannot open https://***@host/x"
    assert "pw" not in str(failure(b"fatal: unable to access 'https://user:pw@host/x'", None))
