"""Made homonyms: what a truth without namesakes cannot show, how often another person of the name would be certain.

Of each person who is asked for, one identity of somebody else, drawn at random, is renamed to the person's full name.
Address, commits, time zones and files stay that other one's. Whether it becomes certain is the rule's error on people
of one name who have nothing else to do with each other.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmarks.identity.asking import Asked, ask, entry
from benchmarks.identity.metrics import lower_bound
from benchmarks.identity.truth import Seen, Truth
from offboarding.identity import names
from offboarding.identity.seen import Author

ROUNDS = 3
Twin = tuple[Author, str]
"""An identity of somebody else, and the name to be given to it."""


def certain(known: Truth, seed: int) -> dict[str, float]:
    """How many were made and how many became certain, with what is read of files and without; the 95 % upper bound."""
    made = taken = before = 0
    for number in range(ROUNDS):
        twins = dict(drawn(known, seed + number))
        if not twins:
            break
        truth = renamed(known, {(author.name, author.raw_email): name for author, name in twins.values()})
        made += len(twins)
        taken += sum(_taken(one, twins) for one in ask(truth, sorted(twins)))
        before += sum(_taken(one, twins) for one in ask(truth, sorted(twins), files=False))
    upper = 1 - lower_bound(made - taken, made) if made else 1.0
    return {"made": made, "certain": taken, "certain_without_files": before, "share_95_upper": round(upper, 5)}


def _taken(one: Asked, twins: Mapping[str, Twin]) -> bool:
    author, name = twins[one.person]
    return (name, author.raw_email) in one.certain.found


def drawn(known: Truth, seed: int) -> Iterator[tuple[str, Twin]]:
    """A twin for each person whom the truth gives several identities; no identity is drawn twice."""
    seeded = random.Random(seed)
    pool = [author for author in known.authors if author.authored and names.keys(author.name)]
    seeded.shuffle(pool)
    for person in sorted(known.asserted):
        asked = entry(person, known)
        if asked is None or not names.keys(asked.names[0]) or not pool:
            continue
        other = pool.pop()
        unlike = not names.same(other.name, asked.names[0]) and not names.similar(other.name, asked.names[0])
        if unlike and known.owner.get((other.name, other.raw_email)) != person:
            yield person, (other, asked.names[0])


def renamed(known: Truth, given: Mapping[Seen, str]) -> Truth:
    """The truth with other names for some identities, each a person of its own."""
    authors = tuple(
        replace(a, name=name, raw_name=name, links=()) if (name := given.get((a.name, a.raw_email))) else a
        for a in known.authors
    )
    people = {
        person: kept
        for person, found in known.people.items()
        if (kept := tuple(a for a in found if (a.name, a.raw_email) not in given))
    }
    return replace(known, authors=authors, people=people)
