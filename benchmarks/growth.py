"""How offkey's time grows with the history: the same repository with 10, 30 and 100 % of its commits.

    python benchmarks/growth.py REPO [--runs 3] [--jobs 2] [--shares 10 30 100] [--output FILE] [--plot FILE.png]

A share is the oldest commits of `git rev-list --all --topo-order --reverse`, so each has its parents; their objects go
through `git pack-objects` into a bare repository of their own, with a branch on every commit that has no child there.
Needs room for about 1.4 times the repository in the folder for temporary files. Objects that the repository lacks
(a partial clone) are lacking in the parts too, where offkey names them as gaps: nothing is fetched.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import machine
from plots import growth
from scan import offkey_commands, run


def git(repo: Path, *args: str, given: str = "") -> str:
    """What git prints; CalledProcessError when it refuses."""
    command = ["git", "-c", "protocol.allow=never", "-C", str(repo), *args]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout


def tips(repo: Path, commits: list[str]) -> list[str]:
    """Those of `commits` that are no parent of another of them."""
    kept = set(commits)
    lines = git(repo, "rev-list", "--no-walk=unsorted", "--parents", "--stdin", given="\n".join(commits)).splitlines()
    return sorted(kept - {parent for text in lines for parent in text.split()[1:]})


def part(repo: Path, folder: Path, share: int) -> tuple[int, int]:
    """Makes the bare repository `folder` with `share` % of the commits; gives their number and the pack's bytes."""
    commits = git(repo, "rev-list", "--all", "--topo-order", "--reverse").split()
    commits = commits[: max(1, len(commits) * share // 100)]
    ends = tips(repo, commits)
    object_format = git(repo, "rev-parse", "--show-object-format").strip()
    git(repo, "init", "-q", "--bare", "-b", "main", f"--object-format={object_format}", str(folder))
    pack = folder / "objects" / "pack" / "pack"
    given = "".join(f"{commit}\n" for commit in ends)
    git(repo, "pack-objects", "-q", "--revs", "--missing=allow-any", "--delta-base-offset", str(pack), given=given)
    updates = "".join(f"create refs/heads/tip{number} {commit}\n" for number, commit in enumerate(ends))
    git(folder, "update-ref", "--stdin", given=updates)
    return len(commits), sum(file.stat().st_size for file in pack.parent.glob("*.pack"))


def measure(repo: Path, shares: list[int], runs: int, jobs: int, left_out: dict[str, str]) -> list[dict[str, object]]:
    """One row for each share; the shares' runs alternate."""
    with tempfile.TemporaryDirectory() as name:
        folders = {share: Path(name) / f"{share}.git" for share in shares}
        sizes = {share: part(repo, folder, share) for share, folder in folders.items()}
        commands = {share: offkey_commands(folder, jobs, left_out)["offkey"] for share, folder in folders.items()}
        done = {share: [run(commands[share], keep=False)] for share in shares}  # the first fills the page cache
        for _ in range(runs):
            for share in shares:
                done[share].append(run(commands[share], keep=False))
    return [
        {
            "share_percent": share,
            "commits": sizes[share][0],
            "packed_bytes": sizes[share][1],
            "median_seconds": round(statistics.median(one.seconds for one in done[share][1:]), 3),
            "exit_codes": sorted({one.exit_code for one in done[share]}),
        }
        for share in shares
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time offkey on growing parts of one history.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shares", type=int, nargs="+", default=[10, 30, 100], metavar="PERCENT")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    left_out: dict[str, str] = {}
    rows = measure(args.repo.resolve(), args.shares, args.runs, args.jobs, left_out)
    here = machine([])
    report = {"repository": str(args.repo), "machine": here, "left_out": left_out, "parts": rows}
    text = json.dumps(report, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    if args.plot:
        points = [(float(str(row["packed_bytes"])), float(str(row["median_seconds"]))) for row in rows]
        growth({"offkey": points}, here, args.plot)
    print(text, end="")


if __name__ == "__main__":
    main()
