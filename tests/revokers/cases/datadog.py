"""Datadog, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.datadog import DatadogSimulator, api_key, app_key

NAMES = ("ann", "dana", "zoe")
LISTED = {
    "datadog.api_key": "api_keys",
    "datadog.app_key": "application_keys",
    "datadog.access_token": "personal_access_tokens",
}


def alike(value: str, number: int) -> str:
    """A key whose last four characters differ from the others' in the last alone."""
    return f"{value[:-4]}abc{number}"


def _datadog(kind: str, action: Action = Action.REVOKE) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with DatadogSimulator() as sim:
            root = sim.add_user("root")
            own = (api_key("offkey's own"), app_key("offkey's own"))
            sim.add_key("api_keys", root, own[0])
            sim.add_key("application_keys", root, own[1])
            pair = Secret(",".join(own).encode())
            settings = revokers.datadog.Settings(read=pair, write=pair, url=sim.url)
            hidden = tuple(Secret(word.encode()) for word in own)
            case = Case(kind, sim, settings, (action,), [], hidden=hidden)
            people = [Account(provider="datadog", id="", email=f"{name}@example.com") for name in NAMES]
            case.person = people[1]
            users = {name: sim.add_user(name) for name in NAMES}
            for number, name in enumerate(NAMES) if kind in LISTED else ():
                value = api_key(name) if kind == "datadog.api_key" else alike(app_key(name), number)
                sim.add_key(LISTED[kind], users[name], value)
                held = case.credentials if kind == "datadog.api_key" else case.leaked
                held.append(credential(kind, secret=value))
            if kind == "datadog.api_key":
                case.points = [known(kind) for _ in NAMES]
                case.made_up = case.forged = credential(kind, secret=api_key("made up"))
                case.exact = "a living key names its own id"
            else:
                case.points = listed(case, people)
            case.hidden += tuple(one.secret for one in case.leaked)
            if kind == "datadog.app_key":
                case.forged = credential(kind, secret=alike(app_key("made up"), 0))
                case.twin = lambda: sim.add_key(LISTED[kind], users["zoe"], alike(app_key("twin"), 1))
            if kind in LISTED:
                case.more = lambda count: [
                    sim.add_key(LISTED[kind], users["dana"], app_key(f"more {n}")) for n in range(count)
                ]
            else:
                case.unpaged = "one a person"
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    **{kind: _datadog(kind) for kind in LISTED},
    "datadog.user": _datadog("datadog.user", Action.DISABLE),
}
