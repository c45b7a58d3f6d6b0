"""OpenAI, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.openai import OpenAiSimulator, key

PREFIX = {"openai.project": "proj", "openai.service_account": "svcacct", "openai.admin": "admin"}


def alike(kind: str, seed: str, number: int) -> str:
    """A key whose shortened form differs from the others' in its last character alone."""
    begins, value = f"sk-{PREFIX[kind]}-A", key(PREFIX[kind], seed)
    return f"{begins}{value[len(begins) : -4]}wxy{number}"


def _openai(kind: str, action: Action = Action.REVOKE) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with OpenAiSimulator() as sim:
            admin = Secret(key("admin", "offkey's own").encode())
            sim.add_key(sim.add_member("root", "owner"), admin)
            project = sim.add_project("shop")
            sim.add_project("lab")
            settings = revokers.openai.Settings(read=admin, write=admin, url=sim.url)
            case = Case(kind, sim, settings, (action,), [])
            case.person = Account(provider="openai", id="", email="dana@example.com")
            for number, name in enumerate(("ann", "dana", "zoe")):
                owner = sim.add_member(name)
                if kind in PREFIX:
                    value = alike(kind, name, number)
                    if kind == "openai.service_account":
                        owner = sim.add_service_account(project, name)
                    sim.add_key(owner, value, "" if kind == "openai.admin" else project)
                    case.credentials.append(credential(kind, secret=value))
                    case.points.append(leak(kind))
            if kind in PREFIX:
                case.made_up = credential(kind, secret=key(PREFIX[kind], "made up"))
                case.forged = credential(kind, secret=alike(kind, "made up", 0))
                within = "" if kind == "openai.admin" else project
                case.twin = lambda: sim.add_key("user-zoe", alike(kind, "twin", 1), within)
            if kind == "openai.member":
                people = [Account(provider="openai", id="", email=f"{n}@example.com") for n in ("ann", "dana", "zoe")]
                case.points = listed(case, people)
            _paged(case, sim, project)
            yield case

    return arrange


def _paged(case: Case, sim: OpenAiSimulator, project: str) -> None:
    within = {"openai.project": project, "openai.admin": ""}
    if case.kind in within:
        case.more = lambda count: [
            sim.add_key("user-dana", key(PREFIX[case.kind], f"more {n}"), within[case.kind]) for n in range(count)
        ]
    elif case.kind == "openai.service_account":
        case.unpaged = "a service account is nobody's: no person's list has it"
    else:
        case.unpaged = "one a person"


CASES: dict[str, Arrange] = {
    "openai.project": _openai("openai.project"),
    "openai.service_account": _openai("openai.service_account"),
    "openai.admin": _openai("openai.admin"),
    "openai.member": _openai("openai.member", Action.REMOVE),
}
