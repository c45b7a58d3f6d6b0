"""Docker Hub, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators.tokens import pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.docker import ORG, DockerSimulator

NAMES = ("ann", "dana", "zoe")


def _docker(kind: str, *actions: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with DockerSimulator() as sim:
            # personal tokens are listed to their own account: for them the account is the person's
            name = "dana" if kind == "docker.pat" else "root-owner"
            password = pick("docker", "password", 24)
            sim.add_account(name, password)
            sim.add_member("root-owner", "Owner")
            both = Secret(f"{name} {password}".encode())
            settings = revokers.docker.Settings(read=both, write=both, organisations=(ORG,), url=sim.url)
            case = Case(kind, sim, settings, actions, [], hidden=(Secret(password.encode()),))
            for member in NAMES:
                sim.add_member(member)
                if kind == "docker.pat":
                    sim.add_pat("dana", f"{member}'s laptop")
                elif kind == "docker.oat":
                    sim.add_oat(member, f"{member}'s pipeline")
            people = [Account(provider="docker", id="", login=member) for member in NAMES]
            case.person = people[1]
            case.points = listed(case, people)
            if kind == "docker.pat":  # the person holds all three, so three more are six
                case.more = lambda count: [sim.add_pat("dana", f"more {n}") for n in range(count - 2)]
            elif kind == "docker.oat":
                case.more = lambda count: [sim.add_oat("dana", f"more {n}") for n in range(count)]
            else:
                case.unpaged = "one a person: the members themselves are paged"
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "docker.pat": _docker("docker.pat", Action.DISABLE, Action.REVOKE),
    "docker.oat": _docker("docker.oat", Action.DISABLE, Action.REVOKE),
    "docker.member": _docker("docker.member", Action.REMOVE),
}
