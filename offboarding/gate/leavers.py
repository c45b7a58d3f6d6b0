"""Who counts as departed or departing: by the directory's leaving date, or because a run was made for them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from offboarding.gate.known import Run
from offboarding.identity import people
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory
from offboarding.identity.overrides import Overrides
from offboarding.identity.population import Population
from offboarding.identity.seen import Seen
from offkey.model import Person


@dataclass(frozen=True, slots=True)
class Leaver:
    """`planned` is the person as each of the `runs` knew them; `departing` says that the leaving date is to come."""

    id: str
    departing: bool
    runs: tuple[str, ...] = ()
    planned: tuple[Person, ...] = ()

    @property
    def words(self) -> str:
        """What may be said of the person where anybody may read it."""
        whose = "a departing person's" if self.departing else "a departed person's"
        return f"{whose} (run {', '.join(self.runs)})" if self.runs else f"{whose} (no run yet)"


def leavers(directory: Directory, runs: Iterable[Run], now: datetime, within: timedelta) -> tuple[Leaver, ...]:
    """Everybody whose leaving date is past, or comes within that time, or for whom a run was planned; by id."""
    found: dict[str, Leaver] = {}
    for entry in directory.entries:
        if entry.left_at is not None and entry.left_at <= now + within and not entry.shared:
            found[entry.id] = Leaver(entry.id, entry.left_at > now)
    for run in runs:
        assert run.told.plan is not None
        person = run.told.plan.person
        entry_of = directory.find(person.id) if person.id else None
        name = entry_of.id if entry_of else person.id
        left = entry_of.left_at if entry_of else person.left_at
        known = found.get(name) or Leaver(name, left is not None and left > now)
        found[name] = replace(known, runs=(*known.runs, run.name), planned=(*known.planned, person))
    return tuple(found[name] for name in sorted(found))


def resolved(
    leaver: Leaver, directory: Directory, seen: Population | Sequence[Seen], decided: Overrides
) -> tuple[Person, ...]:
    """The person with the identities among those `seen`, and as each run knew them."""
    population = seen if isinstance(seen, Population) else Population(seen)
    if directory.find(leaver.id) is None and "@" not in leaver.id:
        return leaver.planned
    return (people.resolve(leaver.id, directory, population, overrides=decided), *leaver.planned)


def addresses(leaver: Leaver, directory: Directory) -> frozenset[str]:
    """Addresses, in normal form, that are certainly the person's."""
    entry = directory.find(leaver.id)
    planned = {
        normal_email(address)
        for person in leaver.planned
        for address in (*person.emails, *(identity.email for identity in person.certain))
        if address
    }
    return frozenset(planned | (entry.normal_emails if entry else set()))
