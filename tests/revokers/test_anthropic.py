"""Anthropic's own truths: keys belong to the organisation, and a status says what became of them."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Credential, Liveness, Ownership
from revokers import anthropic
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, reached
from tests.revokers.contract import CASES, credential
from tests.simulators.anthropic import AnthropicSimulator, admin_key, key
from tests.simulators.rest import ok


def said(status: int, kind: str, value: Credential) -> Liveness:
    body = {"type": "error", "error": {"type": kind, "message": "no"}}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    reader = Reader(anthropic.gate, anthropic.URL, transport=transport, sleep=lambda _: None)
    return anthropic.check(reader, value).liveness


@pytest.mark.parametrize(
    "value",
    [
        credential("anthropic.api_key", secret=key("dana")),
        credential("anthropic.admin_key", secret=admin_key("dana")),
    ],
)
def test_only_an_authentication_error_is_death(value: Credential) -> None:
    assert said(401, "authentication_error", value) is Liveness.DEAD
    for status, kind in ((401, ""), (403, "permission_error"), (403, "authentication_error"), (404, "not_found_error")):
        assert said(status, kind, value) is Liveness.UNKNOWN


def test_an_oauth_token_is_not_tried() -> None:
    value = credential("anthropic.oauth", secret="sk-ant-" + "oat01-" + "x" * 90)
    assert said(401, "authentication_error", value) is Liveness.UNKNOWN


def test_inactive_is_not_archived() -> None:
    with CASES["anthropic.api_key"]() as case:
        case.kill(1, action=Action.DISABLE)
        found = case.state(1)
        assert (found.liveness, found.status) == (Liveness.DEAD, "inactive")
        done = {way.action: reached(way, found) for way in anthropic.HANDLES["anthropic.api_key"]}
        assert done == {Action.DISABLE: True, Action.REVOKE: False}


def test_a_shortened_form_that_two_keys_have_names_neither() -> None:
    with CASES["anthropic.api_key"]() as case:
        sim = case.sim
        assert isinstance(sim, AnthropicSimulator)
        twin = sim.add_key("user_zoe", key("another"), shown=sim.keys["apikey_0002"].shown)
        with pytest.raises(NotIdentified) as refused:
            case.kill(1, action=Action.DISABLE)
        assert twin.id in refused.value.advice
        assert twin.status == "active"


@pytest.mark.parametrize(("begins", "enough"), [(13, False), (14, False), (15, True)])
def test_what_all_keys_end_with_tells_none_from_another(begins: int, enough: bool) -> None:
    with CASES["anthropic.api_key"]() as case:
        sim = case.sim
        assert isinstance(sim, AnthropicSimulator)
        value = key("shown in short")
        sim.add_key("user_dana", value, shown=f"{value[:begins]}...{value[-4:]}")
        if enough:
            assert case.identify(credential("anthropic.api_key", secret=value)).provider_id == "apikey_0004"
            return
        with pytest.raises(NotIdentified, match="no keys"):
            case.identify(credential("anthropic.api_key", secret=value))


def test_a_living_value_is_not_an_ended_key_that_looks_like_it() -> None:
    with CASES["anthropic.api_key"]() as case:
        sim = case.sim
        assert isinstance(sim, AnthropicSimulator)
        sim.keys["apikey_0002"].status = "archived"
        sim.models = lambda request: ok({"data": []})  # type: ignore[method-assign]  # alive, in another organisation
        with pytest.raises(NotIdentified, match="has ended"):
            case.identify(case.credentials[1])


def test_a_dead_value_does_not_end_the_living_key_it_resembles() -> None:
    with CASES["anthropic.api_key"]() as case:
        sim = case.sim
        assert isinstance(sim, AnthropicSimulator)
        gone = key("gone")
        look = sim.add_key("user_zoe", key("alive"), shown=f"{gone[:16]}...{gone[-4:]}")
        value = credential("anthropic.api_key", secret=gone)
        with pytest.raises(NotIdentified, match="alive or dead"):
            anthropic.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], value)
        assert look.status == "active"


def test_only_a_key_that_acts_as_the_member_is_personal() -> None:
    with CASES["anthropic.api_key"]() as case:
        sim = case.sim
        assert isinstance(sim, AnthropicSimulator)
        shared = sim.add_key("user_dana", key("the shop's"), acts=False)
        sim.add_key("", key("nobody's"), acts=False)
        keys = {
            point.provider_id: point.ownership
            for point in case.inventory()
            if isinstance(point, AccessPoint) and point.kind == "anthropic.api_key"
        }
        assert keys == {"apikey_0002": Ownership.PERSONAL, shared.id: Ownership.SHARED}


def test_a_listed_key_is_ended_by_its_id_and_another_makers_is_not() -> None:
    with CASES["anthropic.api_key"]() as case:
        points = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "anthropic.api_key"]
        foreign = replace(points[0], provider_id="apikey_0001")
        with pytest.raises(NotIdentified, match="another"):
            anthropic.revoke(case.writer(), case.settings, Action.DISABLE, foreign)
        anthropic.revoke(case.writer(), case.settings, Action.DISABLE, points[0])
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]
        anthropic.undo(case.writer(), case.settings, points[0])
        assert case.state(1).liveness is Liveness.LIVE


def test_the_only_administrator_stays_and_admin_keys_are_handed_over() -> None:
    with CASES["anthropic.member"]() as case:
        root = Account(provider="anthropic", id="user_root")
        (point,) = anthropic.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert anthropic.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotAutomatic):
            anthropic.revoke(case.writer(), case.settings, Action.REMOVE, point)
    for kind in ("anthropic.admin_key", "anthropic.oauth"):
        assert anthropic.HANDLES[kind][0].action is Action.HAND_OVER
