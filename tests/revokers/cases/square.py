"""Square, on its simulator: three tokens of one application for one merchant."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.square import SquareSimulator, access_token, app_secret

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _square() -> Iterator[Case]:
    with SquareSimulator() as sim:
        sim.add_application("sq0idp-acme", app_secret("acme"))
        own = Secret(app_secret("acme").encode())
        settings = revokers.square.Settings(write=own, url=sim.url, application="sq0idp-acme")
        case = Case("square.token", sim, settings, (Action.REVOKE,), [], lists=False)
        for name in NAMES:
            sim.add_token(access_token(name), "sq0idp-acme", "merchant1")
            case.points.append(leak(case.kind))
            case.credentials.append(credential(case.kind, secret=access_token(name)))
        case.person = Account(provider="square", id="", login="dana")
        yield case


CASES: dict[str, Arrange] = {"square.token": _square}
