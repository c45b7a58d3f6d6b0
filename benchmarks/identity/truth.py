"""Truths: who is who in a history, by its `.mailmap` or by OpenStack's list of contributors; hidden from the resolver.

A `.mailmap` asserts that identities with one proper address are one person. Two proper addresses under one proper full
name are undetermined: `git shortlog` counts them as one, but no line says so. All other pairs of identities that it
names (changes, or changes others to) are two people. Of the rest it says nothing (`same`), or it is held to be complete
(`closed`): figures are given for both.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from offboarding.identity import authors, names
from offboarding.identity.addresses import normal_email
from offboarding.identity.seen import Author, merged
from scanner.repository.git import Git

Seen = tuple[str, str]
"""Name and e-mail as committed."""


@dataclass(frozen=True)
class Truth:
    """Identities as the resolver sees them, and the people among them: `owner` of an identity, where it is known.

    `asserted` are the people of whom the truth says more than that one address is one person; recall counts them.
    `proper` is the name by which the truth knows an owner.
    """

    name: str
    authors: tuple[Author, ...]
    people: dict[str, tuple[Author, ...]]
    owner: dict[Seen, str]
    proper: dict[str, str]
    asserted: frozenset[str]
    named: frozenset[Seen]
    """The identities that the truth names: of the others it says nothing."""

    def same(self, one: Seen, other: Seen) -> bool | None:
        """Whether two identities are one person's; None where the truth does not tell."""
        if self.owner.get(one) == self.owner.get(other) or {one, other} <= self.named:
            return self.closed(one, other)
        return None

    def closed(self, one: Seen, other: Seen) -> bool | None:
        """The same, were the truth complete: whom it does not name is nobody else."""
        a, b = self.owner.get(one), self.owner.get(other)
        if a is None or b is None:
            return None
        if a == b:
            return True
        return None if self._one_name(a, b) else False

    def _one_name(self, a: str, b: str) -> bool:
        return names.same(self.proper.get(a, ""), self.proper.get(b, ""))


def of_mailmap(repository: Path) -> Truth:
    """What a repository's own `.mailmap` says, as git reads it; the authors are as committed."""
    mapped, gaps = authors.in_repositories([str(repository)])
    if gaps:
        raise SystemExit(f"{repository}: {gaps[0].why}")
    people: dict[str, list[Author]] = defaultdict(list)
    owner: dict[Seen, str] = {}
    proper: dict[str, Counter[str]] = defaultdict(Counter)
    asserted = set()
    for author in mapped:
        person = normal_email(author.email)
        people[person].append(unmapped(author))
        owner[author.raw_name, author.raw_email] = person
        proper[person][author.name] += author.commits
        if (author.name, author.email) != (author.raw_name, author.raw_email):
            asserted.add(person)
    return Truth(
        name=repository.parent.name if repository.name == "repo" else repository.name,
        authors=tuple(unmapped(author) for author in mapped),
        people={person: tuple(found) for person, found in sorted(people.items())},
        owner=owner,
        proper={person: max(sorted(found), key=found.__getitem__) for person, found in proper.items()},
        asserted=frozenset(asserted),
        named=frozenset(_named(mapped)),
    )


def _named(mapped: Iterable[Author]) -> Iterator[Seen]:
    """The identities that the mailmap changes, and those that it changes others to."""
    for author in mapped:
        if (author.name, author.email) != (author.raw_name, author.raw_email):
            yield author.raw_name, author.raw_email
            yield author.name, author.email


def unmapped(author: Author) -> Author:
    """The author as committed, without what the `.mailmap` says."""
    return replace(author, name=author.raw_name, email=author.raw_email)


def of_stackalytics(data: Path, repositories: Sequence[Path]) -> Truth:
    """Who is who by `default_data.json` of stackalytics (a bare repository or the file), in OpenStack's histories.

    Its users are told apart by their account, so two of one name are two people here. Without histories the identities
    are the list's own names and addresses: no commits, no time zones.
    """
    users = json.loads(_text(data))["users"]
    by_email = {normal_email(email): number for number, user in enumerate(users) for email in user["emails"]}
    if repositories:
        found, gaps = authors.in_repositories(map(str, repositories), mailmap=False)
        if gaps:
            raise SystemExit(f"{gaps[0].where}: {gaps[0].why}")
    else:
        pairs = sorted({(user["user_name"], email) for user in users for email in user["emails"]})
        found = tuple(Author(name=n, email=e, raw_name=n, raw_email=e, commits=1) for n, e in pairs)
    people: dict[str, list[Author]] = defaultdict(list)
    owner = {}
    for author in merged([found]):
        number = by_email.get(normal_email(author.raw_email))
        if number is not None:
            person = f"user-{number:05}"
            people[person].append(author)
            owner[author.raw_name, author.raw_email] = person
    several = frozenset(person for person, mine in people.items() if len(mine) > 1)
    return Truth(
        "OpenStack" if repositories else "stackalytics list",
        found,
        dict(sorted(people.items())),
        owner,
        {},
        several,
        frozenset(owner),
    )


def _text(data: Path) -> str:
    if data.is_file():
        return data.read_text(encoding="utf-8")
    return Git(data).run("show", "HEAD:default_data.json").decode("utf-8")
