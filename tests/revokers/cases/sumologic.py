"""Sumo Logic, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.sumologic import SumoLogicSimulator, access_key

NAMES = ("ann", "dana", "zoe")


def _sumologic(kind: str, *actions: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SumoLogicSimulator() as sim:
            own = access_key("offkey's own")
            sim.add_key(sim.add_user("root", admin=True), own)
            admin = Secret(",".join(own).encode())
            settings = revokers.sumologic.Settings(read=admin, write=admin, url=sim.url)
            case = Case(kind, sim, settings, actions, [], hidden=(Secret(own[1].encode()),))
            people = [Account(provider="sumologic", id="", email=f"{name}@example.com") for name in NAMES]
            made = [sim.add_user(name) for name in NAMES]
            for name, user in zip(NAMES, made, strict=True):
                sim.add_key(user, access_key(name))
            case.points, case.person = listed(case, people), people[1]
            if kind == "sumologic.user":
                case.unpaged = "one a person"
            else:
                case.more = lambda count: [sim.add_key(made[1], access_key(f"more {n}")) for n in range(count)]
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "sumologic.access_key": _sumologic("sumologic.access_key", Action.DISABLE, Action.REVOKE),
    "sumologic.user": _sumologic("sumologic.user", Action.DISABLE),
}
