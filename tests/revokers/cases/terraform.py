"""HCP Terraform, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.terraform import ORG, TerraformSimulator, token

NAMES = ("ann", "dana", "zoe")


def _terraform(kind: str, action: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with TerraformSimulator() as sim:
            root = Secret(token("offkey's own").encode())
            owner = sim.add_user("root-owner")
            sim.add_token(owner, root)
            sim.add_member(owner, owner=True)
            settings = revokers.terraform.Settings(read=root, write=root, organisations=(ORG,), url=sim.url)
            case = Case(kind, sim, settings, (action,), [], unpaged="one a person: the members themselves are paged")
            for name in NAMES:
                user = sim.add_user(name)
                sim.add_member(user)
                sim.add_token(user, token(name))
                sim.add_token(user, token(f"{name}'s other"))
            people = [Account(provider="terraform", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            if kind == "terraform.token":
                case.points = [known(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=token(name)) for name in NAMES]
                case.made_up = credential(kind, secret=token("made up"))
            else:
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "terraform.token": _terraform("terraform.token", Action.REVOKE),
    "terraform.membership": _terraform("terraform.membership", Action.REMOVE),
}
