"""DigitalOcean's own truths: it revokes at another host, and says of personal tokens nowhere that it does."""

import httpx
import pytest

from offkey.http import Reader, Writer
from offkey.model import Action, Liveness
from revokers import digitalocean
from tests.revokers.case import DIGEST, approval, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.digitalocean import digitalocean_oauth, digitalocean_pat

VALUE = credential("digitalocean.pat", secret=digitalocean_pat("dana"))


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    reader = Reader(digitalocean.gate, digitalocean.URL, transport=transport, sleep=lambda _: None)
    return digitalocean.check(reader, VALUE).liveness


def test_only_the_documented_401_is_death() -> None:
    assert said(401, {"id": "Unauthorized", "message": "Unable to authenticate you"}) is Liveness.DEAD
    for status, body in ((401, {}), (403, {"id": "unauthorized"}), (404, {"id": "unauthorized"}), (200, {})):
        assert said(status, body) is Liveness.UNKNOWN


def test_it_is_revoked_at_the_authorization_server_over_https() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    writer = Writer(
        digitalocean.gate,
        digitalocean.URL,
        approval=approval(),
        plan_digest=DIGEST,
        transport=httpx.MockTransport(answer),
        sleep=lambda _: None,
    )
    digitalocean.revoke(writer, digitalocean.Settings(), Action.REVOKE, leak("digitalocean.pat"), VALUE)
    (request,) = asked
    assert str(request.url) == "https://cloud.digitalocean.com/v1/oauth/revoke"
    assert digitalocean_pat("dana") not in writer.exchanges[-1].target


@pytest.mark.parametrize(("kind", "liveness"), [("pat", Liveness.LIVE), ("oauth", Liveness.DEAD)])
def test_an_accepted_revocation_of_a_personal_token_is_believed_only_when_it_is_dead(
    kind: str, liveness: Liveness
) -> None:
    with CASES[f"digitalocean.{kind}"]() as case:
        case.sim.keeps_pats = True  # type: ignore[attr-defined]
        assert case.kill(1)[0].status == 200
        assert case.state(1).liveness is liveness


def test_a_refresh_token_is_neither_asked_about_nor_ended() -> None:
    with CASES["digitalocean.oauth"]() as case:
        refresh = credential("digitalocean.refresh", secret="dor" + digitalocean_oauth("x")[3:])
        assert digitalocean.check(case.reader(), refresh).liveness is Liveness.UNKNOWN
        assert not case.sim.requests
        assert [way.action for way in digitalocean.HANDLES["digitalocean.refresh"]] == [Action.HAND_OVER]
