"""Does a scanner name the one who introduced a secret?

    python -m benchmarks.attribution [--scenario NAME ...] [--tools NAME ...] [--output FILE] [--table FILE.md]
    python -m benchmarks.attribution --play FOLDER [--scenario NAME ...]
    python -m benchmarks.attribution --large REPO ... [--plant 60] [--runs 3] [--output FILE]

Run it from the root of a checkout: offkey is that checkout. Peers are asked if they are on PATH or beside this Python;
the others are named under "not_installed". --play only makes the repositories, to be looked at. With --large, secrets
are planted in copies of real histories instead, which are never written to themselves. See docs/attribution.md.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.attribution import large, small, table
from benchmarks.attribution.catalogue import SCENARIOS
from benchmarks.attribution.tools import TOOLS
from benchmarks.machine import machine


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attribution", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--scenario", nargs="+", choices=[*SCENARIOS], metavar="NAME", help="only these")
    parser.add_argument("--tools", nargs="+", choices=[*TOOLS], help="only these")
    parser.add_argument("--jobs", type=int, default=2, help="how many scenarios at a time")
    parser.add_argument("--play", type=Path, metavar="FOLDER", help="make the repositories there, and ask nobody")
    parser.add_argument("--large", nargs="+", type=Path, metavar="REPO", help="plant in copies of these instead")
    parser.add_argument("--plant", type=int, default=60, help="how many secrets in each large repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="timed scans of each large repository")
    parser.add_argument("--output", type=Path, help="write the result there, too")
    parser.add_argument("--table", type=Path, help="write the scores as Markdown there")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    args = parsed(arguments)
    if args.play:
        for name in args.scenario or SCENARIOS:
            stage, truth = SCENARIOS[name].made(args.play.absolute())
            print(f"{truth.target or stage.repo.path}: {SCENARIOS[name].story}")
        return 0
    where = small.installed(args.tools or TOOLS)
    tools = [name for name, path in where.items() if path]
    peers = sorted({path for path in where.values() if path and path != "here"})
    told: dict[str, Any] = {
        "machine": machine(peers),
        "not_installed": [name for name, path in where.items() if not path],
    }
    if args.large:
        told["large"] = [large.measured(path, args.plant, args.seed, args.runs, tools) for path in args.large]
        fine = all(one["offkey"]["all_right"] for one in told["large"])
    else:
        scores = small.run_all(args.scenario or [*SCENARIOS], tools, args.jobs)
        told |= small.report(scores, tools)
        fine = "offkey" not in tools or all(row["offkey"].score.perfect for row in scores.values())
        if args.table:
            args.table.write_text(table.scores(told))
    text = json.dumps(told, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    print(text, end="")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
