"""Cloudflare, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators.tokens import HEX, pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.cloudflare import (
    CloudflareSimulator,
    cloudflare_account_token,
    cloudflare_user_token,
)

ACCOUNT, OTHER = pick("acme", "account", 32, HEX), pick("other", "account", 32, HEX)
ALL = ("Account Settings Read", "Account Settings Write", "Account API Tokens Write")


def _cloudflare(kind: str, *actions: Action, make: Callable[[str], str] | None = None) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with CloudflareSimulator() as cloud:
            own = Secret(cloudflare_account_token("offkey's own").encode())
            cloud.add_token(own.reveal().decode(), account=ACCOUNT, may=ALL)
            cloud.add_member(ACCOUNT, "root", "Super Administrator - All Privileges")
            settings = revokers.cloudflare.Settings(
                read=own, write=own, url=f"{cloud.url}/client/v4", accounts=(OTHER, ACCOUNT)
            )
            case = Case(kind, cloud, settings, actions, [], unpaged="one a person and account")
            names = ("ann", "dana", "zoe")
            for name in names:
                cloud.add_member(ACCOUNT, name)
                if make:
                    owner = {"account": ACCOUNT} if kind == "cloudflare.account_token" else {"user": name}
                    cloud.add_token(make(name), may=("API Tokens Write", "User Details Read"), **owner)
                    case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="cloudflare", id="", email="dana@example.com")
            cloud.add_member(OTHER, "root", "Super Administrator - All Privileges")
            if make:
                case.points = [leak(kind) for _ in names]
                case.made_up = credential(kind, secret=make("made up"))
            else:
                people = [Account(provider="cloudflare", id="", email=f"{name}@example.com") for name in names]
                case.points = listed(case, people)
            yield case

    return arrange


USER_TOKEN: Arrange = _cloudflare("cloudflare.user_token", Action.REVOKE, make=cloudflare_user_token)
"""For test_cloudflare.py: its end is not proven."""
CASES: dict[str, Arrange] = {
    "cloudflare.account_token": _cloudflare("cloudflare.account_token", Action.DISABLE, make=cloudflare_account_token),
    "cloudflare.member": _cloudflare("cloudflare.member", Action.REMOVE),
}
_UNPROVEN = "Cloudflare documents no answer to a deleted token, so none is DEAD: see test_cloudflare.py"
NOT_ARRANGED = {"cloudflare.user_token": _UNPROVEN, "cloudflare.legacy": _UNPROVEN}
