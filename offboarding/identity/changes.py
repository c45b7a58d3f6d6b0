"""What the commits of identities that may be one person's change, read from their repositories for `handover`.

Comparing every commit's trees takes half a minute in a large history, so few are compared: those of the identities
that are certain or probable already, up to LIMIT, and one of each of SAMPLE others. A repository that is given by URL
is gone when its authors have been read: nothing is said of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from offboarding.identity.handover import Change, Changes, Raw
from offboarding.identity.seen import Author
from offkey.errors import OffkeyError
from offkey.model import Gap, Person
from scanner.repository.clone import is_url, without_credentials
from scanner.repository.git import Git

LIMIT = 3000
"""Commits of the person's identities: git compares about 5,000 a second in its own repository."""
SAMPLE = 1000
FILES = 30
"""A commit that changes more is an import or a renaming, and says nothing of who works where."""
_LOG = (
    *("log", "--no-walk=unsorted", "--no-color", "--no-notes", "--no-decorate", "--no-ext-diff"),
    *("--root", "--raw", "-r", "--no-abbrev", "--no-renames", "--no-relative", "--format=tformat:%H"),
)
_AT_ONCE = 500
"""Commits named on one command line."""
_NONE = b"0" * 64
"""For a file that is not there."""

Commit = tuple[str, str]
"""Repository, and the id in hexadecimal."""


@dataclass(frozen=True)
class Chosen:
    """The commits to be compared: of each identity that may be the person's, and one of each of many others."""

    of: Mapping[Raw, Sequence[Commit]]
    others: Sequence[tuple[Raw, Commit]]

    @property
    def commits(self) -> Iterator[Commit]:
        """All of them."""
        yield from (one for commits in self.of.values() for one in commits)
        yield from (one for _, one in self.others)


class Ask(Protocol):
    """Resolves a person."""

    def __call__(self, *, changes: Changes) -> Person: ...


def resolved(ask: Ask, seen: Sequence[Author]) -> tuple[Person, tuple[Gap, ...]]:
    """The person, resolved again with what the commits of those change who were certain or probable without."""
    first = ask(changes=Changes())
    changes, gaps = read(first, seen)
    return ask(changes=changes) if changes.of else first, gaps


def read(person: Person, seen: Sequence[Author]) -> tuple[Changes, tuple[Gap, ...]]:
    """What the person's certain and probable identities change; a Gap for each repository that could not be read.

    `seen` are the authors of the repositories, in which `person` was found.
    """
    wanted = chosen(person, seen)
    found, gaps = found_in(wanted.commits)
    return taken(wanted, found), gaps


def found_in(commits: Iterable[Commit]) -> tuple[dict[Commit, Change], tuple[Gap, ...]]:
    """What commits change; a Gap for each repository that could not be read."""
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for place, oid in commits:
        places[place][oid] = None
    found: dict[Commit, Change] = {}
    gaps = []
    for place, ids in places.items():
        try:
            found |= {(place, oid): change for oid, change in compared(Git(Path(place)), ids)}
        except OffkeyError as error:
            why = f"what commits change there is not known: {error}"
            gaps.append(Gap(where=without_credentials(place), why=why, advice=error.advice))
    return found, tuple(gaps)


def chosen(person: Person, seen: Sequence[Author]) -> Chosen:
    """The commits that are worth comparing for a person; none where nothing is left to be found out."""
    if not person.probable:
        return Chosen({}, ())
    asked = {(i.name, i.email) for i in (*person.certain, *person.probable) if i.account is None}
    mine: dict[Raw, list[Commit]] = defaultdict(list)
    strangers = []
    for author in seen:
        if (author.name, author.raw_email) in asked:
            mine[_raw(author)] += _commits(author)
        elif author.authored:
            strangers.append(author)
    step = max(1.0, len(strangers) / SAMPLE)
    sample = [strangers[int(number * step)] for number in range(min(SAMPLE, len(strangers)))]
    return Chosen(dict(_within(mine)), [(_raw(author), one) for author in sample for one in _commits(author, 1)[:1]])


def taken(wanted: Chosen, found: Mapping[Commit, Change]) -> Changes:
    """The chosen commits' changes, as far as they were found."""
    return Changes(
        {raw: tuple(found[one] for one in commits if one in found) for raw, commits in wanted.of.items()},
        tuple((raw, found[one]) for raw, one in wanted.others if one in found),
    )


def compared(git: Git, ids: Iterable[str]) -> Iterator[tuple[str, Change]]:
    """Commits and what they change; left out are merges and what changes no file or more than FILES.

    Raises GitError.
    """
    named = list(ids)
    for start in range(0, len(named), _AT_ONCE):
        oid, entries = "", list[bytes]()
        for line in git.stream(*_LOG, *named[start : start + _AT_ONCE]):
            if line.startswith(b":"):
                if len(entries) <= FILES:
                    entries.append(line)
            elif line:
                if 0 < len(entries) <= FILES:
                    yield oid, _change(entries)
                oid, entries = line.decode(), []
        if 0 < len(entries) <= FILES:
            yield oid, _change(entries)


def _change(entries: Iterable[bytes]) -> Change:
    """The versions in raw entries, `:mode mode blob blob status<TAB>path` (git-diff-tree(1), "Raw output format")."""
    before, after = set(), set()
    for entry in entries:
        told, _, path = entry.partition(b"\t")
        _, _, old, new, _ = told.split(b" ")
        before |= {old + path} - {_NONE[: len(old)] + path}
        after |= {new + path} - {_NONE[: len(new)] + path}
    return Change(frozenset(before), frozenset(after))


def _commits(author: Author, most: int | None = None) -> list[Commit]:
    """What an author authored, newest first in each repository that is still there."""
    return [
        (one.place, one.ids[at : at + one.size].hex())
        for one in author.authored
        if not is_url(one.place)
        for at in range(0, len(one.ids), one.size)[:most]
    ]


def _within(mine: Mapping[Raw, list[Commit]]) -> Iterator[tuple[Raw, list[Commit]]]:
    """The newest and the oldest commits of each identity, LIMIT altogether; who has few leaves more to the others."""
    left = LIMIT
    for number, raw in enumerate(sorted(mine, key=lambda raw: (len(mine[raw]), raw))):
        share = min(len(mine[raw]), left // (len(mine) - number))
        left -= share
        yield raw, mine[raw][: share - share // 2] + mine[raw][len(mine[raw]) - share // 2 :]


def _raw(author: Author) -> Raw:
    return author.raw_name, author.raw_email
