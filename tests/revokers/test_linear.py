"""Linear's own truths: a question and a change differ by their template alone, and errors come with status 200."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader, Refused
from offkey.model import AccessPoint, Account, Action, Liveness
from revokers import linear, linear_graphql
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear
from tests.revokers.case import Case, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.linear import api_key

KIND = "linear.user"
REFUSED = {"errors": [{"message": "x", "extensions": {"type": "authentication error"}}]}


def asked(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    http = Reader(linear.gate, linear.URL, transport=transport, sleep=lambda _: None)
    return linear.check(http, credential("linear.api_key", secret=api_key("dana"))).liveness


def sessions(case: Case) -> AccessPoint:
    (point,) = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == "linear.sessions"]
    return point


def test_questions_are_queries_and_changes_are_mutations() -> None:
    assert all(text.startswith(f"query {name}") for name, text in linear_graphql.QUERIES.items())
    assert all(text.startswith(f"mutation {name}(") for name, text in linear_graphql.CHANGES.items())
    assert {f"/graphql#{name}" for name in linear_graphql.QUERIES} == {template for _, template in linear.READS}


def test_the_operations_name_is_in_the_record_and_not_on_the_wire() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(401, json=REFUSED)

    http = Reader(linear.gate, linear.URL, transport=httpx.MockTransport(answer))
    linear.check(http, credential("linear.api_key", secret=api_key("dana")))
    assert seen == ["/graphql"]
    assert [exchange.target for exchange in http.exchanges] == ["api.linear.app/graphql#viewer"]
    with pytest.raises(Refused):
        linear_graphql.post(http, credential("linear.api_key", secret=api_key("dana")).secret, "userSuspend", id="x")


def test_only_a_refused_key_is_dead() -> None:
    assert asked(401, REFUSED) is Liveness.DEAD
    assert asked(200, REFUSED) is Liveness.UNKNOWN
    assert asked(401, {"errors": [{"extensions": {"type": "forbidden"}}]}) is Liveness.UNKNOWN
    assert asked(401, {"errors": []}) is Liveness.UNKNOWN


def test_a_members_keys_die_with_the_suspension_and_are_handed_over() -> None:
    with CASES[KIND]() as case:
        value = credential("linear.api_key", secret=api_key("dana"))
        told = linear.check(case.reader(), value)
        assert told.holder
        assert told.holder.email == "dana@example.com"
        with pytest.raises(NotAutomatic):
            linear.revoke(case.writer(), case.settings, Action.REVOKE, leak("linear.api_key"), value)
        case.kill(1)
        assert linear.check(case.reader(), value).liveness is Liveness.DEAD


def test_a_no_in_an_answer_of_200_does_not_pass_for_a_yes() -> None:
    with CASES[KIND]() as case:
        powerless = replace(case.settings, write=credential(KIND, secret=api_key("ann")).secret)
        with pytest.raises(Unclear):
            linear.revoke(case.writer(), powerless, Action.DISABLE, case.points[1])
        assert case.state(1).liveness is Liveness.LIVE


def test_sessions_end_and_only_a_suspension_shows_it() -> None:
    with CASES[KIND]() as case:
        point = sessions(case)
        assert linear.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        linear.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert case.sim.ended == {point.provider_id}  # type: ignore[attr-defined]
        assert linear.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        case.kill(1)
        assert linear.state(case.reader(), case.settings, point).liveness is Liveness.DEAD


def test_the_only_admin_is_handed_over_and_a_stranger_is_not_guessed_at() -> None:
    with CASES[KIND]() as case:
        admin = Account(provider="linear", id="", email="root-admin@example.com")
        found = next(iter(linear.inventory(case.reader(), case.settings, admin)))
        assert isinstance(found, AccessPoint)
        assert LAST_OWNER in found.evidence
        assert [way.action for way in linear.options(found)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):  # whatever the plan saw
            linear.revoke(case.writer(), case.settings, Action.DISABLE, replace(found, evidence=()))
        with pytest.raises(NotIdentified):
            linear.revoke(case.writer(), case.settings, Action.DISABLE, leak(KIND, provider_id="nobody"))
