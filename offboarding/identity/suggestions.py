"""What is probable: identities that share a name, a handle or a rare word with a person, for somebody's yes or no.

A name that others in the directory have, too, and nothing else is set apart with whose it may be.
"""

from collections.abc import Callable, Iterator

from offboarding.identity import names
from offboarding.identity.corroboration import NAMESAKE, SAME, SIMILAR, Core, Sign, near, related, signs
from offboarding.identity.edges import CLAIM, DIRECTORY, Edge
from offboarding.identity.population import Population, Sighting

REVIEWED = 12
"""A word in common that at most so many addresses share is shown to a person."""


def to_review(core: Core, population: Population, free: Callable[[Sighting], bool]) -> dict[Sighting, Edge]:
    """The edges of what is worth a person's look; with an address that has the person's name, its other names are."""
    looked = candidates(core, population)
    found = {s: edge for s in looked if free(s) and (edge := probable(s, core, population))}
    named = {s.address for s in found if related(s, core) in (SAME, SIMILAR)} - population.shared_addresses
    said = Edge(CLAIM, "probable", "another name at an address that commits under the person's full name, too")
    for address in sorted(named):
        found |= {s: said for s in population.by_address.get(address, ()) if s not in found and free(s)}
    return found


def probable(sighting: Sighting, core: Core, population: Population) -> Edge | None:
    """The edge that makes a sighting worth a person's look, or None: names, handles and words in common.

    A name that others have, too, and nothing else is excluded, with whose it may be.
    """
    relation = related(sighting, core)
    strong = [sign for sign in _strong(sighting, core, population, relation) if sign.kind != "made"]
    if relation is NAMESAKE and not strong:
        others = sorted({who for key in sighting.keys for who in core.namesakes.get(key, ())})
        said = f"the name alone, and {', '.join(others)} in the directory has it too"
        return Edge(DIRECTORY, "excluded", said)
    reasons = list(_reasons(sighting, core, population))
    return Edge(CLAIM, "probable", "; ".join(reasons)) if reasons else None


def _reasons(sighting: Sighting, core: Core, population: Population) -> Iterator[str]:
    relation = related(sighting, core)
    others = _strong(sighting, core, population, relation)
    if sighting.address in core.corroborated:
        yield "another name at an address that is probably the person's"
    if relation is SAME:
        yield "the same full name" if others else "nothing but the same full name"
    elif relation is SIMILAR:
        yield "a similar name"
    elif relation is NAMESAKE:
        yield NAMESAKE
    if others or relation in (SAME, SIMILAR):
        yield from (sign.sentence for sign in others)
        return
    yield from _words_in_common(sighting, core, population)


def _strong(sighting: Sighting, core: Core, population: Population, relation: str) -> list[Sign]:
    """The signs that say more than a name and a time zone."""
    return [s for s in signs(sighting, core, population, relation) if s.kind not in ("rare", "zone", "zones")]


def _words_in_common(sighting: Sighting, core: Core, population: Population) -> Iterator[str]:
    chosen = names.letters(sighting.handle)
    if len(chosen) > 3 and any(chosen in names.logins(name) for name in core.names):
        yield f"{sighting.handle} is what the name gives"
        return
    common = sorted(sighting.tokens & tokens(core), key=lambda word: (population.addresses_with(word), word))
    if common and (len(common) > 1 or population.addresses_with(common[0]) <= REVIEWED):
        yield f"{' and '.join(common)} in common"


def tokens(core: Core) -> frozenset[str]:
    """The words of the person's names and handles, and of what her own addresses commit under."""
    found = {word for name in core.names for word in names.tokens(name, "")}
    found |= {word for chosen in core.handles for word in names.local_words(chosen)}
    return frozenset(found | {word for s in core.sightings for word in s.tokens if s.address in core.addresses})


def candidates(core: Core, population: Population) -> tuple[Sighting, ...]:
    """All that have a word, an address, a name or a handle in common with the core, in the population's order."""
    found = set(near(core, population))
    for token in tokens(core):
        found.update(population.by_token.get(token, ()))
    for name in core.names:
        for form in names.logins(name):
            found.update(population.by_letters.get(form, ()))
    return tuple(sorted(found, key=population.rank.__getitem__))
