"""Grafana, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.grafana import ADMIN, GrafanaCloudSimulator, GrafanaSimulator, token

NAMES = ("ann", "dana", "zoe")


def _grafana(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GrafanaSimulator() as sim:
            own = Secret(token("offkey's own").encode())
            sim.add_token(sim.add_account(ADMIN), own)
            sim.add_user("root", "Admin")
            settings = revokers.grafana.Settings(read=own, write=own, url=sim.url)
            case = Case(kind, sim, settings, (action,), [], unpaged="the list of users is one page")
            people = [Account(provider="grafana", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            for name in NAMES:
                sim.add_user(name)
                if kind == "grafana.service_account":
                    sim.add_token(sim.add_account(f"sa-{name}"), token(name))
                    case.credentials.append(credential(kind, secret=token(name)))
                    case.points.append(known(kind))
            if kind == "grafana.service_account":
                case.made_up = credential(kind, secret=token("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


@contextmanager
def _cloud() -> Iterator[Case]:
    own = Secret(b"an access policy token")
    with GrafanaCloudSimulator(own) as sim:
        sim.add_member("root", "Admin")
        settings = revokers.grafana.Settings(read=own, write=own, url=f"{sim.url}/api", organisation="acme")
        case = Case(
            "grafana.cloud_member", sim, settings, (Action.REMOVE,), [], unpaged="a longer list than one page is a gap"
        )
        for name in NAMES:
            sim.add_member(name)
        people = [Account(provider="grafana", id="", email=f"{name}@example.com") for name in NAMES]
        case.person = people[1]
        case.points = listed(case, people)
        yield case


CASES: dict[str, Arrange] = {
    "grafana.service_account": _grafana("grafana.service_account", Action.REVOKE),
    "grafana.user": _grafana("grafana.user", Action.REMOVE),
    "grafana.cloud_member": _cloud,
}
