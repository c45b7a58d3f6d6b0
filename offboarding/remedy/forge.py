"""What proposes a change: GitHub, GitLab, a local repository, or a bundle. One face for all (ADR 25)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from offboarding.remedy.availability import Availability
from offboarding.remedy.branch import Remote
from offkey.errors import OffkeyError
from offkey.http import Operation, Writer
from offkey.model import Exchange
from scanner.repository.git import Git


class NothingToPropose(OffkeyError):
    """Nothing could be proposed: a person must take the value out. The message lists the files and reasons."""


class State(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
    """Closed by somebody without being merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A pull request, a merge request, or what stands for one. `where` is its address, for people."""

    number: int
    state: State
    where: str
    base: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a new request says. `draft`: it must not be merged yet."""

    title: str
    body: str
    draft: bool = False


class Forge(Protocol):
    """Where one repository's changes are proposed. Raises `PushRefused`, or the gate's errors.

    Nothing is forced: a branch only ever moves forward. `words` is what a request is called.
    """

    @property
    def words(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def carries_files(self) -> bool:
        """Whether what is handed over must hold no value at all, since it goes where the history may not."""

    def fetch(self, mirror: Git, root: str) -> str:
        """Bring all branches to `root` (which ends in `/`) in the mirror. Returns the default branch's name."""

    def push(self, mirror: Git, oid: str, branch: str, base: str) -> Exchange:
        """Move the branch forward to the commit; `base` is the commit that the other side has."""

    def requests(self, branch: str) -> list[Request] | None:
        """Every request from this branch, whatever its state, the newest first. None where there is no such thing:
        then the branch itself is the request."""

    def open(self, branch: str, base: str, text: Text) -> tuple[Exchange, ...]:
        """Open a request."""

    def edit(self, request: Request, body: str) -> tuple[Exchange, ...]:
        """Give an open request a new body."""

    def available(self, names: Iterable[str]) -> Availability:
        """Which of the secrets are in the stores that the repository may use."""


def push_under_gate(
    http: Writer, operation: Operation, remote: Remote, name: str, commit: tuple[Git, str, str]
) -> Exchange:
    """Push (mirror, commit, branch) where the gate lets `operation` through now; closes the Writer.

    Raises `PushRefused`, or the gate's errors where there is no approval.
    """
    mirror, oid, branch = commit
    try:
        http.permit(operation)
        remote.push(mirror, oid, branch)
        http.record("PUSH", f"{name} {branch}", 200, f"commit {oid[:12]}")
        return http.exchanges[-1]
    finally:
        http.close()
