"""Providers that only answer whether a value lives: what is proof there, what is not, and who ends it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

import revokers
from offboarding.demo.simulators import tokens
from offkey.http import Reader
from offkey.model import Account, Action, Check, Liveness
from revokers.protocol import NotAutomatic
from tests.contracts import at_hand, contract
from tests.revokers.case import DIGEST, approval, credential, leak

INSTANCE = "https://registry.example.com"
NAMES = ("circleci", "figma", "mailchimp", "netlify", "npm", "pypi", "rubygems", "stripe", "telegram")
LIVE: dict[str, tuple[str, object, str]] = {
    "circleci.token": ("CCIPAT_x", {"id": "u1", "login": "dana", "name": "Dana"}, "u1"),
    "figma.pat": ("figd_x", {"id": "u1", "handle": "dana", "email": "dana@example.com", "img_url": "x"}, "u1"),
    "mailchimp.api_key": (
        "0" * 32 + "-us14",
        {"account_id": "a", "login_id": "l1", "account_name": "Acme", "email": "dana@example.com"},
        "l1",
    ),
    "mailchimp.transactional_key": ("md-x", {"PING": "PONG!"}, ""),
    "netlify.pat": ("nfp_x", {"id": "u1", "email": "dana@example.com"}, "u1"),
    "npm.token": ("npm_x", {"username": "dana"}, ""),
    "rubygems.api_key": ("rubygems_x", [{"name": "dana-tools"}], ""),
    "stripe.secret": ("sk_" + "live_x", {"id": "acct_1", "object": "account"}, ""),
    "telegram.bot": ("1:AA", {"ok": True, "result": {"id": 1, "is_bot": True, "username": "helper_bot"}}, "1"),
}
"""By kind: a value, the answer to a living one, and its holder's id."""
DEAD: dict[str, object] = {
    "mailchimp.api_key": {"title": "API Key Invalid", "status": 401},
    "mailchimp.transactional_key": {"status": "error", "code": -1, "name": "Invalid_Key"},
    "stripe.secret": {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}},
    "telegram.bot": {"ok": False, "error_code": 401, "description": "Unauthorized"},
}


def reader(name: str, answer: Callable[[httpx.Request], httpx.Response]) -> Reader:
    instance = "" if revokers.REGISTRY[name].URL else INSTANCE
    settings = revokers.REGISTRY[name].URL or instance
    return Reader(
        revokers.REGISTRY[name].gate,
        settings,
        instance=instance,
        transport=httpx.MockTransport(answer),
        sleep=lambda _: None,
    )


def said(kind: str, status: int, body: object, value: str = "") -> Check:
    name = kind.split(".", maxsplit=1)[0]
    http = reader(name, lambda _: httpx.Response(status, json=body))
    return revokers.REGISTRY[name].check(http, credential(kind, secret=value or LIVE[kind][0]))


@pytest.mark.parametrize("kind", sorted(LIVE))
def test_a_living_value_names_its_holder(kind: str) -> None:
    _, body, holder = LIVE[kind]
    found = said(kind, 200, body)
    assert found.liveness is Liveness.LIVE
    assert (found.holder.id if found.holder else "") == holder


@pytest.mark.parametrize("kind", sorted(LIVE))
def test_only_the_documented_answer_is_death(kind: str) -> None:
    if kind in DEAD:
        assert said(kind, 401, DEAD[kind]).liveness is Liveness.DEAD
    for status in (403, 404, 409, 422, 429, 500):
        assert said(kind, status, DEAD.get(kind, {})).liveness is Liveness.UNKNOWN, status
    for body in ({}, [], None, {"error": {"type": "api_error"}}, {"ok": False}, {"result": None}):
        for status in (200, 401):
            found = said(kind, status, body)
            assert (found.liveness, bool(found.reason)) == (Liveness.UNKNOWN, True), (status, body)


@pytest.mark.parametrize("kind", sorted(LIVE))
def test_the_value_goes_to_its_own_host_once_and_is_not_recorded(kind: str) -> None:
    name, asked = kind.split(".", maxsplit=1)[0], []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(401, json={"message": f"no {LIVE[kind][0]}"})

    http = reader(name, answer)
    revokers.REGISTRY[name].check(http, credential(kind, secret=LIVE[kind][0]))
    assert len(asked) == 1
    assert asked[0] in (revokers.REGISTRY[name].HOSTS or {"registry.example.com"})
    assert LIVE[kind][0] not in repr(http.exchanges)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_handed_over_with_an_address_and_nothing_is_sent(name: str) -> None:
    revoker = revokers.REGISTRY[name]
    base = revoker.URL or INSTANCE
    writer = revokers.Writer(
        revoker.gate,
        base,
        instance="" if revoker.URL else INSTANCE,
        approval=approval(),
        plan_digest=DIGEST,
        transport=httpx.MockTransport(lambda _: pytest.fail("something was sent")),
    )
    for kind in revoker.HANDLES:
        (way,) = revoker.options(leak(kind))
        assert way.action is Action.HAND_OVER
        with pytest.raises(NotAutomatic) as refused:
            revoker.revoke(writer, None, Action.REVOKE, leak(kind), None)
        assert "https://" in refused.value.advice
        assert revoker.state(writer, None, leak(kind), None).liveness is Liveness.UNKNOWN
    assert list(revoker.inventory(writer, None, Account(provider=name, id="1"))) == []
    assert not revoker.WRITES


def test_described_answers_are_what_these_modules_read() -> None:
    if not at_hand():
        pytest.skip("the providers' API descriptions (../shared/contracts) do not lie beside this checkout")
    contract("figma").check_answer("GET", "/v1/me", 200, LIVE["figma.pat"][1])
    contract("netlify").check_answer("GET", "/user", 200, LIVE["netlify.pat"][1])


def test_there_is_no_registrys_address_in_the_registries_modules() -> None:
    for name in ("npm", "pypi", "rubygems"):
        assert ("", frozenset()) == (revokers.REGISTRY[name].URL, revokers.REGISTRY[name].HOSTS)


def test_a_key_of_an_unknown_data_centre_is_not_sent() -> None:
    http = reader("mailchimp", lambda _: pytest.fail("something was sent"))
    for centre in ("us99", "evil", "us1.evil"):
        value = credential("mailchimp.api_key", secret="0" * 32 + f"-{centre}")
        assert revokers.mailchimp.check(http, value).liveness is Liveness.UNKNOWN


def test_what_opens_nothing_or_is_a_password_is_not_sent() -> None:
    for kind in ("stripe.webhook", "npm.basic_auth", "circleci.token"):
        http = reader(kind.split(".")[0], lambda _: pytest.fail("something was sent"))
        value = credential(kind, secret="CCIPRJ_x")
        assert revokers.REGISTRY[kind.split(".")[0]].check(http, value).liveness is Liveness.UNKNOWN


def test_a_gem_servers_own_refusal_is_the_end_of_a_key_that_answered_before() -> None:
    def told(words: str, status: int = 401, liveness: Liveness = Liveness.LIVE) -> Liveness:
        http = reader("rubygems", lambda _: httpx.Response(status, text=words))
        seen = Check(liveness=liveness, reason="before", at=datetime(2026, 11, 22, tzinfo=UTC))
        value = credential("rubygems.api_key", secret=LIVE["rubygems.api_key"][0])
        return revokers.rubygems.state(http, None, leak("rubygems.api_key", check=seen), value).liveness

    denied = "Access Denied. Please sign up for an account at https://rubygems.org"
    assert told(denied) is Liveness.DEAD
    assert told(denied, liveness=Liveness.UNKNOWN) is Liveness.UNKNOWN
    assert told(denied, 403) is Liveness.UNKNOWN
    assert told("You have enabled multifactor authentication but no OTP code provided.") is Liveness.UNKNOWN


def pypi(*caveats: object) -> str:
    def field(kind: int, content: bytes) -> bytes:
        return bytes((kind, len(content))) + content

    body = field(1, b"pypi.org") + field(2, b"an identifier") + b"\0"
    for caveat in caveats:
        body += field(2, json.dumps(caveat).encode()) + b"\0"
    return "pypi-" + base64.urlsafe_b64encode(b"\x02" + body + b"\0" + field(6, b"s" * 32)).decode().rstrip("=")


def test_a_pypi_token_is_read_and_never_sent() -> None:
    http = reader("pypi", lambda _: pytest.fail("something was sent"))
    past, coming = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2020, 2199))
    for value, liveness in (
        (tokens.pypi("dana"), Liveness.UNKNOWN),
        (pypi([0, coming, past]), Liveness.UNKNOWN),
        (pypi([0, past, 0]), Liveness.DEAD),
        (pypi([3, "a user"], [0, coming, 0], [0, past, 0]), Liveness.DEAD),
        ("pypi-AgE", Liveness.UNKNOWN),
        ("pypi-" + base64.urlsafe_b64encode(b"\x01x").decode(), Liveness.UNKNOWN),
        (pypi([0, past, 0])[:40], Liveness.UNKNOWN),
        ("pypi-!", Liveness.UNKNOWN),
    ):
        found = revokers.pypi.check(http, credential("pypi.token", secret=value))
        assert (found.liveness, bool(found.reason)) == (liveness, True), value[:12]
    assert "pypi.org" in revokers.pypi.check(http, credential("pypi.token", secret=tokens.pypi("dana"))).reason
