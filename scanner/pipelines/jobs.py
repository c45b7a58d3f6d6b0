"""Versions of configuration as they were read, and the commit that last changed a job's text. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.ci.config import Config
from scanner.ci.registry import read
from scanner.pipelines.configs import Versions
from scanner.pipelines.written import Write

CRON = "\0cron"
"""Stands for a file's schedules where a job's name stands else."""


class Version(NamedTuple):
    """What one version of a file says to one system, and a digest of each job's text (and of its schedule)."""

    config: Config
    digests: Mapping[str, str]


Key = tuple[str, str, str]
"""System, path, blob."""


Readings = Mapping[Key, Version]


def readings(path: str, blob: str, text: str, systems: Iterable[str]) -> dict[Key, Version]:
    """What a version says to each of the systems."""
    found: dict[Key, Version] = {}
    for system in systems:
        config = read(system, path, text)
        if config != Config():
            found[system, path, blob] = Version(config, _digests(config, text))
    return found


def _digests(config: Config, text: str) -> dict[str, str]:
    """A digest of each job's lines, of all lines as "", and of the schedule."""
    lines = text.replace("\r\n", "\n").split("\n")
    made = {"": _hash(lines)}
    jobs: dict[str, list[str]] = defaultdict(list)
    for part in config.parts:
        if part.job and (not part.step or part.job not in jobs):
            jobs[part.job] += [line.rstrip() for first, last in part.lines for line in lines[first - 1 : last]]
    made |= {job: _hash(told) for job, told in jobs.items()}
    if config.crons:
        made[CRON] = _hash([cron for cron, _ in config.crons])
    return made


def _hash(lines: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def last_change(told: Versions, read: Readings, key: Key, job: str) -> str:
    """The newest commit, below a tip that has this version, that changed a job's text; "" where none is known.

    A file that was moved is followed to where it came from.
    """
    system, path, blob = key
    tip = told.tip_of(path, blob)
    wanted = _digest(read, key, job)
    if not tip or wanted is None:
        return ""
    below = told.ancestors(tip)
    met: set[str] = set()
    while path not in met:
        met.add(path)
        write = _bringer(told, read, (system, path, job), wanted, below)
        if write is None:
            return ""
        moved = None if any(write.olds) else _moved_from(told, read, system, write, (job, wanted))
        if moved is None:
            return write.commit
        path = moved
    return ""


def _bringer(
    told: Versions, read: Readings, where: tuple[str, str, str], wanted: str, below: frozenset[str]
) -> Write | None:
    system, path, job = where
    for write in told.by_path.get(path, ()):
        if write.commit in below and write.new and _digest(read, (system, path, write.new), job) == wanted:
            olds = (_digest(read, (system, path, old), job) for old in write.olds if old)
            if wanted not in olds:
                return write
    return None


def _moved_from(told: Versions, read: Readings, system: str, write: Write, job: tuple[str, str]) -> str | None:
    """The path that the same commit took away, and that had the same job."""
    for gone in told.removed.get(write.commit, ()):
        if any(old and _digest(read, (system, gone.path, old), job[0]) == job[1] for old in gone.olds):
            return gone.path
    return None


def _digest(read: Readings, key: Key, job: str) -> str | None:
    version = read.get(key)
    return version.digests.get(job) if version is not None else None
