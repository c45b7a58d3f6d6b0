"""What a second scan costs: with nothing new, and after commits that came since.

    python benchmarks/again.py REPO [--runs 5] [--commits 100] [--jobs 2] [--output FILE]

REPO is copied, and offkey's key and state lie in a folder for temporary files. Each round adds the commits with
`git fast-import` (three files of 4,000 bytes each, on top of HEAD), scans, and scans once more.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from machine import machine
from scan import program

SIZE, FILES = 4_000, 3


def commits(repo: Path, count: int, number: int) -> bytes:
    """What makes `git fast-import` add a branch of `count` commits."""
    chance = random.Random(number)
    head = subprocess.run(["git", "-C", str(repo), "rev-parse", "HEAD"], capture_output=True, check=True).stdout
    lines = []
    for at in range(count):
        stamp = f"A <a@example.com> {1_790_000_000 + at} +0000"
        lines += [f"commit refs/heads/again-{number}", f"committer {stamp}", "data 3", "c\n"]
        lines += [] if at else [f"from {head.decode().strip()}"]
        for file in range(FILES):
            text = "".join(chance.choices("abcdefgh \n", k=SIZE))
            lines += [f"M 100644 inline again/{chance.choice('abcdefghijk')}{file}.txt", f"data {SIZE}", text]
    return "\n".join(lines).encode() + b"\n"


def measure(repo: Path, folder: Path, args: argparse.Namespace) -> dict[str, object]:
    offkey = program("offkey")
    if offkey is None:
        raise SystemExit("no offkey on PATH or beside this Python")
    state = ["--state", str(folder / "state")]
    subprocess.run([offkey, "doctor", "--init", *state], cwd=folder, capture_output=True, check=False)

    if not (folder / "organisation.key").exists():
        raise SystemExit("`offkey doctor --init` made no key, without which nothing is remembered")

    def scan() -> float:
        command = [offkey, "scan", str(repo), *state, "--jobs", str(args.jobs), "--format", "json"]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if done.returncode not in (0, 10):
            raise SystemExit(f"offkey ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
        return time.perf_counter() - began

    first = scan()
    after, nothing = [], []
    for number in range(args.runs):
        given = commits(repo, args.commits, number)
        subprocess.run(["git", "-C", str(repo), "fast-import", "--quiet"], input=given, check=True)
        time.sleep(1)  # a state written to this very moment is not trusted
        after.append(scan())
        nothing.append(scan())
    return {
        "first_seconds": round(first, 3),
        f"median_seconds_after_{args.commits}_commits": round(statistics.median(after), 3),
        "median_seconds_with_nothing_new": round(statistics.median(nothing), 3),
        "all_seconds": [[round(one, 3) for one in column] for column in (after, nothing)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time scans of a repository that was scanned before.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "repo"
        shutil.copytree(args.repo, copy, symlinks=True)
        found = measure(copy, Path(name), args)
    text = json.dumps({"repository": str(args.repo), "machine": machine([]), **found}, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
