"""The benchmarks' programs, run as they are used: on tiny repositories."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def benchmark(program: str, *args: object) -> str:
    command = [sys.executable, str(BENCHMARKS / program), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(repo: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", str(repo), *args], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "repo"
    benchmark("generate.py", folder, "--commits", 600, "--files", 10, "--seed", 7)
    return folder


def test_the_generated_history_is_whole_and_has_merges_renames_and_binary_files(history: Path) -> None:
    assert not git(history, "fsck", "--full", "--strict")
    assert int(git(history, "rev-list", "--count", "main")) >= 600
    assert git(history, "rev-list", "--merges", "main")
    paths = git(history, "log", "--name-only", "--format=", "main")
    assert "moved" in paths
    assert ".bin" in paths
    assert "data/big.txt" in paths


def test_one_seed_makes_one_history_and_another_seed_another(history: Path, tmp_path: Path) -> None:
    for name, seed in (("again", 7), ("other", 8)):
        benchmark("generate.py", tmp_path / name, "--commits", 600, "--files", 10, "--seed", seed)
    tip = git(history, "rev-parse", "main")
    assert git(tmp_path / "again", "rev-parse", "main") == tip
    assert git(tmp_path / "other", "rev-parse", "main") != tip


def test_many_small_repositories_are_made_and_differ(tmp_path: Path) -> None:
    benchmark("generate.py", tmp_path / "small", "--small", 3)
    repos = sorted((tmp_path / "small").iterdir())
    assert len({git(repo, "rev-parse", "main") for repo in repos}) == 3


def test_many_small_repositories_are_timed_beside_git(tmp_path: Path) -> None:
    benchmark("generate.py", tmp_path / "small", "--small", 5)
    told = json.loads(benchmark("small.py", tmp_path / "small", "--runs", 1))
    assert told["exit_codes"] == [10]
    assert min(*told["offkey_ms"], *told["rev_list_ms"], told["median_ratio"]) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="inflate.py forks")
@pytest.mark.parametrize("jobs", [1, 3])
def test_inflate_reads_every_entry_whatever_the_number_of_processes(history: Path, jobs: int) -> None:
    told = json.loads(benchmark("inflate.py", history, "--jobs", jobs))
    listed = git(history, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    assert told["entries"] == len(listed)
    (index,) = (history / "objects" / "pack").glob("*.idx")
    rows = [row.split() for row in git(history, "verify-pack", "-v", str(index)).splitlines()]
    assert told["inflated_bytes"] == sum(int(row[2]) for row in rows if len(row) in (5, 7))


def test_scan_names_the_machine_and_finds_the_same_in_both_ways(history: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    wanted = ["offkey", "offkey --exhaustive", "rev-list"]
    benchmark("scan.py", history, "--runs", 1, "--output", output, "--variant", *wanted)
    report = json.loads(output.read_text())
    assert {"processor", "processors", "memory_bytes", "python", "git", "libraries", "date"} <= report["machine"].keys()
    result = report["repositories"][str(history)]
    assert list(result["median_seconds"]) == wanted
    assert result["exit_codes"] == {"offkey": [10], "offkey --exhaustive": [10], "rev-list": [0]}
    against = result["findings"]["offkey against offkey --exhaustive"]
    assert against["same"]
    assert against["places"][0] > 0


def test_growth_times_the_whole_and_a_part(history: Path) -> None:
    told = json.loads(benchmark("growth.py", history, "--runs", 1, "--shares", 30, 100))
    small, whole = told["parts"]
    assert whole["commits"] == int(git(history, "rev-list", "--count", "--all"))
    assert small["commits"] == whole["commits"] * 30 // 100
    assert 0 < small["packed_bytes"] < whole["packed_bytes"]


def test_what_a_peer_finds_and_offkey_does_not_is_listed_and_other_rules_are_counted(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    compare = importlib.import_module("compare")
    commit, path = git(history, "rev-parse", "main").strip(), "data/big.txt"
    oid = git(history, "rev-parse", f"main:{path}").strip()
    rows = [
        {"RuleID": rule, "Commit": commit, "File": path, "StartLine": line}
        for rule, line in (("github-pat", 3), ("github-pat", 4), ("gitlab-pat", 3), ("no-such-rule", 3))
    ]
    result = compare.peer_result(history, "gitleaks", json.dumps(rows).encode(), {("github.pat.classic", oid, 3)})
    assert [(miss["rule"], miss["line"]) for miss in result["not_found_by_offkey"]] == [
        ("github-pat", 4),
        ("gitlab-pat", 3),
    ]
    assert result["rules_not_compared"] == {"no-such-rule": 1}
