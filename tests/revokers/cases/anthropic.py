"""Anthropic, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.anthropic import AnthropicSimulator, admin_key, key

NAMES = ("ann", "dana", "zoe")


def alike(value: str, number: int) -> str:
    """A key whose shortened form differs from the others' in one character alone."""
    return f"{value[:13]}A{number}C{value[16:-4]}xyAA"


def _anthropic(kind: str, *actions: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with AnthropicSimulator() as sim:
            admin = Secret(admin_key("offkey's own").encode())
            sim.add_admin_key(admin)
            sim.add_member("root", "admin")
            settings = revokers.anthropic.Settings(read=admin, write=admin, url=sim.url)
            case = Case(kind, sim, settings, actions, [])
            people = [Account(provider="anthropic", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            for number, name in enumerate(NAMES):
                member = sim.add_member(name)
                if kind == "anthropic.api_key":
                    sim.add_key(member, alike(key(name), number))
                    case.credentials.append(credential(kind, secret=alike(key(name), number)))
                    case.points.append(leak(kind))
            if kind == "anthropic.api_key":
                case.forged = credential(kind, secret=alike(key("made up"), 0))
                case.twin = lambda: sim.add_key("user_zoe", alike(key("twin"), 1))
                case.made_up = credential(kind, secret=key("made up"))
                case.more = lambda count: [sim.add_key("user_dana", key(f"more {n}")) for n in range(count)]
            else:
                case.points, case.unpaged = listed(case, people), "one a person"
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "anthropic.api_key": _anthropic("anthropic.api_key", Action.DISABLE, Action.REVOKE),
    "anthropic.member": _anthropic("anthropic.member", Action.REMOVE),
}
