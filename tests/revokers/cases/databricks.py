"""Databricks, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, listed
from tests.simulators.databricks import DatabricksSimulator, pat

NAMES = ("ann", "dana", "zoe")


def _databricks(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with DatabricksSimulator() as workspace:
            admin = Secret(workspace.admin.encode())
            settings = revokers.databricks.Settings(read=admin, write=admin, url=workspace.url)
            case = Case(kind, workspace, settings, (action,), [], unpaged="the list of tokens has no pages")
            case.leaked = [credential(kind, secret=pat(name)) for name in NAMES]
            case.hidden = tuple(value.secret for value in case.leaked)
            case.forged = credential(kind, secret=pat("made up"))
            people = []
            for name in NAMES:
                people.append(Account(provider="databricks", id=workspace.add_user(name)))
                workspace.add_token(people[-1].id, pat(name))
            case.person = Account(provider="databricks", id="", email="dana@example.com")
            case.points = listed(case, people)
            case.twin = lambda: workspace.add_token(people[1].id, pat("dana's second"))
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "databricks.account": _databricks("databricks.account", Action.DISABLE),
    "databricks.pat": _databricks("databricks.pat", Action.REVOKE),
}
