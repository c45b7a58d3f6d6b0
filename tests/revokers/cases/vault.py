"""Vault and OpenBao, on their simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.vault import VaultSimulator, vault_legacy, vault_service


def _vault(kind: str, *actions: Action, make: Callable[[str], str] | None = None) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with VaultSimulator() as vault:
            own = Secret(vault_service("offkey's own").encode())
            vault.add_token(own.reveal().decode(), "offkey", policies=("offkey",))
            settings = revokers.vault.Settings(read=own, write=own, url=f"{vault.url}/v1")
            case = Case(kind, vault, settings, actions, [], unpaged="Vault gives its lists whole")
            names = ("ann", "dana", "zoe")
            for name in names:
                value = (make or vault_service)(name)
                vault.add_token(value, name, entity=vault.add_entity(name))
                if make:
                    case.credentials.append(credential(kind, secret=value))
            case.person = Account(provider="vault", id="", login="dana")
            if make:
                case.points = [leak(kind, check=case.revoker.check(case.reader(), value)) for value in case.credentials]
                case.made_up = credential(kind, secret=make("made up"))
            else:
                case.points = listed(case, [Account(provider="vault", id="", login=name) for name in names])
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "vault.service": _vault("vault.service", Action.REVOKE, make=vault_service),
    "vault.legacy": _vault("vault.legacy", Action.REVOKE, make=vault_legacy),
    "vault.accessor": _vault("vault.accessor", Action.REVOKE),
    "vault.entity": _vault("vault.entity", Action.DISABLE),
}
