"""A scan that remembers an earlier one says what a scan that remembers nothing says."""

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import rules
from offkey.fingerprint import OrgKey
from offkey.secret import Secret
from scanner.commits import past
from scanner.scan import Options, ScanResult, scan
from scanner.workers import pool
from scanner.workers.work import Task
from tests.builders import Repo, token
from tests.needs import KERNEL

pytestmark = KERNEL
KEY = OrgKey(Secret(b"k" * 32))
RULES = rules.load()


class Shelf:
    """A vault in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def save(self, key: str, data: bytes) -> None:
        self.kept[key] = data


def stripe(seed: int) -> str:
    return token("sk_live_", 24, seed=seed)


def look(path: Path, shelf: Shelf | None, **options: object) -> ScanResult:
    return scan([path], RULES, KEY, Options(jobs=1, **options), vault=shelf)  # type: ignore[arg-type]


def agree(path: Path, shelf: Shelf, **options: object) -> ScanResult:
    """The remembering scan's result, after comparing it with that of one that remembers nothing."""
    remembered, fresh = look(path, shelf, **options), look(path, None, **options)
    assert remembered.findings == fresh.findings
    assert remembered.gaps == fresh.gaps
    assert remembered.targets == fresh.targets
    return remembered


def old(path: Path) -> None:
    """Make all files look as if they had been written a while ago, as the scan wants them before it trusts a state."""
    import os
    import time

    moment = time.time_ns() - 10**9
    for file in path.rglob("*"):
        if not file.is_symlink():
            os.utime(file, ns=(moment, moment))
    time.sleep(0.05)  # the change of times itself is written down with the present time


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "r")
    repo.commit("one", {"a": f'key = "{stripe(1)}"', "b": "nothing"})
    repo.commit("two", {"b": f'key = "{stripe(2)}"'})
    return repo


def test_with_nothing_new_nothing_is_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    old(repo.path)
    first = look(repo.path, shelf)
    monkeypatch.setattr(pool, "run", lambda *_, **__: pytest.fail("something was looked at"))
    second = look(repo.path, shelf)
    assert len(first.findings) == 2
    assert (second.findings, second.gaps, second.examined) == (first.findings, first.gaps, first.examined)


@pytest.mark.parametrize("change", ["file", "untracked", "ref", "config", "index", "reflog"])
def test_any_change_is_seen(repo: Repo, change: str) -> None:
    shelf = Shelf()
    old(repo.path)
    look(repo.path, shelf)
    match change:
        case "file":
            repo.write({"b": f'other = "{stripe(3)}"'})
        case "untracked":
            repo.write({"c": f'other = "{stripe(3)}"'})
        case "ref":
            repo.git("branch", "other", "HEAD^")
        case "config":
            repo.git("config", "remote.origin.url", f"https://x:{token('ghp_', 36)}@git.example.com/r.git")
        case "index":
            repo.stage({"d": f'other = "{stripe(4)}"'})
            (repo.path / "d").unlink()
        case "reflog":
            repo.git("reflog", "expire", "--expire=all", "--all")
    agree(repo.path, shelf)


def test_only_new_objects_are_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    look(repo.path, shelf, worktree=False)
    repo.commit("three", {"c": f'key = "{stripe(3)}"'})
    seen: list[str] = []
    real = pool.run

    def noted(task: Task) -> Task:
        seen.extend([*task.loose, *(info.oid for info in task.objects)])
        assert not task.roots
        return task

    def watched(rounds: Iterable[Iterable[Task]], *args: Any, **options: Any) -> object:
        return real((map(noted, tasks) for tasks in rounds), *args, **options)

    monkeypatch.setattr(pool, "run", watched)
    result = look(repo.path, shelf, worktree=False)
    assert len(result.findings) == 3
    assert set(seen) == {repo.head(), repo.head("HEAD^{tree}"), repo.blob("c")}


def test_another_key_or_other_rules_remember_nothing(repo: Repo, tmp_path: Path) -> None:
    shelf = Shelf()
    old(repo.path)
    look(repo.path, shelf)
    other = scan([repo.path], RULES, OrgKey(Secret(b"j" * 32)), Options(jobs=1), vault=shelf)
    assert {one.fingerprint.split(":")[1] for one in other.findings} == {OrgKey(Secret(b"j" * 32)).id}


def test_what_is_kept_holds_no_value(repo: Repo) -> None:
    shelf = Shelf()
    old(repo.path)
    look(repo.path, shelf)
    assert shelf.kept
    for data in shelf.kept.values():
        for seed in (1, 2):
            assert stripe(seed).encode() not in data
            assert stripe(seed).encode().hex().encode() not in data


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"\0" * len(data), lambda data: b""])
def test_a_spoilt_memory_is_forgotten(repo: Repo, spoil: Callable[[bytes], bytes]) -> None:
    shelf = Shelf()
    old(repo.path)
    look(repo.path, shelf)
    shelf.kept = {key: spoil(data) for key, data in shelf.kept.items()}
    repo.commit("three", {"c": f'key = "{stripe(3)}"'})
    agree(repo.path, shelf)


def test_a_pack_that_is_lost_is_missed(repo: Repo) -> None:
    shelf = Shelf()
    repo.git("repack", "-qad")
    look(repo.path, shelf)
    repo.commit("three", {"c": f'key = "{stripe(3)}"'})
    repo.git("repack", "-qd")
    newest = max((repo.path / ".git/objects/pack").glob("*.pack"), key=lambda pack: pack.stat().st_mtime_ns)
    look(repo.path, shelf)
    newest.unlink()
    newest.with_suffix(".idx").unlink()
    agree(repo.path, shelf)


def test_an_absent_blob_that_comes_back_is_looked_at(repo: Repo) -> None:
    shelf = Shelf()
    blob = repo.blob("a")
    file = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
    content = file.read_bytes()
    file.unlink()
    assert any(blob in gap.where for gap in agree(repo.path, shelf, worktree=False).gaps)
    file.write_bytes(content)
    assert len(agree(repo.path, shelf, worktree=False).findings) == 2


class Life:
    """Does what people do to a repository, at random."""

    def __init__(self, repo: Repo, seed: int) -> None:
        self.repo = repo
        self.chance = random.Random(seed)
        self.seed = 100 * seed

    def __call__(self) -> str:
        step = self.chance.choice([name for name in dir(self) if name.startswith("do_")])
        getattr(self, step)()
        return step

    def _content(self) -> str:
        self.seed += 1
        return f'key = "{stripe(self.chance.choice([self.seed, 1, 2]))}"\n{self.seed}\n'

    def do_commit(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self.repo.commit("more", {self.chance.choice("abcdef"): self._content()})

    def do_say(self) -> None:
        self.repo.commit(f"said {self._content()}")

    def do_branch(self) -> None:
        self.seed += 1
        self.repo.git("branch", f"b{self.seed}", self.chance.choice(["HEAD", "HEAD^"]))

    def do_tag(self) -> None:
        self.seed += 1
        self.repo.git("tag", "-a", "-m", self._content(), f"t{self.seed}")

    def do_reset(self) -> None:
        self.repo.git("reset", "-q", "--hard", "HEAD^")
        self.repo.commit("instead", {"z": self._content()})

    def do_merge(self) -> None:
        self.seed += 1
        name = f"m{self.seed}"
        self.repo.git("checkout", "-q", "-b", name, "HEAD^")
        self.repo.commit("aside", {f"side-{name}": self._content()})
        self.repo.git("checkout", "-q", "main")
        self.repo.git("merge", "-q", "-m", "merge", name)

    def do_delete(self) -> None:
        names = [one for one in self.repo.git("branch", "--format=%(refname:short)").split() if one != "main"]
        if names:
            self.repo.git("branch", "-q", "-D", self.chance.choice(names))

    def do_repack(self) -> None:
        self.repo.git("repack", "-qd", *self.chance.choice([("-a",), (), ("-A",)]))

    def do_prune(self) -> None:
        self.repo.git("reflog", "expire", "--expire=all", "--all")
        self.repo.git("gc", "-q", "--prune=now")

    def do_stash(self) -> None:
        self.repo.write({"a": self._content()})
        self.repo.git("stash", "-q")

    def do_stage(self) -> None:
        self.repo.stage({"staged": self._content()})
        self.repo.git("reset", "-q")

    def do_orphan(self) -> None:
        self.seed += 1
        tree = self.repo.git("rev-parse", "HEAD^{tree}")
        self.repo.git("update-ref", f"refs/pull/{self.seed}", self.repo.git("commit-tree", "-m", "alone", tree))


@pytest.fixture
def small_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even small graphs are kept by themselves, and up to five nodes behind them."""
    monkeypatch.setattr(past, "_APART", 1)
    monkeypatch.setattr(past, "_MOST_BEHIND", 5)


def graphs(shelf: Shelf) -> set[str]:
    """Keys of what holds a whole graph and nothing else: marks of 20 and 16 bytes, a length, and sizes of columns."""
    return {key for key, data in shelf.kept.items() if data[44:].startswith(b'{"sizes":')}


def test_a_graph_that_is_kept_by_itself_is_written_again_only_when_much_came_behind_it(
    repo: Repo, small_graphs: None
) -> None:
    shelf = Shelf()
    look(repo.path, shelf)
    (key,) = graphs(shelf)
    kept = []
    for number in range(3, 11):
        repo.commit("more", {"c": f'key = "{stripe(number)}"'})
        assert len(agree(repo.path, shelf).findings) == number
        kept.append(shelf.kept[key])
    assert len(set(kept)) == 2
    assert kept[:5] == [kept[0]] * 5
    assert kept[5:] == [kept[5]] * 3


def test_a_graph_of_another_scan_is_not_taken_for_the_one_that_was_kept(repo: Repo, small_graphs: None) -> None:
    shelf, other = Shelf(), Shelf()
    look(repo.path, shelf)
    look(repo.path, other)
    (key,) = graphs(shelf)
    shelf.kept[key] = other.kept[key]
    repo.commit("three", {"c": f'key = "{stripe(3)}"'})
    agree(repo.path, shelf)
    del shelf.kept[key]
    repo.commit("four", {"c": f'key = "{stripe(4)}"'})
    assert len(agree(repo.path, shelf).findings) == 4


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_a_repository_the_answer_is_that_of_a_fresh_scan(
    repo: Repo, seed: int, request: pytest.FixtureRequest
) -> None:
    if seed % 2:
        request.getfixturevalue("small_graphs")
    shelf = Shelf()
    life = Life(repo, seed)
    done = []
    for _ in range(8):
        done.append(life())
        remembered, fresh = look(repo.path, shelf), look(repo.path, None)
        assert remembered.findings == fresh.findings, done
        assert remembered.gaps == fresh.gaps, done
