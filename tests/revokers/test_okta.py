"""Okta's own truths: a suspended user's token answers as a revoked one does, and e-mail addresses are not unique."""

from dataclasses import replace

import httpx
import pytest

import revokers
from offkey.http import Reader, Refused
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import okta
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.okta import okta_api_token

VALUE = credential("okta.api_token", secret=okta_api_token("dana"))


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    url = "https://acme.okta.com"
    http = Reader(okta.gate, url, instance=url, transport=transport, sleep=lambda _: None)
    return okta.state(http, okta.Settings(url=url), known("okta.api_token"), VALUE).liveness


def test_only_the_documented_answer_is_death() -> None:
    assert said(401, {"errorCode": "E0000011"}) is Liveness.DEAD
    assert said(401, {"errorCode": "E0000004"}) is Liveness.UNKNOWN
    assert said(401, {}) is Liveness.UNKNOWN
    assert said(403, {"errorCode": "E0000011"}) is Liveness.UNKNOWN
    assert said(404, {"errorCode": "E0000007"}) is Liveness.UNKNOWN


def test_a_token_of_an_organisation_that_is_not_configured_is_not_dead() -> None:
    with CASES["okta.api_token"]() as case:
        foreign = credential("okta.api_token", secret=okta_api_token("of another organisation"))
        assert okta.check(case.reader(), foreign).liveness is Liveness.UNKNOWN
        said = okta.state(case.reader(), case.settings, leak("okta.api_token"), foreign)
        assert said.liveness is Liveness.UNKNOWN


def test_a_token_is_asked_about_at_the_configured_organisation_alone() -> None:
    assert not okta.HOSTS
    assert not okta.URL
    with pytest.raises(Refused):
        Reader(okta.gate, "https://other.okta.com")


def test_a_suspended_users_token_rests_and_lives_again_with_its_user() -> None:
    with CASES["okta.api_token"]() as case:
        account = next(p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "okta.account")
        okta.revoke(case.writer(), case.settings, Action.DISABLE, account)
        assert "suspended" in okta.check(case.reader(), case.credentials[1]).reason
        leaked = replace(case.points[1], holder=account.holder)
        rests = okta.state(case.reader(), case.settings, leaked, case.credentials[1])
        assert (rests.liveness, "SUSPENDED" in rests.reason) == (Liveness.UNKNOWN, True)
        okta.undo(case.writer(), case.settings, account)
        assert case.state(1).liveness is Liveness.LIVE
        with pytest.raises(NotAutomatic):
            okta.undo(case.writer(), case.settings, case.points[1])


def test_a_token_ends_itself_and_not_its_users_others() -> None:
    with CASES["okta.listed_token"]() as case:
        tokens = [p.provider_id for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == case.kind]
        value = credential("okta.api_token", secret=okta_api_token("dana second"))
        dana = next(user for user in case.sim.users.values() if user.login.startswith("dana"))  # type: ignore[attr-defined]
        case.sim.add_token(dana, okta_api_token("dana second"))  # type: ignore[attr-defined]
        point = AccessPoint(id="leak", provider="okta", kind="okta.api_token")
        okta.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert okta.state(case.reader(), case.settings, known("okta.api_token"), value).liveness is Liveness.DEAD
        left = [p.provider_id for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == case.kind]
        assert left == tokens


def test_an_address_of_several_users_is_not_identified_and_names_them() -> None:
    with CASES["okta.account"]() as case:
        case.sim.add_user("dana-admin", email="dana@example.com")  # type: ignore[attr-defined]
        (gap,) = case.inventory()
        assert isinstance(gap, Gap)
        assert "dana-admin@example.com, dana@example.com" in gap.why
        nobody = Account(provider="okta", id="", email="nobody@example.com")
        assert list(okta.inventory(case.reader(), case.settings, nobody)) == []
        strange = Account(provider="okta", id="", email='x" or profile.email pr or "@example.com')
        (gap,) = okta.inventory(case.reader(), case.settings, strange)
        assert isinstance(gap, Gap)


def test_a_logins_beginning_is_not_the_login() -> None:
    with CASES["okta.account"]() as case:
        for name in ("dana", "gone@example.com"):
            (gap,) = okta.inventory(case.reader(), case.settings, Account(provider="okta", id="", login=name))
            assert isinstance(gap, Gap)
        found = list(
            okta.inventory(case.reader(), case.settings, Account(provider="okta", id="", login="dana@example.com"))
        )
        assert len(found) == 2


def test_a_super_administrator_is_left_to_people() -> None:
    with CASES["okta.account"]() as case:
        case.sim.users[case.points[1].provider_id].roles = ["SUPER_ADMIN"]  # type: ignore[attr-defined]
        point = next(p for p in case.inventory() if isinstance(p, AccessPoint))
        assert [way.action for way in okta.options(point)] == [Action.HAND_OVER]
        case.sim.fail("GET", "/roles$", 403, times=9)
        found = case.inventory()
        assert any(isinstance(p, Gap) and "roles" in p.why for p in found)
        assert not any(isinstance(p, AccessPoint) and p.kind == "okta.account" for p in found)


def test_who_became_a_super_administrator_after_the_plan_is_left_alone() -> None:
    for action in (Action.DISABLE, Action.REMOVE):
        with CASES["okta.account"]() as case:
            case.sim.users[case.points[1].provider_id].roles = ["SUPER_ADMIN"]  # type: ignore[attr-defined]
            with pytest.raises(NotAutomatic):
                okta.revoke(case.writer(), case.settings, action, case.points[1])
            assert case.state(1).liveness is Liveness.LIVE


@pytest.mark.parametrize("kind", ["okta.grant", "okta.refresh_token"])
def test_a_grant_of_a_user_who_is_no_longer_shown_is_not_gone(kind: str) -> None:
    with CASES[kind]() as case:
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD
        hidden = case.sim.users.pop(case.points[0].holder.id)  # type: ignore[attr-defined, union-attr]
        case.sim.grants = {k: v for k, v in case.sim.grants.items() if v["userId"] != hidden.id}  # type: ignore[attr-defined]
        case.sim.refresh = {k: v for k, v in case.sim.refresh.items() if v["userId"] != hidden.id}  # type: ignore[attr-defined]
        assert case.state(0).liveness is Liveness.UNKNOWN


def test_only_an_active_user_can_be_suspended() -> None:
    with CASES["okta.account"]() as case:
        point = case.points[1]
        assert [way.action for way in okta.options(point)] == [Action.DISABLE, Action.REMOVE]
        case.sim.users[point.provider_id].status = "STAGED"  # type: ignore[attr-defined]
        staged = replace(point, check=case.state(1))
        assert [way.action for way in okta.options(staged)] == [Action.REMOVE]


def test_sessions_are_ended_and_nothing_proves_it() -> None:
    with CASES["okta.account"]() as case:
        point = next(p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "okta.session")
        okta.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert case.sim.sessions_ended == [point.provider_id]  # type: ignore[attr-defined]
        assert okta.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN


def test_an_id_of_somebody_else_is_not_ended() -> None:
    with CASES["okta.listed_token"]() as case:
        swapped = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            okta.revoke(case.writer(), case.settings, Action.REVOKE, swapped)
        assert okta.state(case.reader(), case.settings, swapped).liveness is Liveness.UNKNOWN
        assert case.state(1).liveness is Liveness.LIVE
    with CASES["okta.grant"]() as case, pytest.raises(NotIdentified):
        okta.revoke(case.writer(), case.settings, Action.REVOKE, replace(case.points[1], holder=case.points[0].holder))


def test_without_a_credential_of_its_own_offkey_lists_nothing_and_still_asks_by_value() -> None:
    with CASES["okta.api_token"]() as case:
        bare = revokers.okta.Settings(url=case.settings.url)
        (gap,) = okta.inventory(case.reader(), bare, case.person)
        assert isinstance(gap, Gap)
        assert okta.state(case.reader(), bare, case.points[1], case.credentials[1]).liveness is Liveness.LIVE
