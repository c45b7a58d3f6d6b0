"""SendGrid, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.sendgrid import SendGridSimulator, key

NAMES = ("ann", "dana", "zoe")


def _sendgrid(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SendGridSimulator() as sim:
            own = Secret(key("offkey's own").encode())
            sim.add_key(own)
            sim.add_teammate("root", "owner")
            settings = revokers.sendgrid.Settings(read=own, write=own, url=sim.url)
            case = Case(kind, sim, settings, (action,), [], unpaged="one a person")
            people = [Account(provider="sendgrid", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            for name in NAMES:
                sim.add_teammate(name)
                if kind == "sendgrid.api_key":
                    sim.add_key(key(name))
                    case.credentials.append(credential(kind, secret=key(name)))
                    case.points.append(known(kind))
            if kind == "sendgrid.api_key":
                case.made_up = credential(kind, secret=key("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "sendgrid.api_key": _sendgrid("sendgrid.api_key", Action.REVOKE),
    "sendgrid.teammate": _sendgrid("sendgrid.teammate", Action.REMOVE),
}
