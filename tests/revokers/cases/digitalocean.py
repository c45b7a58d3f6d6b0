"""DigitalOcean, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.digitalocean import DigitalOceanSimulator, digitalocean_oauth, digitalocean_pat


def _digitalocean(kind: str, make: Callable[[str], str]) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with DigitalOceanSimulator() as ocean:
            settings = revokers.digitalocean.Settings(url=ocean.url)
            case = Case(kind, ocean, settings, (Action.REVOKE,), [leak(kind) for _ in range(3)], lists=False)
            for name in ("ann", "dana", "zoe"):
                ocean.add_token(make(name), f"{name}@example.com")
                case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="digitalocean", id="", email="dana@example.com")
            case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "digitalocean.pat": _digitalocean("digitalocean.pat", digitalocean_pat),
    "digitalocean.oauth": _digitalocean("digitalocean.oauth", digitalocean_oauth),
}
