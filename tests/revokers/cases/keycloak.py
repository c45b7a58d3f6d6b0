"""Keycloak, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators.tokens import pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.keycloak import REALM, KeycloakSimulator

NAMES = ("ann", "dana", "zoe")


def _keycloak(kind: str, action: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with KeycloakSimulator() as sim:
            secret = pick("keycloak", "client", 32)
            sim.add_client("offkey", secret)
            both = Secret(f"offkey,{secret}".encode())
            settings = revokers.keycloak.Settings(read=both, write=both, realm=REALM, url=sim.url)
            case = Case(kind, sim, settings, (action,), [], hidden=(Secret(secret.encode()),))
            for name in NAMES:
                sim.add_consent(sim.add_user(name), "calendar")
            people = [Account(provider="keycloak", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            case.points = listed(case, people)
            case.unpaged = "all in one answer"
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "keycloak.user": _keycloak("keycloak.user", Action.DISABLE),
    "keycloak.sessions": _keycloak("keycloak.sessions", Action.REVOKE),
    "keycloak.consent": _keycloak("keycloak.consent", Action.REVOKE),
}

WRONG = (b"{}", b"[null]", b'"x"', b'{"id": 1}', b'{"data": null}', b"9" * 5000, b"[" * 9999 + b"]" * 9999)
"""Bodies with status 200 that are no answer of its API: no session and no consent are."""
