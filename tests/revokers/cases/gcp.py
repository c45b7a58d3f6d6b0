"""Google Cloud, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offboarding.demo.simulators import tokens
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, leak
from tests.simulators.gcp import PROJECT, GcpSimulator, access_token, private_key_body


def _gcp(kind: str, *actions: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GcpSimulator() as gcp:
            admin = Secret(gcp.admin.encode())
            settings = revokers.gcp.Settings(read=admin, write=admin, url=gcp.url, project=PROJECT)
            case = Case(kind, gcp, settings, actions, [], lists=False, person=Account(provider="gcp", id="1dana"))
            for name in ("ann", "dana", "zoe"):
                _thing(gcp, case, name)
            yield case

    return arrange


def _thing(gcp: GcpSimulator, case: Case, name: str) -> None:
    point = leak(case.kind)
    if case.kind == "gcp.service_account":
        email, identity = gcp.add_key(name)
        parts = {"id": identity, "secret": private_key_body(name), "client_email": email}
        point = known(case.kind, provider_id=identity)
    elif case.kind == "gcp.hmac":
        point = leak(case.kind, provider_id=gcp.add_hmac(name))
        case.points.append(point)
        return
    elif case.kind == "gcp.api_key":
        parts = {"secret": tokens.google_api_key(name)}
        gcp.add_api_key(parts["secret"])
        case.made_up = credential(case.kind, secret=tokens.google_api_key("made up"))
    else:
        parts = {"secret": access_token(name)}
        gcp.add_grant(f"{name}@example.com", parts["secret"])
        case.made_up = credential(case.kind, secret=access_token("made up"))
    case.points.append(point)
    case.credentials.append(credential(case.kind, **parts))


CASES: dict[str, Arrange] = {
    "gcp.service_account": _gcp("gcp.service_account", Action.DISABLE, Action.REVOKE),
    "gcp.hmac": _gcp("gcp.hmac", Action.DISABLE, Action.REVOKE),
    "gcp.api_key": _gcp("gcp.api_key", Action.DISABLE),
    "gcp.oauth_access": _gcp("gcp.oauth_access", Action.REVOKE),
}

NOT_ARRANGED = {"gcp.oauth_refresh": "nothing can ask whether it lives: see test_gcp.py"}
