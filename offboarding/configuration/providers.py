"""A provider's module at one configured instance: what it is asked and what it answers carries the instance's name."""

from collections.abc import Iterator
from typing import Any

import revokers
from offboarding.configuration import instances
from offboarding.configuration.instances import family
from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from revokers.protocol import Identifies, NotAutomatic, NotIdentified, Option, Revoker, Trusts, Undoes


class At:
    """A named instance's revoker: its provider's module, to which the instance's name means nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._module = module = revokers.REGISTRY[family(name)]
        self.PROVIDER, self.URL, self.HOSTS = module.PROVIDER, module.URL, module.HOSTS
        self.READS, self.WRITES, self.NEEDS = module.READS, module.WRITES, module.NEEDS
        self.HANDLES, self.BY_EMAIL, self.gate = module.HANDLES, module.BY_EMAIL, module.gate
        self.IDENTIFIES = module.IDENTIFIES if isinstance(module, Identifies) else {}

    def options(self, point: AccessPoint, /) -> tuple[Option, ...]:
        return self._module.options(self._in(point))

    def check(self, http: Reader, credential: Credential, /) -> Check:
        return instances.check(self.name, self._module.check(http, credential))

    def inventory(self, http: Reader, settings: Any, account: Account, /) -> Iterator[AccessPoint | Gap]:
        known = Account(provider=self.PROVIDER, id=account.id, login=account.login, email=account.email)
        return self._out(self._module.inventory(http, settings, known))

    def authorised(self, http: Reader, settings: Any, keys: frozenset[str], /) -> Iterator[AccessPoint | Gap]:
        """Nothing where the provider takes no SSH keys."""
        found = self._module.authorised(http, settings, keys) if isinstance(self._module, Trusts) else iter(())
        return self._out(found)

    def identify(self, http: Reader, settings: Any, credential: Credential, /) -> AccessPoint:
        """Raises NotIdentified where the provider's module cannot say which listed key a value is."""
        if not isinstance(self._module, Identifies):
            raise NotIdentified(f"{self.name}: nothing here says which listed key a value is")
        return instances.outward(self.name, self._module.identify(http, settings, credential))

    def state(self, http: Reader, settings: Any, point: AccessPoint, credential: Credential | None, /) -> Check:
        return instances.check(self.name, self._module.state(http, settings, self._in(point), credential))

    def revoke(
        self, http: Writer, settings: Any, action: Action, point: AccessPoint, credential: Credential | None, /
    ) -> Exchange:
        return self._module.revoke(http, settings, action, self._in(point), credential)

    def undo(self, http: Writer, settings: Any, point: AccessPoint, credential: Credential | None, /) -> Exchange:
        if not isinstance(self._module, Undoes):
            raise NotAutomatic(f"{self.name}: nothing here switches it on again")
        return self._module.undo(http, settings, self._in(point), credential)

    def _in(self, point: AccessPoint) -> AccessPoint:
        return instances.inward(self.name, point)

    def _out(self, found: Iterator[AccessPoint | Gap]) -> Iterator[AccessPoint | Gap]:
        for item in found:
            outward = instances.gap if isinstance(item, Gap) else instances.outward
            yield outward(self.name, item)  # type: ignore[arg-type]


def known(name: str) -> bool:
    """Whether there is a revoker for the provider of this name."""
    return family(name) in revokers.REGISTRY


def revoker(name: str) -> Revoker:
    """The revoker of an instance; the provider's own table has the module itself. Raises KeyError."""
    return revokers.REGISTRY[name] if name == family(name) else At(name)


def reader(name: str, settings: Any, **options: Any) -> Reader:
    """A Reader at the instance's address."""
    return revokers.reader(family(name), settings, **options)


def writer(name: str, settings: Any, **options: Any) -> Writer:
    """A Writer at the instance's address. Raises `offkey.http.Refused` as `revokers.writer` does."""
    return revokers.writer(family(name), settings, **options)
