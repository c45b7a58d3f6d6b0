"""LaunchDarkly, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.launchdarkly import LaunchDarklySimulator, key

NAMES = ("ann", "dana", "zoe")


def _launchdarkly(kind: str, action: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with LaunchDarklySimulator() as sim:
            root = Secret(key("offkey's own").encode())
            sim.add_token(sim.add_member("root-owner", "owner"), root)
            settings = revokers.launchdarkly.Settings(read=root, write=root, url=sim.url)
            case = Case(kind, sim, settings, (action,), [])
            case.unpaged = "one a person: the members themselves are paged"
            for name in NAMES:
                sim.add_token(sim.add_member(name), key(name))
            people = [Account(provider="launchdarkly", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            if kind == "launchdarkly.key":
                case.points = [known(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=key(name)) for name in NAMES]
                case.made_up = credential(kind, secret=key("made up"))
            else:
                case.points = listed(case, people)
            if kind == "launchdarkly.access_token":
                member = sim.members[2]["_id"]
                case.more = lambda count: [sim.add_token(member, key(f"more {n}")) for n in range(count)]
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "launchdarkly.key": _launchdarkly("launchdarkly.key", Action.REVOKE),
    "launchdarkly.access_token": _launchdarkly("launchdarkly.access_token", Action.REVOKE),
    "launchdarkly.member": _launchdarkly("launchdarkly.member", Action.REMOVE),
}
