"""Jenkins, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known
from tests.simulators.jenkins import JenkinsSimulator, api_token

KIND = "jenkins.api_token"


@contextmanager
def _tokens() -> Iterator[Case]:
    with JenkinsSimulator() as sim:
        root = api_token("offkey's own")
        sim.add_token("offkey", root)
        sim.admins.add("offkey")
        both = Secret(f"offkey {root}".encode())
        settings = revokers.jenkins.Settings(read=both, write=both, url=sim.url)
        case = Case(KIND, sim, settings, (Action.REVOKE,), [], hidden=(Secret(root.encode()),))
        case.unpaged = "a user is listed, one a person"
        for name in ("ann", "dana", "zoe"):
            sim.add_token(name, api_token(name))
            sim.add_token(name, api_token(f"{name}'s other"))
            case.points.append(known(KIND))
            case.credentials.append(credential(KIND, user=name, secret=api_token(name)))
        case.person = Account(provider="jenkins", id="", login="dana")
        case.made_up = credential(KIND, user="dana", secret=api_token("made up"))
        yield case


CASES: dict[str, Arrange] = {KIND: _tokens}

NOT_ARRANGED = {"jenkins.api_tokens": "Jenkins tells nobody which tokens a user has: see test_jenkins.py"}
