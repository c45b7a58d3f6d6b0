"""Doppler, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.doppler import DopplerSimulator, token

KIND = "doppler.token"


@contextmanager
def _doppler() -> Iterator[Case]:
    with DopplerSimulator() as doppler:
        settings = revokers.doppler.Settings(url=doppler.url)
        case = Case(KIND, doppler, settings, (Action.REVOKE,), [leak(KIND) for _ in range(3)], lists=False)
        for name in ("ann", "dana", "zoe"):
            doppler.add_token(token(name))
            case.credentials.append(credential(KIND, secret=token(name)))
        case.person = Account(provider="doppler", id="", email="dana@example.com")
        case.made_up = credential(KIND, secret=token("made up"))
        yield case


CASES: dict[str, Arrange] = {KIND: _doppler}
