"""Keycloak's own truths: a user is sent back whole, service accounts are a client's, consents end one by one."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import keycloak
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.contract import CASES, Case
from tests.simulators.wire_changes import changed


def test_a_disabled_user_keeps_what_else_is_known_of_them() -> None:
    with CASES["keycloak.user"]() as case:
        ident = case.points[1].provider_id
        before = dict(case.sim.users[ident])  # type: ignore[attr-defined]
        case.kill(1)
        assert case.sim.users[ident] == {**before, "enabled": False}  # type: ignore[attr-defined]
        case.undo(1)
        assert case.sim.users[ident] == before  # type: ignore[attr-defined]


def test_an_answer_about_another_user_changes_nothing() -> None:
    with CASES["keycloak.user"]() as case:
        other = case.sim.users[case.points[0].provider_id]  # type: ignore[attr-defined]
        with changed(case.sim, lambda body: other if isinstance(body, dict) and "username" in body else body):
            assert case.state(1).liveness is Liveness.UNKNOWN
            with pytest.raises(Exception, match="another user"):
                case.kill(1)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE] * 3


def test_one_consent_ends_and_the_others_stay() -> None:
    with CASES["keycloak.consent"]() as case:
        user = case.points[1].provider_id.partition("/")[0]
        case.sim.add_consent(user, "wiki")  # type: ignore[attr-defined]
        case.kill(1)
        left = [p.provider_id for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "keycloak.consent"]
        assert left == [f"{user}/wiki"]


def test_a_service_account_is_its_clients_and_handed_over() -> None:
    with CASES["keycloak.user"]() as case:
        case.sim.add_user("service-account-ci", serviceAccountClientId="ci")  # type: ignore[attr-defined]
        account = Account(provider="keycloak", id="", login="service-account-ci")
        points = [p for p in keycloak.inventory(case.reader(), case.settings, account) if isinstance(p, AccessPoint)]
        assert {way.action for point in points for way in keycloak.options(point)} == {Action.HAND_OVER}
        with pytest.raises(NotAutomatic):
            keycloak.revoke(case.writer(), case.settings, Action.DISABLE, points[0])


def test_a_point_is_its_holders() -> None:
    with CASES["keycloak.user"]() as case:
        wrong = replace(case.points[1], provider_id=case.points[0].provider_id)
        assert keycloak.state(case.reader(), case.settings, wrong).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            keycloak.revoke(case.writer(), case.settings, Action.DISABLE, wrong)


def test_nobody_of_that_address_is_nothing_and_an_unknown_name_is_a_gap() -> None:
    with CASES["keycloak.user"]() as case:
        nobody = Account(provider="keycloak", id="", email="nobody@example.com")
        assert list(keycloak.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = keycloak.inventory(case.reader(), case.settings, replace(nobody, login="nobody"))
        assert isinstance(gap, Gap)


def master(case: Case) -> AccessPoint:
    """Dana, as a user of the realm that administers all others."""
    case.sim.realm = "master"  # type: ignore[attr-defined]
    case.settings = replace(case.settings, realm="master")
    return next(item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == "keycloak.user")


def test_the_master_realms_last_administrator_is_not_disabled_by_a_plan_or_since() -> None:
    with CASES["keycloak.user"]() as case:
        ann, dana = (case.points[number].provider_id for number in (0, 1))
        robot = case.sim.add_user("service-account-ci")  # type: ignore[attr-defined]
        case.sim.admins = {ann, dana, robot}  # type: ignore[attr-defined]
        point = master(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        case.sim.users[ann]["enabled"] = False  # type: ignore[attr-defined]
        alone = master(case)
        assert LAST_OWNER in alone.evidence
        assert [way.action for way in keycloak.options(alone)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            keycloak.revoke(case.writer(), case.settings, Action.DISABLE, point)
        assert case.sim.users[dana]["enabled"]  # type: ignore[attr-defined]


def test_where_the_master_realms_administrators_cannot_be_seen_disabling_needs_a_yes() -> None:
    with CASES["keycloak.user"]() as case:
        case.sim.admins = {case.points[number].provider_id for number in (0, 1)}  # type: ignore[attr-defined]
        seen = master(case)
        case.sim.fail("GET", "/roles/admin/users", 403, times=2)
        items = case.inventory()
        assert any(isinstance(item, Gap) and "administrators" in item.where for item in items)
        point = next(item for item in items if isinstance(item, AccessPoint) and item.kind == "keycloak.user")
        assert [way.needs for way in keycloak.options(point)] == ["keycloak-disable-unseen"]
        with pytest.raises(NotAutomatic):
            keycloak.revoke(case.writer(), case.settings, Action.DISABLE, seen)
