"""Sentry, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.sentry import ORG, SentrySimulator, user_token


@contextmanager
def _members() -> Iterator[Case]:
    with SentrySimulator() as sim:
        root = Secret(user_token("offkey's own").encode())
        sim.add_token("root-owner", root)
        sim.add_member("root-owner", role="owner")
        settings = revokers.sentry.Settings(read=root, write=root, organisations=(ORG,), url=sim.url)
        case = Case("sentry.member", sim, settings, (Action.REMOVE,), [])
        case.unpaged = "one a person: the members themselves are paged"
        names = ("ann", "dana", "zoe")
        for name in names:
            sim.add_member(name)
        people = [Account(provider="sentry", id="", email=f"{name}@example.com") for name in names]
        case.person = people[1]
        case.points = listed(case, people)
        yield case


CASES: dict[str, Arrange] = {"sentry.member": _members}
