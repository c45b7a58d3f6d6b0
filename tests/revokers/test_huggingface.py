"""Hugging Face's own truths: 202 is the answer to anything, and 403 an organisation's no."""

from dataclasses import replace

import httpx
import pytest

from offboarding.demo.simulators.tokens import huggingface as user_token
from offboarding.demo.simulators.wire import Request
from offkey.http import Reader
from offkey.model import Liveness
from revokers import huggingface
from revokers.protocol import Unclear
from tests.revokers.contract import CASES, credential

VALUE = credential("huggingface.token", secret=user_token("dana"))


@pytest.mark.parametrize(
    ("status", "error", "liveness"),
    [
        (401, "Invalid credentials in Authorization header", Liveness.DEAD),
        (401, 'User Access Token "ci" is expired', Liveness.DEAD),
        (401, "Invalid username or password.", Liveness.DEAD),
        (401, "Two-factor authentication required", Liveness.UNKNOWN),
        (403, "Your token has been revoked by the organization administrator", Liveness.UNKNOWN),
        (403, "Invalid credentials in Authorization header", Liveness.UNKNOWN),
    ],
)
def test_only_these_errors_of_a_401_are_death(status: int, error: str, liveness: Liveness) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"error": error}))
    http = Reader(huggingface.gate, huggingface.URL, transport=transport, sleep=lambda _: None)
    assert huggingface.check(http, VALUE).liveness is liveness


def test_an_organisations_token_needs_its_own_yes_whatever_its_prefix() -> None:
    with CASES["huggingface.org"]() as case:
        check = huggingface.check(case.reader(), case.credentials[1])
        assert (check.status, check.holder) == ("org", None)
        for point in (case.points[1], replace(case.points[1], kind="huggingface.token", check=check)):
            (way,) = huggingface.options(point)
            assert way.needs == "huggingface-org-revoke"
    with CASES["huggingface.token"]() as case:
        mine = huggingface.check(case.reader(), case.credentials[1])
        assert mine.holder
        assert (mine.holder.login, mine.holder.email) == ("dana", "dana@example.com")
        (plain,) = huggingface.options(replace(case.points[1], check=mine))
        assert (plain.needs, "mails" in plain.reason) == ("", True)


def test_values_are_handed_in_without_any_credential() -> None:
    sent: list[Request] = []
    with CASES["huggingface.token"]() as case:
        case.sim.before = sent.append
        case.kill(1)
        case.kill(1)
        assert sent
        assert all("authorization" not in request.headers for request in sent)
        assert case.state(1).liveness is Liveness.DEAD


def test_a_page_in_its_place_is_no_acceptance() -> None:
    with CASES["huggingface.token"]() as case:
        case.sim.fail("POST", "/api/credentials/revoke", "garbage")
        with pytest.raises(Unclear):
            case.kill(1)
        assert case.state(1).liveness is Liveness.LIVE
