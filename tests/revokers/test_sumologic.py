"""Sumo Logic's own truths: a refusal proves nothing, and an update replaces what it does not repeat."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Action, Gap, Liveness
from offkey.secret import Secret
from revokers import sumologic
from revokers.parts import basic
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import Case, credential, leak
from tests.revokers.contract import CASES
from tests.simulators.sumologic import SumoLogicSimulator, access_key


def simulator(case: Case) -> SumoLogicSimulator:
    assert isinstance(case.sim, SumoLogicSimulator)
    return case.sim


def test_a_living_key_names_its_user_and_a_refused_one_is_not_called_dead() -> None:
    with CASES["sumologic.access_key"]() as case:
        ident, secret = access_key("dana")
        value = credential(sumologic.KEY, id=ident, secret=secret)
        found = sumologic.check(case.reader(), value)
        assert found.holder == replace(case.points[1].holder, email="")  # type: ignore[type-var]
        case.kill(1)
        assert sumologic.check(case.reader(), value).liveness is Liveness.UNKNOWN


def test_a_found_key_that_is_not_listed_may_be_another_organisations() -> None:
    with CASES["sumologic.access_key"]() as case:
        stray = leak(sumologic.KEY, provider_id=access_key("stray")[0])
        assert sumologic.state(case.reader(), case.settings, stray).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            sumologic.revoke(case.writer(), case.settings, Action.REVOKE, stray)


def test_deactivating_keeps_the_keys_origins() -> None:
    with CASES["sumologic.access_key"]() as case:
        case.kill(1, action=Action.DISABLE)
        case.undo(1)
        assert simulator(case).keys[case.points[1].provider_id].origins == ["https://dash.example.com"]


def test_a_list_without_the_asking_key_is_not_the_whole_list() -> None:
    with CASES["sumologic.access_key"]() as case:
        sim = simulator(case)
        own = access_key("offkey's own")[0]
        hidden = sim.keys[own]
        sim.before = lambda _: sim.keys.update({own: replace(hidden, id="another")})
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_key_that_another_user_made_is_not_ended() -> None:
    with CASES["sumologic.access_key"]() as case:
        foreign = replace(case.points[1], provider_id=case.points[0].provider_id)
        with pytest.raises(NotIdentified):
            sumologic.revoke(case.writer(), case.settings, Action.REVOKE, foreign)
        assert case.state(0).liveness is Liveness.LIVE


def test_the_contracts_settings_need_both_parts() -> None:
    with CASES["sumologic.access_key"]() as case:
        half = sumologic.Settings(read=Secret(b"su-only-an-id"), url=case.settings.url)
        (gap,) = sumologic.inventory(case.reader(), half, case.person)
        assert not isinstance(gap, AccessPoint)
        assert "two parts" in gap.why


def account_of(case: Case) -> AccessPoint:
    point = next(item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == sumologic.USER)
    assert isinstance(point, AccessPoint)
    return point


def test_the_accounts_owner_is_not_deactivated_by_a_plan_or_since() -> None:
    with CASES["sumologic.user"]() as case:
        point = account_of(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        simulator(case).owner = point.provider_id
        owner = account_of(case)
        assert LAST_OWNER in owner.evidence
        assert [way.action for way in sumologic.options(owner)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            sumologic.revoke(case.writer(), case.settings, Action.DISABLE, point)
        assert case.state(1).liveness is Liveness.LIVE


def test_where_the_owner_is_not_told_deactivating_needs_a_yes_and_a_gap_says_why() -> None:
    with CASES["sumologic.user"]() as case:
        seen = account_of(case)
        simulator(case).fail("GET", "/accountOwner", 403, times=2)
        items = case.inventory()
        assert any(isinstance(item, Gap) and "administrators" in item.where for item in items)
        point = next(item for item in items if isinstance(item, AccessPoint) and item.kind == sumologic.USER)
        assert [way.needs for way in sumologic.options(point)] == ["sumologic-deactivate-unseen"]
        with pytest.raises(NotAutomatic):
            sumologic.revoke(case.writer(), case.settings, Action.DISABLE, seen)


def test_the_key_that_offkey_uses_is_not_ended() -> None:
    with CASES["sumologic.access_key"]() as case:
        own = access_key("offkey's own")[0]
        point = replace(case.points[1], provider_id=own, holder=None)
        for action in (Action.DISABLE, Action.REVOKE):
            with pytest.raises(NotAutomatic, match="offkey uses"):
                sumologic.revoke(case.writer(), case.settings, action, point)
        assert not simulator(case).keys[own].disabled


def test_a_living_key_of_another_organisation_is_not_dead_because_this_one_does_not_list_it() -> None:
    ident, secret = access_key("of another organisation")
    offkeys = access_key("offkey's own")
    own = basic(ident, Secret(secret.encode()))["Authorization"]

    def answer(request: httpx.Request) -> httpx.Response:
        name = ident if request.headers["authorization"] == own else offkeys[0]
        return httpx.Response(200, json={"data": [{"id": name, "createdBy": "7", "disabled": False}], "next": None})

    http = Reader(sumologic.gate, sumologic.URL, transport=httpx.MockTransport(answer), sleep=lambda _: None)
    value = credential(sumologic.KEY, id=ident, secret=secret)
    alive = sumologic.check(http, value)
    settings = sumologic.Settings(read=Secret(",".join(offkeys).encode()))
    point = leak(sumologic.KEY, provider_id=ident, holder=alive.holder, check=alive)
    assert alive.holder
    assert sumologic.state(http, settings, point, value).liveness is Liveness.LIVE


def test_half_of_the_configured_pair_that_an_answer_repeats_is_not_recorded() -> None:
    with CASES["sumologic.access_key"]() as case:
        key = str(case.settings.read.reveal().decode()).split(",")[1]
        told = httpx.MockTransport(lambda _: httpx.Response(401, json={"message": f"no such key: {key}"}))
        http = Reader(sumologic.gate, case.settings.url, instance=case.settings.url, transport=told)
        assert sumologic.state(http, case.settings, case.points[1]).liveness is Liveness.UNKNOWN
        assert [exchange.summary for exchange in http.exchanges] == ["no such key: ***"]
