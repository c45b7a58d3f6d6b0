"""Mailgun, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.mailgun import MailgunSimulator, api_key

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _mailgun() -> Iterator[Case]:
    with MailgunSimulator() as sim:
        admin = Secret(api_key("offkey's own").encode())
        sim.add_key("root@example.com", api_key("offkey's own"), "user")
        settings = revokers.mailgun.Settings(read=admin, write=admin, url=sim.url)
        case = Case("mailgun.api_key", sim, settings, (Action.REVOKE,), [], unpaged="the list has no pages")
        people = [Account(provider="mailgun", id="", email=f"{name}@example.com") for name in NAMES]
        for person, name in zip(people, NAMES, strict=True):
            sim.add_key(person.email, api_key(name))
        case.points, case.person = listed(case, people), people[1]
        yield case


CASES: dict[str, Arrange] = {"mailgun.api_key": _mailgun}
