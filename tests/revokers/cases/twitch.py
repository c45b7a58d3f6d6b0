"""Twitch, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.twitch import TwitchSimulator, access_token

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _twitch() -> Iterator[Case]:
    with TwitchSimulator() as sim:
        settings = revokers.twitch.Settings(url=sim.url)
        case = Case("twitch.access_token", sim, settings, (Action.REVOKE,), [], lists=False)
        for name in NAMES:
            sim.add_token(access_token(name), name)
            case.points.append(leak(case.kind))
            case.credentials.append(credential(case.kind, secret=access_token(name)))
        case.made_up = credential(case.kind, secret=access_token("made up"))
        case.person = Account(provider="twitch", id="", login="dana")
        yield case


CASES: dict[str, Arrange] = {"twitch.access_token": _twitch}
