"""Commit, merge and push without a work tree: in the run's own mirror, by plumbing alone.

Nothing is checked out, so no filter, hook or setting of the repository can run; the mirror is ours, the user's
repository is never written to. A push is an ordinary one: a branch that exists with other content is refused.
"""

import base64
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from offkey.errors import OffkeyError
from offkey.model import timestamp
from offkey.secret import Secret
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import GitError


class PushRefused(OffkeyError):
    """The other side did not take the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who commits, and the date of every commit: done again after a crash, it is the commit that the remote has."""

    name: str
    email: str
    at: datetime

    @property
    def variables(self) -> dict[str, str]:
        """The same in git's environment."""
        fields = (("NAME", self.name), ("EMAIL", self.email), ("DATE", timestamp(self.at)))
        return {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository elsewhere. Only git at `host` gets the token, as the password of `user`."""

    address: str
    token: Secret | None = None
    host: str = ""
    user: str = "x-access-token"

    def fetch(self, mirror: Git, root: str) -> str:
        """Bring every branch to `root` in the mirror. Returns the name of the default branch, or ""."""
        _transport(mirror, self, "fetch", "--quiet", "--no-tags", "--prune", "--force", "--", self.address,
                   f"+refs/heads/*:{root}*")  # fmt: skip
        told = _transport(mirror, self, "ls-remote", "--symref", "--", self.address, "HEAD").decode(errors="replace")
        first = next((line for line in told.splitlines() if line.startswith("ref: ")), "")
        return first.removeprefix("ref: ").partition("\t")[0].removeprefix("refs/heads/")

    def push(self, mirror: Git, oid: str, branch: str) -> None:
        """Push a commit as a branch. Raises `PushRefused`. Pushing the same commit again changes nothing."""
        try:
            _transport(mirror, self, "push", "--quiet", "--", self.address, f"{oid}:refs/heads/{branch}")
        except OffkeyError as error:
            raise PushRefused(
                f"the branch {branch} was not taken: {error}", advice="check the write credential and branch protection"
            ) from None


def authorization(remote: Remote) -> dict[str, str]:
    """Variables that give git the token for an https remote at its host, in no argument list. Empty for any other."""
    parts = urlsplit(remote.address)
    if parts.scheme != "https" or parts.hostname != remote.host or remote.token is None:
        return {}
    basic = base64.b64encode(remote.user.encode() + b":" + remote.token.reveal()).decode()
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{remote.address}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }


def _transport(mirror: Git, remote: Remote, *args: str) -> bytes:
    scheme = urlsplit(remote.address).scheme if "://" in remote.address else "file"
    return run_git(f"--git-dir={mirror.git_dir}", *args, protocols=(scheme,), extra=authorization(remote))


def tips(mirror: Git, root: str) -> dict[str, str]:
    """Branch -> commit of everything under a root of refs, which ends in `/`."""
    listed = mirror.run("for-each-ref", "--format=%(objectname) %(refname)", root).decode(errors="surrogateescape")
    rows = (row.split(" ", 1) for row in listed.splitlines())
    return {name.removeprefix(root): oid for oid, name in rows}


def files(mirror: Git, tree: str) -> dict[str, tuple[str, str]]:
    """Path -> (mode, blob id) of every file in a commit or tree."""
    listed = {}
    for row in mirror.run("ls-tree", "-r", "-z", tree).split(b"\0"):
        if row:
            meta, path = row.split(b"\t", 1)
            mode, kind, oid = meta.decode().split()
            if kind == "blob":
                listed[path.decode("utf-8", "surrogateescape")] = (mode, oid)
    return listed


def contains(mirror: Git, commit: str, other: str) -> bool:
    """Whether a commit has another one, or is it."""
    return not mirror.run("rev-list", "--max-count=1", other, f"^{commit}").strip()


def commit(mirror: Git, base: str, changes: Mapping[str, bytes | None], message: str, author: Author) -> str:
    """The id of a new commit on `base` with the changed contents (None removes a file). Same input, same id."""
    present = files(mirror, base)
    rows = []
    for path, content in sorted(changes.items()):
        mode = "0" if content is None else present.get(path, ("100644", ""))[0]
        oid = "0" * len(base) if content is None else _write(mirror, content)
        rows.append(f"{mode} {oid}\t{path}".encode("utf-8", "surrogateescape"))
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(mirror, index, "read-tree", base)
        _git(mirror, index, "update-index", "-z", "--index-info", input=b"\0".join(rows) + b"\0")
        tree = _git(mirror, index, "write-tree")
    return _commit(mirror, tree, (base,), message, author)


def merge(mirror: Git, ours: str, theirs: str, message: str, author: Author) -> str | None:
    """The id of a commit that joins the two, or None where somebody must settle what both have changed."""
    try:
        tree = _git(mirror, {}, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
    except GitError:
        return None
    return _commit(mirror, tree, (ours, theirs), message, author)


def messages(mirror: Git, base: str, tip: str) -> Iterator[tuple[str, str]]:
    """(author's address, message) of each commit that `tip` has and `base` lacks, the oldest first."""
    told = mirror.run("log", "--reverse", "--format=%ae%n%B", "-z", tip, f"^{base}").decode(errors="replace")
    for text in filter(None, told.split("\0")):
        email, _, message = text.partition("\n")
        yield email, message


def new_contents(mirror: Git, base: str, tip: str) -> Iterator[bytes]:
    """The content of every file that `tip` brings to somebody who has `base`."""
    listed = mirror.run("rev-list", "--objects", "--no-object-names", "--filter=object:type=blob",
                        "--filter-provided-objects", tip, f"^{base}").decode().split()  # fmt: skip
    for oid in listed:
        yield mirror.run("cat-file", "blob", oid)


def _commit(mirror: Git, tree: str, parents: tuple[str, ...], message: str, author: Author) -> str:
    named = [word for parent in parents for word in ("-p", parent)]
    return _git(mirror, author.variables, "commit-tree", tree, *named, "-F", "-", input=message.encode())


def _write(mirror: Git, content: bytes) -> str:
    return mirror.run("hash-object", "-w", "--stdin", input=content).decode().strip()


def _git(mirror: Git, extra: Mapping[str, str], *args: str, input: bytes | None = None) -> str:
    return run_git(f"--git-dir={mirror.git_dir}", *args, input=input, extra=extra).decode().strip()
