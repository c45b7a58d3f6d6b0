"""Who was seen in commits: the records that authors are read into and people are resolved from. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Tie(StrEnum):
    """How one commit names two people: as author and committer, or by `Signed-off-by` beside its author."""

    COMMITTED = "committed"
    SIGNED_OFF = "signed-off"


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """The same commits name this other identity too (as committed, before any `.mailmap`)."""

    tie: Tie
    name: str
    email: str
    commits: int


@dataclass(frozen=True, slots=True)
class Authored:
    """The commits that an identity authored in one repository: ids of `size` bytes each, joined, newest first."""

    place: str
    size: int
    ids: bytes


class Seen(Protocol):
    """An author as seen in a repository: `raw_email` as committed, `email` after `.mailmap`."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def raw_email(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """`name` and `email` after `.mailmap`, `raw_name` and `raw_email` as committed.

    `commits` that name them in any role; `links` to identities with a similar name or address in the same commits;
    `offsets` are (minutes east of UTC, commits) of what they authored, sorted; `authored` says which commits those are.
    """

    name: str
    email: str
    raw_email: str
    commits: int
    raw_name: str = ""
    links: tuple[Link, ...] = ()
    offsets: tuple[tuple[int, int], ...] = ()
    authored: tuple[Authored, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Something outside the author fields that ties an identity, as committed, to a person of the directory.

    `source` is "signature" (commits verifiably signed with a key that the organisation lists for the person) or
    "push" (an account that the directory gives to the person pushed the commits). `owner` is the person's id;
    `sentence` says it to a reader. A signature proves who made the commits, a push only who passed them on; neither
    proves that the address is the person's mailbox.
    """

    source: str
    name: str
    email: str
    owner: str
    sentence: str


def merged(groups: Iterable[Iterable[Author]]) -> tuple[Author, ...]:
    """The authors of several repositories, each identity once, sorted."""
    found: dict[tuple[str, str, str, str], list[Author]] = {}
    for group in groups:
        for author in group:
            found.setdefault((author.name, author.email, author.raw_email, author.raw_name), []).append(author)
    return tuple(_one(authors) for _, authors in sorted(found.items()))


def _one(authors: list[Author]) -> Author:
    if len(authors) == 1:
        return authors[0]
    links: dict[tuple[Tie, str, str], int] = {}
    offsets: dict[int, int] = {}
    for author in authors:
        for link in author.links:
            links[link.tie, link.name, link.email] = links.get((link.tie, link.name, link.email), 0) + link.commits
        for minutes, number in author.offsets:
            offsets[minutes] = offsets.get(minutes, 0) + number
    first = authors[0]
    return Author(
        name=first.name,
        email=first.email,
        raw_email=first.raw_email,
        raw_name=first.raw_name,
        commits=sum(author.commits for author in authors),
        links=tuple(sorted(Link(*key, number) for key, number in links.items())),
        offsets=tuple(sorted(offsets.items())),
        authored=tuple(one for author in authors for one in author.authored),
    )
