"""Vercel, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators.tokens import vercel_personal
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.vercel import TEAM, VercelSimulator

NAMES = ("ann", "dana", "zoe")


def _vercel(kind: str, action: Action, *, by_value: bool) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with VercelSimulator() as vercel:
            admin = Secret(vercel_personal("offkey's own").encode())
            vercel.add_token(admin, vercel.add_member("root", "OWNER"))
            settings = revokers.vercel.Settings(read=admin, write=admin, url=vercel.url, team=TEAM)
            case = Case(kind, vercel, settings, (action,), [], unpaged="a membership is listed, one a person")
            for name in NAMES:
                vercel.add_token(vercel_personal(name), vercel.add_member(name))
            people = [Account(provider="vercel", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            if by_value:
                case.points = [leak(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=vercel_personal(name)) for name in NAMES]
                case.made_up = credential(kind, secret=vercel_personal("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "vercel.token": _vercel("vercel.token", Action.REVOKE, by_value=True),
    "vercel.team_member": _vercel("vercel.team_member", Action.REMOVE, by_value=False),
}
