"""Without a forge: a branch in a repository that the user names, or a git bundle of the new commits.

Here the branch itself is the request. A bundle carries the new commits with their files and has the present base as its
prerequisite; `git fetch FILE BRANCH` in any clone brings it there. It is never a patch, which would hold the value on
its removed lines; and where a new file would still hold a value, it is not written.

https://git-scm.com/docs/git-bundle
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from offboarding.remedy.availability import Availability
from offboarding.remedy.branch import PushRefused, Remote, new_contents
from offboarding.remedy.forge import NothingToPropose, Request, Text
from offboarding.state import PRIVATE_FILE, PRIVATE_FOLDER
from offkey.errors import OffkeyError
from offkey.model import Exchange
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import GitError

Permit = Callable[[], None]
"""Raises where there is no approval in force: these write on this disk alone, and pass no gate of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBranch:
    """A branch in the repository at `place`, which the user has named for it. `source` is where the base comes from."""

    name: str
    source: Remote
    place: Path
    prefix: str
    permit: Permit
    now: Callable[[], datetime]
    words = "branch"
    carries_files = False

    def fetch(self, mirror: Git, root: str) -> str:
        default = self.source.fetch(mirror, root)
        _bring(mirror, str(self.place), f"+refs/heads/{self.prefix}*:{root}{self.prefix}*")
        return default

    def push(self, mirror: Git, oid: str, branch: str, base: str) -> Exchange:
        self.permit()
        mirror.run("update-ref", f"refs/heads/{branch}", oid)
        try:
            # Fetched from there, not pushed to there: a push would run that repository's hooks.
            target = Git(self.place)
            args = ("fetch", "--quiet", "--no-tags", "--", str(mirror.git_dir))
            ref = f"refs/heads/{branch}"
            run_git(f"--git-dir={target.git_dir}", *args, f"{ref}:{ref}", protocols=("file",))
        except OffkeyError as error:
            raise PushRefused(
                f"{self.place} did not take the branch {branch}: {error}", advice="see whether it is checked out there"
            ) from None
        return _exchange("BRANCH", f"{self.place} {branch}", oid, self.now())

    def requests(self, branch: str) -> None:
        return None

    def open(self, branch: str, base: str, text: Text) -> tuple[Exchange, ...]:
        return ()

    def edit(self, request: Request, body: str) -> tuple[Exchange, ...]:
        return ()

    def available(self, names: Iterable[str]) -> Availability:
        return Availability()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Bundles in `folder`, one a branch. `values` are those that no file in them may hold."""

    name: str
    source: Remote
    folder: Path
    values: Callable[[], Iterable[bytes]]
    permit: Permit
    now: Callable[[], datetime]
    words = "bundle"
    carries_files = True

    def fetch(self, mirror: Git, root: str) -> str:
        default = self.source.fetch(mirror, root)
        for file in sorted(self.folder.glob(f"{_file_name(self.name)}*.bundle")):
            with suppress(GitError):  # of a base that is gone: it is made again
                _bring(mirror, str(file), f"+refs/heads/*:{root}*")
        return default

    def push(self, mirror: Git, oid: str, branch: str, base: str) -> Exchange:
        self.permit()
        values = list(self.values())
        if any(value in content for content in new_contents(mirror, base, oid) for value in values):
            raise NothingToPropose(
                f"no bundle of {self.name}: a file in it would hold a value", advice="remove the values by hand"
            )
        file = bundle_file(self.folder, self.name, branch)
        write_bundle(mirror, oid, branch, base, file)
        return _exchange("BUNDLE", str(file), oid, self.now())

    requests, open, edit, available = LocalBranch.requests, LocalBranch.open, LocalBranch.edit, LocalBranch.available


def bundle_file(folder: Path, name: str, branch: str) -> Path:
    """Where the bundle of a branch of the repository `name` lies."""
    return folder / f"{_file_name(name)}-{branch.rpartition('/')[2]}.bundle"


def write_bundle(mirror: Git, oid: str, branch: str, base: str, file: Path) -> None:
    """Write the commits that `oid` adds to `base`, as a branch. The file is there whole, or as it was before."""
    mirror.run("update-ref", f"refs/heads/{branch}", oid)
    file.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".offkey-") as draft:
        made = Path(draft).absolute() / "new.bundle"
        mirror.run("bundle", "create", "--quiet", str(made), f"refs/heads/{branch}", f"^{base}")
        made.chmod(PRIVATE_FILE)
        os.replace(made, file)


def _bring(mirror: Git, address: str, *refspecs: str) -> None:
    args = ("fetch", "--quiet", "--no-tags", "--force", "--", address, *refspecs)
    run_git(f"--git-dir={mirror.git_dir}", *args, protocols=("file",))


def _file_name(name: str) -> str:
    """What the files of a repository's bundles begin with: its last part, and a hash of the whole."""
    last = re.sub(r"[^A-Za-z0-9._-]", "_", Path(name).name.removesuffix(".git")).lstrip(".") or "repository"
    return f"{last}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def _exchange(method: str, target: str, oid: str, at: datetime) -> Exchange:
    return Exchange(method=method, target=target, status=200, at=at, summary=f"commit {oid[:12]}")
