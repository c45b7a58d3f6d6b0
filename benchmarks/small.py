"""What one small repository costs among many in one call, beside `git rev-list --count --all` in each.

    python benchmarks/small.py FOLDER [--runs 5] [--jobs 2] [--output FILE]

FOLDER holds the repositories (`generate.py FOLDER --small 300` makes some). Each round counts the commits of every
repository with a git process of its own, then scans all with one offkey; the median of the rounds' ratios is given.
"""

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

from machine import machine
from scan import offkey_commands, run


def counted(repos: list[Path]) -> float:
    """Seconds to count the commits of all, one after the other."""
    began = time.perf_counter()
    for repo in repos:
        subprocess.run(["git", "-C", str(repo), "rev-list", "--count", "--all"], capture_output=True, check=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a scan of many small repositories.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    repos = sorted(path.resolve() for path in args.folder.iterdir() if path.is_dir())
    if not repos:
        raise SystemExit(f"{args.folder}: no repositories")
    left_out: dict[str, str] = {}
    words = offkey_commands(Path("REPOS"), args.jobs, left_out)["offkey"]
    command = [word for one in words for word in (map(str, repos) if one == "REPOS" else (one,))]
    run(command, keep=False)  # fills the page cache
    rounds = [(counted(repos), run(command, keep=False)) for _ in range(args.runs)]
    each = 1000 / len(repos)
    report = {
        "what": f"{len(repos)} repositories, {args.jobs} jobs, {args.runs} rounds",
        "machine": machine([]),
        "left_out": left_out,
        "rev_list_ms": [round(seconds * each, 2) for seconds, _ in rounds],
        "offkey_ms": [round(done.seconds * each, 2) for _, done in rounds],
        "exit_codes": sorted({done.exit_code for _, done in rounds}),
        "median_ratio": round(statistics.median(done.seconds / seconds for seconds, done in rounds), 2),
    }
    text = json.dumps(report, indent=2)
    if args.output:
        args.output.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
