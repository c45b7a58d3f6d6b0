"""PagerDuty's own truths: no call ends a key, and the end of a session is not to be seen."""

import pytest

from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import pagerduty
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.pagerduty import PagerDutySimulator, account_key, user_key

KIND = "pagerduty.api_key"


def simulator(case: Case) -> PagerDutySimulator:
    assert isinstance(case.sim, PagerDutySimulator)
    return case.sim


def points(case: Case) -> dict[str, AccessPoint]:
    return {point.kind: point for point in case.inventory() if isinstance(point, AccessPoint)}


def test_a_users_key_names_its_user_and_a_refusal_is_no_death() -> None:
    with CASES["pagerduty.user"]() as case:
        simulator(case).add_key(user_key("dana"), "PDANA")
        told = pagerduty.check(case.reader(), credential(KIND, secret=user_key("dana")))
        assert told.holder is not None
        assert (told.liveness, told.holder.email) == (Liveness.LIVE, "dana@example.com")
        simulator(case).add_key(account_key("the account's"))
        for value in (user_key("stranger"), account_key("the account's")):
            assert pagerduty.check(case.reader(), credential(KIND, secret=value)).liveness is Liveness.UNKNOWN


def test_keys_are_ended_by_hand() -> None:
    (way,) = pagerduty.HANDLES[KIND]
    assert way.action is Action.HAND_OVER
    value = credential(KIND, secret=user_key("dana"))
    with CASES["pagerduty.user"]() as case, pytest.raises(NotAutomatic):
        pagerduty.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), value)


def test_sessions_end_for_web_and_mobile_of_this_user_alone_and_stay_unconfirmed() -> None:
    with CASES["pagerduty.user"]() as case:
        point = points(case)["pagerduty.sessions"]
        assert pagerduty.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        pagerduty.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert simulator(case).signed_out == [("PDANA", "mobile"), ("PDANA", "web")]
        assert pagerduty.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        case.kill(1)
        assert pagerduty.state(case.reader(), case.settings, point).liveness is Liveness.DEAD
        with pytest.raises(NotIdentified):
            pagerduty.revoke(case.writer(), case.settings, Action.REVOKE, point)


def test_a_user_with_incidents_stays_and_is_seen_to_stay() -> None:
    with CASES["pagerduty.user"]() as case:
        simulator(case).busy.add("PDANA")
        assert case.kill(1)[0].status == 400
        assert case.state(1).liveness is Liveness.LIVE


def test_removing_a_user_needs_its_own_yes_and_the_owner_stays() -> None:
    with CASES["pagerduty.user"]() as case:
        assert [way.needs for way in pagerduty.options(case.points[1])] == ["pagerduty-remove-user"]
        root = Account(provider="pagerduty", id="PROOT")
        point, _ = pagerduty.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert pagerduty.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotAutomatic):
            pagerduty.revoke(case.writer(), case.settings, Action.REMOVE, point)


def test_an_empty_list_proves_nothing_and_a_stranger_is_a_gap_by_id_alone() -> None:
    with CASES["pagerduty.user"]() as case:
        nobody = Account(provider="pagerduty", id="", email="nobody@example.com")
        assert list(pagerduty.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = pagerduty.inventory(case.reader(), case.settings, Account(provider="pagerduty", id="PNOBODY"))
        assert isinstance(gap, Gap)
        simulator(case).users.clear()
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_refusal_to_end_the_mobile_sessions_is_not_hidden_by_the_webs_acceptance() -> None:
    with CASES["pagerduty.user"]() as case:
        sessions = next(p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "pagerduty.sessions")
        case.sim.fail("DELETE", "^/oauth_delegations", 403, times=1)
        assert pagerduty.revoke(case.writer(), case.settings, Action.REVOKE, sessions).status == 403
