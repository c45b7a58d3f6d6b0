"""crates.io, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.crates import CratesSimulator, token

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _crates() -> Iterator[Case]:
    with CratesSimulator() as sim:
        case = Case("crates.token", sim, revokers.crates.Settings(url=sim.url), (Action.REVOKE,), [], lists=False)
        for name in NAMES:
            sim.add_token(token(name))
            case.points.append(leak(case.kind))
            case.credentials.append(credential(case.kind, secret=token(name)))
        case.made_up = credential(case.kind, secret=token("made up"))
        case.person = Account(provider="crates", id="", login="dana")
        yield case


CASES: dict[str, Arrange] = {"crates.token": _crates}
