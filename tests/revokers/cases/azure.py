"""Entra and Azure DevOps, on their simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, listed
from tests.simulators.azure import ORGANISATION, TENANT, AzureSimulator, client_secret


def _azure(kind: str, action: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with AzureSimulator() as azure:
            admin = Secret(" ".join(azure.admin).encode())
            settings = revokers.azure.Settings(
                read=admin, write=admin, url=azure.url, organisation=ORGANISATION, tenant=TENANT
            )
            case = Case(kind, azure, settings, (action,), [], unpaged="one a person")
            case.hidden = tuple(Secret(word.encode()) for word in azure.admin)
            people, applications = [], []
            for name in ("ann", "dana", "zoe"):
                user = azure.add_user(name)
                azure.add_grant(user, name)
                applications.append(azure.add_application(user, name))
                azure.add_secret(applications[-1], client_secret(name))
                client = azure.applications[applications[-1]]["appId"]
                case.leaked.append(credential(kind, secret=client_secret(name), client_id=client))
                azure.add_token(user, name)
                people.append(Account(provider="azure", id=user))
            dana, anns = people[1].id, case.leaked[0]
            case.hidden += tuple(value.secret for value in case.leaked)
            forged = client_secret("ann")[:6] + client_secret("made up")[6:]
            case.forged = credential(kind, secret=forged, client_id=anns.parts["client_id"])
            case.twin = lambda: azure.add_secret(applications[1], client_secret("dana")[:3] + client_secret("twin")[3:])
            more = {
                "azure.grant": lambda count: [azure.add_grant(dana, f"more {n}") for n in range(count)],
                "azure.client_secret": lambda count: [
                    azure.add_secret(azure.add_application(dana, f"more {n}"), client_secret(f"more {n}"))
                    for n in range(count)
                ],
                "azure.devops_pat": lambda count: [azure.add_token(dana, f"more {n}") for n in range(count)],
            }
            case.more = more.get(kind)
            case.person = Account(provider="azure", id="", email="dana@example.com")
            case.points = listed(case, people)
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "azure.account": _azure("azure.account", Action.DISABLE),
    "azure.grant": _azure("azure.grant", Action.REVOKE),
    "azure.client_secret": _azure("azure.client_secret", Action.REVOKE),
    "azure.devops_pat": _azure("azure.devops_pat", Action.REVOKE),
}
