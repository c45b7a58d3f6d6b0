"""Fastly's own truths: an automation token is nobody's, and a list without anybody proves nothing."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import fastly
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.fastly import FastlySimulator, api_token

VALUE = credential("fastly.token", secret=api_token("dana"))
REFUSED = "Provided credentials are missing or invalid"


def sim(case: Case) -> FastlySimulator:
    assert isinstance(case.sim, FastlySimulator)
    return case.sim


@pytest.mark.parametrize(
    ("status", "words", "liveness"),
    [
        (401, REFUSED, Liveness.DEAD),
        (401, "Try again", Liveness.UNKNOWN),
        (403, REFUSED, Liveness.UNKNOWN),
        (404, REFUSED, Liveness.UNKNOWN),
    ],
)
def test_a_401_is_death_by_its_words(status: int, words: str, liveness: Liveness) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"msg": words}))
    assert fastly.check(Reader(fastly.gate, fastly.URL, transport=transport), VALUE).liveness is liveness


def test_an_automation_token_needs_its_own_yes() -> None:
    with CASES["fastly.token"]() as case:
        sim(case).add_token(api_token("automation"), "")
        check = fastly.check(case.reader(), credential("fastly.token", secret=api_token("automation")))
        assert (check.status, check.holder) == ("automation", None)
        (way,) = fastly.options(replace(case.points[0], check=check))
        assert way.needs == "fastly-automation-revoke"
        mine = fastly.check(case.reader(), case.credentials[1])
        assert mine.holder
        assert mine.holder.email == "dana@example.com"
        (plain,) = fastly.options(replace(case.points[1], check=mine))
        assert plain.needs == ""


def test_a_token_is_ended_for_its_own_user_alone() -> None:
    with CASES["fastly.listed_token"]() as case:
        other = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            fastly.revoke(case.writer(), case.settings, Action.REVOKE, other, None)
        assert case.state(1).liveness is Liveness.LIVE


def test_a_stranger_holds_nothing_and_an_unknown_id_is_a_gap() -> None:
    with CASES["fastly.user"]() as case:
        stranger = Account(provider="fastly", id="", email="nobody@example.com")
        assert list(fastly.inventory(case.reader(), case.settings, stranger)) == []
        (gap,) = fastly.inventory(case.reader(), case.settings, Account(provider="fastly", id="gone"))
        assert isinstance(gap, Gap)


def test_the_last_superuser_is_handed_over() -> None:
    with CASES["fastly.user"]() as case:
        root = Account(provider="fastly", id="", email="root@example.com")
        point = next(iter(fastly.inventory(case.reader(), case.settings, root)))
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert {way.action for way in fastly.options(point)} == {Action.HAND_OVER}
        with pytest.raises(NotAutomatic):
            fastly.revoke(case.writer(), case.settings, Action.REMOVE, point, None)
        assert len(sim(case).users) == 4


def test_a_list_of_nobody_and_another_customers_prove_no_removal() -> None:
    with CASES["fastly.listed_token"]() as case:
        other = replace(case.settings, customer="another")
        assert fastly.state(case.reader(), other, case.points[1]).liveness is Liveness.UNKNOWN
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[]))
        empty = Reader(fastly.gate, fastly.URL, transport=transport)
        assert fastly.state(empty, case.settings, case.points[1]).liveness is Liveness.UNKNOWN
