"""JFrog, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.jfrog import JFrogSimulator, jfrog_api_key, jfrog_reference_token


def _jfrog(kind: str, *actions: Action, value: bool = False) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with JFrogSimulator() as jfrog:
            own = Secret(jfrog_reference_token("offkey's own").encode())
            jfrog.add_token(own.reveal().decode(), "users/offkey", admin=True)
            settings = revokers.jfrog.Settings(read=own, write=own, url=jfrog.url)
            case = Case(kind, jfrog, settings, actions, [], unpaged="JFrog gives its list of tokens whole")
            names = ("ann", "dana", "zoe")
            for name in names:
                jfrog.add_user(name)
                jfrog.add_token(jfrog_reference_token(name), f"users/{name}")
                jfrog.add_key(jfrog_api_key(name), name)
            case.person = Account(provider="jfrog", id="", login="dana")
            if value:
                make = jfrog_api_key if kind == "jfrog.api_key" else jfrog_reference_token
                case.credentials = [credential(kind, secret=make(name)) for name in names]
                case.points = [leak(kind, check=case.revoker.check(case.reader(), value)) for value in case.credentials]
                case.made_up = credential(kind, secret=make("made up"))
            else:
                case.points = listed(case, [Account(provider="jfrog", id="", login=name) for name in names])
            yield case

    return arrange


API_KEY: Arrange = _jfrog("jfrog.api_key", Action.REVOKE, value=True)
"""For test_jfrog.py: its end is not proven."""
CASES: dict[str, Arrange] = {
    "jfrog.reference_token": _jfrog("jfrog.reference_token", Action.REVOKE, value=True),
    "jfrog.access_token": _jfrog("jfrog.access_token", Action.REVOKE),
    "jfrog.account": _jfrog("jfrog.account", Action.DISABLE),
}
NOT_ARRANGED = {"jfrog.api_key": "JFrog documents no answer to a dead API key, so none is DEAD: see test_jfrog.py"}
