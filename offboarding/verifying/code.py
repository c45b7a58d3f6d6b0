"""What the configured repositories hold now: values at branch tips, and later commits. Read once for all runs.

Only local repositories and fresh clones are read, nothing is written to them; what could not be read is a Gap.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from offboarding.memory import ScanMemory
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import Finding, Gap
from rules import RuleSet
from scanner.options import Options
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.git import Git
from scanner.repository.sources import Target, open_target
from scanner.scan import scan

IN_GIT = frozenset({"blob", "commit", "tag"})


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as git stores it; `at` is its committer's time, `emails` are author's and committer's."""

    repo: str
    oid: str
    at: datetime
    emails: frozenset[str]
    content: bytes


@dataclass(frozen=True)
class Code:
    """By fingerprint where a value stands at a branch tip, the commits later than a moment, what was `read`, and
    for which `kinds`.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    commits: tuple[Commit, ...] = ()
    gaps: tuple[Gap, ...] = ()
    read: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


def read(paths: tuple[str, ...], rules: RuleSet, key: OrgKey, state: Path, since: datetime) -> Code:
    """The repositories at `paths` (local or clone URLs) as they are; commits with a later committer's time."""
    gaps: list[Gap] = []
    commits: list[Commit] = []
    with ExitStack() as stack:
        targets = []
        for path in paths:
            try:
                target = _opened(path, stack)
                if target.git is not None:
                    commits += later(target.git, target.name, since)
                targets.append(target)
            except OffkeyError as error:
                gaps.append(Gap(where=without_credentials(path), why=str(error), advice=error.advice))
        lasting = not any(is_url(path) for path in paths)  # a fresh clone is never scanned again
        memory = stack.enter_context(closing(ScanMemory.open(state))) if lasting else None
        result = scan(targets, rules, key, Options(worktree=False, excuse=False), vault=memory) if targets else None
    findings = result.findings if result else ()
    gaps += result.gaps if result else ()
    values = {one.fingerprint: found for one in findings if (found := _at_tip(one))}
    names = frozenset(target.name for target in targets)
    return Code(values, tuple(commits), tuple(gaps), names, frozenset(rule.kind for rule in rules.rules))


def _opened(path: str, stack: ExitStack) -> Target:
    if is_url(path):
        return Target(without_credentials(path), git=stack.enter_context(temporary_mirror(path)))
    return open_target(path)


def _at_tip(finding: Finding) -> str:
    for place in finding.places:
        if place.present or place.object_type not in IN_GIT:
            return f"{Path(place.repo).name}: {place.path}:{place.line}"
    return ""


def later(git: Git, name: str, since: datetime) -> Iterator[Commit]:
    """The commits of all refs whose committer's time is later than `since`."""
    rows = (row.split() for row in git.run("rev-list", "--all", "--timestamp").decode("ascii").splitlines())
    wanted = [oid for seconds, oid in rows if int(seconds) > since.timestamp()]
    if not wanted:
        return
    told = git.run("cat-file", "--batch", input="\n".join(wanted).encode() + b"\n")
    begin = 0
    for _ in wanted:
        end = told.index(b"\n", begin)
        oid, _, size = told[begin:end].decode("ascii").split(" ")
        content = told[end + 1 : end + 1 + int(size)]
        begin = end + 2 + int(size)
        yield _commit(name, oid, content)


def _commit(name: str, oid: str, content: bytes) -> Commit:
    head = content.partition(b"\n\n")[0].decode("utf-8", "replace")
    people = [line for line in head.split("\n") if line.startswith(("author ", "committer "))]
    emails = frozenset(line.rpartition("<")[2].partition(">")[0] for line in people)
    seconds = next((line.rsplit(" ", 2)[1] for line in people if line.startswith("committer ")), "0")
    return Commit(name, oid, _moment(seconds), emails, content)


def _moment(seconds: str) -> datetime:
    """A committer may write any number."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
