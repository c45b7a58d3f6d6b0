"""A branch of a remote: a commit for each checkpoint, made by plumbing in a repository of our own and never forced.

The remote must refuse forced pushes and deletions of the branch (a protected branch, `receive.denyNonFastForwards`).
Whether it was rewritten nevertheless shows by what was fetched before.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from offboarding.configuration import references
from offboarding.ledger import note as notes
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.settings import GitSink
from offboarding.ledger.sinks.kept import Kept, SinkFailed
from offboarding.remedy import branch as pushing
from offboarding.state import private_folder
from offkey.errors import OffkeyError
from offkey.model import timestamp
from scanner.repository.git import run_git

FILE = "checkpoint"
SEEN, FETCHED = "refs/offkey/seen", "refs/offkey/fetched"
AUTHOR = ("offkey", "offkey@localhost")
SECONDS = 120.0


def put(sink: GitSink, state: Path, note: bytes, checkpoint: Checkpoint, now: datetime) -> str:
    """Commit the note on top of the branch and push it. Returns the commit's id. Raises SinkFailed."""
    place = _fetched(sink, state)
    parent = _run(place, "rev-parse", "--verify", "--quiet", SEEN, check=False).strip()
    if parent and _raw(place, "cat-file", "blob", f"{parent}:{FILE}", check=False) == note:
        return parent
    blob = _run(place, "hash-object", "-w", "--stdin", input=note).strip()
    tree = _run(place, "mktree", input=f"100644 blob {blob}\t{FILE}\n".encode()).strip()
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in zip(("NAME", "EMAIL", "DATE"), (*AUTHOR, timestamp(now)), strict=True)
    }
    above = ("-p", parent) if parent else ()
    message = f"Checkpoint over {checkpoint.seq} events\n".encode()
    commit = _run(place, "commit-tree", tree, *above, "-F", "-", input=message, extra=who).strip()
    _run(
        place, "push", "--quiet", "--", sink.remote, f"{commit}:refs/heads/{sink.branch}",
        protocols=_protocols(sink), extra=_access(sink),
    )  # fmt: skip
    _run(place, "update-ref", SEEN, commit)
    return commit


def kept(sink: GitSink, state: Path, now: datetime) -> list[Kept]:
    """Every checkpoint in the branch's history, fetched now. Raises SinkFailed, also when the history was rewritten."""
    place = _fetched(sink, state)
    commits = _run(place, "rev-list", SEEN, check=False).split()
    wanted = "".join(f"{commit}:{FILE}\n" for commit in commits)
    listed = _raw(place, "cat-file", "--batch", input=wanted.encode()) if commits else b""
    found = []
    for commit in commits:
        head, _, rest = listed.partition(b"\n")
        if head.endswith(b" missing"):
            listed = rest
            continue
        size = int(head.rsplit(b" ", 1)[1])
        content, listed = rest[:size], rest[size + 1 :]
        try:
            found.append(Kept(commit, notes.claimed(content)[1], partial(bytes, content)))
        except notes.NoteRefused:
            continue  # somebody else's commit
    return found


def _fetched(sink: GitSink, state: Path) -> str:
    """Our bare repository with the branch as it is now at SEEN, or without that where the remote has none yet."""
    digest = hashlib.sha256(f"{sink.remote}\0{sink.branch}".encode()).hexdigest()[:16]
    place = private_folder(private_folder(state / "sinks") / digest)
    if not (place / "HEAD").exists():
        _tried(lambda: run_git("init", "--bare", "--quiet", "--", str(place)))
    folder, protocols, access = str(place), _protocols(sink), _access(sink)
    name = f"refs/heads/{sink.branch}"
    seen = _run(folder, "rev-parse", "--verify", "--quiet", SEEN, check=False).strip()
    there = _run(folder, "ls-remote", "--", sink.remote, name, protocols=protocols, extra=access).strip()
    if not there:
        if seen:
            raise _rewritten(sink, seen, "the branch is gone")
        return folder
    _run(
        folder, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", sink.remote, f"+{name}:{FETCHED}",
        protocols=protocols, extra=access,
    )  # fmt: skip
    new = _run(folder, "rev-parse", FETCHED).strip()
    if seen and _run(folder, "merge-base", seen, new, check=False).strip() != seen:
        raise _rewritten(sink, seen, "it is not in the branch any more")
    _run(folder, "update-ref", SEEN, new)
    return folder


def _rewritten(sink: GitSink, seen: str, how: str) -> SinkFailed:
    return SinkFailed(
        f"the history of {sink.branch} was rewritten: {seen} was there, and {how}",
        advice="find out who may force that branch; that commit is still in our copy under the state folder",
    )


def _protocols(sink: GitSink) -> tuple[str, ...]:
    scheme = urlsplit(sink.remote).scheme
    return (scheme or ("ssh" if ":" in sink.remote.split("/")[0] else "file"),)


def _access(sink: GitSink) -> Mapping[str, str]:
    if not sink.token:
        return {}
    host = urlsplit(sink.remote).hostname or ""
    return pushing.authorization(pushing.Remote(address=sink.remote, token=references.token(sink.token), host=host))


def _run(folder: str, *args: str, **options: Any) -> str:
    return _raw(folder, *args, **options).decode("utf-8", "replace")


def _raw(folder: str, *args: str, protocols: tuple[str, ...] = (), **options: Any) -> bytes:
    words, limit = (f"--git-dir={folder}", *args), SECONDS if protocols else None
    return _tried(lambda: run_git(*words, protocols=protocols, seconds=limit, **options))


def _tried(action: Callable[[], bytes]) -> bytes:
    try:
        return action()
    except OffkeyError as error:
        raise SinkFailed(str(error), advice=error.advice or "may we read and push that branch?") from error
