"""Doppler's own truths: no answer names a person, and a service's token needs its own yes."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import Liveness
from revokers import doppler
from tests.revokers.contract import CASES, credential
from tests.simulators.doppler import DopplerSimulator, token

VALUE = credential("doppler.token", secret=token("dana"))


@pytest.mark.parametrize(
    ("status", "messages", "liveness"),
    [
        (401, ["Invalid Auth token"], Liveness.DEAD),
        (401, ["Your IP address is not trusted"], Liveness.UNKNOWN),
        (401, "x", Liveness.UNKNOWN),
        (401, None, Liveness.UNKNOWN),
        (403, ["Invalid Auth token"], Liveness.UNKNOWN),
        (404, ["Invalid Auth token"], Liveness.UNKNOWN),
    ],
)
def test_a_401_is_death_by_its_message(status: int, messages: object, liveness: Liveness) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"messages": messages}))
    http = Reader(doppler.gate, doppler.URL, transport=transport, sleep=lambda _: None)
    assert doppler.check(http, VALUE).liveness is liveness


@pytest.mark.parametrize(
    ("sort", "needs"), [("pt", ""), ("ct", ""), ("st", "doppler-shared-revoke"), ("sa", "doppler-shared-revoke")]
)
def test_only_an_accounts_own_token_goes_without_a_further_yes(sort: str, needs: str) -> None:
    with CASES["doppler.token"]() as case:
        assert isinstance(case.sim, DopplerSimulator)
        case.sim.add_token(token("another", sort), sort)
        check = doppler.check(case.reader(), credential("doppler.token", secret=token("another", sort)))
        assert check.holder is None
        (way,) = doppler.options(replace(case.points[0], check=check))
        assert way.needs == needs


def test_a_token_that_nobody_was_asked_about_counts_as_shared() -> None:
    with CASES["doppler.token"]() as case:
        (way,) = doppler.options(case.points[0])
        assert way.needs == "doppler-shared-revoke"
