"""Plays the scenarios, asks the tools, and makes a report and a table of the answers. No value is kept."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.attribution.catalogue import SCENARIOS
from benchmarks.attribution.scenario import Scenario
from benchmarks.attribution.score import Score, best, score, totals
from benchmarks.attribution.tools import TOOLS, Case, ask, program

WAYS = ("as it is", "bare")


@dataclass(frozen=True)
class Row:
    """A tool's score in one scenario: the best of the `ways` in which the repository was shown to it."""

    score: Score
    ways: Mapping[str, Score]


Scores = Mapping[str, Mapping[str, Row]]
"""By scenario, then by tool."""


def installed(names: Iterable[str]) -> dict[str, str | None]:
    """Where the program of each tool lies; None where it is not installed. offkey is this checkout."""
    return {name: "here" if name == "offkey" else program(TOOLS[name].program) for name in names}


def bare_copy(target: Path, to: Path) -> Path:
    """The repository's own files as a bare repository: unlike a clone it has all objects, reflogs and the stash."""
    inside = target / ".git"
    shutil.copytree(inside if inside.is_dir() else target, to, symlinks=True)
    subprocess.run(["git", "--git-dir", str(to), "config", "core.bare", "true"], check=True)
    return to


def run(scenario: Scenario, tools: Sequence[str], folder: Path) -> dict[str, Row]:
    """Play one scenario below `folder`, ask each tool, and take the repositories away again."""
    stage, truth = scenario.made(folder)
    target = truth.target or stage.repo.path
    case = Case(target, bare_copy(target, stage.folder / "bare.git"), stage.key, truth, stage.folder / "report")
    rows = {}
    for name in tools:
        tool = TOOLS[name]
        shown = zip(WAYS, (case.target, case.bare) if tool.both else (case.target,), strict=False)
        ways = {way: score(truth, ask(tool, case, at)) for way, at in shown}
        rows[name] = Row(best(ways.values()), ways)
    shutil.rmtree(stage.folder)
    return rows


def run_all(names: Sequence[str], tools: Sequence[str], jobs: int = 2) -> dict[str, dict[str, Row]]:
    with tempfile.TemporaryDirectory(prefix="attribution-") as folder, ThreadPoolExecutor(jobs) as pool:
        done = pool.map(lambda name: run(SCENARIOS[name], tools, Path(folder)), names)
        return dict(zip(names, done, strict=True))


def report(scores: Scores, tools: Sequence[str]) -> dict[str, Any]:
    """Scores as JSON: totals for each tool, and each scenario with its story."""
    return {
        "totals": {tool: totals([row[tool].score for row in scores.values()]) for tool in tools},
        "scenarios": {
            name: {
                "group": SCENARIOS[name].group,
                "story": SCENARIOS[name].story,
                "scores": {tool: _plain(one) for tool, one in row.items()},
            }
            for name, row in scores.items()
        },
    }


def _plain(row: Row) -> dict[str, Any]:
    one = row.score
    told: dict[str, Any] = {"grade": one.grade.value, "right_commit": one.commit}
    if len(row.ways) > 1:
        told["ways"] = {way: {"grade": it.grade.value, "right_commit": it.commit} for way, it in row.ways.items()}
    return told | ({"problems": list(one.problems)} if one.problems else {})
