"""Twilio's own truths: 20003 has many causes, a SID that is not listed may be another account's."""

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offkey.http import Reader
from offkey.model import Action, Liveness
from offkey.secret import Secret
from revokers import twilio
from revokers.parts import basic
from revokers.protocol import NotIdentified
from tests.revokers.case import Case, credential, leak
from tests.revokers.contract import CASES
from tests.simulators.twilio import TwilioSimulator, account_sid, auth_token


def simulator(case: Case) -> TwilioSimulator:
    assert isinstance(case.sim, TwilioSimulator)
    return case.sim


def test_a_refusal_alone_is_no_death() -> None:
    body = {"code": 20003, "message": "Authenticate", "status": 401}
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json=body))
    reader = Reader(twilio.gate, twilio.URL, transport=transport, sleep=lambda _: None)
    sid, secret = tokens.twilio_key("dana")
    for kind in (twilio.KEY, twilio.TOKEN):
        said = twilio.check(reader, credential(kind, id=sid, secret=secret))
        assert (said.liveness, said.status) == (Liveness.UNKNOWN, "20003")


def test_a_living_key_of_another_account_is_neither_dead_nor_ended() -> None:
    with CASES["twilio.api_key"]() as case:
        other = simulator(case).add_account("another")
        sid, secret = tokens.twilio_key("theirs")
        simulator(case).add_key(other.sid, sid, secret)
        point, value = leak(twilio.KEY, provider_id=sid), credential(twilio.KEY, id=sid, secret=secret)
        assert twilio.state(case.reader(), case.settings, point, value).liveness is Liveness.LIVE
        with pytest.raises(NotIdentified, match="no key"):
            twilio.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert sid in simulator(case).keys


def test_a_key_that_is_not_listed_may_live_in_another_region() -> None:
    with CASES["twilio.api_key"]() as case:
        regional = twilio.Settings(read=case.settings.read, url=case.settings.url, regions=True)
        case.kill(1)
        said = twilio.state(case.reader(), regional, case.points[1], case.credentials[1])
        assert said.liveness is Liveness.UNKNOWN
        assert case.state(1).liveness is Liveness.DEAD


def test_a_standard_key_cannot_see_keys_and_so_nothing_is_proven() -> None:
    with CASES["twilio.api_key"]() as case:
        sid, secret = tokens.twilio_key("ann")
        weak = twilio.Settings(read=Secret(f"{sid},{secret}".encode()), url=case.settings.url)
        case.kill(1)
        assert twilio.state(case.reader(), weak, case.points[1], case.credentials[1]).liveness is Liveness.UNKNOWN


def test_promoting_an_auth_token_waits_for_its_own_yes() -> None:
    (way,) = twilio.HANDLES[twilio.TOKEN]
    assert (way.needs, way.reversible) == ("twilio-auth-token-promote", False)


def test_another_accounts_token_and_a_secondary_one_are_not_promoted_away() -> None:
    with CASES["twilio.auth_token"]() as case:
        with pytest.raises(NotIdentified, match="not configured"):
            case.kill(0)
        second = credential(twilio.TOKEN, id=case.points[1].provider_id, secret=auth_token("dana's second"))
        with pytest.raises(NotIdentified, match="primary"):
            twilio.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], second)
        assert all(account.secondary for account in simulator(case).accounts.values())


@pytest.mark.parametrize(("status", "liveness"), [("active", Liveness.DEAD), ("suspended", Liveness.UNKNOWN)])
def test_a_refused_token_is_dead_only_while_its_account_is_active(status: str, liveness: Liveness) -> None:
    sid, admin = account_sid("dana"), Secret(",".join(tokens.twilio_key("admin")).encode())
    refusal = {"code": 20003, "message": "Authenticate", "status": 401}

    def answer(request: httpx.Request) -> httpx.Response:
        as_the_token = request.headers["authorization"] == basic(sid, value.secret)["Authorization"]
        return httpx.Response(401, json=refusal) if as_the_token else httpx.Response(200, json=account)

    account = {"sid": sid, "status": status, "auth_token": ""}
    value = credential(twilio.TOKEN, id=sid, secret=auth_token("dana"))
    reader = Reader(twilio.gate, twilio.URL, transport=httpx.MockTransport(answer), sleep=lambda _: None)
    said = twilio.state(reader, twilio.Settings(read=admin), leak(twilio.TOKEN, provider_id=sid), value)
    assert said.liveness is liveness


def test_the_new_token_in_the_answer_is_not_kept() -> None:
    with CASES["twilio.auth_token"]() as case:
        gate = case.writer()
        case.kill(1, gate)
        assert auth_token("dana's second") not in repr(gate.exchanges)
