"""Which names, addresses and accounts are one person: evidence first, precision before recall.

A wrong merge would end an innocent person's access. What the organisation itself says (directory, recorded decisions,
account ids) comes first, and somebody else's address in the directory always wins. Then come claims of committers that
bear each other out: they make an identity certain as far as commits go, but tie no account and no provider's answer to
the person (`Identity.basis`, PROVEN in `offboarding/identity/edges.py`). One claim alone is for a person to decide.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from offboarding.identity import corroboration, suggestions
from offboarding.identity.addresses import normal_email
from offboarding.identity.corroboration import Core
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.edges import CLAIM, DIRECTORY, OVERRIDE, PROVEN, REQUEST, SOURCES, STRENGTHS, Edge
from offboarding.identity.handover import Changes
from offboarding.identity.judging import BOT_NAME, Judge
from offboarding.identity.overrides import Overrides, Verdict
from offboarding.identity.population import Population, Sighting
from offboarding.identity.seen import Proof, Seen
from offkey.errors import UsageError
from offkey.model import Account, Identity, Person

Edges = dict[Sighting, Edge]
NO_CHANGES = Changes()


class UnknownPerson(UsageError):
    """The subject is nobody's address, id or account, or more than one person's."""


def resolve(
    subject: str,
    directory: Directory,
    seen: Iterable[Seen] | Population,
    not_me: Iterable[str] = (),
    *,
    overrides: Overrides | None = None,
    proofs: Iterable[Proof] = (),
    changes: Changes = NO_CHANGES,
) -> Person:
    """The person whom `subject` (id, e-mail, `provider:login` or login) names, with every identity's evidence.

    `not_me` adds addresses to those that the directory's entry says are not this person; `proofs` are verified
    signatures and pushes, `changes` what the commits of identities in question change. Same input, same order. Raises
    UnknownPerson.
    """
    judge = _judge(subject, directory, frozenset(map(normal_email, not_me)), overrides or Overrides(), tuple(proofs))
    population = seen if isinstance(seen, Population) else Population(seen)
    return _person(judge, _weighed(judge, population, changes))


def _judge(
    subject: str, directory: Directory, not_me: frozenset[str], overrides: Overrides, proofs: tuple[Proof, ...]
) -> Judge:
    entry = directory.find(subject)
    listed = entry is not None
    if entry is None:
        if "@" not in subject:
            raise UnknownPerson(f"{subject!r} is nobody in the directory", advice=directory.suggestion(subject))
        entry = Entry(id=subject, emails=(subject,))
    if entry.shared:
        raise UnknownPerson(
            f"{entry.id} is a shared account", advice="name the person; what is shared is rotated or handed over"
        )
    return Judge(entry, directory, listed, not_me | frozenset(map(normal_email, entry.not_me)), overrides, proofs)


def _weighed(judge: Judge, population: Population, changes: Changes) -> Edges:
    """The edge to each sighting that has anything to do with the person."""
    edges = {s: edge for s in judge.concerned(population) if (edge := judge.one(s))}
    core = _core(judge, population, edges, changes)
    for sighting in [s for s, edge in edges.items() if edge.source in (DIRECTORY, REQUEST) and s in core.sightings]:
        if corroboration.is_elsewhere(sighting, core, population):
            said = "the person's address, under another's name: it is shared, or was left in a configuration"
            edges[sighting] = Edge(CLAIM, "probable", said)
            core.remove(sighting)

    if not judge.listed and not core.sightings:
        return edges  # an address that is in no commit and no directory, perhaps misspelt, says nothing of anybody

    def free(sighting: Sighting) -> bool:
        return sighting not in edges and not judge.is_others(sighting)

    edges |= corroboration.grow(core, population, free)
    mine = {s.address for s, edge in edges.items() if edge.strength == "certain"}
    # Anybody can call himself a bot in one commit: that does not take the address from the person.
    named = [s for s, edge in edges.items() if edge.sentence == BOT_NAME and s.address in mine]
    edges |= {s: Edge(CLAIM, "probable", f"{BOT_NAME}, with an address of the person") for s in named}
    maybe = suggestions.to_review(core, population, free)
    return edges | maybe


def _core(judge: Judge, population: Population, edges: Edges, changes: Changes) -> Core:
    mine = sorted((s for s, edge in edges.items() if edge.strength == "certain"), key=population.rank.__getitem__)
    given = judge.entry.names or _usual_names(s for s in mine if s.address in judge.entry.normal_emails)
    confirmed = (one.address for one in judge.overrides.of(judge.entry.id) if one.verdict is Verdict.THEIRS)
    addresses = judge.entry.normal_emails | frozenset(map(normal_email, confirmed))
    core = Core(names=given, addresses=addresses, pushed=judge.pushed, namesakes=judge.namesakes, changes=changes)
    for address in sorted(core.addresses):
        core.handles |= corroboration.own_handles(address)
    core.handles |= {login.casefold() for _, login in judge.entry.logins if len(login) > 2}
    for sighting in mine:
        core.add(sighting)
    core.keys |= _learned([s for s in mine if s.address not in population.shared_addresses], judge)
    return core


def _usual_names(mine: Iterable[Sighting]) -> tuple[str, ...]:
    """The full name that the person's own addresses commit under most often, where the directory gives none."""
    commits: dict[str, int] = defaultdict(int)
    for sighting in mine:
        if sighting.keys:
            commits[sighting.raw_name] += sighting.commits
    return (min(commits, key=lambda name: (-commits[name], name)),) if commits else ()


def _learned(mine: list[Sighting], judge: Judge) -> set[str]:
    """The full names that the person's own addresses commit under, not just now and then, and that nobody else has."""
    every: dict[str, int] = defaultdict(int)
    for sighting in mine:
        every[sighting.address] += sighting.commits
    kept = (s for s in mine if s.keys and s.commits >= 3 and 5 * s.commits >= every[s.address])
    return {key for s in kept if not judge.directory.named(s.keys) for key in s.keys}


def _person(judge: Judge, edges: Edges) -> Person:
    entry = judge.entry
    sets: dict[str, set[Identity]] = {strength: set() for strength in STRENGTHS}
    given = tuple(_given(judge))
    sets["certain"].update(given)
    for (name, email), found in _by_identity(edges).items():
        strength = min((edge.strength for edge in found), key=STRENGTHS.index)
        held = [edge for edge in found if edge.strength == strength]
        basis = min((edge.source for edge in held), key=SOURCES.index)
        said = tuple(sorted({edge.sentence for edge in held}))
        sets[strength].add(Identity(name=name, email=email, evidence=said, basis=basis))
    certain = _sorted(sets["certain"])
    proven = [identity for identity in certain if identity.basis in PROVEN]
    return Person(
        id=entry.id,
        names=tuple(dict.fromkeys((*entry.names, *(i.name for i in proven if i.name)))),
        emails=tuple(dict.fromkeys(i.email for i in (*given, *proven) if i.email)),
        accounts=entry.account_records,
        left_at=entry.left_at,
        certain=certain,
        probable=_sorted(sets["probable"]),
        excluded=_sorted(sets["excluded"]),
        confirmed_by_directory=judge.listed and entry.left_at is not None,
    )


def masked(person: Person, mask: Callable[[str], str]) -> Person:
    """The person without the credentials that somebody put into a name or an address of a commit."""

    def shown(identity: Identity) -> Identity:
        said = tuple(map(mask, identity.evidence))
        return replace(identity, name=mask(identity.name), email=mask(identity.email), evidence=said)

    return replace(
        person,
        names=tuple(dict.fromkeys(map(mask, person.names))),
        emails=tuple(dict.fromkeys(map(mask, person.emails))),
        certain=tuple(map(shown, person.certain)),
        probable=tuple(map(shown, person.probable)),
        excluded=tuple(map(shown, person.excluded)),
    )


def _by_identity(edges: Edges) -> dict[tuple[str, str], list[Edge]]:
    found: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for sighting, edge in edges.items():
        found[sighting.identity].append(edge)
    return found


def _given(judge: Judge) -> Iterator[Identity]:
    """What the directory, the request and recorded decisions say is the person's, seen in a commit or not."""
    entry, basis = judge.entry, DIRECTORY if judge.listed else REQUEST
    for email in entry.emails:
        decision = judge.overrides.on(entry.id, normal_email(email))
        elsewhere = judge.overrides.given_to(normal_email(email)) not in ("", entry.id)
        if elsewhere or normal_email(email) in judge.not_me or (decision and decision.verdict is Verdict.NOT_THEIRS):
            continue
        yield Identity(email=email, evidence=(f"{_source(judge, normal_email(email))} address",), basis=basis)
    for account in entry.account_records:
        key = f"{account.provider}:{account.id or account.login}"
        yield Identity(account=account, evidence=(f"{_source(judge, key)} account",), basis=basis)
    for decision in judge.overrides.of(entry.id):
        if decision.verdict is Verdict.THEIRS and normal_email(decision.address) not in entry.normal_emails:
            yield Identity(email=decision.address, evidence=(decision.sentence,), basis=OVERRIDE)


def _source(judge: Judge, key: str) -> str:
    if not judge.listed:
        return "named in the request; the directory does not know it"
    return f"{judge.directory.said(judge.entry, key)} lists this"


def _sorted(identities: Iterable[Identity]) -> tuple[Identity, ...]:
    def key(identity: Identity) -> tuple[str, ...]:
        account = identity.account or Account(provider="", id="")
        return (account.provider, account.login, account.id, identity.email.lower(), identity.email, identity.name)

    return tuple(sorted(identities, key=key))
