"""Snowflake, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.snowflake import SnowflakeSimulator, User


def _snowflake(kind: str, *actions: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SnowflakeSimulator() as snow:
            admin = Secret(snow.admin.encode())
            settings = revokers.snowflake.Settings(read=admin, write=admin, url=snow.url)
            case = Case(kind, snow, settings, actions, [], unpaged="one a person")
            for name in ("ANN", 'da"na', "ZOE"):
                email = f"{name.replace(chr(34), '').lower()}@example.com"
                snow.users[name] = User(email, tokens={"LAPTOP": "ACTIVE"})
            if kind == "snowflake.pat":
                held = snow.users['da"na'].tokens
                case.more = lambda count: held.update({f"more {n}": "ACTIVE" for n in range(count)})
            case.person = Account(provider="snowflake", id="", email="dana@example.com")
            people = [Account(provider="snowflake", id=name) for name in snow.users]
            case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "snowflake.account": _snowflake("snowflake.account", Action.DISABLE),
    "snowflake.pat": _snowflake("snowflake.pat", Action.DISABLE, Action.REVOKE),
}
