"""MongoDB Atlas, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators.tokens import HEX, pick
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed
from tests.simulators.mongodb import MongoDBSimulator, mongodb_private_key, mongodb_public_key

ORG = pick("acme", "atlas organisation", 24, HEX)


def _mongodb(kind: str, action: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with MongoDBSimulator() as atlas:
            atlas.add_key(ORG, "offkey's own", "ORG_OWNER")
            private = mongodb_private_key("offkey's own")
            public = mongodb_public_key("offkey's own")
            own = Secret(f"{public},{private}".encode())
            atlas.add_user(ORG, "root", "ORG_OWNER")
            settings = revokers.mongodb.Settings(read=own, write=own, url=atlas.url, organisation=ORG)
            case = Case(kind, atlas, settings, (action,), [], unpaged="one a person")
            case.hidden = (Secret(private.encode()),)
            names = ("ann", "dana", "zoe")
            for name in names:
                atlas.add_user(ORG, name)
                atlas.add_key(ORG, name)
            case.person = Account(provider="mongodb", id="", email="dana@example.com")
            if kind == "mongodb.api_key":
                case.points = [known(kind) for _ in names]
                made = [credential(kind, **_halves(name)) for name in (*names, "made up")]
                case.credentials, case.made_up = made[:3], made[3]
            else:
                people = [Account(provider="mongodb", id="", email=f"{name}@example.com") for name in names]
                case.points = listed(case, people)
            yield case

    return arrange


def _halves(seed: str) -> dict[str, str]:
    return {"id": mongodb_public_key(seed), "secret": mongodb_private_key(seed)}


CASES: dict[str, Arrange] = {
    "mongodb.api_key": _mongodb("mongodb.api_key", Action.REVOKE),
    "mongodb.org_user": _mongodb("mongodb.org_user", Action.REMOVE),
}
