"""Okta, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.okta import OktaSimulator, User, okta_api_token

Give = Callable[[OktaSimulator, User, str], object]


def _okta(kind: str, *actions: Action, give: Give | None = None, unpaged: str = "") -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with OktaSimulator() as okta:
            own = Secret(okta_api_token("offkey's own").encode())
            okta.add_token(okta.add_user("offkey", roles=("SUPER_ADMIN",)), own.reveal().decode())
            settings = revokers.okta.Settings(read=own, write=own, url=okta.url)
            case = Case(kind, okta, settings, actions, [], unpaged=unpaged)
            people = [okta.add_user(name) for name in ("ann", "dana", "zoe")]
            for person in people:
                if give:
                    give(okta, person, "")
                if kind == "okta.api_token":
                    okta.add_token(person, okta_api_token(person.login))
                    case.credentials.append(credential(kind, secret=okta_api_token(person.login)))
            case.person = Account(provider="okta", id="", email="dana@example.com")
            if case.credentials:
                case.points = [leak(kind, check=case.revoker.check(case.reader(), value)) for value in case.credentials]
                case.made_up = credential(kind, secret=okta_api_token("made up"))
            else:
                case.points = listed(case, [Account(provider="okta", id=person.id) for person in people])
            if give and not unpaged:
                case.more = lambda count: [give(okta, people[1], str(n)) for n in range(count)]
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "okta.api_token": _okta("okta.api_token", Action.REVOKE, unpaged="its list is in okta.listed_token's case"),
    "okta.listed_token": _okta(
        "okta.listed_token",
        Action.REVOKE,
        give=lambda okta, user, seed: okta.add_token(user, okta_api_token(f"{user.login} {seed}")),
        unpaged="Okta's description gives this list whole, without a page parameter",
    ),
    "okta.grant": _okta(
        "okta.grant", Action.REVOKE, give=lambda okta, user, seed: okta.add_grant(user, f"okta.users.read{seed}")
    ),
    "okta.refresh_token": _okta(
        "okta.refresh_token", Action.REVOKE, give=lambda okta, user, seed: okta.add_refresh(user, "0oa1", seed)
    ),
    "okta.account": _okta("okta.account", Action.DISABLE, Action.REMOVE, unpaged="one a person"),
}

NOT_ARRANGED = {"okta.session": "Okta lists nobody's sessions, so nothing shows their end: see test_okta.py"}

WRONG = (b"{}", b"[null]", b'"x"', b'{"id": 1}', b'[{"id": 1}]', b"9" * 5000, b"[" * 9999 + b"]" * 9999)
"""Bodies with status 200 that are no answer of its API; an empty list is one."""
