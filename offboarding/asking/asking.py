"""Asks providers, without changing anything: whose a leaked value is, and what they list for the person.

Providers are asked side by side, each address by one request at a time. A value goes to its own issuer and nowhere
else: where its provider is configured several times, to each of those instances (ADR 18). What could not be asked is a
Gap.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import revokers
from offboarding import mirror
from offboarding.asking import issuers, lanes, placing
from offboarding.asking.identifying import Identified
from offboarding.asking.issuers import Issuers
from offboarding.configuration import instances, providers
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.planning import gather
from offboarding.planning.setting import Setting, Tell
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Account, Check, Credential, Finding, Gap, Person
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
    """By fingerprint: issuers' answers, the instance that a value is at, and the id by which it is a listed key.

    That id stands inside it, or was looked up.
    """

    checks: dict[str, Check] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    identified: Identified = field(default_factory=Identified)

    def told(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings, each with the instance that its value is at in `provider`, and with which key it is."""
        placed = [replace(one, provider=self.at.get(one.fingerprint, one.provider)) for one in findings]
        return self.identified.told(placed)


Answers = dict[str, dict[str, Check]]
"""By fingerprint and address."""


def ask(
    setting: Setting, person: Person, findings: Sequence[Finding], listed: Sequence[AccessPoint], gaps: list[Gap]
) -> Asked:
    """Each issuer's answer about each value that has a revoker, and the public ids inside values.

    A value is shown to each configured instance of its provider once an address, except where it names another host.
    """
    asked, answers = Asked(), Answers()
    read = mirror.reader(setting.state, setting.run, setting.key)
    mine = [f for f in findings if f.provider in revokers.REGISTRY and revokers.handles(f.kind)]
    here = {name: _issuers(setting, name, gaps) for name in sorted({finding.provider for finding in mine})}
    lanes_of: dict[tuple[str, str], list[tuple[Finding, Credential]]] = defaultdict(list)
    for number, finding in enumerate(mine):
        setting.tell("reading values", number, len(mine))
        try:
            credential = read(as_point(finding))
        except ValueGone as error:
            gaps.append(Gap(where=f"{finding.kind} {finding.redacted}", why=str(error), advice=error.advice))
            continue
        if "id" in credential.parts:
            asked.ids[finding.fingerprint] = credential.parts["id"].reveal().decode("ascii", "replace")
        for base in here[finding.provider].readers:
            lanes_of[finding.provider, base].append((finding, credential))
    _answers(setting, lanes_of, here, answers)
    known = frozenset((one.provider, one.id) for one in (*gather.accounts(person), *_holders(listed)))
    for finding in mine:
        told = answers.get(finding.fingerprint)
        if told is None and here[finding.provider].readers:
            continue  # the value is gone
        inside = placing.listed_at(listed, finding.kind, asked.ids.get(finding.fingerprint, ""))
        at, check = here[finding.provider].placed(told or {}, inside, known)
        asked.at[finding.fingerprint] = at
        if told is not None:
            asked.checks[finding.fingerprint] = check
    _identify(lanes_of, here, asked, gaps)
    return asked


Lanes = Mapping[tuple[str, str], Sequence[tuple[Finding, Credential]]]
"""By provider and address: each finding that was asked about there, with its value."""


def _identify(lanes_of: Lanes, here: Mapping[str, Issuers], asked: Asked, gaps: list[Gap]) -> None:
    """Look up which listed keys the values are, each where it was placed."""

    def which(item: tuple[str, Finding, Credential]) -> None:
        base, finding, credential = item
        issuer = here[finding.provider].issuer(asked.at[finding.fingerprint])
        if issuer is None or issuer.http is not here[finding.provider].readers[base]:
            return
        check = asked.checks[finding.fingerprint]
        gap = asked.identified.look(issuer, finding.fingerprint, credential, check)
        gaps.extend([gap] if gap else [])

    lanes.run(_work(lanes_of), which)
    asked.identified.settle()
    asked.ids.update(asked.identified.ids())


def _work(lanes_of: Lanes) -> dict[Hashable, list[tuple[str, Finding, Credential]]]:
    return {lane: [(lane[1], *item) for item in items] for lane, items in lanes_of.items()}


def with_identified(listed: Iterable[AccessPoint], asked: Asked, now: datetime) -> list[AccessPoint]:
    """What was listed for the person, and the keys that found values are, each once: the person's list says more."""
    points = {point.id: steady(point, now) for point in asked.identified.points.values()}
    return list((points | {point.id: point for point in listed}).values())


def _holders(listed: Iterable[AccessPoint]) -> Iterator[Account]:
    """The person's accounts as the lists have them."""
    return (point.holder for point in listed if point.holder is not None)


def _answers(
    setting: Setting,
    lanes_of: Lanes,
    here: Mapping[str, Issuers],
    answers: Answers,
) -> None:
    """Fill in every answer: the addresses side by side, each asked one thing at a time."""
    total, told = sum(map(len, lanes_of.values())), 0
    telling = threading.Lock()

    def one(item: tuple[str, Finding, Credential]) -> None:
        nonlocal told
        base, finding, credential = item
        with telling:
            setting.tell(f"asking {finding.provider}", told, total)
            told += 1
            known = answers.setdefault(finding.fingerprint, {})
        # The moment of asking differs from run to run; the plan's own moment stands for all of it (DESIGN rule 8).
        known[base] = replace(here[finding.provider].ask(base, credential), at=setting.now)

    lanes.run(_work(lanes_of), one)


def _issuers(setting: Setting, provider: str, gaps: list[Gap]) -> Issuers:
    unasked: list[Gap] = []
    found = issuers.of(setting.config, provider, unasked, lambda: setting.now)
    gaps += [replace(gap, why=f"its credentials were found, and it was not asked: {gap.why}") for gap in unasked]
    return found


def as_point(finding: Finding) -> AccessPoint:
    return AccessPoint(
        id="", provider=finding.provider, kind=finding.kind, fingerprint=finding.fingerprint, places=finding.places
    )


def listed(setting: Listing, person: Person, gaps: list[Gap], *, exactly: bool = False) -> list[AccessPoint]:
    """What each configured provider lists for the person's certain accounts there; `exactly` as it was told."""
    found: dict[str, list[AccessPoint | Gap]] = {name: [] for name in sorted(setting.config.providers)}
    telling = threading.Lock()

    def one(name: str) -> None:
        with telling:
            setting.tell(f"listing {name}", sum(map(bool, found.values())), len(found))
        found[name] += listed_at(name, setting, person)

    lanes.run({name: [name] for name in found}, one)
    everything = [item for items in found.values() for item in items]
    gaps += [item for item in everything if isinstance(item, Gap)]
    points = [item for item in everything if isinstance(item, AccessPoint)]
    return points if exactly else [steady(point, setting.now) for point in points]


def listed_at(name: str, setting: Listing, person: Person) -> Iterator[AccessPoint | Gap]:
    """What one configured provider lists for the person's certain accounts there, as it answers."""
    settings = setting.config.provider_settings(name, write=False)
    if isinstance(settings, Gap):
        yield settings
        return
    if not revokers.REGISTRY[family(name)].NEEDS:  # it lists nothing of anybody
        return
    if settings.read is None:
        advice = f"set `read` under [{instances.table(name)}] in offkey.toml"
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
    if known or not revokers.REGISTRY[family(name)].BY_EMAIL:
        return known
    return [Account(provider=name, id="", email=email) for email in sorted(gather.certain_emails(person))]


def steady(point: AccessPoint, now: datetime) -> AccessPoint:
    """The point without what differs between equal runs: when we asked, and a use that may have been our asking."""
    used = point.last_used if point.last_used and point.last_used.date() < now.date() else None
    return replace(point, last_used=used, check=replace(point.check, at=now) if point.check else None)


def _inventory(name: str, settings: Any, account: Account) -> Iterator[AccessPoint | Gap]:
    reader = providers.reader(name, settings)
    try:
        yield from providers.revoker(name).inventory(reader, settings, account)
    except OffkeyError as error:
        yield Gap(where=name, why=str(error), advice=error.advice)
    finally:
        reader.close()
