"""Writes a git history from a script of commits: fast, real, and the same on every run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.repository.git import run_git

Author = tuple[str, str]


@dataclass
class History:
    """One repository under construction. Each commit is `pace` after the one before, in the order of the calls."""

    path: Path
    clock: datetime
    pace: timedelta = timedelta(days=121, hours=5)
    _stream: list[bytes] = field(default_factory=list)

    def commit(
        self,
        author: Author,
        message: str,
        files: Mapping[str, str] | None = None,
        *,
        branch: str = "main",
        start: str = "",
        merge: str = "",
        rename: tuple[str, str] | None = None,
        delete: tuple[str, ...] = (),
    ) -> None:
        """Add a commit to `branch`, begun at the tip of `start` if new; `merge` names a second parent's branch."""
        self.clock += self.pace
        who = f"{author[0]} <{author[1]}> {int(self.clock.timestamp())} +0000".encode()
        lines = [b"commit refs/heads/" + branch.encode(), b"author " + who, b"committer " + who, _data(message)]
        if start:
            lines.append(f"from refs/heads/{start}".encode())
        if merge:
            lines.append(f"merge refs/heads/{merge}".encode())
        if rename:
            lines.append(f"R {rename[0]} {rename[1]}".encode())
        lines += [f"D {path}".encode() for path in delete]
        for path, text in (files or {}).items():
            lines += [f"M 100644 inline {path}".encode(), _data(text)]
        self._stream.append(b"\n".join(lines) + b"\n\n")

    def write(self) -> None:
        """Make the repository with everything committed so far, and check `main` out."""
        self.path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        run_git("fast-import", "--quiet", cwd=self.path, input=b"".join(self._stream))
        self.git("checkout", "-q", "main")

    def git(self, *args: str, author: Author = ("Ann Archer", "ann.archer@kestrel.example"), stdin: str = "") -> str:
        """Run one git command here as `author`, at the clock's time. Returns what it printed."""
        moment = self.clock.astimezone(UTC).isoformat()
        identity = {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (("NAME", author[0]), ("EMAIL", author[1]), ("DATE", moment))
        }
        data = stdin.encode() if stdin else None
        return run_git(*args, cwd=self.path, input=data, extra=identity, protocols=("file",)).decode().strip()


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s" % (len(raw), raw)
