"""How long whole histories take: offkey's ways beside other scanners and reference points, and what each finds.

    python benchmarks/scan.py REPO... [--runs 3] [--jobs 2] [--variant NAME ...] [--output FILE] [--plot FILE.png]

Every program runs as a whole process, one run of each per round, the order turned by one each round; medians are given.
The peak of memory is taken in a run of its own. Programs that are not on PATH or beside this Python, and flags that the
installed offkey lacks, are left out and named under "left_out". --plot needs matplotlib (pip install matplotlib).
See docs/benchmarks.md. The peers' network use (validation, update checks) is off.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from compare import READERS, our_places, peer_result, same
from machine import machine
from plots import bars

HERE = Path(__file__).parent
VARIANTS: dict[str, list[str]] = {
    "offkey": [],
    "offkey --no-kernel": ["--no-kernel"],
    "offkey --exhaustive": ["--exhaustive"],
}
PEERS = ("kingfisher", "trufflehog", "gitleaks")
REFERENCES = ("cat-file", "rev-list", "inflate")
FINE = (0, 10, 14)  # offkey: nothing, findings, findings or none with gaps
SAMPLE_SECONDS = 0.05
Command = list[str]


@dataclass(frozen=True)
class Run:
    seconds: float
    exit_code: int
    output: bytes


def program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def offkey_commands(repo: Path, jobs: int, left_out: dict[str, str]) -> dict[str, Command]:
    """The variants whose flags `offkey scan --help` names; SystemExit when there is no offkey."""
    offkey = program("offkey")
    if offkey is None:
        raise SystemExit("no offkey on PATH or beside this Python")
    told = subprocess.run([offkey, "scan", "--help"], capture_output=True, text=True, check=True).stdout
    usual = [("--jobs", str(jobs)), ("--format", "jsonl"), ("--no-state",)]
    common = [word for words in usual if words[0] in told for word in words]
    left_out |= {words[0]: "not in `offkey scan --help`" for words in usual if words[0] not in told}
    found = {}
    for name, flags in VARIANTS.items():
        if all(flag in told for flag in flags):
            found[name] = [offkey, "scan", str(repo), *common, *flags]
        else:
            left_out[name] = "not in `offkey scan --help`"
    return found


def other_commands(repo: Path, jobs: int, left_out: dict[str, str]) -> dict[str, Command]:
    arguments = {
        "kingfisher": [
            "scan",
            str(repo),
            "--no-validate",
            "--no-update-check",
            "--jobs",
            str(jobs),
            "--format",
            "jsonl",
        ],
        "trufflehog": ["git", f"file://{repo}", "--json", "--no-verification", "--no-update", f"--concurrency={jobs}"],
        "gitleaks": ["git", str(repo), "-f", "json", "-r", "-", "--no-banner"],
    }
    paths = {name: program(name) for name in PEERS}
    left_out |= {name: "not installed" for name, path in paths.items() if path is None}
    git = ["git", "-C", str(repo)]
    return {name: [path, *arguments[name]] for name, path in paths.items() if path} | {
        "cat-file": [*git, "cat-file", "--batch-all-objects", "--batch", "--unordered"],
        "rev-list": [*git, "rev-list", "--count", "--all"],
        "inflate": [sys.executable, str(HERE / "inflate.py"), str(repo), "--jobs", str(jobs)],
    }


def run(command: Command, *, keep: bool) -> Run:
    """One whole process; its output is kept in memory only where asked for, as it may hold secrets."""
    began = time.perf_counter()
    out = subprocess.PIPE if keep else subprocess.DEVNULL
    done = subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    return Run(time.perf_counter() - began, done.returncode, done.stdout or b"")


def tree_memory(root: int) -> int:
    """Bytes of Pss_Anon of a process and all below it: anonymous memory, what is shared counted once."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(stat.parent.name))
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        waiting += below.get(pid, [])
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss_Anon:"))
    return total


def peak_memory(command: Command) -> int | None:
    """The largest sample, in bytes; None where the system has no smaps_rollup."""
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    quiet = subprocess.DEVNULL
    peak = 0
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, stdin=quiet) as process:
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(SAMPLE_SECONDS)
    return peak


def timed(commands: dict[str, Command], runs: int) -> dict[str, list[Run]]:
    """`runs` rounds after one warm-up of `git cat-file`, so that the pack is in the page cache for all alike."""
    run(commands.get("cat-file") or next(iter(commands.values())), keep=False)
    done: dict[str, list[Run]] = {name: [] for name in commands}
    names = [*commands]
    for number in range(runs):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            done[name].append(run(commands[name], keep=False))
    return done


def findings(repo: Path, commands: dict[str, Command]) -> dict[str, object]:
    """offkey's ways against each other and against each peer, in runs of their own."""
    scans = {name: command for name, command in commands.items() if name not in REFERENCES}
    done = {name: run(command, keep=True) for name, command in scans.items()}
    failed = {name: done[name].exit_code for name in VARIANTS.keys() & done.keys() if done[name].exit_code not in FINE}
    outputs = {name: one.output for name, one in done.items() if name not in failed}
    result: dict[str, object] = {f"{name} failed": f"exit code {code}, not compared" for name, code in failed.items()}
    if "offkey" not in outputs:
        return result | {"not_compared": "there is no result of the default variant"}
    for name in VARIANTS.keys() & outputs.keys() - {"offkey"}:
        result[f"offkey against {name}"] = same(outputs["offkey"], outputs[name])
    places = our_places(outputs["offkey"])
    for peer in READERS.keys() & outputs.keys():
        try:
            result[peer] = peer_result(repo, peer, outputs[peer], places)
        except (ValueError, KeyError, TypeError) as error:
            result[peer] = {"not_compared": f"its output could not be read: {type(error).__name__}"}
    return result


def measure(repo: Path, args: argparse.Namespace, left_out: dict[str, str]) -> dict[str, object]:
    commands = offkey_commands(repo, args.jobs, left_out) | other_commands(repo, args.jobs, left_out)
    if args.variant:
        commands = {name: command for name, command in commands.items() if name in args.variant}
    if not commands:
        raise SystemExit(f"nothing to run: {left_out}")
    done = timed(commands, args.runs)
    packs = json.loads(run([sys.executable, str(HERE / "inflate.py"), str(repo)], keep=True).output or b"{}")
    return {
        "packs": packs or "could not be inflated",
        "median_seconds": {name: round(statistics.median(r.seconds for r in runs), 3) for name, runs in done.items()},
        "all_seconds": {name: [round(r.seconds, 3) for r in runs] for name, runs in done.items()},
        "exit_codes": {name: sorted({r.exit_code for r in runs}) for name, runs in done.items()},
        "peak_pss_anon_bytes": {name: peak_memory(command) for name, command in commands.items()},
        "findings": findings(repo, commands),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time scans of whole histories, and compare what they find.")
    parser.add_argument("repos", type=Path, nargs="+", metavar="REPO")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--variant", nargs="+", choices=[*VARIANTS, *PEERS, *REFERENCES], help="only these")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    left_out: dict[str, str] = {}
    results = {str(repo): measure(repo.resolve(), args, left_out) for repo in args.repos}
    here = machine([path for path in map(program, PEERS) if path])
    report = {
        "what": f"whole processes, {args.jobs} jobs, median of {args.runs} alternating runs",
        "machine": here,
        "left_out": left_out,
        "repositories": results,
    }
    text = json.dumps(report, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    if args.plot:
        bars(results, here, args.plot)
    print(text, end="")


if __name__ == "__main__":
    main()
