"""Heroku's own truths: a token ends the authorization that is its own, or none; a scope too small is not death."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import heroku
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.contract import CASES, credential
from tests.simulators.heroku import heroku_key

VALUE = credential("heroku.api_key", secret=heroku_key("dana"))


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return heroku.check(Reader(heroku.gate, heroku.URL, transport=transport, sleep=lambda _: None), VALUE).liveness


def test_only_the_documented_401_is_death() -> None:
    assert said(401, {"id": "unauthorized", "message": "Invalid credentials provided."}) is Liveness.DEAD
    for status, word in ((401, "two_factor"), (403, "unauthorized"), (403, "forbidden"), (404, "not_found")):
        assert said(status, {"id": word}) is Liveness.UNKNOWN
    assert said(401, {}) is Liveness.UNKNOWN


def test_a_key_that_is_no_authorization_is_not_identified_and_no_other_is_ended() -> None:
    with CASES["heroku.api_key"]() as case:
        own = next(held for held in case.sim.tokens.values() if held.value == heroku_key("dana"))  # type: ignore[attr-defined]
        own.listed = False
        before = len(case.sim.tokens)  # type: ignore[attr-defined]
        with pytest.raises(NotIdentified) as error:
            case.kill(1)
        assert "dashboard.heroku.com/account" in error.value.advice
        assert len(case.sim.tokens) == before  # type: ignore[attr-defined]


def test_a_token_of_small_scope_is_unknown_and_ends_nothing() -> None:
    with CASES["heroku.api_key"]() as case:
        own = next(held for held in case.sim.tokens.values() if held.value == heroku_key("dana"))  # type: ignore[attr-defined]
        own.scope = "read"
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified, match="403"):
            case.kill(1)
        own.scope = "global"
        assert case.state(1).liveness is Liveness.LIVE


def test_the_last_administrator_is_not_removed() -> None:
    with CASES["heroku.team_member"]() as case:
        roles = case.sim.teams["acme"]  # type: ignore[attr-defined]
        dana = case.points[1].holder
        assert dana
        for user in roles:
            roles[user] = "admin" if user == dana.id else "member"
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert [way.action for way in heroku.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            heroku.revoke(case.writer(), case.settings, Action.REMOVE, point)
        assert case.state(1).liveness is Liveness.LIVE
        roles[next(user for user in roles if user != dana.id)] = "admin"
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert [way.action for way in heroku.options(point)] == [Action.REMOVE]


def test_a_teams_only_owner_is_not_removed() -> None:
    with CASES["heroku.team_member"]() as case:
        roles = case.sim.teams["acme"]  # type: ignore[attr-defined]
        dana = case.points[1].holder
        assert dana
        for user in roles:
            roles[user] = "owner" if user == dana.id else "member"
        with pytest.raises(NotAutomatic):
            heroku.revoke(case.writer(), case.settings, Action.REMOVE, case.points[1])
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert [way.action for way in heroku.options(point)] == [Action.HAND_OVER]


def test_members_are_looked_for_on_every_page_and_an_empty_team_proves_nothing() -> None:
    with CASES["heroku.team_member"]() as case:
        pages = sum(request.path == "/teams/acme/members" for request in case.sim.requests)
        assert pages == 6  # two each for three people
        stranger = Account(provider="heroku", id="", email="nobody@example.com")
        assert list(heroku.inventory(case.reader(), case.settings, stranger)) == []
        case.sim.teams["acme"].clear()  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_team_that_is_not_configured_is_not_touched() -> None:
    with CASES["heroku.team_member"]() as case:
        dana = case.points[1].holder
        assert dana
        for changed in (
            replace(case.points[1], provider_id=f"other/{dana.id}"),
            replace(case.points[1], holder=case.points[0].holder),
        ):
            with pytest.raises(NotIdentified):
                heroku.revoke(case.writer(), case.settings, Action.REMOVE, changed)
        (gap,) = heroku.inventory(case.reader(), heroku.Settings(read=case.settings.read), case.person)
        assert isinstance(gap, Gap)
