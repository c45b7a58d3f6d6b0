"""A pipe or device where git expects a file: git would wait for it for ever, the scan does not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rules
from offboarding.demo.simulators.tokens import github_classic
from offkey.errors import OffkeyError
from scanner.repository import git, worktree
from scanner.repository.git import Git
from scanner.repository.giterrors import GitSilent
from scanner.repository.sources import open_target
from tests.builders import Repo
from tests.scanner.conftest import Scan

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "app")
    made.commit("leak", {"src/a.py": f"t = '{github_classic('pipes')}'\n"})
    return made


@pytest.mark.parametrize("name", [".gitignore", "src/.gitignore", "src/.gitattributes", ".gitmodules", ".mailmap"])
def test_a_pipe_in_the_work_tree_costs_at_most_the_untracked_files(repo: Repo, look: Scan, name: str) -> None:
    os.mkfifo(repo.path / name)
    assert look(repo.path).gaps == (), "no ignore file matters while nothing is untracked"
    repo.write({"untracked": ""})
    result = look(repo.path)
    assert [finding.kind for finding in result.findings] == ["github.pat.classic"]
    told = [(gap.where, name in gap.why) for gap in result.gaps]
    assert told == ([(f"{repo.path}: index and work tree", True)] if name.endswith(".gitignore") else [])


@pytest.mark.parametrize(
    "name", ["info/exclude", "config", "HEAD", "index", "packed-refs", "refs/heads/main", "objects/info/alternates"]
)
def test_a_repository_with_a_pipe_in_its_git_folder_is_refused_by_name(repo: Repo, look: Scan, name: str) -> None:
    (repo.path / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repo.path / ".git" / name)
    with pytest.raises(OffkeyError, match=name) as caught:
        look(repo.path)
    assert caught.value.advice
    result = look(repo.path.parent)
    assert [gap.where for gap in result.gaps] == [str(repo.path)]


def test_a_link_to_a_device_is_no_better(repo: Repo, look: Scan) -> None:
    (repo.path / ".git" / "info" / "exclude").unlink()
    (repo.path / ".git" / "info" / "exclude").symlink_to("/dev/zero")
    with pytest.raises(OffkeyError, match="info/exclude"):
        look(repo.path)


def test_a_git_folder_that_is_a_pipe_is_an_error(tmp_path: Path) -> None:
    outer = Repo.create(tmp_path / "outer")
    (outer.path / "inner").mkdir()
    os.mkfifo(outer.path / "inner" / ".git")
    with pytest.raises(OffkeyError):
        open_target(outer.path / "inner")


def test_a_git_that_says_nothing_is_ended_and_a_gap(
    repo: Repo, look: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "excludes")
    repo.write({"untracked": ""}).config("core.excludesFile", str(tmp_path / "excludes"))
    monkeypatch.setattr(worktree, "PATIENCE", 0.3)
    result = look(repo.path)
    assert [finding.kind for finding in result.findings] == ["github.pat.classic"]
    assert [(gap.where, "said nothing" in gap.why) for gap in result.gaps] == [
        (f"{repo.path}: index and work tree", True)
    ]
    assert not children()


def test_a_git_that_does_not_open_a_repository_is_ended(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "included")
    repo.config("include.path", str(tmp_path / "included"))
    monkeypatch.setattr(git, "OPENING", 0.3)
    with pytest.raises(GitSilent, match="said nothing") as caught:
        Git(repo.path)
    assert caught.value.advice
    assert not children()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_git_goes_when_offkey_is_killed(repo: Repo, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "excludes")
    repo.write({"untracked": ""}).config("core.excludesFile", str(tmp_path / "excludes"))
    code = "import sys; from scanner.repository import git, worktree; list(worktree.others(git.Git(sys.argv[1])))"
    scan = subprocess.Popen([sys.executable, "-c", code, str(repo.path)], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not (started := children(scan.pid, "ls-files")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert started
    scan.send_signal(signal.SIGKILL)
    scan.wait()
    while any(alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in started)


def children(parent: int = os.getpid(), word: str = "ls-files") -> list[int]:
    """Process ids of the gits that a process of ours has started, with a word among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            above = int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            if above == parent and word.encode() in folder.joinpath("cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_rules_in_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(rules.RuleError, match="no file"):
        rules.load([tmp_path / "mine.toml"])
