"""A run's own copies of repositories: what a plan's addresses lead to, until the run closes (DESIGN rule 6).

They lie in `<state>/runs/<run>/mirrors`, mode 0700, without gc; every object and file that a plan names is pinned
under `refs/offkey/<run>/`. The user's repository is only read. Files of a work tree, which have no object, are kept
as blobs named by the digest of their content.
"""

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from offboarding.state import PRIVATE_FOLDER, RunLocked, run_folder, run_lock
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import AccessPoint, Credential, Finding, Gap, Place
from scanner.repository import clone
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import GitError, NotARepository
from scanner.values import ValueGone, read_credential

Read = Callable[[AccessPoint], Credential]
IN_GIT = frozenset({"blob", "commit", "tag"})


def folder(state: Path, run: str, repo: str) -> Path:
    """Where the run's copy of `repo` (as places name it) lies."""
    name = hashlib.sha256(repo.encode(errors="surrogateescape")).hexdigest()[:16]
    return run_folder(state, run) / "mirrors" / f"{name}.git"


def make(state: Path, run: str, repo: str, name: str = "") -> Git:
    """A fresh copy of a repository on this disk, or behind a URL; an older copy of this run is replaced.

    `name` is how places name it, where that differs (a URL without its credentials).

    A plain folder, and a repository that cannot be cloned (objects are missing), gets an empty one: `pin` brings what
    is needed. Raises UsageError, GitError.
    """
    where = folder(state, run, name or repo)
    if where.exists():
        shutil.rmtree(where)
    where.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    if clone.is_url(repo):
        return clone.mirror(repo, where)
    source = _source(repo)
    if source is not None:
        try:
            return clone.mirror(f"file://{source.common_dir}", where)
        except clone.CloneFailed:
            shutil.rmtree(where, ignore_errors=True)
    where.mkdir(mode=PRIVATE_FOLDER)
    object_format = source.object_format if source else "sha1"
    run_git("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", cwd=where)
    return Git(where)


def _source(repo: str) -> Git | None:
    """The repository at a path, None for a plain folder or file."""
    path = Path(repo)
    try:
        return Git(path) if path.is_dir() else None
    except NotARepository:
        return None


def pin(mirrored: Git, run: str, repo: str, findings: Iterable[Finding]) -> list[Gap]:
    """Keep every object and file of `repo` that the findings name. Gaps say which could not be kept."""
    places = {place for finding in findings for place in finding.places if place.repo == repo}
    objects = {(place.object, place.object_type) for place in places if place.object_type in IN_GIT}
    source = None if clone.is_url(repo) else _source(repo)
    gaps = clone.pin(run, mirrored, objects, source)
    for path, content_id in sorted({(place.path, place.object) for place in places if place.object_type not in IN_GIT}):
        gap = _pin_file(mirrored, run, Path(repo), path, content_id)
        gaps += [gap] if gap else []
    return gaps


def _pin_file(mirrored: Git, run: str, root: Path, path: str, content_id: str) -> Gap | None:
    try:
        content = (root / path if root.is_dir() else root).read_bytes()
    except OSError as error:
        return Gap(where=f"{root}/{path}", why=f"cannot be kept for the run: {error.strerror}", advice="plan again")
    if "sha256:" + hashlib.sha256(content).hexdigest() != content_id:
        return Gap(where=f"{root}/{path}", why="changed while it was being planned", advice="plan again")
    oid = mirrored.run("hash-object", "-w", "--stdin", input=content).decode().strip()
    mirrored.run("update-ref", _file_ref(run, content_id), oid)
    return None


def _file_ref(run: str, content_id: str) -> str:
    return f"refs/offkey/{run}/file-{content_id.removeprefix('sha256:')}"


def reader(state: Path, run: str, key: OrgKey) -> Read:
    """What re-reads a point's value from the run's copies alone and compares it with the point's fingerprint.

    It raises ValueGone, with the last reason, when no copy holds it any more.
    """

    def read(point: AccessPoint) -> Credential:
        gone: OffkeyError = ValueGone(f"{point.kind}: no address to read it from", advice="plan again")
        by_repo: Mapping[str, list[Place]] = defaultdict(list)
        for place in point.places:
            by_repo[place.repo].append(place)
        for repo, places in by_repo.items():
            where = folder(state, run, repo)
            if not where.is_dir():
                gone = ValueGone(f"{point.kind}: the run's copy of {repo} is gone", advice="plan again")
                continue
            try:
                kept = [_in_mirror(Git(where), run, place) for place in places]
                return read_credential(point.kind, point.fingerprint, kept, key, where)
            except (ValueGone, GitError) as error:
                gone = error
        raise ValueGone(str(gone), advice=gone.advice)

    return read


def _in_mirror(mirrored: Git, run: str, place: Place) -> Place:
    if place.object_type in IN_GIT:
        return place
    oid = mirrored.run("rev-parse", "--verify", "--quiet", _file_ref(run, place.object), check=False).decode().strip()
    return replace(place, object=oid or place.object, object_type="blob")


def delete(state: Path, run: str) -> None:
    """Remove the run's copies: its values can be read by nobody here any more."""
    mirrors = run_folder(state, run) / "mirrors"
    if mirrors.exists():
        shutil.rmtree(mirrors)


def sweep(state: Path, known: Container[str], now: datetime) -> None:
    """Remove the copies of runs that the ledger does not know: a plan that was killed before it was recorded.

    A run that somebody holds is being planned at this moment, and is left alone.
    """
    runs = state / "runs"
    for folder in sorted(runs.iterdir()) if runs.is_dir() else []:
        if folder.name not in known and (folder / "mirrors").exists():
            with suppress(RunLocked), run_lock(state, folder.name, now):
                delete(state, folder.name)
