"""Linear, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.linear import LinearSimulator, api_key


@contextmanager
def _users() -> Iterator[Case]:
    with LinearSimulator() as sim:
        root = Secret(api_key("offkey's own").encode())
        sim.add_key(sim.add_user("root-admin", admin=True), root)
        settings = revokers.linear.Settings(read=root, write=root, url=sim.url)
        case = Case("linear.user", sim, settings, (Action.DISABLE,), [])
        case.unpaged = "one a person: the users themselves are paged"
        names = ("ann", "dana", "zoe")
        for name in names:
            sim.add_key(sim.add_user(name), api_key(name))
        people = [Account(provider="linear", id="", email=f"{name}@example.com") for name in names]
        case.person = people[1]
        case.points = listed(case, people)
        yield case


CASES: dict[str, Arrange] = {"linear.user": _users}

NOT_ARRANGED = {"linear.sessions": "sessions are listed to their user alone: see test_linear.py"}
