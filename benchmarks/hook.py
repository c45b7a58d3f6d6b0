"""How long the pre-commit hook takes, as a whole process, beside others on the same staged commit.

    python benchmarks/hook.py [--runs N] [--output FILE]

Builds a repository with a staged commit of 10 files of 200 lines, runs `offkey-hook`, `detect-secrets-hook` and, if it
is on PATH, `kingfisher scan . --staged` in turn (A B C A B C ...) after one warm-up each, and writes the medians in
seconds as JSON. kingfisher's network use (validation, update check) is switched off; it is also run as it comes when
`--as-it-comes` is given.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES, LINES = 10, 200
WORDS = (Path(__file__).parents[1] / "offkey" / "http.py").read_text().splitlines()
Commands = dict[str, list[str]]


def staged_commit(folder: Path) -> list[str]:
    """A repository whose index adds 100 lines to each of 5 old files and holds 5 new ones; gives the staged names."""
    seeded = random.Random(2)

    def git(*args: str) -> None:
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgSign=false"]
        subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)

    def write(name: str, lines: int) -> None:
        (folder / name).write_text("\n".join(seeded.choice(WORDS) for _ in range(lines)) + "\n")

    git("init", "-q", "-b", "main")
    names = [f"module{number}.py" for number in range(FILES)]
    for name in names[: FILES // 2]:
        write(name, LINES // 2)
    git("add", "-A")
    git("commit", "-q", "-m", "before")
    for name in names:
        write(name, LINES)
    git("add", "-A")
    return names


def commands(names: list[str], *, as_it_comes: bool) -> Commands:
    """Those programs that are installed, beside this Python or on PATH."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    offline = [] if as_it_comes else ["--no-validate", "--no-update-check"]
    wanted: Commands = {
        "offkey-hook": names,
        "detect-secrets-hook": names,
        "kingfisher": ["scan", ".", "--staged", *offline],
    }
    found = {name: shutil.which(name, path=beside) for name in wanted}
    return {name: [path, *wanted[name]] for name, path in found.items() if path}


def timed(command: list[str], folder: Path) -> tuple[float, int]:
    """Wall seconds of one whole process, and its exit code."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - began, done.returncode


def version(program: str) -> str:
    if not program.endswith("kingfisher") and not program.endswith("detect-secrets-hook"):
        return ""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def measure(runs: int, *, as_it_comes: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = commands(staged_commit(folder), as_it_comes=as_it_comes)
        exits = {program: timed(command, folder)[1] for program, command in programs.items()}
        seconds: dict[str, list[float]] = {program: [] for program in programs}
        for _ in range(runs):
            for program, command in programs.items():
                seconds[program].append(timed(command, folder)[0])
    medians = {program: statistics.median(times) for program, times in seconds.items()}
    ours = seconds["offkey-hook"]
    return {
        "what": f"whole process, staged commit of {FILES} files of {LINES} lines, {runs} alternating runs",
        "machine": machine(),
        "versions": {program: version(command[0]) for program, command in programs.items()},
        "exit_codes": exits,
        "median_seconds": {program: round(value, 4) for program, value in medians.items()},
        "range_seconds": {program: [round(min(t), 4), round(max(t), 4)] for program, t in seconds.items()},
        "median_ratio_offkey_to": {
            program: round(statistics.median(a / b for a, b in zip(ours, times, strict=True)), 4)
            for program, times in seconds.items()
            if program != "offkey-hook"
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the pre-commit hook beside others.")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--as-it-comes", action="store_true", help="leave kingfisher's network use on")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    text = json.dumps(measure(args.runs, as_it_comes=args.as_it_comes), indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
