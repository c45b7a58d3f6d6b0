"""Atlassian's own truths: a token has no name but its owner's, and a next page's address is not followed."""

from dataclasses import replace

import pytest

from offboarding.demo.simulators.tokens import pick
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from revokers import atlassian
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import Case, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.atlassian import AtlassianSimulator


def simulator(case: Case) -> AtlassianSimulator:
    assert isinstance(case.sim, AtlassianSimulator)
    return case.sim


def test_a_leaked_token_is_neither_asked_about_nor_guessed() -> None:
    with CASES["atlassian.api_token"]() as case:
        value = credential("atlassian.api_token", secret="ATATT3" + pick("dana", "atlassian", 180) + "=0123ABCD")
        found = leak("atlassian.api_token")
        assert atlassian.check(case.reader(), value).liveness is Liveness.UNKNOWN
        assert atlassian.state(case.reader(), case.settings, found, value).liveness is Liveness.UNKNOWN
        assert [way.action for way in atlassian.options(found)] == [Action.HAND_OVER]
        asked = len(case.sim.requests)
        with pytest.raises(NotIdentified):
            atlassian.revoke(case.writer(), case.settings, Action.REVOKE, found, value)
        assert len(case.sim.requests) == asked
        assert atlassian.options(case.points[1])[0].action is Action.REVOKE


def test_a_person_is_found_on_a_later_page_and_a_stranger_is_nobody() -> None:
    with CASES["atlassian.account"]() as case:
        zoe = Account(provider="atlassian", id="", email="Zoe@Example.com")
        (point,) = atlassian.inventory(case.reader(), case.settings, zoe)
        assert isinstance(point, AccessPoint)
        assert point.provider_id == "557057:zoe"
        nobody = Account(provider="atlassian", id="", email="nobody@example.com")
        assert list(atlassian.inventory(case.reader(), case.settings, nobody)) == []


def test_without_an_organisation_or_outside_it_there_is_a_gap() -> None:
    with CASES["atlassian.account"]() as case:
        alone = replace(case.settings, organisation="")
        (gap,) = atlassian.inventory(case.reader(), alone, case.person)
        assert isinstance(gap, Gap)
        assert "organisation" in gap.advice
        (gap,) = atlassian.inventory(case.reader(), case.settings, Account(provider="atlassian", id="557057:foreign"))
        assert isinstance(gap, Gap)


def test_two_accounts_of_one_address_are_not_chosen_between() -> None:
    with CASES["atlassian.account"]() as case:
        sim = simulator(case)
        sim.accounts[sim.add_account("other")]["email"] = "dana@example.com"
        (gap,) = case.inventory()
        assert isinstance(gap, Gap)
        assert "557057:dana" in gap.advice
        assert "557057:other" in gap.advice


def test_a_token_of_another_account_is_not_deleted() -> None:
    with CASES["atlassian.api_token"]() as case:
        wrong = replace(case.points[1], provider_id=case.points[0].provider_id)
        with pytest.raises(NotIdentified):
            atlassian.revoke(case.writer(), case.settings, Action.REVOKE, wrong)
        assert case.state(0).liveness is Liveness.LIVE


def test_an_apps_account_is_shared_and_a_deleted_token_does_not_come_back() -> None:
    with CASES["atlassian.api_token"]() as case:
        robot = Account(provider="atlassian", id=simulator(case).add_account("robot", kind="app"))
        (point,) = atlassian.inventory(case.reader(), case.settings, robot)
        assert isinstance(point, AccessPoint)
        assert point.ownership is Ownership.SHARED
        with pytest.raises(NotAutomatic):
            case.undo(1)


def test_an_empty_list_of_an_account_that_cannot_be_read_proves_nothing() -> None:
    with CASES["atlassian.api_token"]() as case:
        case.kill(1)
        case.sim.fail("GET", "profile", 403, times=9)
        assert case.state(1).liveness is Liveness.UNKNOWN


def account_of(case: Case) -> AccessPoint:
    point = next(item for item in case.inventory() if isinstance(item, AccessPoint))
    assert point.kind == "atlassian.account"
    return point


def test_the_last_organization_admin_is_not_deactivated_by_a_plan_or_since() -> None:
    with CASES["atlassian.account"]() as case:
        sim = simulator(case)
        sim.admins = ["557057:ann", "557057:dana"]
        point = account_of(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        sim.accounts["557057:ann"]["account_status"] = "inactive"
        alone = account_of(case)
        assert LAST_OWNER in alone.evidence
        assert [way.action for way in atlassian.options(alone)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            atlassian.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
        assert sim.accounts["557057:dana"]["account_status"] == "active"


def test_where_organization_admins_cannot_be_seen_deactivating_needs_a_yes_and_a_gap_says_why() -> None:
    with CASES["atlassian.account"]() as case:
        seen = account_of(case)
        case.settings = replace(case.settings, organisation="")
        case.person = Account(provider="atlassian", id="557057:dana")
        items = case.inventory()
        (gap,) = [item for item in items if isinstance(item, Gap)]
        assert "organisation" in gap.advice
        (point,) = [item for item in items if isinstance(item, AccessPoint)]
        assert [way.needs for way in atlassian.options(point)] == ["atlassian-deactivate-unseen"]
        with pytest.raises(NotAutomatic):
            atlassian.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
