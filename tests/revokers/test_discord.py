"""Discord's own truths: the code says what a status means, and a found address names no host for us."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Check, Credential, Gap, Liveness
from revokers import discord
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.discord import DiscordSimulator, bot_token, webhook

NUMBER = 500000000000000001
HOOK = credential("discord.webhook", secret=webhook("dana", NUMBER))
BOT = credential("discord.bot", secret=bot_token("dana"))


def sim(case: Case) -> DiscordSimulator:
    assert isinstance(case.sim, DiscordSimulator)
    return case.sim


def asked(credential: Credential, answer: Callable[[httpx.Request], httpx.Response]) -> Check:
    http = Reader(discord.gate, discord.URL, transport=httpx.MockTransport(answer), sleep=lambda _: None)
    return discord.check(http, credential)


@pytest.mark.parametrize(
    ("status", "code", "liveness"),
    [
        (404, 10015, Liveness.DEAD),
        (401, 50027, Liveness.DEAD),
        (404, 0, Liveness.UNKNOWN),
        (401, 0, Liveness.UNKNOWN),
        (403, 10015, Liveness.UNKNOWN),
        (404, "10015", Liveness.UNKNOWN),
    ],
)
def test_a_webhook_is_dead_by_status_and_code(status: int, code: object, liveness: Liveness) -> None:
    body = {"message": "401: Unauthorized", "code": code}
    assert asked(HOOK, lambda _: httpx.Response(status, json=body)).liveness is liveness


@pytest.mark.parametrize(("status", "code", "liveness"), [(401, 0, Liveness.DEAD), (403, 0, Liveness.UNKNOWN)])
def test_a_bots_token_is_asked_although_it_is_ended_by_hand(status: int, code: int, liveness: Liveness) -> None:
    body = {"message": "401: Unauthorized", "code": code}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    http = Reader(discord.gate, discord.URL, transport=transport, sleep=lambda _: None)
    check = Check(liveness=Liveness.LIVE, reason="signs in", at=http.now(), status="bot")
    point = AccessPoint(id="leak", provider="discord", kind="discord.bot", check=check)
    assert discord.state(http, discord.Settings(), point, BOT).liveness is liveness
    # a user's token looks the same and is refused the same: without the earlier answer nothing is proven
    assert discord.check(http, BOT).liveness is Liveness.UNKNOWN
    assert discord.state(http, discord.Settings(), replace(point, check=None), BOT).liveness is Liveness.UNKNOWN
    (way,) = discord.HANDLES["discord.bot"]
    assert (way.action, "https://" in way.how) == (Action.HAND_OVER, True)


def test_a_living_bot_is_a_bot() -> None:
    with CASES["discord.member"]() as case:
        value = bot_token("another")
        number = sim(case).add_bot(value, "helper")
        check = discord.check(case.reader(), credential("discord.bot", secret=value))
        assert (check.liveness, check.status, check.holder and check.holder.id) == (Liveness.LIVE, "bot", number)


@pytest.mark.parametrize("host", ["ptb.discord.com", "canary.discord.com", "discordapp.com", "evil.example"])
def test_the_host_in_a_found_address_is_not_asked(host: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(404, json={"code": 10015, "message": "Unknown Webhook"})

    asked(credential("discord.webhook", secret=webhook("dana", NUMBER, host)), answer)
    assert [httpx.URL(url).host for url in seen] == ["discord.com"]


def test_what_is_no_webhooks_address_is_sent_nowhere() -> None:
    seen: list[object] = []
    strange = credential("discord.webhook", secret="https://discord.com/api/webhooks/../users")
    assert asked(strange, lambda request: seen.append(request) or httpx.Response(200)).liveness is Liveness.UNKNOWN
    assert seen == []


def test_a_webhook_needs_its_own_yes() -> None:
    with CASES["discord.webhook"]() as case:
        (way,) = discord.options(case.points[1])
        assert (way.needs, way.by) == ("discord-webhook-delete", "value")
        assert discord.check(case.reader(), case.credentials[1]).status == "channel"


def test_a_bot_that_sees_nobody_proves_no_removal() -> None:
    with CASES["discord.member"]() as case:
        sim(case).members.clear()
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_server_that_does_not_answer_for_the_bot_itself_proves_no_removal() -> None:
    gone = {"code": 10007, "message": "Unknown Member"}

    def answer(request: httpx.Request) -> httpx.Response:
        me = request.url.path.endswith("/users/@me")
        return httpx.Response(200, json={"id": "9"}) if me else httpx.Response(404, json=gone)

    with CASES["discord.member"]() as case:
        http = Reader(discord.gate, discord.URL, transport=httpx.MockTransport(answer), sleep=lambda _: None)
        assert discord.state(http, case.settings, case.points[1]).liveness is Liveness.UNKNOWN


def test_a_member_is_found_by_id_alone() -> None:
    with CASES["discord.member"]() as case:
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert point.holder
        assert point.holder.login == "dana"
        (gap,) = discord.inventory(case.reader(), case.settings, Account(provider="discord", id="", login="dana"))
        assert isinstance(gap, Gap)
        stranger = Account(provider="discord", id="399999999999999999")
        assert list(discord.inventory(case.reader(), case.settings, stranger)) == []
