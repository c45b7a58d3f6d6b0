"""Every configured instance of one provider, to be asked whose a value is: each address once (ADR 18)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import revokers
from offboarding.asking import placing
from offboarding.asking.identifying import Issuer
from offboarding.asking.placing import Here
from offboarding.configuration import instances, providers
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.configuration.providers import At
from offkey.errors import OffkeyError
from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Gap, Liveness
from revokers.protocol import NotAutomatic, Option, Revoker


@dataclass(frozen=True, slots=True)
class Issuers:
    """`readers` by address; `unasked` has, for each address at which nobody can be asked, why."""

    revoker: Revoker
    here: Sequence[Here]
    readers: Mapping[str, Reader]
    unasked: Mapping[str, Check]

    def issuer(self, name: str) -> Issuer | None:
        """Who lists what an instance has; None for one that cannot be asked, or where nobody can say which it is."""
        one = next((each for each in self.here if each.name == name and not isinstance(each.settings, Gap)), None)
        return Issuer(name, providers.revoker(name), self.readers[one.base], one.settings) if one else None

    def ask(self, base: str, credential: Credential) -> Check:
        """What one address says, as the provider's module reads it. Never raises for what is answered."""
        reader = self.readers[base]
        try:
            return self.revoker.check(reader, credential)
        except OffkeyError as error:
            return Check(liveness=Liveness.UNKNOWN, reason=str(error), at=reader.now())

    def placed(
        self, answers: Mapping[str, Check], listed: frozenset[str], known: frozenset[tuple[str, str]]
    ) -> tuple[str, Check]:
        """At which instance the value is, by the answers of those that were asked, and what is said of it."""
        return placing.placed(self.revoker, self.here, {**answers, **self.unasked}, listed=listed, known=known)

    def everywhere(self, credential: Credential) -> Check:
        """What all of them say together."""
        answers = {base: self.ask(base, credential) for base in self.readers}
        return placing.placed(self.revoker, self.here, {**answers, **self.unasked})[1]


def of(config: Config, provider: str, gaps: list[Gap], now: Callable[[], datetime]) -> Issuers:
    """The instances of a provider, with a Gap for each that cannot be asked."""
    here: list[Here] = []
    readers: dict[str, Reader] = {}
    unasked: dict[str, Check] = {}
    for name in config.instances_of(provider) or (provider,):
        settings = config.provider_settings(name, write=False)
        base = _base(config, name)
        here.append(Here(name=name, settings=settings, base=base))
        if isinstance(settings, Gap):
            gaps.append(settings)
            unasked[base] = Check(liveness=Liveness.UNKNOWN, reason=f"not asked: {settings.why}", at=now())
        elif base not in readers:
            readers[base] = revokers.reader(provider, settings)
    # What another instance is told at the same address stands for one that cannot be asked itself.
    unasked = {base: why for base, why in unasked.items() if base not in readers}
    return Issuers(revokers.REGISTRY[provider], here, readers, unasked)


def _base(config: Config, name: str) -> str:
    table = config.providers.get(name)
    return str((table.url if table else "") or revokers.REGISTRY[family(name)].URL).rstrip("/")


class Undecided(At):
    """The revoker of what belongs to one of several instances: it asks them all, and ends nothing."""

    def __init__(self, name: str, issuers: Issuers | None = None) -> None:
        super().__init__(name)
        self.issuers = issuers

    def options(self, point: AccessPoint, /) -> tuple[Option, ...]:
        ways = super().options(point)
        if ways and all(way.action is Action.KEEP for way in ways):
            return ways
        provider = family(self.name)
        return (
            Option(
                action=Action.HAND_OVER,
                reversible=False,
                reason=f"nobody can say at which of the configured instances of {provider} it is",
                how=f"See at which instance of {provider} it is and end it there; then its value is refused.",
            ),
        )

    def state(self, http: Reader, settings: Any, point: AccessPoint, credential: Credential | None, /) -> Check:
        """What the instances say together; their exchanges are noted with `http`'s."""
        if credential is None or self.issuers is None:
            return Check(liveness=Liveness.UNKNOWN, reason="the value is not at hand", at=http.now())
        marks = {base: len(reader.exchanges) for base, reader in self.issuers.readers.items()}
        told = self.issuers.everywhere(credential)
        for base, reader in self.issuers.readers.items():
            if reader is not http:
                http.exchanges.extend(reader.exchanges[marks[base] :])
        return told

    def revoke(
        self, http: Writer, settings: Any, action: Action, point: AccessPoint, credential: Credential | None, /
    ) -> Exchange:
        raise NotAutomatic(f"nobody can say at which instance {point.id} is", advice=self.options(point)[0].how)


def asker(config: Config, name: str, now: Callable[[], datetime]) -> tuple[Undecided, Reader] | Gap:
    """The revoker for an undecided name and the Reader that keeps its exchanges; a Gap where nobody can be asked."""
    gaps: list[Gap] = []
    issuers = of(config, family(name), gaps, now)
    return (Undecided(name, issuers), next(iter(issuers.readers.values()))) if issuers.readers else gaps[0]


def options(point: AccessPoint) -> tuple[Option, ...]:
    """What can be done about a point, at whichever instance it is; nothing where there is no revoker."""
    if not providers.known(point.provider):
        return ()
    undecided = instances.is_undecided(point.provider)
    return (Undecided(point.provider) if undecided else providers.revoker(point.provider)).options(point)
