"""The scanners that are asked, each through its command line, and how their answers are read.

offkey's and Kingfisher's output was tried; that of the others is read as their documentation gives it, and none of them
was at hand when this was written. Output holds values: it stays in memory.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.attribution.checks import problems
from benchmarks.attribution.scenario import Truth
from benchmarks.attribution.score import Answer, Named

ROOT = Path(__file__).parents[2]
SECONDS = 600
Rows = Iterator[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A repository to be scanned, a copy of it as a bare one, the secret in it, and a file for reports."""

    target: Path
    bare: Path
    key: str
    truth: Truth
    report: Path


@dataclass(frozen=True)
class Tool:
    """`command` gives the arguments for a repository; `read` an answer from the output.

    `both` tools are shown the repository as it is and as a bare one, and the better answer counts.
    """

    program: str
    command: Callable[[Path, Path], list[str]]
    read: Callable[[bytes, Case], Answer]
    both: bool = True


def program(name: str) -> str | None:
    """Where a program lies: beside this Python, or on PATH."""
    return shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def ask(tool: Tool, case: Case, target: Path) -> Answer:
    """Run it over a target. One that fails, or takes over 10 minutes, has found nothing; what it said is not kept."""
    case.report.unlink(missing_ok=True)
    start = program(tool.program)
    command = [sys.executable, "-m", "offkey"] if tool.program == "offkey" else [start or tool.program]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = inherited | {"PYTHONPATH": str(ROOT), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    try:
        done = subprocess.run(
            [*command, *tool.command(target, case.report)],
            capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False, timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(False)
    output = case.report.read_bytes() if case.report.exists() else done.stdout
    return tool.read(output, case)


def _lines(output: bytes) -> Rows:
    for text in output.splitlines():
        if text.startswith(b"{"):
            try:
                yield json.loads(text)
            except ValueError:
                continue


def _listed(output: bytes) -> Rows:
    try:
        told = json.loads(output or b"[]")
    except ValueError:
        return
    rows = told.get("findings") if isinstance(told, dict) else told
    yield from (row for row in rows or () if isinstance(row, dict))


def _person(text: object) -> tuple[str, str]:
    """Name and address of `Name <address>`, or of an address alone."""
    name, _, rest = str(text or "").partition("<")
    return (name.strip(), rest.rstrip("> ")) if rest else ("", name.strip() if "@" in name else "")


def _answer(rows: list[tuple[str, str, str]]) -> Answer:
    """From (address, commit, name) of each row that shows the secret."""
    named = dict.fromkeys(Named(email.lower(), commit, name) for email, commit, name in rows if email or name)
    return Answer(bool(rows), tuple(named), commits=frozenset(commit for _, commit, _ in rows if commit))


def offkey(output: bytes, case: Case) -> Answer:
    """One record is one value of one kind. All of it is checked against the truth, not the name alone."""
    records = [row for row in _lines(output) if row.get("secret") == case.key]
    if not records:
        return Answer(False)
    told: list[Named] = []
    for record in records:
        who = record["introduced"]
        # What is reported is masked wherever it stands: in an author's address, too.
        told += [Named(_shown(who["email"], record).lower(), who["commit"], who["name"])] if who else []
    wrong = [line for record in records for line in problems(case.truth, record)]
    return Answer(True, tuple(dict.fromkeys(told)), tuple(wrong))


def _shown(text: str, record: Mapping[str, Any]) -> str:
    return text.replace(record["redacted"], record["secret"])


def kingfisher(output: bytes, case: Case) -> Answer:
    rows = []
    for row in _lines(output):
        finding = row.get("finding")
        if isinstance(finding, dict) and case.key in str(finding.get("snippet")):
            commit = (finding.get("git_metadata") or {}).get("commit") or {}
            author = commit.get("author") or commit.get("committer") or {}
            rows.append((author.get("email") or "", commit.get("id") or "", author.get("name") or ""))
    return _answer(rows)


def trufflehog(output: bytes, case: Case) -> Answer:
    """`trufflehog git --json`: one object a line; SourceMetadata.Data.Git has commit and `email` (name and address)."""
    rows = []
    for row in _lines(output):
        if case.key in f"{row.get('Raw')} {row.get('RawV2')}":
            git = ((row.get("SourceMetadata") or {}).get("Data") or {}).get("Git") or {}
            name, email = _person(git.get("email"))
            rows.append((email, git.get("commit") or "", name))
    return _answer(rows)


def gitleaks(output: bytes, case: Case) -> Answer:
    """gitleaks and betterleaks, JSON report: an array of findings with Secret, Commit, Author and Email."""
    rows = [
        (row.get("Email") or "", row.get("Commit") or "", row.get("Author") or "")
        for row in _listed(output)
        if case.key in f"{row.get('Secret')} {row.get('Match')}"
    ]
    return _answer(rows)


def leakkill(output: bytes, case: Case) -> Answer:
    """`leakkill scan --history --json`: a commit for each finding, and no author."""
    rows = [("", row.get("commit") or "", "") for row in _listed(output) if case.key in json.dumps(row)]
    return _answer(rows)


def titus(output: bytes, case: Case) -> Answer:
    """`titus scan --git --format json`: matches with the provenance of their blob."""
    rows = []
    for row in _listed(output):
        if case.key not in json.dumps(row):
            continue
        commit = (row.get("provenance") or row.get("Provenance") or {}).get("commit") or {}
        rows.append((commit.get("author_email") or "", commit.get("id") or "", commit.get("author_name") or ""))
    return _answer(rows)


def _kingfisher(target: Path, *more: str) -> list[str]:
    quiet = ("--no-validate", "--no-update-check", "--confidence", "low", "--format", "jsonl")
    return ["scan", str(target), *quiet, *more]


def _with_report(*words: str) -> Callable[[Path, Path], list[str]]:
    """Arguments in which TARGET and REPORT stand for the two paths."""
    return lambda target, report: [word.replace("TARGET", str(target)).replace("REPORT", str(report)) for word in words]


_LIKE_GITLEAKS = ("git", "TARGET", "-f", "json", "-r", "REPORT", "--no-banner")
TOOLS: dict[str, Tool] = {
    "offkey": Tool(
        "offkey",
        _with_report("scan", "TARGET", "--no-state", "--show-secrets", "--format", "jsonl", "--output", "REPORT"),
        offkey,
        both=False,
    ),
    "kingfisher": Tool("kingfisher", lambda target, _: _kingfisher(target), kingfisher),
    "kingfisher --no-dedup": Tool("kingfisher", lambda target, _: _kingfisher(target, "--no-dedup"), kingfisher),
    "trufflehog": Tool(
        "trufflehog", _with_report("git", "file://TARGET", "--json", "--no-verification", "--no-update"), trufflehog
    ),
    "gitleaks": Tool("gitleaks", _with_report(*_LIKE_GITLEAKS, "--log-opts=--all --reflog"), gitleaks),
    "betterleaks": Tool("betterleaks", _with_report(*_LIKE_GITLEAKS), gitleaks),
    "leakkill": Tool("leakkill", _with_report("scan", "TARGET", "--history", "--json"), leakkill),
    "titus": Tool("titus", _with_report("scan", "TARGET", "--git", "--format", "json"), titus),
}  # fmt: skip
