"""The index read as a file says what git says of it, or nothing."""

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.repository.git import Git
from scanner.repository.gitindex import Entry, Unusual, nothing_else, read_index
from scanner.repository.worktree import index_entries, others
from tests.builders import Repo


def listed(repo: Repo) -> list[tuple[str, str, str]]:
    records = repo.git("ls-files", "--stage", "-z").split("\0")[:-1]
    return [(*record.partition("\t")[0].split(" ")[:2], record.partition("\t")[2]) for record in records]  # type: ignore[misc]


def entries(repo: Repo, size: int = 20) -> list[Entry]:
    return read_index(str(repo.path / ".git" / "index"), size)


def agrees(repo: Repo, size: int = 20) -> None:
    found = [(mode, oid, os.fsdecode(path)) for mode, oid, path in entries(repo, size)]
    assert found == listed(repo)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "r")
    repo.commit("one", {"a": "1", "dir/b": "2", "dir/deep/c": "3", "exe": "4"})
    return repo


def test_names_of_every_length_modes_and_extensions(repo: Repo) -> None:
    repo.write({f"{'n' * length}": str(length) for length in range(1, 20)})
    repo.write({"x/" + "/".join(["y" * 100] * 37) + "/z": "long", "ä\n": "odd"})
    (repo.path / "link").symlink_to("a")
    (repo.path / "exe").chmod(0o755)
    repo.git("add", "-A")
    repo.git("write-tree")  # which leaves its extension
    agrees(repo)
    assert {entry.mode for entry in entries(repo)} == {"100644", "100755", "120000"}


def test_what_is_to_be_added_or_left_out_of_the_work_tree(repo: Repo) -> None:
    repo.write({"later": "x"})
    repo.git("add", "-N", "later")
    repo.git("update-index", "--skip-worktree", "a")
    repo.git("update-index", "--assume-unchanged", "exe")
    assert (repo.path / ".git" / "index").read_bytes()[4:8] == b"\0\0\0\3"
    agrees(repo)


def test_a_path_in_conflict_has_three_entries(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("theirs", {"a": "theirs"})
    repo.git("checkout", "-q", "main")
    repo.commit("ours", {"a": "ours"})
    with pytest.raises(Exception, match="merge"):
        repo.git("merge", "-q", "other")
    agrees(repo)
    assert [entry.path for entry in entries(repo)].count(b"a") == 3


def test_a_repository_of_the_other_hash(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r", object_format="sha256")
    repo.commit("one", {"a": "1", "b/c": "2"})
    agrees(repo, 32)


@pytest.mark.parametrize(
    "make",
    [
        ("update-index", "--index-version", "4"),
        ("update-index", "--split-index"),
        ("sparse-checkout", "set", "--cone", "--sparse-index", "nowhere"),
    ],
)
def test_what_only_git_reads_is_left_to_it(repo: Repo, make: tuple[str, ...]) -> None:
    repo.git(*make)
    with pytest.raises(Unusual):
        entries(repo)
    assert [*index_entries(Git(repo.path))] == listed(repo)


def test_without_an_index_there_is_nothing_in_it(tmp_path: Path) -> None:
    assert read_index(str(tmp_path / "index"), 20) == []


@given(st.data())
def test_a_damaged_index_is_unusual_or_read_as_far_as_it_makes_sense(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = _index(tmp_path_factory)
    file = tmp_path_factory.mktemp("damaged") / "index"
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        found = read_index(str(file), 20)
    except Unusual:
        return
    assert all(len(entry.object) == 40 and entry.path for entry in found)


_whole: list[bytes] = []


def _index(folders: pytest.TempPathFactory) -> bytes:
    if not _whole:
        repo = Repo.create(folders.mktemp("index") / "r")
        repo.commit("one", {"a": "1", "dir/b": "2", "c" * 50: "3"})
        _whole.append((repo.path / ".git" / "index").read_bytes())
    return _whole[0]


def untracked(repo: Repo) -> str:
    """What git lists beside the index, ignored or not; with folders for repositories within."""
    return repo.git("ls-files", "--others", "-z")


@pytest.mark.parametrize("seed", range(4))
def test_a_work_tree_with_nothing_else_has_nothing_else_for_git(repo: Repo, seed: int) -> None:
    chance = random.Random(seed)
    told = {True: 0, False: 0}
    for _ in range(40):
        _happens(repo, chance)
        bare = nothing_else(str(repo.path), entries(repo))
        told[bare] += 1
        if bare:
            assert untracked(repo) == ""
            assert [*others(Git(repo.path))] == [*others(Git(repo.path), "--ignored")] == []
        elif untracked(repo):
            both = {*others(Git(repo.path)), *others(Git(repo.path), "--ignored")}
            assert both == {*untracked(repo).split("\0")} - {""}
    assert told[True]
    assert told[False]


def _happens(repo: Repo, chance: random.Random) -> None:
    """Something that people do to a work tree."""
    path = repo.path / chance.choice(["a", "dir/b", "dir/deep", "dir", "new", "dir/new", "exe"])
    match chance.randrange(7):
        case 0:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_dir():
                path.write_text("x")
        case 1:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        case 2:
            repo.git("add", "-A")
        case 3:
            repo.git("clean", "-qfdx")
        case 4:
            (repo.path / "empty" / "folder").mkdir(parents=True, exist_ok=True)
        case 5:
            if path.exists() and not (repo.path / "moved").exists():
                path.rename(repo.path / "moved")
                path.symlink_to(repo.path / "moved")
        case 6:
            repo.git("reset", "-q", "--hard")
            repo.git("clean", "-qfdx")


def test_submodules_are_no_untracked_files_and_other_repositories_within_are_gits_to_tell(
    repo: Repo, tmp_path: Path
) -> None:
    inner = Repo.create(tmp_path / "inner")
    inner.commit("one", {"a": "1"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    assert nothing_else(str(repo.path), entries(repo))
    assert untracked(repo) == ""
    shutil.copytree(inner.path, repo.path / "dir" / "other")
    assert not nothing_else(str(repo.path), entries(repo))
    assert [*others(Git(repo.path))] == ["dir/other/"]


def test_a_folder_that_cannot_be_opened_is_gits_to_tell(repo: Repo) -> None:
    if os.geteuid() == 0:
        (repo.path / "dir").rename(repo.path / "gone")
        (repo.path / "dir").symlink_to(repo.path / "nowhere")
    else:
        (repo.path / "dir").chmod(0)
    assert not nothing_else(str(repo.path), entries(repo))
