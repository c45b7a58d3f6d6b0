"""Asks providers, without changing anything: whose a leaked value is, and what they list for the person.

Providers are asked side by side, each by one request at a time. A value goes to its own issuer and nowhere else, and
only where the provider is configured. What could not be asked is a Gap.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import revokers
from offboarding import gather, lanes, mirror
from offboarding.config import Config
from offboarding.identifying import Identified, Issuer
from offboarding.setting import Setting, Tell
from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Check, Credential, Finding, Gap, Liveness, Person
from scanner.values import ValueGone


class Listing(Protocol):
    """What listing needs of a Setting."""

    @property
    def config(self) -> Config: ...
    @property
    def now(self) -> datetime: ...
    @property
    def tell(self) -> Tell: ...


@dataclass(frozen=True)
class Asked:
    """Issuers' answers, and the id by which a value is a listed key: inside it, or looked up. Both by fingerprint."""

    checks: dict[str, Check] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    identified: Identified = field(default_factory=Identified)


def ask(setting: Setting, findings: Sequence[Finding], gaps: list[Gap]) -> Asked:
    """Each issuer's answer about each value that has a revoker, and the public ids inside values."""
    asked = Asked()
    read = mirror.reader(setting.state, setting.run, setting.key)
    mine = [f for f in findings if f.provider in revokers.REGISTRY and f.kind in revokers.handled()]
    settings = _settings(setting, {finding.provider for finding in mine}, gaps)
    readers = {name: revokers.reader(name, found) for name, found in settings.items()}
    lanes_of: dict[Hashable, list[tuple[Finding, Credential]]] = defaultdict(list)
    for number, finding in enumerate(mine):
        setting.tell("reading values", number, len(mine))
        try:
            credential = read(as_point(finding))
        except ValueGone as error:
            gaps.append(Gap(where=f"{finding.kind} {finding.redacted}", why=str(error), advice=error.advice))
            continue
        if "id" in credential.parts:
            asked.ids[finding.fingerprint] = credential.parts["id"].reveal().decode("ascii", "replace")
        if finding.provider in readers:
            lanes_of[finding.provider].append((finding, credential))
    total = sum(map(len, lanes_of.values()))

    def one(item: tuple[Finding, Credential]) -> None:
        finding, credential = item
        with telling:
            setting.tell(f"asking {finding.provider}", len(asked.checks), total)
        asked.checks[finding.fingerprint] = _checked(setting, readers[finding.provider], credential)

    def which(item: tuple[Finding, Credential]) -> None:
        finding, credential = item
        at, known = Issuer(readers[finding.provider], settings[finding.provider]), asked.checks[finding.fingerprint]
        gap = asked.identified.look(at, finding.fingerprint, credential, known)
        gaps.extend([gap] if gap else [])

    telling = threading.Lock()
    lanes.run(lanes_of, one)
    lanes.run(lanes_of, which)
    asked.identified.settle()
    asked.ids.update(asked.identified.ids())
    return asked


def with_identified(listed: Iterable[AccessPoint], asked: Asked, now: datetime) -> list[AccessPoint]:
    """What was listed for the person, and the keys that found values are, each once: the person's list says more."""
    points = {point.id: steady(point, now) for point in asked.identified.points.values()}
    return list((points | {point.id: point for point in listed}).values())


def _checked(setting: Setting, reader: Reader, credential: Credential) -> Check:
    try:
        answer = revokers.REGISTRY[reader.gate.provider].check(reader, credential)
    except OffkeyError as error:
        answer = Check(liveness=Liveness.UNKNOWN, reason=str(error), at=setting.now)
    # The moment of asking differs from run to run; the plan's own moment stands for all of it (DESIGN rule 8).
    return replace(answer, at=setting.now)


def as_point(finding: Finding) -> AccessPoint:
    return AccessPoint(
        id="", provider=finding.provider, kind=finding.kind, fingerprint=finding.fingerprint, places=finding.places
    )


def _settings(setting: Setting, providers: Iterable[str], gaps: list[Gap]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in sorted(providers):
        settings = setting.config.provider_settings(name, write=False)
        if isinstance(settings, Gap):
            why = f"its credentials were found, and it was not asked: {settings.why}"
            gaps.append(replace(settings, why=why))
        else:
            made[name] = settings
    return made


def listed(setting: Listing, person: Person, gaps: list[Gap]) -> list[AccessPoint]:
    """What each configured provider lists for the person's certain accounts there."""
    found: dict[str, list[AccessPoint | Gap]] = {name: [] for name in sorted(setting.config.providers)}
    telling = threading.Lock()

    def one(name: str) -> None:
        with telling:
            setting.tell(f"listing {name}", sum(map(bool, found.values())), len(found))
        found[name] += _listed_at(name, setting, person)

    lanes.run({name: [name] for name in found}, one)
    everything = [item for items in found.values() for item in items]
    gaps += [item for item in everything if isinstance(item, Gap)]
    return [steady(point, setting.now) for point in everything if isinstance(point, AccessPoint)]


def _listed_at(name: str, setting: Listing, person: Person) -> Iterator[AccessPoint | Gap]:
    settings = setting.config.provider_settings(name, write=False)
    if isinstance(settings, Gap):
        yield settings
        return
    if not revokers.REGISTRY[name].NEEDS:  # it lists nothing of anybody
        return
    if settings.read is None:
        advice = f"set `read` under [providers.{name}] in offkey.toml"
        yield Gap(where=name, why="what the person holds there cannot be listed", advice=advice)
        return
    there = _accounts(name, person)
    if not there:
        advice = "add the person's account there to people.yaml"
        yield Gap(where=name, why="the directory knows no account of the person there", advice=advice)
    for account in there:
        yield from _inventory(name, settings, account)


def _accounts(name: str, person: Person) -> list[Account]:
    """The person's accounts at a provider; where it finds people by address, their proven addresses stand for one."""
    known = [account for account in gather.accounts(person) if account.provider == name]
    if known or not revokers.REGISTRY[name].BY_EMAIL:
        return known
    return [Account(provider=name, id="", email=email) for email in sorted(gather.certain_emails(person))]


def steady(point: AccessPoint, now: datetime) -> AccessPoint:
    """The point without what differs between equal runs: when we asked, and a use that may have been our asking."""
    used = point.last_used if point.last_used and point.last_used.date() < now.date() else None
    return replace(point, last_used=used, check=replace(point.check, at=now) if point.check else None)


def _inventory(name: str, settings: Any, account: Account) -> Iterator[AccessPoint | Gap]:
    reader = revokers.reader(name, settings)
    try:
        yield from revokers.REGISTRY[name].inventory(reader, settings, account)
    except OffkeyError as error:
        yield Gap(where=name, why=str(error), advice=error.advice)
    finally:
        reader.close()
