"""Twitch's own truths: one message is death, and an application's own token is everybody's."""

import httpx
import pytest

from offkey.http import Reader
from offkey.model import Action, Liveness
from revokers import twitch
from revokers.protocol import NotAutomatic
from tests.revokers.case import credential, leak
from tests.revokers.contract import CASES
from tests.simulators.twitch import TwitchSimulator, access_token

VALUE = credential(twitch.TOKEN, secret=access_token("dana"))


def said(status: int, message: str) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"status": status, "message": message}))
    reader = Reader(twitch.gate, twitch.URL, transport=transport, sleep=lambda _: None)
    return twitch.check(reader, VALUE).liveness


def test_only_the_documented_message_is_death() -> None:
    assert said(401, "invalid access token") is Liveness.DEAD
    for status, message in ((401, "missing authorization token"), (403, "invalid access token"), (401, "")):
        assert said(status, message) is Liveness.UNKNOWN


def test_an_applications_own_token_is_handed_over() -> None:
    with CASES["twitch.access_token"]() as case:
        assert isinstance(case.sim, TwitchSimulator)
        case.sim.add_token(access_token("the app's"), "")
        found = twitch.check(case.reader(), credential(twitch.TOKEN, secret=access_token("the app's")))
        assert (found.liveness, found.holder) == (Liveness.LIVE, None)
        (way,) = twitch.options(leak(twitch.TOKEN, check=found))
        assert way.action is Action.HAND_OVER


def test_a_token_names_its_own_client_and_user() -> None:
    with CASES["twitch.access_token"]() as case:
        found = twitch.check(case.reader(), case.credentials[1])
        assert found.holder
        assert (found.holder.id, found.holder.login) == ("id-dana", "dana")


def test_a_client_secret_is_not_tried_and_not_ended_here() -> None:
    with CASES["twitch.access_token"]() as case:
        value = credential("twitch.client_secret", secret=access_token("secret"))
        assert twitch.check(case.reader(), value).liveness is Liveness.UNKNOWN
        with pytest.raises(NotAutomatic) as refused:
            twitch.revoke(case.writer(), case.settings, Action.REVOKE, leak("twitch.client_secret"), value)
        assert "https://dev.twitch.tv/console/apps" in refused.value.advice
        assert case.sim.requests == []
