"""What a target consists of."""

import os
from pathlib import Path

import pytest

from offkey.errors import UsageError
from offkey.model import Gap
from scanner.contents.hits import positions
from scanner.matching.encoding import decoded
from scanner.matching.pragma import allowed
from scanner.repository.files import FileItem
from scanner.repository.git import Git
from scanner.repository.giterrors import CorruptRepository, GitError
from scanner.repository.sources import expand, open_target
from scanner.repository.worktree import staged_changes, tells
from scanner.workers.tasks import file_tasks, object_tasks
from tests.builders import Repo


def items(path: Path, *, history: bool = True) -> list[FileItem]:
    gaps: list[Gap] = []
    tasks = list(file_tasks(open_target(path), 0, history=history, known=history, gaps=gaps))
    assert gaps == []
    return [item for task in tasks for item in task.files]


def test_the_files_of_a_work_tree_are_tracked_untracked_telling_ignored_and_gits_own(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": "1", ".gitignore": "*.log\n.env\n", "link": "x"})
    repo.write({"new.py": "2", "x.log": "3", "sub/.env": "4"})
    (repo.path / "symlink").symlink_to("a.py")
    repo.git("add", "symlink")
    seen = {item.path: item for item in items(repo.path)}
    assert {"a.py", "new.py", "sub/.env", ".git/config", ".git/logs/HEAD"} <= seen.keys()
    assert not {"x.log", "symlink"} & seen.keys()
    assert seen["a.py"].known == repo.blob("a.py")
    assert not seen["new.py"].known
    assert not any(path.endswith(".sample") for path in seen)


@pytest.mark.parametrize(
    "name", [".env", "conf/.env.production", "id_rsa", "x/server.PEM", "main.tfvars", ".npmrc", "secrets.yml", ".netrc"]
)
def test_ignored_files_with_telling_names_are_looked_at(name: str) -> None:
    assert tells(name)


@pytest.mark.parametrize("name", ["a.py", "node_modules/x/index.js", "build/out.o", "environment.txt"])
def test_other_ignored_files_are_not(name: str) -> None:
    assert not tells(name)


def test_staged_changes_are_what_a_commit_would_add(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"same": "1", "changed": "1", "deleted": "1"})
    repo.stage({"changed": "2", "a new one\nwith a line break": "3"})
    repo.git("rm", "-q", "--cached", "deleted")
    assert {change.path for change in staged_changes(Git(repo.path))} == {"changed", "a new one\nwith a line break"}


def test_before_the_first_commit_everything_staged_is_new(tmp_path: Path) -> None:
    for number, object_format in enumerate(("sha1", "sha256")):
        repo = Repo.create(tmp_path / str(number), object_format=object_format).stage({"a": "1"})
        assert [change.path for change in staged_changes(Git(repo.path))] == ["a"]


def test_tasks_hold_every_object_but_trees_once(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    for number in range(5):
        repo.commit(str(number), {f"f{number}": str(number)})
    gaps: list[Gap] = []
    found = [info for task in object_tasks(Git(repo.path), 0, None, gaps) for info in task.objects]
    assert sorted(info.type for info in found) == ["blob"] * 5 + ["commit"] * 5
    assert len({info.oid for info in found}) == 10


def test_a_folder_inside_a_repository_is_a_plain_folder(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"sub/a": "1"})
    assert open_target(repo.path).git is not None
    assert open_target(repo.path / "sub").git is None


def test_a_folder_that_only_looks_like_a_repository_is_a_plain_folder(tmp_path: Path) -> None:
    for name in ("objects", "refs"):
        (tmp_path / name).mkdir()
    (tmp_path / "HEAD").write_text("nonsense\n")
    assert open_target(tmp_path).git is None


def test_a_git_folder_that_git_cannot_open_is_an_error_and_not_a_plain_folder(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    (repo.path / ".git" / "HEAD").unlink()
    with pytest.raises(GitError):
        open_target(repo.path)


def test_a_broken_git_folder_is_not_passed_over_for_a_repository_further_up(tmp_path: Path) -> None:
    outer = Repo.create(tmp_path / "outer")
    inner = Repo.create(outer.path / "inner")
    (inner.path / ".git" / "HEAD").unlink()
    with pytest.raises(CorruptRepository):
        open_target(inner.path)


def test_a_broken_repository_inside_a_folder_is_a_gap(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "all" / "app")
    (repo.path / ".git" / "config").write_text("[core\n")
    gaps: list[Gap] = []
    assert len(expand([open_target(tmp_path / "all")], gaps)) == 1
    assert [gap.where for gap in gaps] == [str(repo.path)]
    with pytest.raises(CorruptRepository):
        open_target(repo.path)


def test_an_unreadable_path_is_an_error_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything, so the system's answer is replaced, not the file's mode.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="permission denied") as caught:
        open_target(tmp_path)
    assert caught.value.advice


def test_a_dangling_link_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        open_target(tmp_path / "link")


def test_utf16_is_told_from_binary_and_text() -> None:
    assert decoded("héllo wörld".encode("utf-16"))[1] == ("utf-16le",)
    assert decoded("hello world".encode("utf-16be")) == (b"hello world", ("utf-16be",))
    assert decoded(b"hello world") == (b"hello world", ())
    assert decoded(bytes(range(256)))[1] == ()
    assert decoded(b"\0" * 64)[1] == ()
    assert decoded(b"") == (b"", ())


def test_lines_and_columns_count_from_one() -> None:
    assert list(positions(b"ab\ncd", [0, 4, 4])) == [(1, 1), (2, 2), (2, 2)]
    assert list(positions(b"\n\nab", [1, 3])) == [(2, 1), (3, 2)]


def test_the_pragma_counts_on_its_own_line_or_the_next_one_only() -> None:
    here, following = b"# pragma: allowlist" + b" secret", b"# pragma: allowlist nextline" + b" secret"
    assert allowed(b"x = 1  " + here, 0)
    assert not allowed(b"x = 1\n" + here, 0)
    assert allowed(following + b"\nx = 1", len(following) + 2)
    assert not allowed(following + b"\n\nx = 1", len(following) + 3)


def test_a_repository_may_lie_in_a_folder_whose_name_has_line_breaks(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "two\nlines\u2028three")
    repo.commit("one", {"a": "1"})
    git = Git(repo.path)
    assert git.git_dir == repo.path / ".git"
    assert git.common_dir == repo.path / ".git"
    assert git.work_tree == repo.path


def test_a_submodule_with_an_empty_git_folder_is_a_gap_and_not_its_parent_again(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},sub")
    (repo.path / "sub" / ".git").mkdir(parents=True)
    gaps: list[Gap] = []
    assert [target.name for target in expand([open_target(repo.path)], gaps)] == [str(repo.path)]
    assert [gap.where for gap in gaps] == [f"{repo.path}/sub"]


def test_a_submodule_that_leads_back_to_its_parent_ends(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    (repo.path / "sub").symlink_to(".")
    assert len(expand([open_target(repo.path)], [])) == 1


def test_several_names_of_one_thing_are_one_target(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "folder" / "app")
    repo.commit("one", {"a": "1"})
    link = tmp_path / "link"
    link.symlink_to(repo.path)
    names = [repo.path, f"{repo.path}/", repo.path / ".git", link, repo.path.parent, repo.path / "a", repo.path / "a"]
    found = expand([open_target(name) for name in names], [])
    assert [target.name for target in found] == [str(repo.path), str(repo.path.parent), str(repo.path / "a")]


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("1")
    link = tmp_path / "link"
    link.symlink_to("real")
    assert [item.path for item in items(link)] == ["real"]


@pytest.mark.parametrize("name", ["", "n" * 300, "n/" * 3000, "a file/below"])
def test_a_name_that_can_be_nothing_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").write_text("1")
    with pytest.raises(UsageError):
        open_target(name)


def test_a_damaged_index_is_a_gap_and_costs_only_the_work_tree(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"})
    (repo.path / ".git" / "index").write_bytes(b"DIRC")
    gaps: list[Gap] = []
    targets = expand([open_target(repo.path)], gaps)
    tasks = list(file_tasks(targets[0], 0, history=True, known=True, gaps=gaps))
    assert {gap.where for gap in gaps} == {f"{repo.path}: index and work tree"}
    assert ".git/config" in {item.path for task in tasks for item in task.files}


def test_an_alternate_that_is_gone_is_a_gap(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"})
    (repo.path / ".git" / "objects" / "info" / "alternates").write_text(f"{tmp_path}/gone\n")
    gaps: list[Gap] = []
    assert list(object_tasks(Git(repo.path), 0, None, gaps))
    assert [f"{tmp_path}/gone" in gap.why for gap in gaps] == [True]
