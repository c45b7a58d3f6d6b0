"""What the providers' modules share: a refusal by an instance, before and after it was seen to know the value."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Gate, Reader
from offkey.model import AccessPoint, Check, Liveness
from revokers import parts

GATE = Gate(provider="sample", hosts=frozenset({"sample.example"}))
POINT = AccessPoint(id="leak:1", provider="sample", kind="sample.token")


@pytest.fixture
def http() -> Reader:
    return Reader(GATE, "https://sample.example", transport=httpx.MockTransport(lambda _: httpx.Response(401)))


def seen(http: Reader, liveness: Liveness) -> AccessPoint:
    return replace(POINT, check=Check(liveness=liveness, reason="", at=http.now()))


def test_a_refusal_of_a_value_that_was_alive_here_is_its_end_and_says_no_doubt(http: Reader) -> None:
    said = parts.refused(http, "401 Bad credentials")
    assert "another instance" in said.reason
    told = parts.ended(http, seen(http, Liveness.LIVE), said)
    assert (told.liveness, told.reason) == (Liveness.DEAD, "401 Bad credentials; it was alive here")


@pytest.mark.parametrize("before", [Liveness.UNKNOWN, Liveness.DEAD])
def test_a_refusal_of_a_value_that_nobody_saw_alive_here_stays_unknown(http: Reader, before: Liveness) -> None:
    said = parts.refused(http, "401 Bad credentials")
    assert parts.ended(http, seen(http, before), said) == said
    assert parts.ended(http, POINT, said) == said
