"""Google Workspace, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, listed
from tests.simulators.google import GoogleSimulator


def _google(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GoogleSimulator() as google:
            admin = Secret(google.admin.encode())
            settings = revokers.google.Settings(read=admin, write=admin, url=google.url)
            case = Case(kind, google, settings, (action,), [], unpaged="these lists have no pages")
            people = []
            for number, name in enumerate(("ann", "dana", "zoe")):
                identity = google.add_user(name)
                google.members[identity].grants = {f"{name}.apps.googleusercontent.com": "A calendar program"}
                google.members[identity].passwords = {number + 1: "phone"}
                people.append(Account(provider="google", id=identity))
            case.person = Account(provider="google", id="", email="dana@example.com")
            case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "google.account": _google("google.account", Action.DISABLE),
    "google.grant": _google("google.grant", Action.REVOKE),
    "google.app_password": _google("google.app_password", Action.REVOKE),
}
