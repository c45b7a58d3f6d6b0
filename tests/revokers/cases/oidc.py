"""An OAuth server, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offboarding.demo.simulators.tokens import pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.oidc import OidcSimulator, jwt
from tests.simulators.rest import fold

KIND = "oidc.access_token"


@contextmanager
def _tokens() -> Iterator[Case]:
    with OidcSimulator() as sim:
        sim.describe()
        secret = pick("oidc", "client", 30) + "+/"
        sim.clients["app-one"] = fold(secret)
        both = Secret(f"app-one\n{secret}".encode())
        settings = revokers.oidc.Settings(read=both, write=both, url=sim.url)
        case = Case(KIND, sim, settings, (Action.REVOKE,), [], lists=False, hidden=(Secret(secret.encode()),))
        for name in ("ann", "dana", "zoe"):
            value = jwt(name, sim.url, azp="app-one")
            sim.tokens[fold(value)] = name
            case.points.append(leak(KIND))
            case.credentials.append(credential(KIND, secret=value))
        case.person = Account(provider="oidc", id="user dana")
        case.made_up = credential(KIND, secret=jwt("made up", sim.url))
        yield case


CASES: dict[str, Arrange] = {KIND: _tokens}

NOT_ARRANGED = {"oidc.refresh_token": "no question but introspection, which needs the client: see test_oidc.py"}
