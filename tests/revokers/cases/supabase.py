"""Supabase, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, leak
from tests.simulators.supabase import ORG, REF, SupabaseSimulator, personal, secret_key

NAMES = ("ann", "dana", "zoe")
REFS = (REF, REF[::-1], "x" * 20)


def _supabase(kind: str, action: Action) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SupabaseSimulator() as sim:
            root = Secret(personal("offkey's own").encode())
            sim.add_token("root", root)
            settings = revokers.supabase.Settings(
                read=root, write=root, organisations=(ORG,), projects=REFS, url=sim.url
            )
            values = tuple(Secret(secret_key(name).encode()) for name in NAMES)
            case = Case(kind, sim, settings, (action,), [], hidden=values)
            case.unpaged = "all in one answer"
            for ref, name in zip(REFS, NAMES, strict=True):
                sim.add_project(ref)
                sim.add_member(name)
                ident = sim.add_key(REF, name, secret_key(name)) if kind == "supabase.secret_key" else ""
                case.points.append(leak(kind, provider_id=f"{REF}/{ident}" if ident else ref))
            case.person = Account(provider="supabase", id="", email="dana@example.com")
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "supabase.secret_key": _supabase("supabase.secret_key", Action.REVOKE),
    "supabase.legacy_keys": _supabase("supabase.legacy_keys", Action.DISABLE),
}
