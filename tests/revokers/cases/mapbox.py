"""Mapbox, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.mapbox import MapboxSimulator, secret_token

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _mapbox() -> Iterator[Case]:
    with MapboxSimulator() as sim:
        own = Secret(secret_token("offkey's own").encode())
        sim.add_token("acme", secret_token("offkey's own"), writes=True)
        settings = revokers.mapbox.Settings(read=own, write=own, url=sim.url, account="acme")
        case = Case("mapbox.secret", sim, settings, (Action.REVOKE,), [], lists=False)
        for name in NAMES:
            sim.add_token("acme", secret_token(name))
            case.points.append(leak("mapbox.secret"))
            case.credentials.append(credential("mapbox.secret", secret=secret_token(name)))
        case.person = Account(provider="mapbox", id="", login="dana")
        yield case


CASES: dict[str, Arrange] = {"mapbox.secret": _mapbox}
