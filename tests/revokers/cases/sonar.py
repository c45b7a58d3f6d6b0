"""SonarQube, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.sonar import SonarSimulator, analysis_token, user_token

NAMES = ("ann", "dana", "zoe")


def _sonar(kind: str) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SonarSimulator() as sim:
            root = Secret(user_token("offkey's own").encode())
            sim.add_token("root", "offkey", root)
            sim.admins.add("root")
            settings = revokers.sonar.Settings(read=root, write=root, url=sim.url)
            case = Case(kind, sim, settings, (Action.REVOKE,), [], unpaged="all in one answer")
            for name in NAMES:
                sim.add_token(name, "laptop", user_token(name))
            people = [Account(provider="sonar", id="", login=name) for name in NAMES]
            case.person = people[1]
            if kind == "sonar.token":
                for name in NAMES:
                    sim.add_token(name, "pipeline", analysis_token(name), kind="GLOBAL_ANALYSIS_TOKEN")
                case.points = [known(kind) for _ in NAMES]
                case.credentials = [credential(kind, secret=user_token(name)) for name in NAMES]
                case.made_up = credential(kind, secret=user_token("made up"))
            else:
                case.points = listed(case, people)
                sim.add_token("dana", "second", user_token("dana's second"))
            yield case

    return arrange


CASES: dict[str, Arrange] = {kind: _sonar(kind) for kind in ("sonar.token", "sonar.user_token")}
