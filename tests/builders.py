"""Builders for tests: real git repositories, made by the git program, with people and dates under control.

    repo = Repo.create(tmp_path / "app")
    first = repo.commit("add settings", {"settings.py": text}, author=ANN)
    repo.branch("feature").commit("more", {"b.py": "..."}, author=BOB)
    repo.checkout("main").merge("feature", author=ANN)

Every commit is one day after the one before it, so histories are the same on each run.
"""

import os
import random
import string
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

Content = str | bytes
Person = tuple[str, str]

ANN: Person = ("Ann Archer", "ann@example.com")
BOB: Person = ("Bob Baker", "bob@example.com")
EPOCH = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)


def token(prefix: str, length: int, *, seed: int = 1, alphabet: str = string.ascii_letters + string.digits) -> str:
    """`prefix` and `length` seeded random characters: a token made at run time, never written in a file."""
    return prefix + "".join(random.Random(f"{prefix}{seed}").choices(alphabet, k=length))


def clean_environment(**extra: str) -> dict[str, str]:
    """An environment in which no configuration of this machine or user reaches git."""
    keep = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return keep | {
        "HOME": os.environ["HOME"],  # a folder of the test's own, see conftest
        "LANG": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **extra,
    }


@dataclass
class Repo:
    """A repository on disk. Methods that make an object return its id; those that only move return the Repo."""

    path: Path
    clock: datetime = field(default=EPOCH)

    @classmethod
    def create(cls, path: Path, *, object_format: str = "sha1", bare: bool = False) -> "Repo":
        """An empty repository at `path` with `main` as its unborn branch."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "-q", "-b", "main", f"--object-format={object_format}", *(["--bare"] if bare else []))
        if not bare:
            repo.git("config", "commit.gpgSign", "false")
        return repo

    def git(self, *args: str, stdin: bytes = b"", author: Person = ANN, committer: Person | None = None) -> str:
        """Run git here as `author` at the builder's clock; its output without the last newline. Raises on failure."""
        who = committer or author
        moment = self.clock.isoformat()
        environment = clean_environment(
            GIT_AUTHOR_NAME=author[0],
            GIT_AUTHOR_EMAIL=author[1],
            GIT_AUTHOR_DATE=moment,
            GIT_COMMITTER_NAME=who[0],
            GIT_COMMITTER_EMAIL=who[1],
            GIT_COMMITTER_DATE=moment,
        )
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *args],
            cwd=self.path,
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8", errors="surrogateescape").removesuffix("\n")

    def write(self, files: Mapping[str, Content]) -> "Repo":
        """Put files in the work tree without staging them."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def stage(self, files: Mapping[str, Content]) -> "Repo":
        """Write files and add them to the index, ignored or not."""
        self.write(files)
        self.git("add", "-f", "--", *files)
        return self

    def commit(
        self,
        message: str,
        files: Mapping[str, Content] | None = None,
        *,
        author: Person = ANN,
        committer: Person | None = None,
        delete: tuple[str, ...] = (),
        rename: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> str:
        """Commit the given changes on the current branch, one day after the commit before (or `at`). Returns its id."""
        self.clock = at or self.clock + timedelta(days=1)
        if files:
            self.stage(files)
        for name in delete:
            self.git("rm", "-q", "-f", "--", name)
        for old, new in (rename or {}).items():
            (self.path / new).parent.mkdir(parents=True, exist_ok=True)
            self.git("mv", "--", old, new)
        self.git("commit", "-q", "--allow-empty", "-F", "-", stdin=message.encode(), author=author, committer=committer)
        return self.head()

    def head(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision)

    def blob(self, path: str, revision: str = "HEAD") -> str:
        """The id of the blob at `path` in `revision`."""
        return self.git("rev-parse", f"{revision}:{path}")

    def branch(self, name: str, start: str = "HEAD") -> "Repo":
        """Make a branch and switch to it."""
        self.git("checkout", "-q", "-b", name, start)
        return self

    def checkout(self, name: str) -> "Repo":
        self.git("checkout", "-q", name)
        return self

    def merge(self, branch: str, *, author: Person = ANN, files: Mapping[str, Content] | None = None) -> str:
        """Merge `branch` with a merge commit; `files` are changed in the merge itself (an "evil" merge)."""
        self.clock += timedelta(days=1)
        self.git("merge", "-q", "--no-ff", "--no-commit", branch, author=author)
        if files:
            self.stage(files)
        self.git("commit", "-q", "-m", f"Merge branch '{branch}'", author=author)
        return self.head()

    def rebase(self, onto: str, *, committer: Person = ANN) -> str:
        """Rebase the current branch; the old commits stay as reflog entries."""
        self.clock += timedelta(days=1)
        self.git("rebase", "-q", onto, author=committer, committer=committer)
        return self.head()

    def stash(self, files: Mapping[str, Content], *, author: Person = ANN) -> str:
        """Change tracked files and stash them. Returns the stash commit's id."""
        self.clock += timedelta(days=1)
        self.stage(files)
        self.git("stash", "push", "-q", author=author)
        return self.head("stash@{0}")

    def dangling(self, files: Mapping[str, Content], *, author: Person = ANN) -> str:
        """A commit which no ref and no reflog reaches. Returns its id."""
        self.clock += timedelta(days=1)
        entries = "".join(
            f"100644 blob {self.loose(content)}\t{name}\n" for name, content in files.items() if "/" not in name
        )
        tree = self.git("mktree", stdin=entries.encode())
        return self.git("commit-tree", tree, "-m", "left behind", author=author)

    def loose(self, content: Content) -> str:
        """Write a blob that nothing refers to. Returns its id."""
        data = content.encode() if isinstance(content, str) else content
        return self.git("hash-object", "-w", "--stdin", stdin=data)

    def note(self, text: str, revision: str = "HEAD", *, author: Person = ANN) -> str:
        """Attach a git note. Returns the id of the notes commit."""
        self.clock += timedelta(days=1)
        self.git("notes", "add", "-F", "-", revision, stdin=text.encode(), author=author)
        return self.head("refs/notes/commits")

    def tag(self, name: str, message: str = "", revision: str = "HEAD", *, author: Person = ANN) -> str:
        """A tag, annotated when there is a message. Returns the id the tag name points at."""
        self.clock += timedelta(days=1)
        if message:
            self.git("tag", "-a", "-F", "-", name, revision, stdin=message.encode(), author=author)
        else:
            self.git("tag", name, revision)
        return self.head(f"refs/tags/{name}")

    def config(self, key: str, value: str) -> "Repo":
        self.git("config", "--local", "--add", key, value)
        return self

    def pack(self) -> "Repo":
        """Move every reachable object to one pack and unreachable ones to a second place git keeps them."""
        self.git("repack", "-q", "-a", "-d", "-k")
        return self

    def clone(self, path: Path, *options: str) -> "Repo":
        """A clone of this repository at `path` (over `file://`, so that depth and filters apply)."""
        self.git("config", "uploadpack.allowFilter", "true")
        self.git("clone", "-q", *options, f"file://{self.path}", str(path))
        return Repo(path, self.clock)
