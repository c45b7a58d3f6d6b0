"""Heroku, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.heroku import HerokuSimulator, heroku_key, heroku_legacy_key


def _heroku(kind: str, action: Action, make: Callable[[str], str] | None = None) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with HerokuSimulator() as heroku:
            own = Secret(heroku_key("offkey's own").encode())
            admin = heroku.add_user("offkey")
            heroku.add_token(admin, own.reveal().decode())
            heroku.add_member("acme", admin, "admin")
            settings = revokers.heroku.Settings(read=own, write=own, url=heroku.url, teams=("acme",))
            case = Case(kind, heroku, settings, (action,), [], unpaged="one a person and team")
            names = ("ann", "dana", "zoe")
            for name in names:
                user = heroku.add_user(name)
                heroku.add_member("acme", user)
                for n in range(4):  # the authorization is looked for among others, over several pages
                    heroku.add_token(user, heroku_key(f"{name} {n}"))
                if make:
                    heroku.add_token(user, make(name))
                    case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="heroku", id="", email="dana@example.com")
            if make:
                case.points = [leak(kind) for _ in names]
                case.made_up = credential(kind, secret=make("made up"))
            else:
                people = [Account(provider="heroku", id="", email=f"{name}@example.com") for name in names]
                case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "heroku.api_key": _heroku("heroku.api_key", Action.REVOKE, heroku_key),
    "heroku.api_key.legacy": _heroku("heroku.api_key.legacy", Action.REVOKE, heroku_legacy_key),
    "heroku.team_member": _heroku("heroku.team_member", Action.REMOVE),
}
