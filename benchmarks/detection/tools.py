"""The scanners, each through its command line at its defaults and without asking anybody, and what they report.

A report is a set of (number of the text, line). Output may hold values: it stays in memory or in a temporary folder.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.corpus import Text

ROOT = Path(__file__).parents[2]
SECONDS = 3600
Places = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Tool:
    """`command` gives the arguments for a folder and a report; `read` the places that a report on a folder names."""

    program: str
    command: Callable[[str, str], list[str]]
    read: Callable[[bytes, Path], Iterator[tuple[str, int]]]


@dataclass(frozen=True)
class Report:
    """Where a tool reported something, its wall time in seconds, and the command with FOLDER and REPORT for paths."""

    places: Places
    seconds: float
    command: str
    exit_code: int


def written(texts: Iterable[Text], folder: Path) -> None:
    """Each text as a file in a folder of its own, named by its number."""
    for text in texts:
        path = folder / f"{text.number:05}" / text.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.text)


def asked(tool: Tool, folder: Path, report: Path, *, program: str) -> Report:
    """Run a tool once over a folder. Raises RuntimeError if it leaves no report that can be read."""
    command = [sys.executable, "-m", "offkey"] if program == "offkey" else [program]
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, *tool.command(".", str(report))], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=SECONDS,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    output = report.read_bytes() if report.exists() else done.stdout
    try:
        places = frozenset(
            (number, line) for path, line in tool.read(output, folder) if (number := _number(path)) is not None
        )
    except (ValueError, KeyError) as error:
        told = done.stderr.decode(errors="replace")[-500:]
        raise RuntimeError(f"{tool.program} (exit {done.returncode}) left no report to read: {told}") from error
    return Report(places, seconds, " ".join([tool.program, *tool.command("FOLDER", "REPORT")]), done.returncode)


def found(name: str) -> str | None:
    """Where a program lies: beside this Python, or on PATH."""
    return shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def _number(path: str) -> int | None:
    """The number of a text in a path such as `./00012/src/app.py`."""
    first = next((part for part in Path(path).parts if part != "."), "")
    return int(first) if first.isdigit() else None


def _rows(output: bytes) -> Iterator[Mapping[str, Any]]:
    for line in output.splitlines():
        if line.startswith(b"{"):
            yield json.loads(line)


def offkey(output: bytes, folder: Path) -> Iterator[tuple[str, int]]:
    """One record is one value; low confidence is not in it by default, and left out here all the same.

    A finding of several parts stands on the line where it begins and on those of its secret.
    """
    for record in _rows(output):
        if record["confidence"] != "low":
            for place in record["places"]:
                yield place["path"], place["line"]
                for line in _spanned(place, folder):
                    yield place["path"], line


def _spanned(place: Mapping[str, Any], folder: Path) -> Iterator[int]:
    secrets = [span for span in place.get("spans", ()) if span["part"] == "secret" and not place["decoding"]]
    content = (folder / place["path"]).read_bytes() if secrets else b""
    for span in secrets:
        yield from range(content.count(b"\n", 0, span["start"]) + 1, content.count(b"\n", 0, span["end"]) + 2)


def kingfisher(output: bytes, _: Path) -> Iterator[tuple[str, int]]:
    for row in _rows(output):
        if isinstance(row.get("finding"), dict):
            yield row["finding"]["path"], row["finding"]["line"]


def detect_secrets(output: bytes, _: Path) -> Iterator[tuple[str, int]]:
    for path, findings in json.loads(output)["results"].items():
        for finding in findings:
            yield path, finding["line_number"]


def credsweeper(output: bytes, _: Path) -> Iterator[tuple[str, int]]:
    for finding in json.loads(output):
        for line in finding["line_data_list"]:
            yield line["path"], line["line_num"]


def _with(*words: str) -> Callable[[str, str], list[str]]:
    return lambda folder, report: [word.replace("FOLDER", folder).replace("REPORT", report) for word in words]


TOOLS: dict[str, Tool] = {
    "offkey": Tool(
        "offkey",
        _with("scan", "FOLDER", "--format", "jsonl", "--history", "none", "--no-state", "--output", "REPORT"),
        offkey,
    ),
    "kingfisher": Tool(
        "kingfisher",
        # Several texts hold the same example of a provider's documentation; each counts by itself.
        _with("scan", "FOLDER", "--no-validate", "--no-update-check", "--no-dedup", "--format", "jsonl"),
        kingfisher,
    ),
    "detect-secrets": Tool("detect-secrets", _with("scan", "--all-files", "--no-verify", "FOLDER"), detect_secrets),
    "credsweeper": Tool("credsweeper", _with("--path", "FOLDER", "--save-json", "REPORT"), credsweeper),
}  # fmt: skip
