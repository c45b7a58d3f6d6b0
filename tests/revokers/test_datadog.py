"""Datadog's own truths: 403 is death at one address alone, and an API key is everybody's."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from revokers import datadog
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.datadog import ADMIN, DatadogSimulator, api_key, app_key


def simulator(case: Case) -> DatadogSimulator:
    assert isinstance(case.sim, DatadogSimulator)
    return case.sim


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    reader = Reader(datadog.gate, datadog.URL, transport=transport, sleep=lambda _: None)
    value = credential("datadog.api_key", secret=api_key("dana"))
    assert datadog.check(reader, value).liveness is Liveness.UNKNOWN
    return datadog.state(reader, datadog.Settings(), known("datadog.api_key"), value).liveness


def test_only_forbidden_from_validate_is_death() -> None:
    assert said(403, {"errors": ["Forbidden"]}) is Liveness.DEAD
    for status, body in (
        (403, {"errors": ["Your address is not allowed"]}),
        (403, {}),
        (401, {"errors": ["Forbidden"]}),
        (200, {"valid": False}),
    ):
        assert said(status, body) is Liveness.UNKNOWN


def test_a_key_of_another_site_is_not_dead_here() -> None:
    with CASES["datadog.api_key"]() as case:
        elsewhere = credential("datadog.api_key", secret=api_key("in another site"))
        for told in (
            datadog.check(case.reader(), elsewhere),
            datadog.state(case.reader(), case.settings, leak("datadog.api_key"), elsewhere),
        ):
            assert told.liveness is Liveness.UNKNOWN


def test_an_api_key_is_the_organisations_and_needs_its_own_yes() -> None:
    with CASES["datadog.api_key"]() as case:
        (point,) = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "datadog.api_key"]
        assert point.ownership is Ownership.SHARED
        for one, by in ((point, "id"), (case.points[1], "value")):
            assert [(way.needs, way.by) for way in datadog.options(one)] == [("datadog-delete-api-key", by)]
        assert datadog.check(case.reader(), case.credentials[1]).status == "shared"


def test_an_application_key_is_told_by_working_here_and_its_last_four() -> None:
    with CASES["datadog.app_key"]() as case:
        value, point = case.leaked[1], leak("datadog.app_key")
        assert datadog.check(case.reader(), value).liveness is Liveness.UNKNOWN
        assert datadog.state(case.reader(), case.settings, point, value).liveness is Liveness.LIVE
        datadog.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]
        assert datadog.state(case.reader(), case.settings, point, value).liveness is Liveness.UNKNOWN


def test_two_keys_that_end_alike_and_a_foreign_one_are_not_identified() -> None:
    with CASES["datadog.app_key"]() as case:
        sim, point = simulator(case), leak("datadog.app_key")
        value = case.leaked[1]
        ends = value.secret.reveal().decode()[-4:]
        twin = sim.add_key("application_keys", next(iter(sim.users)), "0" * 36 + ends)
        with pytest.raises(NotIdentified) as refused:
            datadog.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert twin.id in refused.value.advice
        foreign = credential("datadog.app_key", secret="1" * 36 + ends)
        with pytest.raises(NotIdentified, match="does not work"):
            datadog.revoke(case.writer(), case.settings, Action.REVOKE, point, foreign)


def test_another_users_key_is_not_ended_for_this_one() -> None:
    with CASES["datadog.app_key"]() as case:
        wrong = replace(case.points[1], provider_id=case.points[0].provider_id)
        with pytest.raises(NotIdentified, match="another's"):
            datadog.revoke(case.writer(), case.settings, Action.REVOKE, wrong)


def test_offkeys_own_keys_and_user_are_left_alone() -> None:
    with CASES["datadog.user"]() as case:
        root = Account(provider="datadog", id="", email="root@example.com")
        for point in datadog.inventory(case.reader(), case.settings, root):
            assert isinstance(point, AccessPoint)
            action = Action.DISABLE if point.kind == "datadog.user" else Action.REVOKE
            with pytest.raises(NotAutomatic):
                datadog.revoke(case.writer(), case.settings, action, point)


def test_a_disabled_users_application_keys_stop_and_a_service_account_is_shared() -> None:
    with CASES["datadog.user"]() as case:
        sim = simulator(case)
        sim.add_key("application_keys", case.points[1].provider_id, app_key("dana"))
        value = credential("datadog.app_key", secret=app_key("dana"))
        case.kill(1)
        assert datadog.state(case.reader(), case.settings, leak("datadog.app_key"), value).liveness is Liveness.UNKNOWN
        robot = Account(provider="datadog", id=sim.add_user("robot", robot=True))
        (point,) = datadog.inventory(case.reader(), case.settings, robot)
        assert isinstance(point, AccessPoint)
        assert (point.ownership, datadog.options(point)[0].action) == (Ownership.SHARED, Action.HAND_OVER)


def test_a_list_that_ends_before_its_end_is_a_gap() -> None:
    with CASES["datadog.app_key"]() as case:
        sim = simulator(case)
        whole = sim._list
        sim._list = lambda request, rows, **more: (  # type: ignore[method-assign]
            whole(request, rows, **more) if "users" in request.path else whole(request, [], total_filtered_count=3)
        )
        assert any(isinstance(found, Gap) and "before its end" in found.why for found in case.inventory())
        assert case.state(1).liveness is Liveness.UNKNOWN


def account_of(case: Case) -> AccessPoint:
    point = next(item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == "datadog.user")
    assert isinstance(point, AccessPoint)
    return point


def test_the_organisations_last_administrator_is_not_disabled_by_a_plan_or_since() -> None:
    with CASES["datadog.user"]() as case:
        sim = simulator(case)
        ann, dana = case.points[0].provider_id, case.points[1].provider_id
        sim.roles[ADMIN] = {ann, dana, sim.add_user("robot", robot=True)}
        point = account_of(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        sim.users[ann].update(disabled=True, status="Disabled")
        alone = account_of(case)
        assert LAST_OWNER in alone.evidence
        assert [way.action for way in datadog.options(alone)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            datadog.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
        assert not sim.users[dana]["disabled"]


def test_where_roles_cannot_be_seen_disabling_needs_a_yes_and_a_gap_says_why() -> None:
    with CASES["datadog.user"]() as case:
        seen = account_of(case)
        simulator(case).fail("GET", "/users/", 403, times=2)
        items = case.inventory()
        (gap,) = [item for item in items if isinstance(item, Gap)]
        assert "administrators" in gap.where
        (point,) = [item for item in items if isinstance(item, AccessPoint)]
        assert [way.needs for way in datadog.options(point)] == ["datadog-disable-unseen"]
        with pytest.raises(NotAutomatic):
            datadog.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
