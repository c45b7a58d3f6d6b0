"""Atlassian, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offboarding.demo.simulators.tokens import pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.atlassian import AtlassianSimulator

NAMES = ("ann", "dana", "zoe")


def _atlassian(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with AtlassianSimulator() as sim:
            key = Secret(pick("offkey's own", "atlassian", 40).encode())
            sim.add_key(key)
            settings = revokers.atlassian.Settings(read=key, write=key, url=sim.url, organisation="acme")
            case = Case(kind, sim, settings, (action,), [])
            case.unpaged = "an account's tokens are one page" if kind == "atlassian.api_token" else "one a person"
            people = [Account(provider="atlassian", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            for name in NAMES:
                account = sim.add_account(name)
                sim.admins = ["557057:root"]
                if kind == "atlassian.api_token":
                    sim.add_token(account, f"{name}'s laptop")
            case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "atlassian.api_token": _atlassian("atlassian.api_token", Action.REVOKE),
    "atlassian.account": _atlassian("atlassian.account", Action.DISABLE),
}

WRONG = (
    b"{}",
    b"[null]",
    b"[{}]",
    b'"x"',
    b'{"account": null}',
    b'{"data": null}',
    b"9" * 5000,
    b"[" * 9999 + b"]" * 9999,
)
"""Bodies with status 200 that are no answer of its API; an empty list is one, of an account without tokens."""
