"""Databricks's own truths."""

from collections.abc import Iterator

import pytest

from offboarding.demo.simulators.wire import Answer
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import databricks
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.databricks import DatabricksSimulator, pat

KIND = "databricks.pat"
DANA = credential(KIND, secret=pat("dana"))


@pytest.fixture
def case() -> Iterator[Case]:
    with CASES[KIND]() as arranged:
        yield arranged


def sim(case: Case) -> DatabricksSimulator:
    assert isinstance(case.sim, DatabricksSimulator)
    return case.sim


def found(case: Case, **account: str) -> list[AccessPoint | Gap]:
    person = Account(**{"provider": "databricks", "id": "", **account})
    return list(databricks.inventory(case.reader(), case.settings, person))


def test_a_leaked_token_names_its_owner_and_no_refusal_is_its_death(case: Case) -> None:
    said = databricks.check(case.reader(), DANA)
    assert (said.liveness, said.holder and said.holder.login) == (Liveness.LIVE, "dana@example.com")
    case.kill(1)
    assert databricks.check(case.reader(), DANA).liveness is Liveness.UNKNOWN
    assert databricks.state(case.reader(), case.settings, leak(KIND), DANA).liveness is Liveness.UNKNOWN


def test_an_only_token_is_identified_and_one_of_several_is_not_guessed(case: Case) -> None:
    other = sim(case).add_token(case.person.id or case.points[1].provider_id.partition("/")[0], pat("dana's other"))
    with pytest.raises(NotIdentified) as raised:
        databricks.identify(case.reader(), case.settings, DANA)
    assert other in raised.value.advice
    with pytest.raises(NotIdentified):
        databricks.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), DANA)
    assert case.state(1).liveness is Liveness.LIVE
    sim(case).tokens[other].told["owner_id"] = 777  # one that the person made for a robot is not the person's own
    assert databricks.identify(case.reader(), case.settings, DANA).id == case.points[1].id


def test_another_404_and_a_404_beside_a_list_that_has_it_prove_nothing(case: Case) -> None:
    case.sim.fail("GET", "/token-management/tokens/", 404, times=1)
    assert case.state(1).liveness is Liveness.UNKNOWN
    sim(case).get_token = lambda *_, **__: Answer(  # type: ignore[method-assign]
        status=404, body={"error_code": "RESOURCE_DOES_NOT_EXIST"}
    )
    assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_token_made_for_somebody_else_is_not_the_persons(case: Case) -> None:
    dana = case.points[1].provider_id.partition("/")[0]
    made = sim(case).add_token(dana, pat("for a robot"))
    sim(case).tokens[made].told["owner_id"] = 777
    tokens = [point for point in found(case, id=dana) if isinstance(point, AccessPoint) and point.kind == KIND]
    assert [point.id for point in tokens] == [case.points[1].id]


def test_a_person_is_found_by_id_or_name_and_nobody_else_is(case: Case) -> None:
    dana = case.points[1].provider_id.partition("/")[0]
    for account in ({"id": dana}, {"login": "Dana@example.com"}, {"email": "dana@example.com"}):
        assert len(found(case, **account)) == 2
    assert found(case, email='stranger" or userName sw "d') == []
    for account in ({"id": "999"}, {"login": "nobody@example.com"}, {}):
        (gap,) = found(case, **account)
        assert isinstance(gap, Gap)


def test_a_value_goes_to_the_configured_workspace_alone() -> None:
    assert ("", frozenset()) == (databricks.URL, databricks.HOSTS)


def test_the_tokens_of_a_deactivated_user_do_not_sign_in_until_activated() -> None:
    with CASES["databricks.account"]() as case:
        case.kill(1)
        assert databricks.check(case.reader(), DANA).liveness is Liveness.UNKNOWN
        case.undo(1)
        assert databricks.check(case.reader(), DANA).liveness is Liveness.LIVE


def account_of(case: Case) -> AccessPoint:
    point = found(case, email="dana@example.com")[0]
    assert isinstance(point, AccessPoint)
    return point


def test_the_workspaces_last_administrator_is_not_deactivated_by_a_plan_or_since(case: Case) -> None:
    ann, dana = list(sim(case).users)[:2]
    sim(case).admins = [f"Users/{ann}", f"Users/{dana}", "Groups/9", "ServicePrincipals/8"]
    point = account_of(case)
    assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
    sim(case).users[ann]["active"] = False
    alone = account_of(case)
    assert LAST_OWNER in alone.evidence
    assert [way.action for way in databricks.options(alone)] == [Action.HAND_OVER]
    with pytest.raises(NotAutomatic):
        databricks.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
    sim(case).admins = ["Groups/9"]
    sim(case).users[dana]["groups"] = [{"display": "admins", "type": "indirect"}]
    assert LAST_OWNER in account_of(case).evidence
    assert sim(case).users[dana]["active"]


def test_where_administrators_cannot_be_seen_deactivating_needs_a_yes_and_a_gap_says_why(case: Case) -> None:
    seen = account_of(case)
    sim(case).fail("GET", "/Groups", 403, times=3)
    assert any(
        isinstance(item, Gap) and "administrators" in item.where for item in found(case, login=seen.holder.login)
    )  # type: ignore[union-attr]
    point = account_of(case)
    assert [way.needs for way in databricks.options(point)] == ["databricks-deactivate-unseen"]
    with pytest.raises(NotAutomatic):
        databricks.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
