"""Asks the resolver for each person of a truth, as an organisation would: by one name and one address.

The directory entry is made of the person's most used full name (over all identities of the truth's cluster; another
name where there is no full one) and the address with most commits. Ties go to the first in alphabetical order. With
`colleagues` the directory lists everybody so; without, the person alone, which is harder: no other entry vetoes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.identity.metrics import Answer
from benchmarks.identity.truth import Truth
from offboarding.identity import changes, names
from offboarding.identity.addresses import is_bot, is_impersonal, normal_email
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.people import resolve
from offboarding.identity.population import Population
from offkey.model import Identity


@dataclass(frozen=True)
class Asked:
    """What was answered for one person of the truth."""

    person: str
    address: str
    certain: Answer
    reviewed: Answer
    """Certain and probable together."""
    basis: dict[tuple[str, str], tuple[str, tuple[str, ...]]]


def entry(person: str, truth: Truth) -> Entry | None:
    """The directory's entry of a person; None for one who has no address of her own (bots, shared addresses)."""
    named: Counter[str] = Counter()
    addresses: Counter[str] = Counter()
    for author in truth.people[person]:
        named[author.name] += author.commits
        address = normal_email(author.email)
        if not is_bot(author.name, address) and not is_impersonal(address.partition("@")[0]) and "@" in address:
            addresses[address] += author.commits
    if not addresses:
        return None
    name = min(named, key=lambda name: (not names.keys(name), -named[name], name))
    address = min(addresses, key=lambda address: (-addresses[address], address))
    return Entry(id=person, names=(name,), emails=(address,))


def ask(
    truth: Truth, people: Sequence[str] | None = None, *, colleagues: bool = False, files: bool = True
) -> list[Asked]:
    """The answers for all `people` (default: all of the truth) whom a directory could list; `files` as offkey reads."""
    population = Population(truth.authors)
    entries = {person: found for person in truth.people if (found := entry(person, truth))}
    everybody = Directory(entries=tuple(_distinct(entries.values()))) if colleagues else None
    known = {(author.name, author.raw_email) for author in truth.authors}
    asked_for = [person for person in (sorted(entries) if people is None else people) if person in entries]
    listed = {person: everybody or Directory(entries=(entries[person],)) for person in asked_for}
    # As `changes.resolved` does for one person, but each commit is read once.
    first = {person: resolve(person, one, population) for person, one in listed.items() if one.find(person)}
    seen = truth.authors if files else ()
    wanted = {person: changes.chosen(answer, seen) for person, answer in first.items()}
    found, gaps = changes.found_in(dict.fromkeys(one for chosen in wanted.values() for one in chosen.commits))
    if gaps:
        raise SystemExit(f"{gaps[0].where}: {gaps[0].why}")
    asked = []
    for person, chosen in wanted.items():
        taken = changes.taken(chosen, found)
        answer = resolve(person, listed[person], population, changes=taken) if taken.of else first[person]
        theirs = frozenset((author.name, author.raw_email) for author in truth.people[person])
        certain = frozenset(_seen(answer.certain)) & known
        asked.append(
            Asked(
                person=person,
                address=entries[person].emails[0],
                certain=Answer(theirs, certain),
                reviewed=Answer(theirs, certain | (frozenset(_seen(answer.probable)) & known)),
                basis={(i.name, i.email): (i.basis, i.evidence) for i in (*answer.certain, *answer.probable)},
            )
        )
    return asked


def _seen(identities: Iterable[Identity]) -> Iterable[tuple[str, str]]:
    return ((identity.name, identity.email) for identity in identities if not identity.account)


def _distinct(entries: Iterable[Entry]) -> Iterable[Entry]:
    taken: set[str] = set()
    for one in entries:
        if not one.normal_emails & taken:
            taken |= one.normal_emails
            yield one
