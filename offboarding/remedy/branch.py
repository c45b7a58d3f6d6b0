"""Commit and push without a work tree: in the run's own mirror, by plumbing alone.

Nothing is checked out, so no filter, hook or setting of the repository can run; the mirror is ours, the user's
repository is never written to. The push is an ordinary one: a branch that exists with other content is refused.
"""

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from offkey.errors import OffkeyError
from offkey.model import timestamp
from offkey.secret import Secret
from scanner.repository.git import Git, run_git


class PushRefused(OffkeyError):
    """The remote did not take the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    name: str
    email: str


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


def commit(
    mirror: Git, base: str, changes: Mapping[str, bytes | None], message: str, *, author: Author, now: datetime
) -> str:
    """The id of a new commit on `base` with the changed contents (None removes a file). Same input, same id."""
    present = files(mirror, base)
    rows = []
    for path, content in sorted(changes.items()):
        mode = "0" if content is None else present[path][0]
        oid = "0" * len(base) if content is None else _write(mirror, content)
        rows.append(f"{mode} {oid}\t{path}".encode("utf-8", "surrogateescape"))
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(mirror, index, "read-tree", base)
        _git(mirror, index, "update-index", "-z", "--index-info", input=b"\0".join(rows) + b"\0")
        tree = _git(mirror, index, "write-tree")
    who = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", author.name), ("EMAIL", author.email), ("DATE", timestamp(now)))
    }
    return _git(mirror, who, "commit-tree", tree, "-p", base, "-F", "-", input=message.encode())


def push(mirror: Git, remote: str, oid: str, branch: str, access: Mapping[str, str]) -> None:
    """Push a commit as a new branch, with what `authorization` gave. Raises `PushRefused`.

    Pushing the same commit again changes nothing.
    """
    scheme = urlsplit(remote).scheme or "file"
    try:
        run_git(
            f"--git-dir={mirror.git_dir}", "push", "--quiet", "--", remote, f"{oid}:refs/heads/{branch}",
            protocols=(scheme,), extra=access,
        )  # fmt: skip
    except OffkeyError as error:
        raise PushRefused(
            f"the branch {branch} was not taken: {error}", advice="check the write credential and branch protection"
        ) from None


def authorization(remote: str, token: Secret, host: str) -> dict[str, str]:
    """Variables that give git the token for an https remote at `host`, in no argument list. Empty for any other."""
    parts = urlsplit(remote)
    if parts.scheme != "https" or parts.hostname != host:
        return {}
    basic = base64.b64encode(b"x-access-token:" + token.reveal()).decode()
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{remote}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }


def _write(mirror: Git, content: bytes) -> str:
    return mirror.run("hash-object", "-w", "--stdin", input=content).decode().strip()


def _git(mirror: Git, extra: Mapping[str, str], *args: str, input: bytes | None = None) -> str:
    return run_git(f"--git-dir={mirror.git_dir}", *args, input=input, extra=extra).decode().strip()
