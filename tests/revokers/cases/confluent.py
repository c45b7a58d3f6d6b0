"""Confluent Cloud, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.confluent import ConfluentSimulator, api_key

NAMES = ("ann", "dana", "zoe")


def _confluent(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with ConfluentSimulator() as sim:
            own = api_key("offkey's own")
            sim.add_key(sim.add_user("root"), own)
            admin = Secret(",".join(own).encode())
            settings = revokers.confluent.Settings(read=admin, write=admin, url=sim.url)
            case = Case(kind, sim, settings, (action,), [], hidden=(Secret(own[1].encode()),))
            people = [Account(provider="confluent", id="", email=f"{name}@example.com") for name in NAMES]
            for name in NAMES:
                sim.add_key(sim.add_user(name), api_key(name), cloud=False)
            case.points, case.person = listed(case, people), people[1]
            if kind == "confluent.user":
                case.unpaged = "one a person"
            else:
                case.more = lambda count: [sim.add_key("u-dana", api_key(f"more {n}")) for n in range(count)]
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "confluent.api_secret": _confluent("confluent.api_secret", Action.REVOKE),
    "confluent.user": _confluent("confluent.user", Action.REMOVE),
}
