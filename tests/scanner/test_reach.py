"""How an object is reached, and whether a branch tip still holds it."""

from pathlib import Path

import pytest

from offkey.model import Reach
from scanner.commits.history import read
from scanner.commits.reach import present, reaches, read_tips, strongest, tips, tips_of
from scanner.repository.git import Git
from scanner.repository.refs import read_refs
from tests.builders import BOB, Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "app")
    repo.commit("start", {"README": "hello\n"})
    return repo


def reach(repo: Repo, commit: str) -> Reach:
    git = Git(repo.path)
    history = read(git)
    told = read_tips(git)
    refs = read_refs(git)
    assert refs is not None
    assert tips_of(refs, history) == told  # the files say what git says
    return strongest(reaches(history, told)[history.index[commit]])


def aside(repo: Repo) -> str:
    """A commit that no branch and no reflog leads to."""
    return repo.dangling({"x": "aside"})


def test_a_branch_a_remote_branch_and_a_detached_head_are_branches(repo: Repo) -> None:
    assert reach(repo, repo.head()) is Reach.BRANCH
    remote, detached = aside(repo), aside(repo)
    repo.git("update-ref", "refs/remotes/origin/main", remote)
    assert reach(repo, remote) is Reach.BRANCH
    repo.checkout(detached)
    assert reach(repo, detached) is Reach.BRANCH


def test_the_head_of_another_work_tree_is_a_branch(repo: Repo, tmp_path: Path) -> None:
    commit = aside(repo)
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "other"), commit)
    assert reach(repo, commit) is Reach.BRANCH


def test_tags_of_any_depth_are_tags(repo: Repo) -> None:
    light, annotated = aside(repo), aside(repo)
    repo.tag("light", revision=light)
    repo.tag("inner", "message", annotated)
    repo.tag("outer", "of a tag", "refs/tags/inner")
    repo.git("tag", "-d", "inner")
    assert reach(repo, light) is Reach.TAG
    assert reach(repo, annotated) is Reach.TAG


def test_other_refs_notes_and_stash(repo: Repo) -> None:
    pull = aside(repo)
    repo.git("update-ref", "refs/pull/7/head", pull)
    assert reach(repo, pull) is Reach.OTHER_REF
    assert reach(repo, repo.note("note")) is Reach.NOTES
    first = repo.stash({"README": "one\n"})
    second = repo.stash({"README": "two\n"})
    assert reach(repo, first) is Reach.STASH
    assert reach(repo, second) is Reach.STASH


def test_a_reset_away_commit_is_in_the_reflog_until_it_expires(repo: Repo) -> None:
    lost = repo.commit("lost", {"x": "1"})
    repo.git("reset", "-q", "--hard", "HEAD^")
    assert reach(repo, lost) is Reach.REFLOG
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert reach(repo, lost) is Reach.DANGLING


def test_the_strongest_applies(repo: Repo) -> None:
    commit = aside(repo)
    for ref, expected in (
        ("refs/notes/n", Reach.NOTES),
        ("refs/pull/1/head", Reach.OTHER_REF),
        ("refs/tags/t", Reach.TAG),
        ("refs/heads/b", Reach.BRANCH),
    ):
        repo.git("update-ref", ref, commit)
        assert reach(repo, commit) is expected


def test_a_repository_without_refs_or_reflog_has_no_gap(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "empty")
    tips = read_tips(Git(repo.path))
    assert tips.objects == {}
    assert tips.gaps == ()


def held(repo: Repo, *blobs: str) -> set[tuple[str, bytes]]:
    git = Git(repo.path)
    found, gaps = present(git, read(git), read_tips(git), blobs)
    assert gaps == []
    return {cell for cells in found.values() for cell in cells}


def test_present_follows_every_branch_tip(repo: Repo) -> None:
    repo.commit("one", {"a": "old\n", "kept": "kept\n"})
    old, kept = repo.blob("a"), repo.blob("kept")
    repo.branch("release").commit("copy", {"b/c": "old\n"}, author=BOB)
    repo.checkout("main").commit("two", {"a": "new\n"})
    new = repo.blob("a")
    assert held(repo, old, new, kept) == {(old, b"a"), (old, b"b/c"), (new, b"a"), (kept, b"kept")}
    repo.git("branch", "-q", "-D", "release")
    assert held(repo, old, new, kept) == {(new, b"a"), (kept, b"kept")}


def test_what_only_a_tag_or_a_stash_holds_is_not_present(repo: Repo) -> None:
    repo.commit("one", {"a": "old\n"})
    old = repo.blob("a")
    repo.tag("v1")
    repo.commit("two", delete=("a",))
    repo.stash({"README": "stashed\n"})
    assert held(repo, old, repo.blob("README", "stash@{0}")) == set()


def test_many_branches_are_told_apart(repo: Repo) -> None:
    blobs = []
    for number in range(12):
        repo.checkout("main").branch(f"b{number}").commit("edit", {"a": f"{number % 4}\n", f"f{number}": "same\n"})
        blobs.append(repo.blob("a"))
    same = repo.blob("f11")
    expected = {(blob, b"a") for blob in blobs} | {(same, f"f{number}".encode()) for number in range(12)}
    assert held(repo, same, *blobs) == expected


def test_a_tip_that_cannot_be_read_is_a_gap_and_the_others_count(repo: Repo) -> None:
    good = repo.commit("good", {"a": "value\n"})
    blob = repo.blob("a")
    repo.branch("bad").commit("bad", {"d/x": "1"})
    lost = repo.head("HEAD:d")
    (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    git = Git(repo.path)
    found, gaps = present(git, read(git), read_tips(git), {blob})
    assert reach(repo, good) is Reach.BRANCH
    assert {cell for cells in found.values() for cell in cells} == {(blob, b"a")}
    assert len(gaps) == 1
    assert "whether it holds a finding today" in gaps[0].why


def test_refs_are_the_same_packed_and_loose_from_any_work_tree(repo: Repo, tmp_path: Path) -> None:
    for name in ("one", "two/three", "f\u00fcnf"):
        repo.branch(name)
    repo.commit("more", {"x": "1"})
    repo.tag("v1", "annotated")
    repo.note("a note")
    repo.stash({"x": "2"})
    repo.stash({"x": "3"})
    repo.git("update-ref", "refs/remotes/origin/main", repo.head())
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("worktree", "add", "-q", str(tmp_path / "other"), "one")
    reach(repo, repo.head())
    repo.git("pack-refs", "--all")
    repo.commit("loose over packed", {"x": "4"})
    assert reach(repo, repo.head()) is Reach.BRANCH
    other = Git(tmp_path / "other")
    refs = read_refs(other)
    assert refs is not None
    assert tips_of(refs, read(other)) == read_tips(other)


def test_a_branch_without_a_commit_and_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app", object_format="sha256")
    empty = read_refs(Git(repo.path))
    assert empty is not None
    assert (empty.names, empty.heads) == ({}, frozenset())
    repo.commit("start", {"x": "1"})
    assert reach(repo, repo.head()) is Reach.BRANCH


@pytest.mark.parametrize("text", ["ref: refs/heads/gone\n", "neither\n", "", "0" * 40 + "\n"])
def test_a_ref_that_leads_nowhere_is_left_to_git(repo: Repo, text: str) -> None:
    (repo.path / ".git/refs/heads/odd").write_text(text)
    git = Git(repo.path)
    assert read_refs(git) is None
    assert tips(git, read(git), None) == read_tips(git)


def test_a_reflog_that_is_none_is_left_to_git(repo: Repo) -> None:
    with (repo.path / ".git/logs/HEAD").open("a") as log:
        log.write("what is this\n")
    assert read_refs(Git(repo.path)) is None
