"""Fastly, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.fastly import CUSTOMER, FastlySimulator, api_token

NAMES = ("ann", "dana", "zoe")


def _fastly(kind: str, action: Action, *, by_value: bool = False) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with FastlySimulator() as fastly:
            admin = Secret(api_token("offkey's own").encode())
            fastly.add_token(admin, fastly.add_user("root", "superuser"))
            settings = revokers.fastly.Settings(read=admin, write=admin, url=fastly.url, customer=CUSTOMER)
            case = Case(kind, fastly, settings, (action,), [], unpaged="Fastly's lists are whole")
            for name in NAMES:
                fastly.add_token(api_token(name), fastly.add_user(name))
            people = [Account(provider="fastly", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            if by_value:
                case.points = [leak(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=api_token(name)) for name in NAMES]
                case.made_up = credential(kind, secret=api_token("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "fastly.token": _fastly("fastly.token", Action.REVOKE, by_value=True),
    "fastly.listed_token": _fastly("fastly.listed_token", Action.REVOKE),
    "fastly.user": _fastly("fastly.user", Action.REMOVE),
}
