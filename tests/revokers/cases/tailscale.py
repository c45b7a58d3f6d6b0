"""Tailscale, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, listed
from tests.simulators.tailscale import TailscaleSimulator, key

NAMES = ("ann", "dana", "zoe")


def _tailscale(kind: str, *actions: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with TailscaleSimulator() as sim:
            root = Secret(key("offkey's own", "api").encode())
            sim.add_admin(root)
            sim.add_key(sim.add_user("root-owner", "owner"), "offkey's own", "api")
            settings = revokers.tailscale.Settings(read=root, write=root, url=sim.url)
            case = Case(kind, sim, settings, actions, [], unpaged="all in one answer")
            case.leaked = [credential(kind, secret=key(name)) for name in NAMES]
            case.hidden = tuple(value.secret for value in case.leaked)
            case.exact = "its id stands in the value, and the list says whose that is"
            for name in NAMES:
                sim.add_key(sim.add_user(name), name)
            people = [Account(provider="tailscale", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "tailscale.key": _tailscale("tailscale.key", Action.REVOKE),
    "tailscale.user": _tailscale("tailscale.user", Action.DISABLE, Action.REMOVE),
}
