"""Snowflake's own truths."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offboarding.demo.simulators.wire import Request
from offkey.http import Refused
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import snowflake
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified, Unclear
from revokers.snowflake_sql import SHOW, Sql, quoted
from tests.revokers.contract import CASES, Case
from tests.simulators.snowflake import SnowflakeSimulator, User


@pytest.fixture
def case() -> Iterator[Case]:
    with CASES["snowflake.pat"]() as arranged:
        yield arranged


def sim(case: Case) -> SnowflakeSimulator:
    assert isinstance(case.sim, SnowflakeSimulator)
    return case.sim


def found(case: Case, **account: str) -> list[AccessPoint | Gap]:
    person = Account(**{"provider": "snowflake", "id": "", **account})
    return list(snowflake.inventory(case.reader(), case.settings, person))


def test_names_are_quoted_and_end_nothing_else(case: Case) -> None:
    assert quoted('a" SET DISABLED = TRUE --') == '"a"" SET DISABLED = TRUE --"'
    case.kill(1, action=Action.DISABLE)
    assert sim(case).statements[-1] == (
        'ALTER USER "da""na" MODIFY PROGRAMMATIC ACCESS TOKEN "LAPTOP" SET DISABLED = TRUE'
    )


def test_a_reader_runs_no_statement_that_changes(case: Case) -> None:
    http = case.reader()
    sql = Sql(http, Secret(sim(case).admin.encode()), "KEYPAIR_JWT", "")
    for statement in ("ALTER USER X SET DISABLED = TRUE", "  ALTER USER X", "show users"):
        with pytest.raises(Refused):
            sql.run(SHOW, statement)
    assert sim(case).statements[-1].startswith("SHOW")


def test_a_user_that_is_gone_or_not_shown_is_unknown(case: Case) -> None:
    del sim(case).users['da"na']
    assert case.state(1).liveness is Liveness.UNKNOWN
    assert case.kill(1)[-1].status == 422


def test_an_answer_in_snowflakes_place_is_not_its_acceptance(case: Case) -> None:
    case.only("garbage")
    with pytest.raises(Unclear):
        case.kill(1)


def test_two_users_of_one_address_are_not_identified_and_a_strangers_is_nobodys(case: Case) -> None:
    assert found(case, email="stranger@example.com") == []
    sim(case).users["TWIN"] = User("Dana@example.com")
    (gap,) = found(case, email="dana@example.com")
    assert isinstance(gap, Gap)
    assert "several users" in gap.why
    for account in ({"id": "NOBODY"}, {}):
        (gap,) = found(case, **account)
        assert isinstance(gap, Gap)


def test_a_services_user_is_shared(case: Case) -> None:
    sim(case).users["ROBOT"] = User("", kind="LEGACY_SERVICE", tokens={"CI": "ACTIVE"})
    points = [point for point in found(case, id="ROBOT") if isinstance(point, AccessPoint)]
    assert [point.ownership for point in points] == [Ownership.SHARED, Ownership.SHARED]


def test_a_lost_row_is_a_gap(case: Case) -> None:
    kept = sim(case).partition
    sim(case).users['da"na'].tokens.update({f"more {n}": "ACTIVE" for n in range(3)})

    def losing(request, handle):  # type: ignore[no-untyped-def]
        answer = kept(request, handle)
        answer.body["data"] = answer.body["data"][:-1]
        return answer

    sim(case).partition = losing  # type: ignore[method-assign]
    assert any(isinstance(item, Gap) for item in found(case, id='da"na'))


def test_a_status_that_is_not_documented_is_unknown(case: Case) -> None:
    sim(case).users['da"na'].tokens["LAPTOP"] = "ROTATED"
    assert case.state(1).liveness is Liveness.UNKNOWN


def test_tokens_of_a_disabled_user_stay_disabled_when_the_user_is_enabled() -> None:
    with CASES["snowflake.account"]() as case:
        case.kill(1)
        case.undo(1)
        tokens = [point for point in found(case, id='da"na') if isinstance(point, AccessPoint)][1:]
        assert [(point.check and point.check.status) for point in tokens] == ["disabled"]


def test_a_point_of_another_holder_than_its_name_says_is_not_identified(case: Case) -> None:
    with pytest.raises(NotIdentified):
        snowflake.revoke(
            case.writer(), case.settings, Action.REVOKE, replace(case.points[1], holder=case.points[0].holder), None
        )


def account_of(case: Case) -> AccessPoint:
    point = found(case, email="dana@example.com")[0]
    assert isinstance(point, AccessPoint)
    return point


def test_the_last_accountadmin_is_not_disabled_by_a_plan_or_since(case: Case) -> None:
    sim(case).administrators, sim(case).parents = ["ANN", 'da"na', "ROBOT"], ["PARENT"]
    sim(case).users["ROBOT"] = User("", kind="SERVICE")
    point = account_of(case)
    assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
    sim(case).users["ANN"].disabled = True
    alone = account_of(case)
    assert LAST_OWNER in alone.evidence
    assert [way.action for way in snowflake.options(alone)] == [Action.HAND_OVER]
    with pytest.raises(NotAutomatic):
        snowflake.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
    assert not sim(case).users['da"na'].disabled


def test_who_may_be_accountadmin_through_another_role_is_disabled_without_a_word_only_beside_others(case: Case) -> None:
    sim(case).parents = ["PLATFORM"]
    point = account_of(case)
    assert UNTOLD in point.evidence
    assert [way.needs for way in snowflake.options(point)] == ["snowflake-disable-unseen"]
    sim(case).administrators = ["ANN"]
    assert {LAST_OWNER, UNTOLD}.isdisjoint(account_of(case).evidence)
    sim(case).administrators = ['da"na']
    assert LAST_OWNER in account_of(case).evidence


def test_where_accountadmins_cannot_be_seen_disabling_needs_a_yes_and_a_gap_says_why(case: Case) -> None:
    seen = account_of(case)

    def refuse(request: Request) -> None:
        if b"GRANTS OF" in request.body:
            sim(case).fail("POST", "/statements", 422)

    sim(case).before = refuse
    items = found(case, email="dana@example.com")
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert "administrators" in gap.where
    point = account_of(case)
    assert UNTOLD in point.evidence
    assert [way.needs for way in snowflake.options(point)] == ["snowflake-disable-unseen"]
    with pytest.raises(NotAutomatic):
        snowflake.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
