"""SendGrid's own truths: the id stands in the key, and a key is the account's."""

import httpx
import pytest

from offboarding.demo.simulators.wire import Trouble
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import sendgrid
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.sendgrid import GONE, SendGridSimulator, key

KIND = "sendgrid.api_key"


def simulator(case: Case) -> SendGridSimulator:
    assert isinstance(case.sim, SendGridSimulator)
    return case.sim


def said(status: int, message: str) -> Liveness:
    body = {"errors": [{"field": None, "message": message}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    reader = Reader(sendgrid.gate, sendgrid.URL, transport=transport, sleep=lambda _: None)
    value = credential(KIND, secret=key("dana"))
    assert sendgrid.check(reader, value).liveness is Liveness.UNKNOWN
    return sendgrid.state(reader, sendgrid.Settings(), known(KIND), value).liveness


def test_one_sentence_of_401_is_death() -> None:
    assert said(401, GONE) is Liveness.DEAD
    assert said(403, GONE) is Liveness.UNKNOWN
    assert said(401, "authorization required") is Liveness.UNKNOWN
    assert said(403, "The requestor's IP Address is not whitelisted") is Liveness.UNKNOWN


def test_a_key_that_the_account_still_lists_is_not_dead() -> None:
    with CASES[KIND]() as case:
        sim = simulator(case)
        identity = key("dana").split(".")[1]
        sim.keys[identity] = "the same id, another value"
        assert sendgrid.check(case.reader(), case.credentials[1]).status == "401"
        assert case.state(1).liveness is Liveness.LIVE


@pytest.mark.parametrize("trouble", [403, 500, "garbage"])
def test_a_list_that_cannot_be_read_does_not_prove_that_a_key_is_gone(trouble: Trouble) -> None:
    with CASES[KIND]() as case:
        identity = key("dana").split(".")[1]
        simulator(case).keys[identity] = "the same id, another value"
        case.sim.fail("GET", f"^/api_keys/{identity}$", trouble, times=10)
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_key_of_the_other_region_is_not_dead_here() -> None:
    with CASES[KIND]() as case:
        elsewhere = credential(KIND, secret=key("in Europe"))
        for told in (
            sendgrid.check(case.reader(), elsewhere),
            sendgrid.state(case.reader(), case.settings, leak(KIND), elsewhere),
        ):
            assert told.liveness is Liveness.UNKNOWN


def test_a_key_needs_its_own_yes_and_is_shared() -> None:
    with CASES[KIND]() as case:
        assert [way.needs for way in sendgrid.options(case.points[1])] == ["sendgrid-delete-api-key"]
        assert sendgrid.check(case.reader(), case.credentials[1]).status == "shared"


def test_another_accounts_key_and_offkeys_own_are_left_alone() -> None:
    with CASES[KIND]() as case:
        foreign = credential(KIND, secret=key("foreign"))
        with pytest.raises(NotIdentified):
            sendgrid.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), foreign)
        odd = credential(KIND, secret="no id in here")
        with pytest.raises(NotIdentified):
            sendgrid.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), odd)
        own = credential(KIND, secret=case.settings.read)
        with pytest.raises(NotAutomatic):
            sendgrid.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), own)


def test_the_owner_is_handed_over_and_a_stranger_is_nobody() -> None:
    with CASES["sendgrid.teammate"]() as case:
        (point,) = sendgrid.inventory(
            case.reader(), case.settings, Account(provider="sendgrid", id="", email="root@example.com")
        )
        assert isinstance(point, AccessPoint)
        assert sendgrid.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotAutomatic):
            sendgrid.revoke(case.writer(), case.settings, Action.REMOVE, point)
        nobody = Account(provider="sendgrid", id="", email="nobody@example.com")
        assert list(sendgrid.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = sendgrid.inventory(case.reader(), case.settings, Account(provider="sendgrid", id="nobody"))
        assert isinstance(gap, Gap)


def test_the_last_of_several_pages_is_read() -> None:
    with CASES["sendgrid.teammate"]() as case:
        assert [point.provider_id for point in case.points] == ["ann", "dana", "zoe"]
        assert sum(request.path == "/teammates" for request in case.sim.requests) >= 3


def test_an_empty_list_proves_nothing() -> None:
    with CASES["sendgrid.teammate"]() as case:
        simulator(case).teammates.clear()
        assert case.state(1).liveness is Liveness.UNKNOWN
