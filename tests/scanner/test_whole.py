"""Many small repositories: each is looked at whole by one worker, with the same result as piece by piece."""

import os
import signal
from pathlib import Path

import pytest

from offkey.fingerprint import OrgKey
from offkey.secret import Secret
from rules import RuleSet
from scanner.scan import Options, ScanResult, scan
from scanner.workers import whole
from tests.builders import ANN, BOB, Repo, token
from tests.needs import KERNEL
from tests.scanner.conftest import Scan
from tests.scanner.test_memory import Shelf

KEYS = [token("glpat-", 20, seed=number) for number in range(3)]


@pytest.fixture
def many(tmp_path: Path) -> list[Path]:
    """Repositories of all sorts: bare, packed, with work trees, of SHA-256 ids, empty, with stray files and stashes."""
    paths = []
    for number in range(8):
        repo = Repo.create(tmp_path / f"r{number}", object_format="sha256" if number == 3 else "sha1")
        if number != 5:
            repo.commit("one", {"a.env": f"key = {KEYS[number % 3]}\n", "src/b.py": "x = 1\n"}, author=ANN)
            repo.branch("more").commit("two", {"src/b.py": f"x = 2\nkey = {KEYS[0]}\n"}, author=BOB)
            repo.checkout("main").merge("more", author=ANN)
            repo.commit("gone", {"a.env": "key =\n"}, author=BOB)
        if number == 1:
            repo.git("gc", "-q")
        if number == 2:
            (repo.path / "note.txt").write_text(f"key = {KEYS[2]}\n")
        if number == 4:
            repo.commit(f"says {KEYS[1]}", {".mailmap": "Ann Archer <ann@example.com> <bob@example.com>\n"})
        if number == 6:
            (repo.path / ".git" / "objects" / "17").mkdir(exist_ok=True)
            (repo.path / ".git" / "objects" / "17" / ("0" * 38)).write_bytes(b"damaged")
        if number == 7:
            repo.git("config", "core.bare", "true")
            paths.append(repo.path / ".git")
            continue
        paths.append(repo.path)
    return paths


def told(result: ScanResult) -> tuple[object, ...]:
    return result.findings, result.gaps, result.examined


@KERNEL
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_result_is_the_same_as_piece_by_piece(
    look: Scan, many: list[Path], jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    real = whole.WholeWorker._whole
    monkeypatch.setattr(whole.WholeWorker, "_whole", lambda self, n: (taken.append(n), real(self, n))[1])
    result = look(*many, jobs=jobs)
    if jobs == 1:  # more are taken by processes of their own
        assert len(taken) == len(many)
    monkeypatch.setattr(Options, "in_one_go", False)
    pieces = look(*many, jobs=jobs)
    assert told(result) == told(pieces)
    assert len({one.fingerprint for one in result.findings}) == 3
    assert {who.email for one in result.findings if (who := one.introduced)} == {"ann@example.com"}


@KERNEL
def test_a_worker_that_dies_over_a_whole_loses_nothing(
    look: Scan, many: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = whole.WholeWorker._whole

    def dies(self: whole.WholeWorker, number: int) -> whole.Whole:
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, number)

    expected = look(*many, jobs=2)
    monkeypatch.setattr(whole.WholeWorker, "_whole", dies)
    assert told(look(*many, jobs=2)) == told(expected)


@KERNEL
def test_the_next_scan_goes_on_from_what_a_whole_told(
    ruleset: RuleSet, pattern_cache: Path, many: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, vault = OrgKey(Secret(b"k" * 32)), Shelf()
    options = Options(cache=pattern_cache, jobs=2)
    scan(many, ruleset, key, options, vault=vault)
    Repo(many[0]).commit("new", {"c.env": f"key = {token('glpat-', 20, seed=9)}\n"}, author=BOB)
    monkeypatch.setattr(whole.WholeWorker, "_whole", None)  # nothing is looked at anew
    result = scan(many, ruleset, key, options, vault=vault)
    monkeypatch.undo()
    afresh = scan(many, ruleset, key, options)
    assert (result.findings, result.gaps) == (afresh.findings, afresh.gaps)
    assert len({one.fingerprint for one in result.findings}) == 4
