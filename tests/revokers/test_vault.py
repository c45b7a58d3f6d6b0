"""Vault's own truths: a 403 has many meanings, children die with their parent, OpenBao says less than Vault."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Check, Gap, Liveness
from offkey.secret import Secret
from revokers import vault
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.vault import DENIED, INVALID, VaultSimulator, vault_service

MAKER = replace(known("vault.service"), check=replace(known("vault.service").check, status="maker"))  # type: ignore[type-var]
"""A leaked token of which nobody could tell, when it was planned, whether it has children."""
VALUE = credential("vault.service", secret=vault_service("dana"))


def said(status: int, *errors: str) -> Check:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"errors": list(errors)}))
    url = "https://vault.acme.com/v1"
    http = Reader(vault.gate, url, instance=url, transport=transport, sleep=lambda _: None)
    return vault.state(http, vault.Settings(url=url), known("vault.service"), VALUE)


@contextmanager
def asked(sim: VaultSimulator, *, read: bool = False) -> Iterator[Case]:
    with sim:
        own = Secret(vault_service("offkey").encode())
        sim.add_token(own.reveal().decode(), "offkey", policies=("offkey",))
        settings = vault.Settings(url=f"{sim.url}/v1", read=own if read else None)
        yield Case("vault.service", sim, settings, (Action.REVOKE,), [MAKER], [VALUE])


def test_only_the_documented_403_is_death() -> None:
    assert said(403, INVALID).liveness is Liveness.DEAD
    assert said(403, "permission denied", "invalid token").liveness is Liveness.DEAD
    for errors in ((DENIED,), ("invalid token",), ("bad token",), ()):
        assert said(403, *errors).liveness is Liveness.UNKNOWN
    assert said(400, INVALID).liveness is Liveness.UNKNOWN
    assert "OpenBao" in said(403, DENIED).reason


def test_a_token_of_an_instance_that_is_not_configured_is_not_dead() -> None:
    for openbao in (False, True):
        for read in (False, True):
            with asked(VaultSimulator(openbao=openbao), read=read) as case:
                assert vault.check(case.reader(), VALUE).liveness is Liveness.UNKNOWN
                said = vault.state(case.reader(), case.settings, leak("vault.service"), VALUE)
                assert said.liveness is Liveness.UNKNOWN


def test_openbaos_answer_proves_nothing_without_an_administrator_who_looks_the_value_up() -> None:
    for read, liveness in ((False, Liveness.UNKNOWN), (True, Liveness.DEAD)):
        with asked(VaultSimulator(openbao=True), read=read) as case:
            case.sim.add_token(vault_service("dana"), "dana")  # type: ignore[attr-defined]
            assert case.state(0).liveness is Liveness.LIVE
            case.kill(0)
            assert case.state(0).liveness is liveness
            assert vault.check(case.reader(), VALUE).liveness is Liveness.UNKNOWN


def test_a_token_of_a_disabled_entity_is_not_dead() -> None:
    with CASES["vault.service"]() as case:
        entity = next(p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "vault.entity")
        vault.revoke(case.writer(), case.settings, Action.DISABLE, entity)
        assert vault.check(case.reader(), case.credentials[1]).liveness is Liveness.UNKNOWN
        assert case.state(1).liveness is Liveness.LIVE  # it is still there, and works again with its entity
        vault.undo(case.writer(), case.settings, entity)
        assert vault.check(case.reader(), case.credentials[1]).liveness is Liveness.LIVE
        with pytest.raises(NotAutomatic):
            vault.undo(case.writer(), case.settings, case.points[1])


@pytest.mark.parametrize("policies", [("root",), ("maker",)])
def test_a_token_that_may_have_children_needs_its_own_yes_and_takes_them_along(policies: tuple[str, ...]) -> None:
    with asked(VaultSimulator()) as case:
        parent = case.sim.add_token(vault_service("dana"), "dana", policies=policies)  # type: ignore[attr-defined]
        case.sim.add_token(vault_service("child"), "job", parent=parent)  # type: ignore[attr-defined]
        check = vault.check(case.reader(), VALUE)
        assert check.status == policies[0]
        (way,) = vault.options(replace(case.points[0], check=check))
        assert way.needs == "vault-cascade"
        assert "child tokens" in way.breaks[0]
        case.kill(0)
        child = credential("vault.service", secret=vault_service("child"))
        assert vault.state(case.reader(), case.settings, case.points[0], child).liveness is Liveness.DEAD


def test_a_plain_token_needs_no_extra_yes_and_one_nobody_can_judge_does() -> None:
    with CASES["vault.service"]() as case:
        case.sim.roles = ["deploy"]  # type: ignore[attr-defined]
        token = next(t for t in case.sim.tokens.values() if t.name == "dana")  # type: ignore[attr-defined]
        for policies, broken, needs in (
            (("lister",), False, ""),
            ((), False, "vault-cascade"),  # it may not list the roles under which it may make tokens
            (("lister", "create/deploy"), False, "vault-cascade"),
            (("lister",), True, "vault-cascade"),
        ):
            token.policies = ("default", *policies)
            if broken:
                case.sim.fail("POST", "capabilities-self", 403)
            check = vault.check(case.reader(), case.credentials[1])
            assert check.liveness is Liveness.LIVE
            assert vault.options(replace(case.points[1], check=check))[0].needs == needs


def test_a_token_of_limited_uses_is_asked_once() -> None:
    with asked(VaultSimulator()) as case:
        case.sim.add_token(vault_service("dana"), "dana", uses=2)  # type: ignore[attr-defined]
        assert vault.check(case.reader(), VALUE).status == "maker"
        assert len(case.sim.requests) == 1


def test_an_accessor_of_a_root_or_making_token_is_gated() -> None:
    with CASES["vault.accessor"]() as case:
        dana = case.points[1].holder
        assert dana
        case.sim.add_token(vault_service("more"), "dana", entity=dana.id, policies=("maker",))  # type: ignore[attr-defined]
        tokens = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "vault.accessor"]
        assert sorted(vault.options(token)[0].needs for token in tokens) == ["", "vault-cascade"]


def test_a_token_that_may_make_others_under_a_role_alone_is_gated_too() -> None:
    with CASES["vault.accessor"]() as case:
        case.sim.roles = ["nightly", "deploy"]  # type: ignore[attr-defined]
        dana = case.points[1].holder
        assert dana
        value = vault_service("more")
        case.sim.add_token(value, "dana", entity=dana.id, policies=("create/deploy",))  # type: ignore[attr-defined]
        tokens = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "vault.accessor"]
        assert sorted(vault.options(token)[0].needs for token in tokens) == ["", "vault-cascade"]
        case.sim.fail("GET", "/auth/token/roles", 403)
        tokens = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "vault.accessor"]
        assert [vault.options(token)[0].needs for token in tokens] == ["vault-cascade"] * 2


def test_a_token_that_may_have_children_since_the_plan_is_not_ended_without_that_yes() -> None:
    for kind in ("vault.accessor", "vault.service"):
        with CASES[kind]() as case:
            token = next(t for t in case.sim.tokens.values() if t.name == "dana")  # type: ignore[attr-defined]
            token.policies = ("default", "lister")
            value = case.value(1)
            plain = replace(case.points[1], check=vault.state(case.reader(), case.settings, case.points[1], value))
            assert [way.needs for way in vault.options(plain)] == [""]
            token.policies = ("default", "lister", "maker")
            with pytest.raises(NotAutomatic, match="child"):
                vault.revoke(case.writer(), case.settings, Action.REVOKE, plain, value)
            assert case.state(1).liveness is Liveness.LIVE
            token.policies = ("default", "lister")
            vault.revoke(case.writer(), case.settings, Action.REVOKE, plain, value)
            assert case.state(1).liveness is Liveness.DEAD


def test_another_entitys_accessor_is_not_ended() -> None:
    with CASES["vault.accessor"]() as case:
        swapped = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            vault.revoke(case.writer(), case.settings, Action.REVOKE, swapped)
        assert case.state(1).liveness is Liveness.LIVE


def test_nobody_is_found_by_a_name_that_is_not_an_entitys() -> None:
    with CASES["vault.entity"]() as case:
        for account in (Account(provider="vault", id="", login="dan"), Account(provider="vault", id="")):
            (gap,) = vault.inventory(case.reader(), case.settings, account)
            assert isinstance(gap, Gap)


def test_batch_and_recovery_tokens_are_handed_over() -> None:
    for kind in ("vault.batch", "vault.recovery"):
        assert [way.action for way in vault.HANDLES[kind]] == [Action.HAND_OVER]
    recovery = credential("vault.recovery", secret=vault_service("x"))
    with CASES["vault.entity"]() as case:
        before = len(case.sim.requests)
        assert vault.check(case.reader(), recovery).liveness is Liveness.UNKNOWN
        assert len(case.sim.requests) == before


def test_a_refused_lookup_proves_nothing() -> None:
    with asked(VaultSimulator(openbao=True), read=True) as case:
        assert case.state(0).liveness is Liveness.DEAD
        case.sim.fail("POST", "/auth/token/lookup$", 403)
        assert case.state(0).liveness is Liveness.UNKNOWN
