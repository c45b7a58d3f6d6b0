"""JFrog's own truths: services have tokens too, API keys die unproven, SCIM says 404 in an answer of 200."""

import re
from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader, Refused
from offkey.model import AccessPoint, Account, Action, Check, Credential, Gap, Liveness
from revokers import jfrog
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from tests.revokers.case import known, leak
from tests.revokers.cases.jfrog import API_KEY
from tests.revokers.contract import CASES, credential
from tests.simulators.jfrog import jfrog_api_key, jfrog_reference_token
from tests.simulators.rest import fold

VALUE = credential("jfrog.reference_token", secret=jfrog_reference_token("dana"))


def said(status: int, body: object, value: Credential = VALUE) -> Check:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    url = "https://acme.jfrog.io"
    reader = Reader(jfrog.gate, url, instance=url, transport=transport, sleep=lambda _: None)
    point = known(value.kind)
    return jfrog.state(reader, jfrog.Settings(url=url), point, value)


def test_only_jfrogs_own_401_is_death() -> None:
    own = {"errors": [{"code": "UNAUTHORIZED", "message": "Token failed verification: expired"}]}
    assert said(401, own).liveness is Liveness.DEAD
    for status, body in ((401, {}), (401, {"errors": []}), (401, {"errors": "no"}), (403, own), (404, own), (400, own)):
        assert said(status, body).liveness is Liveness.UNKNOWN


def test_a_token_of_a_platform_that_is_not_configured_is_not_dead() -> None:
    with CASES["jfrog.reference_token"]() as case:
        foreign = credential("jfrog.reference_token", secret=jfrog_reference_token("of another platform"))
        assert jfrog.check(case.reader(), foreign).liveness is Liveness.UNKNOWN
        said = jfrog.state(case.reader(), case.settings, leak("jfrog.reference_token"), foreign)
        assert said.liveness is Liveness.UNKNOWN


def test_a_platform_is_configured_or_not_asked() -> None:
    with pytest.raises(Refused):
        Reader(jfrog.gate, "https://acme.jfrog.io")


def test_an_api_key_ends_itself_and_is_unknown_afterwards() -> None:
    with API_KEY() as case:
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE] * 3
        case.kill(1)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.UNKNOWN, Liveness.LIVE]
        case.kill(1)  # harmless
        assert case.state(0).liveness is Liveness.LIVE


def test_an_answer_with_another_key_is_no_sign_of_life() -> None:
    value = credential("jfrog.api_key", secret=jfrog_api_key("dana"))
    assert said(200, {"apiKey": jfrog_api_key("ann")}, value).liveness is Liveness.UNKNOWN
    assert said(200, {"apiKey": jfrog_api_key("dana")}, value).liveness is Liveness.LIVE


def test_a_services_token_needs_its_own_yes() -> None:
    with CASES["jfrog.reference_token"]() as case:
        case.sim.add_token(jfrog_reference_token("service"), "services/xray")  # type: ignore[attr-defined]
        check = jfrog.check(case.reader(), credential("jfrog.reference_token", secret=jfrog_reference_token("service")))
        assert (check.liveness, check.status, check.holder) == (Liveness.LIVE, "service", None)
        assert jfrog.options(replace(case.points[1], check=check))[0].needs == "jfrog-service-token"
        mine = jfrog.check(case.reader(), case.credentials[1])
        assert mine.holder == Account(provider="jfrog", id="dana", login="dana")
        assert jfrog.options(replace(case.points[1], check=mine))[0].needs == ""


def test_names_that_merely_end_alike_are_not_the_users() -> None:
    with CASES["jfrog.access_token"]() as case:
        case.sim.add_token(jfrog_reference_token("1"), "users/jordana", used=1790000000)  # type: ignore[attr-defined]
        case.sim.add_token(jfrog_reference_token("2"), "services/dana")  # type: ignore[attr-defined]
        tokens = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "jfrog.access_token"]
        assert [point.id for point in tokens] == [case.points[1].id]


def test_the_last_use_is_read_where_it_is_given() -> None:
    with CASES["jfrog.access_token"]() as case:
        case.sim.add_token(jfrog_reference_token("3"), "users/dana", used=1790000000)  # type: ignore[attr-defined]
        tokens = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "jfrog.access_token"]
        assert sorted(bool(point.last_used) for point in tokens) == [False, True]


def test_another_users_token_is_not_ended() -> None:
    with CASES["jfrog.access_token"]() as case:
        swapped = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            jfrog.revoke(case.writer(), case.settings, Action.REVOKE, swapped)
        assert jfrog.state(case.reader(), case.settings, swapped).liveness is Liveness.UNKNOWN
        assert case.state(1).liveness is Liveness.LIVE


def test_a_404_inside_a_200_is_nobody() -> None:
    with CASES["jfrog.account"]() as case:
        found = list(jfrog.inventory(case.reader(), case.settings, Account(provider="jfrog", id="", login="gone")))
        assert len(found) == 1
        assert isinstance(found[0], Gap)
        case.sim.users.clear()  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(NotAutomatic):
            case.kill(1)
        with pytest.raises(Unclear):
            case.undo(1)


def test_without_scim_the_tokens_are_listed_all_the_same() -> None:
    with CASES["jfrog.access_token"]() as case:
        case.sim.fail("GET", re.escape("/scim/"), 403, times=9)
        kinds = [getattr(found, "kind", "gap") for found in case.inventory()]
        assert kinds == ["gap", "jfrog.access_token"]


def test_only_an_account_is_switched_on_again() -> None:
    with CASES["jfrog.access_token"]() as case, pytest.raises(NotAutomatic):
        jfrog.undo(case.writer(), case.settings, case.points[1])


def test_an_administrator_is_disabled_with_a_yes_of_its_own_alone() -> None:
    with CASES["jfrog.account"]() as case:
        ordinary = next(item for item in case.inventory() if isinstance(item, AccessPoint))
        assert [way.needs for way in jfrog.options(ordinary)] == [""]
        case.sim.admins.add("dana")  # type: ignore[attr-defined]
        with pytest.raises(NotAutomatic):
            jfrog.revoke(case.writer(), case.settings, Action.DISABLE, ordinary)
        point = next(item for item in case.inventory() if isinstance(item, AccessPoint))
        assert [way.needs for way in jfrog.options(point)] == ["jfrog-disable-administrator"]
        jfrog.revoke(case.writer(), case.settings, Action.DISABLE, point)
        assert case.state(1).status == "disabled"


@pytest.mark.parametrize("written", [True, False])
def test_a_token_that_may_not_end_itself_is_ended_by_an_administrator_by_its_value(written: bool) -> None:
    with CASES["jfrog.reference_token"]() as case:
        case.sim.may_not_end_themselves = {fold(jfrog_reference_token("dana"))}  # type: ignore[attr-defined]
        settings = case.settings if written else replace(case.settings, write=None)
        sent = jfrog.revoke(case.writer(), settings, Action.REVOKE, case.points[1], case.credentials[1])
        wanted = ("POST", 200) if written else ("DELETE", 403)
        assert (sent.method, sent.status) == wanted
        assert jfrog_reference_token("dana") not in repr(sent)
        ends = [Liveness.LIVE, Liveness.DEAD if written else Liveness.LIVE, Liveness.LIVE]
        assert [case.state(number).liveness for number in range(3)] == ends
