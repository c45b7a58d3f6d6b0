"""PagerDuty, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.pagerduty import PagerDutySimulator, account_key

NAMES = ("ann", "dana", "zoe")


@contextmanager
def users() -> Iterator[Case]:
    with PagerDutySimulator() as sim:
        own = Secret(account_key("offkey's own").encode())
        sim.add_key(own)
        sim.add_user("root", "owner")
        settings = revokers.pagerduty.Settings(read=own, write=own, url=sim.url)
        case = Case("pagerduty.user", sim, settings, (Action.REMOVE,), [], unpaged="one a person")
        people = [Account(provider="pagerduty", id="", email=f"{name}@example.com") for name in NAMES]
        for name in NAMES:
            sim.add_user(name)
        case.person = people[1]
        case.points = listed(case, people)
        yield case


CASES: dict[str, Arrange] = {"pagerduty.user": users}

NOT_ARRANGED = {"pagerduty.sessions": "nothing tells whether a session lives: see test_pagerduty.py"}
