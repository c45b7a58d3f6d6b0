"""Cloning before a scan: private, complete, without credentials left behind, and only over allowed protocols."""

from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import github_classic
from offkey.errors import UsageError
from scanner.repository import clone
from scanner.repository.clone import CloneFailed, is_url, mirror, pin, temporary_mirror, without_credentials
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, ObjectInfo
from tests.builders import Repo
from tests.scanner.conftest import Scan


def oids(git: Git) -> set[str]:
    return {info.oid for info in CatFileReader(git).list_objects() if isinstance(info, ObjectInfo)}


def test_a_mirror_has_every_ref_and_only_its_owner_may_enter(tmp_path: Path, look: Scan) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": github_classic("clone")})
    repo.note("a note")
    git = mirror(f"file://{repo.path}", tmp_path / "run" / "mirror.git")
    assert git.bare
    assert git.git_dir.stat().st_mode & 0o777 == 0o700
    assert b"refs/notes/commits" in git.run("for-each-ref")
    assert [finding.kind for finding in look(git.path).findings] == ["github.pat.classic"]


def test_a_temporary_mirror_is_deleted(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one")
    with temporary_mirror(f"file://{repo.path}") as git:
        folder = git.path
        assert folder.exists()
    assert not folder.exists()


def test_a_protocol_that_is_not_allowed_is_refused_before_git_starts(tmp_path: Path) -> None:
    for url in ("ext::sh -c 'touch x'", "ext://sh", "http://127.0.0.1/x.git", "git://127.0.0.1/x"):
        with pytest.raises(UsageError):
            mirror(url, tmp_path / "m")
    with pytest.raises(UsageError):
        mirror("file:///x", tmp_path / "m", protocols=("https",))
    assert list(tmp_path.iterdir()) == []


def test_a_clone_that_fails_says_why_without_the_credentials(tmp_path: Path) -> None:
    secret = github_classic("url")
    with pytest.raises(CloneFailed) as caught:
        mirror(f"https://user:{secret}@127.0.0.1:1/app.git", tmp_path / "m")
    assert caught.value.advice
    assert secret not in str(caught.value)


def test_credentials_of_the_url_reach_neither_the_arguments_nor_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one")
    seen: list[str] = []
    original = clone.run_git

    def watched(*args: str, **options: object) -> bytes:
        seen.extend(args)
        return original(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(clone, "run_git", watched)
    git = mirror(f"file://{repo.path}", tmp_path / "m")
    with pytest.raises(CloneFailed):
        mirror("https://user:pa55word@127.0.0.1:1/app.git", tmp_path / "n")
    assert not any("pa55word" in word for word in seen)
    assert seen
    assert "gc.auto=0" in git.run("config", "--local", "--list").decode()


def test_urls_are_told_from_paths(tmp_path: Path) -> None:
    assert is_url("https://github.com/a/b.git")
    assert is_url("git@github.com:a/b.git")
    assert not is_url(str(tmp_path))
    assert not is_url("src/app")


def test_an_ssh_user_is_no_credential() -> None:
    assert without_credentials("https://u:p@host:8443/x.git?y") == "https://host:8443/x.git?y"
    assert without_credentials("ssh://git@host/x.git") == "ssh://git@host/x.git"
    assert without_credentials("ssh://git:pw@host/x.git") == "ssh://host/x.git"
    assert without_credentials("git@host:x.git") == "git@host:x.git"


def test_pinned_objects_survive_gc_and_unreachable_ones_are_brought_over(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"})
    dangling = repo.dangling({"d": "left behind"})
    loose = repo.loose("alone")
    source = Git(repo.path)
    git = mirror(f"file://{repo.path}", tmp_path / "m")
    before = oids(source)
    wanted = [(loose, "blob"), (repo.blob("a"), "blob"), (dangling, "commit"), ("0" * 39 + "1", "blob")]
    gaps = pin("run1", git, wanted, source)
    assert [gap.where.endswith("0" * 39 + "1") for gap in gaps] == [True]
    git.run("-c", "gc.pruneExpire=now", "prune", check=False)
    assert {loose, repo.blob("a"), dangling} <= oids(git)
    assert b"refs/offkey/run1/" in git.run("for-each-ref")
    assert oids(source) == before
