"""OpenAI's own truths: a key is named by its shortened form alone, and a service account is everybody's."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from offkey.secret import Secret
from revokers import hints, openai
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.contract import CASES, credential
from tests.simulators.openai import OpenAiSimulator, key

VALUE = credential("openai.project", secret=key("proj", "dana"))


def said(status: int, code: str) -> Liveness:
    body = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": code}}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return openai.check(Reader(openai.gate, openai.URL, transport=transport, sleep=lambda _: None), VALUE).liveness


def test_only_one_code_of_401_is_death() -> None:
    assert said(401, "invalid_api_key") is Liveness.DEAD
    for status, code in (
        (401, "account_deactivated"),
        (401, ""),
        (403, "invalid_api_key"),
        (429, "insufficient_quota"),
    ):
        assert said(status, code) is Liveness.UNKNOWN


@pytest.mark.parametrize(
    ("hint", "fit"),
    [
        ("sk-proj-Ab...wxyz", True),
        ("sk-proj-********wxyz", True),
        ("sk-...wxyz", True),
        ("sk-proj-...xyz", False),
        ("sk-proj-...wxyy", False),
        ("sk-proj-Ac...wxyz", False),
        ("wxyz", False),
        ("", False),
        ("sk-proj-Ab...Abcdwxyz", False),
    ],
)
def test_a_shortened_form_fits_when_it_shows_enough_and_nothing_else(hint: str, fit: bool) -> None:
    assert hints.fits(hint, Secret(b"sk-proj-Abcd-1234-wxyz"), "sk-proj-") is fit


def test_two_keys_of_the_same_shortened_form_are_nobodys() -> None:
    with CASES["openai.project"]() as case:
        sim = case.sim
        assert isinstance(sim, OpenAiSimulator)
        twin = sim.add_key("user-zoe", key("proj", "another"), "proj_lab", shown=sim.keys["key_0003"].shown)
        with pytest.raises(NotIdentified) as refused:
            case.kill(1)
        assert twin.id in refused.value.advice
        assert case.state(1).liveness is Liveness.LIVE
        assert twin.alive


def test_a_service_accounts_key_is_not_the_members_that_it_looks_like() -> None:
    with CASES["openai.project"]() as case:
        sim = case.sim
        assert isinstance(sim, OpenAiSimulator)
        robot = sim.add_service_account("proj_shop", "robot")
        sim.keys["key_0003"].owner = robot
        with pytest.raises(NotIdentified, match="of another kind"):
            case.identify(case.credentials[1])


def test_a_key_that_is_dead_or_anothers_is_not_looked_for() -> None:
    with CASES["openai.project"]() as case:
        case.points[1] = replace(case.points[1], holder=Account(provider="openai", id="user-ann"))
        with pytest.raises(NotIdentified, match="another's"):
            case.kill(1)
        dead = credential("openai.project", secret=key("proj", "gone"))
        with pytest.raises(NotIdentified, match="not alive"):
            openai.revoke(case.writer(), case.settings, Action.REVOKE, case.points[0], dead)


def test_a_listed_key_is_ended_by_its_id_and_its_value_is_dead() -> None:
    with CASES["openai.project"]() as case:
        (point,) = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "openai.project"]
        assert [way.by for way in openai.options(point)] == ["id"]
        assert [way.by for way in openai.options(case.points[1])] == ["value"]
        openai.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert openai.state(case.reader(), case.settings, point).status == "deleted"
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_keys_of_a_member_who_lost_the_project_are_listed_too() -> None:
    with CASES["openai.project"]() as case:
        sim = case.sim
        assert isinstance(sim, OpenAiSimulator)
        points = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "openai.project"]
        del sim.members["user-dana"]
        assert openai.state(case.reader(), case.settings, points[0]).liveness is Liveness.LIVE


def test_a_service_account_goes_with_all_its_keys_and_needs_its_own_yes() -> None:
    with CASES["openai.service_account"]() as case:
        assert [way.needs for way in openai.options(case.points[1])] == ["openai-delete-service-account"]
        sim = case.sim
        assert isinstance(sim, OpenAiSimulator)
        second = sim.add_key("svc_acct_dana", key("svcacct", "second"), "proj_shop")
        case.kill(1)
        assert not second.alive


def test_offkeys_own_admin_key_is_left_alone() -> None:
    with CASES["openai.admin"]() as case:
        own = credential("openai.admin", secret=case.settings.read)
        with pytest.raises(NotAutomatic):
            openai.revoke(case.writer(), case.settings, Action.REVOKE, case.points[0], own)


def test_the_last_owner_stays() -> None:
    with CASES["openai.member"]() as case:
        owner = Account(provider="openai", id="user-root")
        listed = [p for p in openai.inventory(case.reader(), case.settings, owner) if isinstance(p, AccessPoint)]
        (root,) = [point for point in listed if point.kind == "openai.member"]
        assert LAST_OWNER in root.evidence
        assert openai.options(root)[0].action is Action.HAND_OVER
        with pytest.raises(NotAutomatic):
            openai.revoke(case.writer(), case.settings, Action.REMOVE, root)


def test_a_stranger_by_address_is_nobody_and_by_id_a_gap() -> None:
    with CASES["openai.member"]() as case:
        nobody = Account(provider="openai", id="", email="stranger@example.com")
        assert list(openai.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = openai.inventory(case.reader(), case.settings, Account(provider="openai", id="user-stranger"))
        assert isinstance(gap, Gap)
