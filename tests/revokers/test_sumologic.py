"""Sumo Logic's own truths: a refusal proves nothing, and an update replaces what it does not repeat."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Action, Liveness
from offkey.secret import Secret
from revokers import sumologic
from revokers.protocol import NotIdentified
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
