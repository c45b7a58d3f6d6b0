"""Mapbox's own truths: a code in an answer of 200 tells, and a token is deleted in its own account alone."""

import httpx
import pytest

from offkey.http import Reader
from offkey.model import Action, Liveness
from revokers import mapbox
from revokers.protocol import NotIdentified
from tests.revokers.case import credential
from tests.revokers.contract import CASES
from tests.simulators.mapbox import MapboxSimulator, secret_token

VALUE = credential(mapbox.KIND, secret=secret_token("dana"))


def said(body: object, status: int = 200) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    reader = Reader(mapbox.gate, mapbox.URL, transport=transport, sleep=lambda _: None)
    return mapbox.check(reader, VALUE).liveness


def test_only_the_documented_codes_in_an_answer_of_200_are_death() -> None:
    assert {said({"code": code}) for code in mapbox.DEAD} == {Liveness.DEAD}
    for body in (
        {"code": "TokenSleeping", "token": {"user": "acme", "authorization": "t"}},
        {"code": "TokenValid"},
        {"message": "Unauthorized"},
    ):
        assert said(body) is Liveness.UNKNOWN
    assert said({"code": "TokenRevoked"}, 401) is Liveness.UNKNOWN


def test_a_token_of_another_account_is_told_and_not_ended() -> None:
    with CASES["mapbox.secret"]() as case:
        sim = case.sim
        assert isinstance(sim, MapboxSimulator)
        theirs = sim.add_token("another", secret_token("theirs"))
        value = credential(mapbox.KIND, secret=secret_token("theirs"))
        found = mapbox.check(case.reader(), value)
        assert found.holder
        assert found.holder.login == "another"
        with pytest.raises(NotIdentified, match="not configured"):
            mapbox.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], value)
        assert theirs.code == "TokenValid"


def test_a_made_up_token_is_dead() -> None:
    with CASES["mapbox.secret"]() as case:
        value = credential(mapbox.KIND, secret=secret_token("made up"))
        assert mapbox.check(case.reader(), value).status == "TokenInvalid"
