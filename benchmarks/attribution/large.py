"""Large repositories: secrets planted in copies of real histories, what offkey says of each, and what that costs.

Results hold counts and seconds: no name or address of the people in those histories.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.attribution.planting import Planted, copied, plant
from benchmarks.attribution.score import Score, score, totals
from benchmarks.attribution.tools import ROOT, TOOLS, Case, ask


def measured(repo: Path, count: int, seed: int, runs: int, tools: Sequence[str]) -> dict[str, Any]:
    """Plant `count` secrets in a copy of a repository, ask the tools about it, and time offkey with and without."""
    with tempfile.TemporaryDirectory(prefix="attribution-large-") as folder:
        before, after = (copied(repo.resolve(), Path(folder) / name) for name in ("before.git", "after.git"))
        planted = plant(after, count, seed)
        told: dict[str, Any] = {
            "repository": "/".join(repo.resolve().parts[-2:]),
            "commits": _count(before),
            "planted": count,
            "seed": seed,
            "ways": dict(Counter(one.way for one in planted)),
        }
        for name in tools:
            told[name] = _asked(name, after, planted, Path(folder) / "report")
        told["others_unchanged"] = _others(before, set()) == _others(after, {one.key for one in planted})
        told["seconds"] = _seconds({"without": before, "planted": after}, runs)
    return told


def _count(repo: Path) -> int:
    listed = subprocess.run(["git", "-C", str(repo), "rev-list", "--count", "--all"], capture_output=True, check=True)
    return int(listed.stdout)


def _asked(name: str, repo: Path, planted: Sequence[Planted], report: Path) -> dict[str, Any]:
    """Scores of one tool over all that is planted, from one run."""
    tool, output = TOOLS[name], b""

    def keep(told: bytes, case: Case) -> Any:
        nonlocal output
        output = told
        return None

    first = Case(repo, repo, planted[0].key, planted[0].truth, report)
    ask(type(tool)(tool.program, tool.command, keep, both=False), first, repo)
    scores = {}
    for one in planted:
        case = Case(repo, repo, one.key, one.truth, report)
        scores[one] = score(one.truth, tool.read(output, case))
    return {
        **totals(list(scores.values())),
        "all_right": all(one.perfect for one in scores.values()),
        "not_right": dict(Counter(f"{one.way}: {_said(it)}" for one, it in scores.items() if not it.perfect)),
    }


def _said(one: Score) -> str:
    """What is wrong, without the words that hold names: which part, not which person."""
    return ", ".join([one.grade.value, *sorted({line.split(":")[0] for line in one.problems})])


def _others(repo: Path, keys: set[str]) -> Counter[str]:
    """All else that offkey finds there, by whom and where it was introduced."""
    command = [sys.executable, "-m", "offkey", "scan", str(repo), "--no-state", "--show-secrets", "--format", "jsonl"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    found: Counter[str] = Counter()
    for row in rows:
        if row.get("secret") not in keys:
            found[json.dumps([row["kind"], row["redacted"], row["introduced"], row["carried"]], sort_keys=True)] += 1
    return found


def _seconds(repos: Mapping[str, Path], runs: int) -> dict[str, Any]:
    """Medians of alternating scans in processes of their own, by part."""
    done: dict[str, list[dict[str, float]]] = {name: [] for name in repos}
    for number in range(runs):
        for name in [*repos] if number % 2 else [*repos][::-1]:
            command = [sys.executable, "-m", "benchmarks.attribution.share", str(repos[name])]
            told = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
            done[name].append(json.loads(told.stdout))
    return {
        name: {part: round(statistics.median(row[part] for row in rows), 3) for part in rows[0]}
        for name, rows in done.items()
        if rows
    }
