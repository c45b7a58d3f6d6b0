"""Brings a repository here before a scan, or into a run's private mirror. The one part of the scanner that connects."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from offkey.errors import UsageError
from offkey.found import Gap
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import CatFileReader, ObjectInfo

PROTOCOLS = ("https", "ssh", "file")
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:(?!//).+")
_SETTINGS = (
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "http.followRedirects=initial",
    "transfer.fsckObjects=false",
)


class CloneFailed(GitError):
    """The repository could not be brought here. Credentials in the URL are masked."""


def is_url(target: str) -> bool:
    """Whether a target is to be cloned: it has a scheme, or is `user@host:path`."""
    return "://" in target or (bool(_SCP_LIKE.fullmatch(target)) and not os.path.exists(target))


def without_credentials(url: str) -> str:
    """The URL with user name and password taken out; an ssh user, which is no secret, stays."""
    parts = urlsplit(url)
    if not parts.scheme or "@" not in parts.netloc:
        return url
    user, host = parts.netloc.rsplit("@", 1)
    keep = f"{user}@" if parts.scheme == "ssh" and ":" not in user else ""
    return urlunsplit(parts._replace(netloc=keep + host))


def mirror(url: str, folder: Path, *, protocols: tuple[str, ...] = PROTOCOLS) -> Git:
    """Clone every ref of `url` into the new private folder `folder` (mode 0700, no gc, no hooks) and open it.

    Credentials in the URL reach git through its environment alone: not its arguments, the clone's configuration or a
    log. Raises UsageError for a protocol that is not allowed, CloneFailed for all else.
    """
    scheme = _scheme(url)
    if scheme not in protocols:
        raise UsageError(
            f"{without_credentials(url)}: the protocol {scheme} is not allowed", advice=f"use {', '.join(protocols)}"
        )
    folder.mkdir(mode=0o700, parents=True)
    clean = without_credentials(url)
    extra = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    if clean != url:
        extra |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{url}.insteadOf", "GIT_CONFIG_VALUE_0": clean}
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    arguments = ("clone", "--quiet", "--mirror", "--template=", "--config", "gc.auto=0", "--", clean, str(folder))
    try:
        run_git(*settings, *arguments, protocols=protocols, extra=extra)
        return Git(folder)
    except GitError as error:
        shutil.rmtree(folder, ignore_errors=True)
        advice = "check the URL, your access to it and that git can clone it without asking for a password"
        raise CloneFailed(f"cannot clone {clean}: {error}", advice=advice) from error


def _scheme(url: str) -> str:
    """The protocol that git would use: `helper::address` names a program, `user@host:path` means ssh."""
    if helper := re.match(r"([A-Za-z0-9+.-]*)::", url):
        return helper[1]
    return urlsplit(url).scheme if "://" in url else "ssh"


@contextmanager
def temporary_mirror(url: str, *, protocols: tuple[str, ...] = PROTOCOLS) -> Iterator[Git]:
    """A mirror that is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="offkey-", ignore_cleanup_errors=True) as folder:
        yield mirror(url, Path(folder) / "mirror.git", protocols=protocols)


def pin(run: str, mirrored: Git, objects: Iterable[tuple[str, str]], source: Git | None = None) -> list[Gap]:
    """Keep objects, given as (id, type), in a run's mirror under `refs/offkey/<run>/`, so that no gc takes them.

    Those that the mirror lacks (a clone brings no unreachable ones) are copied from `source`, which is only read.
    Gives a Gap for each that neither has.
    """
    wanted = [ObjectInfo(oid, kind, 0) for oid, kind in sorted(set(objects))]
    present = {info.oid for info in CatFileReader(mirrored).info(i.oid for i in wanted) if isinstance(info, ObjectInfo)}
    absent = [info for info in wanted if info.oid not in present]
    gaps: list[Gap] = []
    if source is not None:
        reader = CatFileReader(source)
        for found in reader.read(absent):
            if isinstance(found, Gap):
                gaps.append(found)
                continue
            # --literally: a commit's parents and tree stay behind; only its own text is evidence.
            write = ("hash-object", "-w", "--literally", "-t", found.type, "--stdin")
            present.add(mirrored.run(*write, input=found.content).decode().strip())
        reader.close()
    else:
        gaps += [Gap(where=f"{mirrored.path}: {i.type} {i.oid}", why="missing from the mirror") for i in absent]
    pins = "".join(f"update refs/offkey/{run}/{info.oid} {info.oid}\n" for info in wanted if info.oid in present)
    mirrored.run("update-ref", "--stdin", input=pins.encode())
    return gaps
