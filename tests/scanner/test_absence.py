"""What is absent, told by comparing all commits: as a walk over the history tells it, or left to that."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.commits import differences
from scanner.commits.absence import absent_by_changes
from scanner.commits.differences import brought
from scanner.commits.forest import Forest
from scanner.options import Options
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import missing_objects
from scanner.scan import ScanResult
from scanner.workers.examine import Worker
from scanner.workers.tasks import forest_of, pack_tasks
from scanner.workers.work import Setup
from tests.builders import Repo

Scan = Callable[..., ScanResult]
A, B, C = (digit.encode() * 40 for digit in "abc")
NONE = b"0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.commit("one", {"a": "first", "d/b": "second"})
    return made


def forest(repo: Repo) -> Forest:
    git = Git(repo.path)
    result = forest_of(git, 0, Options(compiled=False))
    worker = Worker(Setup(gits=(git,), rules=(), digest="", key=b"k" * 32, matcher="keyword", compiled=False))
    for task in pack_tasks(result, []):
        result.add(worker.examine(task))
    worker.close()
    return result


def lose(repo: Repo, oid: str) -> None:
    (repo.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


def told(repo: Repo) -> list[str] | None:
    """What is told, which a walk over the history tells, too."""
    found = absent_by_changes(forest(repo), 2)
    assert found is None or found == sorted(map(str, missing_objects(Git(repo.path))))
    return found


def test_nothing_is_absent(repo: Repo) -> None:
    assert told(repo) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_blob_of_an_earlier_commit(repo: Repo, packed: bool) -> None:
    lost = repo.blob("d/b")
    repo.commit("two", {"d/b": "other"})
    lose(repo, lost)
    if packed:
        left = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        folder = repo.path / ".git" / "objects" / "pack" / "pack"
        repo.git("pack-objects", "-q", str(folder), stdin=left.encode())
        repo.git("prune-packed", "-q")
    assert told(repo) == [lost]


def test_a_blob_that_only_a_merge_brings(repo: Repo) -> None:
    repo.branch("side")
    repo.commit("side", {"s": "side"})
    repo.checkout("main")
    repo.commit("main", {"m": "main"})
    repo.merge("side", files={"only": "here"})
    lost = repo.blob("only")
    lose(repo, lost)
    assert told(repo) == [lost]


def test_what_abandoned_commits_alone_bring_is_not_missed(repo: Repo) -> None:
    repo.dangling({"gone": "nobody leads here"})
    lost = repo.git("hash-object", "--stdin", stdin=b"nobody leads here").strip()
    lose(repo, lost)
    assert told(repo) == []


def test_the_commit_of_a_submodule_is_elsewhere(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "-q", "-m", "sub")
    repo.branch("side")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},sub")
    repo.git("commit", "-q", "-m", "sub 2")
    repo.checkout("main")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'3' * 40},sub")
    repo.git("commit", "-q", "-m", "sub 3")
    tree = repo.git("mktree", stdin=f"160000 commit {'4' * 40}\tsub\n".encode()).strip()
    merge = repo.git("commit-tree", tree, "-p", "main", "-p", "side", "-m", "merge").strip()
    repo.git("update-ref", "refs/heads/main", merge)
    assert told(repo) == []


def test_a_tagged_blob(repo: Repo) -> None:
    lost = repo.loose("tagged")
    repo.git("tag", "-a", "-m", "a key", "key", lost)
    assert told(repo) == []
    lose(repo, lost)
    assert absent_by_changes(forest(repo), 1) == [lost]


def test_what_the_index_names(repo: Repo) -> None:
    named = forest(repo)
    named.index = {repo.blob("a"), "1" * 40}
    assert absent_by_changes(named, 1) == ["1" * 40]


@pytest.mark.parametrize("what", ["tagged tree", "ref to a blob", "absent tree", "absent parent", "reflog"])
def test_where_only_git_can_tell_nothing_is_said(repo: Repo, what: str) -> None:
    tree = repo.git("rev-parse", "HEAD:d").strip()
    if what == "tagged tree":
        repo.git("tag", "-a", "-m", "a tree", "tree", tree)
    elif what == "ref to a blob":
        repo.git("update-ref", "refs/odd/blob", repo.blob("a"))
    elif what == "absent tree":
        lose(repo, tree)
    elif what == "absent parent":
        parent = repo.head()
        repo.commit("two", {"a": "changed"})
        lose(repo, parent)
    else:
        log = repo.path / ".git" / "logs" / "HEAD"
        log.write_text(log.read_text() + f"{'0' * 40} {tree} A <a@example.com> 1 +0000\todd\n")
    assert absent_by_changes(forest(repo), 1) is None


def test_a_group_that_git_fails_on_at_first_is_looked_up_like_any_other(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = repo.blob("d/b")
    lose(repo, lost)
    outcomes: list[Exception | None] = [GitError("killed"), None]

    def compare(*arguments: object) -> bytes:
        if outcomes and (error := outcomes.pop(0)):
            raise error
        return real(*arguments)  # type: ignore[arg-type]

    real = differences.compare
    monkeypatch.setattr(differences, "compare", compare)
    assert told(repo) == [lost]


@pytest.mark.parametrize("filter", ["blob:none", "tree:0"])
def test_a_partial_clone_is_scanned_as_far_as_it_goes(tmp_path: Path, look: Scan, repo: Repo, filter: str) -> None:
    repo.commit("two", {"d/b": "changed"})
    clone = repo.clone(tmp_path / "partial", "--bare", f"--filter={filter}")
    results = [look(clone.path, compiled=compiled) for compiled in (True, False)]
    assert results[0].gaps == results[1].gaps
    assert {gap.why for gap in results[1].gaps} == {"missing from the repository"}
    assert sorted(gap.where.split()[-1] for gap in results[1].gaps) == sorted(
        map(str, missing_objects(Git(clone.path)))
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (b":100644 100644 %s %s M\0path\0" % (A, B), {B}),
        (b":000000 120000 %s %s A\0path\0" % (NONE, B), {B}),
        (b":100644 000000 %s %s D\0path\0" % (A, NONE), set()),
        (b":160000 100644 %s %s T\0path\0" % (A, B), {B}),
        (b":100644 160000 %s %s T\0path\0" % (A, B), set()),
        (b"::100644 100644 100755 %s %s %s MM\0path\0" % (A, B, C), {C}),
        (b"::100644 160000 100644 %s %s %s MM\0path\0" % (A, B, C), {C}),
        (b"::160000 160000 160000 %s %s %s MM\0path\0" % (A, B, C), set()),
        (b"::100644 100644 160000 %s %s %s MM\0path\0" % (A, B, C), set()),
        (b":::100644 000000 000000 100644 %s %s %s %s MAA\0path\0" % (A, NONE, NONE, C), {C}),
        (b"%s\0:100644 100644 %s %s M\0:100644 100644 x\0" % (C, A, B), {B}),
        (b":100644 100644 %s %s M\0p\0:100644 100644 %s %s M\0p\0" % (A, B, B, C), {B, C}),
    ],
)
def test_raw_output_brings(entry: bytes, expected: set[bytes]) -> None:
    assert brought(entry) == expected
    assert brought(entry.replace(b"0" * 40, b"0" * 64)) == expected


def test_a_path_that_looks_like_an_entry_hides_none(repo: Repo) -> None:
    name = f":100644 100644 {'1' * 40} {'2' * 40} A"
    lost = repo.loose("content")
    for path in (name, f"{name} {name}", f"{name}M"):
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{lost},{path}")
    repo.git("commit", "-q", "-m", "odd")
    lose(repo, lost)
    assert told(repo) == [lost]


def test_a_folder_of_gits_own_that_cannot_be_opened_is_a_gap(
    repo: Repo, look: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = str(repo.path / ".git" / "logs" / "refs")
    real = os.scandir

    def scandir(path: str) -> object:
        if os.fspath(path) == shut:
            raise PermissionError(13, "Permission denied", shut)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [(gap.where, gap.why) for gap in look(repo.path).gaps] == [(shut, "cannot be opened: Permission denied")]
