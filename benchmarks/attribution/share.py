"""One scan in this process, and how much of it went into telling who introduced what.

    python -m benchmarks.attribution.share REPO [--jobs 2]

Prints seconds: of the scan, of `commits.attribution.attribute`, and from where the workers begin to read git trees to
the end, which is all that attribution (and the search for what is absent) costs beside finding.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rules
from offkey.fingerprint import ephemeral_key
from scanner import scan as scanning
from scanner.commits.attribution import attribute
from scanner.options import Options
from scanner.workers.rounds import Rounds


def measured(repo: Path, jobs: int) -> dict[str, float]:
    """Seconds of wall time by part, and of processor time over all processes."""
    told = {"attribute": 0.0}
    began_trees: list[float] = []

    def timed(asked: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return asked(*args, **named)
            finally:
                told["attribute"] += time.perf_counter() - began

        return wrapper

    def noted(trees: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def wrapper(self: Rounds) -> Iterator[Any]:
            began_trees.append(time.perf_counter())
            yield from trees(self)

        return wrapper

    vars(scanning)["attribute"] = timed(attribute)
    Rounds._trees = noted(Rounds._trees)  # type: ignore[method-assign]
    ruleset = rules.load()
    began = time.perf_counter()
    result = scanning.scan([repo], ruleset, ephemeral_key(), Options(jobs=jobs))
    ended = time.perf_counter()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told |= {
        "scan": ended - began,
        "trees_and_attribution": ended - began_trees[0] if began_trees else 0.0,
        "processor": sum(one.ru_utime + one.ru_stime for one in used),
        "findings": len(result.findings),
    }
    return {name: round(value, 3) for name, value in told.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How much of a scan is attribution.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    print(json.dumps(measured(args.repo, args.jobs)))
