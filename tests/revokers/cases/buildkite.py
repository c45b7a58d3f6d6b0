"""Buildkite, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.buildkite import BuildkiteSimulator, user_token

NAMES = ("ann", "dana", "zoe")


def _buildkite(kind: str, action: Action, *, by_value: bool) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with BuildkiteSimulator() as kite:
            admin = Secret(user_token("offkey's own").encode())
            kite.add_token(admin, kite.add_member("root", "admin"))
            settings = revokers.buildkite.Settings(read=admin, write=admin, url=f"{kite.url}/v2", organisation="acme")
            case = Case(kind, kite, settings, (action,), [], unpaged="a membership is listed, one a person")
            for name in NAMES:
                kite.add_token(user_token(name), kite.add_member(name))
            people = [Account(provider="buildkite", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            if by_value:
                case.points = [leak(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=user_token(name)) for name in NAMES]
                case.made_up = credential(kind, secret=user_token("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "buildkite.user_token": _buildkite("buildkite.user_token", Action.REVOKE, by_value=True),
    "buildkite.member": _buildkite("buildkite.member", Action.REMOVE, by_value=False),
}
