"""New Relic, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, listed
from tests.simulators.newrelic import NewRelicSimulator, user_key

KIND = "newrelic.user_key"
NAMES = ("ann", "dana", "zoe")


@contextmanager
def _newrelic() -> Iterator[Case]:
    with NewRelicSimulator() as sim:
        own = Secret(user_key("offkey's own").encode())
        sim.add_key(sim.add_user("root"), own)
        settings = revokers.newrelic.Settings(read=own, write=own, url=sim.url)
        leaked = [credential(KIND, secret=user_key(name)) for name in NAMES]
        hidden = tuple(value.secret for value in leaked)
        case = Case(KIND, sim, settings, (Action.REVOKE,), [], hidden=hidden, leaked=leaked)
        case.forged = credential(KIND, secret=user_key("made up"))
        case.exact = "the list shows whole values"
        people = []
        for name in NAMES:
            user = sim.add_user(name)
            sim.add_key(user, user_key(name))
            people.append(Account(provider="newrelic", id=str(user)))
        case.person = people[1]
        case.points = listed(case, people)
        case.more = lambda count: [sim.add_key(int(people[1].id), user_key(f"more {n}")) for n in range(count)]
        yield case


CASES: dict[str, Arrange] = {KIND: _newrelic}
