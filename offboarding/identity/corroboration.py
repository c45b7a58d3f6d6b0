"""Claims that bear each other out: which identities are certainly or probably the person's by what commits say.

Everything here can be written by any committer, so it ties commits to a person and nothing else (ADR on identities).
A full name alone, however rare, is probable at most. It becomes certain with WEIGHTS that sum up to ENOUGH: the same
commits name both (as author and committer, or signed off), or both use a handle that is not made of the name, or
several weaker signs. Each round compares with all that was certain before it, until nothing is added, so that neither
the order of identities nor the starting point among them matters.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from offboarding.identity import names
from offboarding.identity.addresses import handle, is_impersonal
from offboarding.identity.edges import CORROBORATED, Edge
from offboarding.identity.handover import Changes, Raw, Trail, met
from offboarding.identity.population import Population, Sighting
from offboarding.identity.seen import Tie

SAME, SIMILAR, NICK, OTHER = "the same full name", "a similar name", "a short name", "another name"
NAMESAKE = "a full name that others in the directory have, too"
ENOUGH = {SAME: 3, SIMILAR: 4, NICK: 4, NAMESAKE: 5, OTHER: 6}
"""What the weights must sum up to, by how the name compares with the person's."""
WEIGHTS = {
    "commits": 3,
    "handle": 3,
    "trail": 3,
    "mailmap": 2,
    "pushed": 2,
    "zones": 2,
    "files": 2,
    "zone": 1,
    "made": 1,
    "rare": 1,
    "colleague": -2,
}
MANY_TIMES = 2
HALF, SOME, SELDOM = 0.5, 4, 0.08
UNLIKELY, NEXT_TO_NEVER = 0.01, 0.0001
"""How seldom a stranger's commits would meet the person's in the same versions of files as often: files, and trail."""
RARE = 4
"""A word that at most so many addresses share is rare."""
_FREE_MAIL = (
    "gmail.com hotmail.com yahoo.com outlook.com live.com msn.com aol.com icloud.com me.com mac.com qq.com 163.com "
    "126.com foxmail.com gmx.de gmx.net gmx.com web.de mail.ru yandex.ru protonmail.com proton.me pm.me fastmail.com "
    "fastmail.fm posteo.de free.fr yahoo.co.jp naver.com seznam.cz wp.pl users.noreply.github.com "
    "users.noreply.gitlab.com"
)
FREE_MAIL = frozenset(_FREE_MAIL.split())
"""Domains whose addresses anybody can have: no organisation's."""


@dataclass
class Core:
    """What is certain of the person so far: names given by the organisation, and everything seen with it."""

    names: tuple[str, ...]
    addresses: frozenset[str]
    pushed: frozenset[tuple[str, str]] = frozenset()
    namesakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    handles: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    sightings: dict[Sighting, None] = field(default_factory=dict)
    offsets: Counter[int] = field(default_factory=Counter)
    corroborated: set[str] = field(default_factory=set)
    changes: Changes = field(default_factory=Changes)
    trail: Trail = field(default_factory=Trail)

    def add(self, sighting: Sighting) -> None:
        """One more that is certain."""
        self.sightings[sighting] = None
        self.handles |= own_handles(sighting.address)
        self.offsets.update(sighting.offsets)
        self.trail.extend(self.changes.of.get(sighting.raw, ()))
        if sighting.address and sighting.address not in self.addresses:
            self.corroborated.add(sighting.address)

    def remove(self, sighting: Sighting) -> None:
        """One that was certain and is no longer."""
        del self.sightings[sighting]
        self.offsets.subtract(sighting.offsets)
        self.trail = Trail(change for s in self.sightings for change in self.changes.of.get(s.raw, ()))

    @property
    def every_address(self) -> set[str]:
        return {*self.addresses, *self.corroborated}


@dataclass(frozen=True, slots=True)
class Sign:
    """One of WEIGHTS, and what it says."""

    kind: str
    sentence: str


def own_handles(address: str) -> set[str]:
    """What somebody chose in an address, if it can tell people apart at all."""
    chosen = handle(address)
    return set() if is_impersonal(chosen) or len(chosen) < 3 else {chosen}


def grow(core: Core, population: Population, free: Callable[[Sighting], bool]) -> dict[Sighting, Edge]:
    """Adds to the core what is corroborated, round by round; the edge of each. `free` sightings alone are looked at."""
    found: dict[Sighting, Edge] = {}
    while True:
        new = {
            sighting: edge
            for sighting in near(core, population)
            if sighting not in core.sightings and free(sighting) and (edge := corroborated(sighting, core, population))
        }
        if not new:
            return found
        for sighting, edge in new.items():
            core.add(sighting)
            found[sighting] = edge


def near(core: Core, population: Population) -> Iterator[Sighting]:
    """All that share an address, a full name or a login with the core, each once, in the population's order."""
    keys = {key for name in core.names for key in names.keys(name)} | core.keys
    found = {s for key in keys for s in population.by_key.get(key, ())}
    for address in core.every_address:
        found.update(population.by_address.get(address, ()), population.by_canonical.get(address, ()))
    for chosen in core.handles:
        found.update(population.by_handle.get(chosen, ()), population.by_token.get(names.folded(chosen), ()))
    for form in sorted({form for name in core.names for form in names.logins(name)}):
        found.update(population.by_letters.get(form, ()))
    for sighting in core.sightings:
        for link in sighting.links:
            found.update(population.by_raw.get((link.name, link.email), ()))
    return iter(sorted(found, key=population.rank.__getitem__))


def corroborated(sighting: Sighting, core: Core, population: Population) -> Edge | None:
    """The edge that makes a sighting certain, or None."""
    if sighting.address in population.shared_addresses or _is_anothers(sighting, core, population):
        return None
    relation = related(sighting, core)
    if sighting.address in core.corroborated and relation is not OTHER:
        return Edge(CORROBORATED, "certain", f"{relation}, with an address that is certain for other reasons")
    found = list(signs(sighting, core, population, relation))
    if sum(WEIGHTS[sign.kind] for sign in found) < ENOUGH[relation]:
        return None
    said = "; ".join(sign.sentence for sign in found)
    return Edge(CORROBORATED, "certain", f"{relation}; {said} (what any committer could write)")


def related(sighting: Sighting, core: Core) -> str:
    """How the name as committed compares with the person's names."""
    if sighting.keys:
        if any(sighting.keys & names.keys(name) for name in core.names):
            return NAMESAKE if sighting.keys & core.namesakes.keys() else SAME
        alike = sighting.keys & core.keys or any(names.similar(sighting.raw_name, name) for name in core.names)
        return SIMILAR if alike else OTHER
    words = set(names.name_words(sighting.raw_name))
    known = {word for name in core.names for word in names.name_words(name)} | {names.folded(h) for h in core.handles}
    if words <= known or names.folded(sighting.raw_name) in known:
        return NICK
    login = names.letters(sighting.raw_name)
    return NICK if len(login) > 3 and any(login in names.logins(name) for name in core.names) else OTHER


def signs(sighting: Sighting, core: Core, population: Population, relation: str) -> Iterator[Sign]:
    """All that bears a sighting out, or speaks against it."""
    yield from _together(sighting, core)
    if sighting.handle in core.handles:
        plain = any(names.made_of(sighting.handle, name) for name in (*core.names, sighting.raw_name))
        if plain:
            yield Sign("made", f"{sighting.handle} stands in another address, too")
        else:
            yield Sign("handle", f"{sighting.handle}, which the name does not give, stands in another address, too")
    if sighting.canonical in core.addresses:
        yield Sign("mailmap", "a .mailmap in the repository says so; anybody who commits can write it")
    if sighting.raw in core.pushed:
        yield Sign("pushed", "an account of the person pushed its commits")
    if zones := _same_zones(sighting, core, population):
        yield zones
    if relation in (SAME, SIMILAR, NICK) and (files := _same_files(sighting, core)):
        yield files
    if relation is SAME and is_rare(sighting, core, population):
        yield Sign("rare", "a rare name")
    if _colleagues(sighting, core):
        yield Sign("colleague", "but two addresses of one organisation may be two people of one name")


def _together(sighting: Sighting, core: Core) -> Iterator[Sign]:
    """The same commits name this sighting and a certain one."""
    known = {s.raw for s in core.sightings}
    times = Counter[Tie]()
    for link in sighting.links:
        if (link.name, link.email) in known:
            times[link.tie] += link.commits
    if times[Tie.COMMITTED]:
        yield Sign("commits", f"author and committer in {times[Tie.COMMITTED]} of the person's commits")
    elif times[Tie.SIGNED_OFF] >= MANY_TIMES:
        yield Sign("commits", f"signed off in {times[Tie.SIGNED_OFF]} of the person's commits")


def _same_zones(sighting: Sighting, core: Core, population: Population) -> Sign | None:
    """Whether half of what either wrote was written at the same offsets from UTC; UTC itself says nothing.

    More is said where either wrote some commits, and two offsets are common to them (summer and winter) or one that
    hardly anybody else has here.
    """
    one = {minutes: number for minutes, number in sighting.offsets.items() if minutes}
    other = {minutes: number for minutes, number in core.offsets.items() if minutes and number > 0}
    all_one, all_other, both = sum(one.values()), sum(other.values()), one.keys() & other.keys()
    if not both or sum(min(one[m] / all_one, other[m] / all_other) for m in both) < HALF:
        return None
    if min(all_one, all_other) >= SOME and (len(both) > 1 or population.share_of_zone(min(both)) <= SELDOM):
        return Sign("zones", "the same time zones through the year" if len(both) > 1 else "the same rare time zone")
    return Sign("zone", "the same time zone")


def _same_files(sighting: Sighting, core: Core) -> Sign | None:
    """Whether commits take up the person's versions of files, or leave those that she takes up, more than others' do.

    Somebody of a common name is held to be a neighbour of hers sooner than to be her: for him it weighs less.
    """

    def akin(raw: Raw) -> bool:
        return raw == sighting.raw or raw in mine or any(names.same(raw[0], name) for name in known)

    mine, known = {s.raw for s in core.sightings}, (*core.names, sighting.raw_name)
    found = met(core.trail, sighting.raw, core.changes, akin)
    if found.chance > UNLIKELY:
        return None
    kind = "trail" if found.chance <= NEXT_TO_NEVER and not names.is_common(sighting.raw_name) else "files"
    said = f"next to the person's in the same files in {found.commits} of {found.of} commits"
    return Sign(kind, f"{said}, where of {found.sample} by others {found.others} are")


def _is_anothers(sighting: Sighting, core: Core, population: Population) -> bool:
    """Whether the address commits more often under a full name unlike the person's: hers was left in somebody's commit.

    A maintainer who commits for her may name her with an address of his own.
    """
    return any(
        other.keys and other.commits > sighting.commits and related(other, core) is OTHER
        for other in population.by_address.get(sighting.address, ())
    )


def is_rare(sighting: Sighting, core: Core, population: Population) -> bool:
    """Whether a full name is no common one, some word of it hardly anybody else's here, and no colleague's too."""
    words = [word for word in names.name_words(sighting.raw_name) if len(word) > 1]
    if not words or names.is_common(sighting.raw_name) or min(map(population.addresses_with, words)) > RARE:
        return False
    return not any(_colleagues(s, core) for key in sorted(sighting.keys) for s in population.by_key[key])


def _colleagues(sighting: Sighting, core: Core) -> bool:
    """Whether the address is another one of an organisation that the person has an address of: maybe a namesake's."""
    local, _, domain = sighting.address.partition("@")
    if domain in FREE_MAIL or "." not in domain:  # a machine's name is no organisation's
        return False
    locals_there = {a.partition("@")[0] for a in core.addresses if a.partition("@")[2] == domain}
    return bool(locals_there) and local not in locals_there


def is_elsewhere(sighting: Sighting, core: Core, population: Population) -> bool:
    """Whether the full name at a person's address is plainly somebody else's: unlike hers, with a busier address.

    So it looks when a colleague's address is left in the configuration of a machine, or many share an address.
    """
    if core.names and sighting.address in population.shared_addresses:
        return related(sighting, core) is OTHER
    if not sighting.keys or not core.names:
        return False
    mine = {word for name in core.names for word in names.name_words(name)}
    if mine & set(names.name_words(sighting.raw_name)) or related(sighting, core) is not OTHER:
        return False
    here = {s for address in core.addresses for s in population.by_address.get(address, ())}
    theirs = {s for key in sighting.keys for s in population.by_key[key]} - here
    return max((s.commits for s in theirs), default=0) > sighting.commits
