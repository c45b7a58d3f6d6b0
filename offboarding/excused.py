"""Leaves out of a scan's findings what a baseline or an ignore file knows. Never at the gate, in a plan or a check.

A finding is one value with all its places. It is left out when it is known in a file that holds it and no file of today
holds it where it is not known: a copy elsewhere is news, a former place of a moved file is not.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from offboarding.scanned import Scanned
from offkey.errors import OffkeyError
from offkey.found import Finding, Place
from scanner.baseline import Known, at_top


@dataclass(frozen=True)
class Left:
    """The findings that remain, and how many were left out."""

    findings: tuple[Finding, ...]
    count: int


def without_known(done: Scanned, findings: Sequence[Finding], named: Path | None) -> Left:
    """The findings without those that are known at the top of their repositories, or in the `named` baseline.

    Raises BaselineError for a file that cannot be read.
    """
    known = {repo: at_top(str(top(repo)), str(named or "")) for repo in _repositories(done, findings, named)}
    if not any(known.values()):
        return Left(tuple(findings), 0)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # hashing takes 50 ms each, without the interpreter's lock
        told = list(pool.map(lambda pair: _is_known(pair[0], pair[1], known), _with_values(done, findings, known)))
    kept = tuple(finding for finding, out in told if not out)
    return Left(kept, len(told) - len(kept))


def top(repo: str) -> Path:
    """The folder that a scanned name's paths are relative to."""
    path = Path(repo)
    if path.is_file():
        return path.absolute().parent
    return path.parent if path.name == ".git" else path


def _repositories(done: Scanned, findings: Sequence[Finding], named: Path | None) -> set[str]:
    """Those that a baseline is for: without a named one not a URL's mirror, which has no files of its own."""
    names = {place.repo for finding in findings for place in finding.places} - {"-"}
    return names if named else names - set(done.clones)


def _with_values(
    done: Scanned, findings: Sequence[Finding], known: dict[str, Known]
) -> Iterator[tuple[Finding, bytes | None]]:
    """Each finding with its value: the part that authenticates. None where no place of it can be known or read."""
    for finding in findings:
        value = None
        if any(known.get(place.repo) for place in finding.places):
            value = value_of(finding, done.text)
        yield finding, value


def value_of(finding: Finding, text_of: Callable[[Place], bytes]) -> bytes | None:
    """The secret part of a finding, or its one part, read where it still is; None where it is nowhere."""
    for place in finding.places:
        try:
            text = text_of(place)
        except OffkeyError:
            continue  # it may still be at the next
        span = next((span for span in place.spans if span.part == "secret"), place.spans[0])
        return text[span.start : span.end]
    return None


def _is_known(finding: Finding, value: bytes | None, known: dict[str, Known]) -> tuple[Finding, bool]:
    if value is None:
        return finding, False
    by_repo: dict[str, set[str]] = {}
    for place in finding.places:
        by_repo.setdefault(place.repo, set()).add(place.path)
    covered = {
        (repo, path)
        for repo, paths in by_repo.items()
        if repo in known
        for path in known[repo].where(finding.kind, value, paths)
    }
    news = any((place.repo, place.path) not in covered for place in finding.places if of_today(place))
    return finding, bool(covered) and not news


def of_today(place: Place) -> bool:
    """Whether a place is in a branch's tip, or in a file that lies there now."""
    return place.present or place.object_type not in ("blob", "commit", "tag")
