"""Notion, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import revokers
from offboarding.demo.simulators import tokens
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.notion import NotionSimulator, legacy_token, token

NAMES = ("ann", "dana", "zoe")


def _notion(kind: str, make: Callable[[str], str]) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with NotionSimulator() as sim:
            secret = tokens.pick("offkey's own", "notion client", 43)
            sim.add_client("connection", secret)
            own = Secret(f"connection,{secret}".encode())
            settings = revokers.notion.Settings(write=own, url=sim.url)
            case = Case(kind, sim, settings, (Action.REVOKE,), [], lists=False, hidden=(Secret(secret.encode()),))
            for name in NAMES:
                sim.add_token(make(name), "connection", f"{name}@example.com")
                case.points.append(leak(kind))
                case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="notion", id="", login="dana")
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "notion.integration": _notion("notion.integration", token),
    "notion.integration.legacy": _notion("notion.integration.legacy", legacy_token),
}
