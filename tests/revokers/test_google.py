"""Google Workspace's own truths."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import google
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic
from tests.discovery import failed
from tests.revokers.contract import CASES, Case


@pytest.fixture
def case() -> Iterator[Case]:
    with CASES["google.account"]() as arranged:
        yield arranged


def found(case: Case, **account: str) -> list[AccessPoint | Gap]:
    person = Account(**{"provider": "google", "id": "", **account})
    return list(google.inventory(case.reader(), case.settings, person))


def test_a_person_is_found_by_id_address_or_alias_and_nobody_else_is(case: Case) -> None:
    identity = case.points[1].provider_id
    for account in ({"id": identity}, {"email": "Dana@example.com"}, {"login": "dana.old@example.com"}):
        kinds = [point.kind for point in found(case, **account) if isinstance(point, AccessPoint)]
        assert (account, kinds) == (account, ["google.account", "google.grant", "google.app_password"])
    assert found(case, email="stranger@example.com") == []
    for account in ({"id": "999"}, {"login": "stranger@example.com"}, {}):
        (gap,) = found(case, **account)
        assert isinstance(gap, Gap)


def test_a_404_without_googles_reason_is_a_gap_and_not_an_absence(case: Case) -> None:
    for errors in ([], [{"reason": "domainNotFound"}]):
        answer = failed(404, "Domain not found.")
        answer.body["error"]["errors"] = errors
        case.sim.error = lambda status, answer=answer: answer  # type: ignore[method-assign, misc]
        case.sim.fail("GET", "/users/", 404, times=1)
        (gap,) = found(case, email="dana@example.com")
        assert isinstance(gap, Gap)


def test_an_answer_about_somebody_else_is_not_taken(case: Case) -> None:
    case.sim.members[case.points[1].provider_id].told["id"] = "777"  # type: ignore[attr-defined]
    (gap,) = found(case, id=case.points[1].provider_id)
    assert isinstance(gap, Gap)
    assert "another user" in gap.why
    assert case.state(1).liveness is Liveness.UNKNOWN


def test_the_person_is_signed_out_before_the_account_is_suspended(case: Case) -> None:
    case.sim.requests.clear()
    case.kill(1)
    assert [request.method for request in case.sim.requests] == ["GET", "POST", "PUT"]
    assert case.sim.members[case.points[1].provider_id].signed_out == 1  # type: ignore[attr-defined]


def test_ended_grants_are_not_taken_back(case: Case) -> None:
    with pytest.raises(NotAutomatic):
        google.undo(case.writer(), case.settings, replace(case.points[1], kind="google.grant"), None)
    with pytest.raises(NotAutomatic):
        google.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], None)
    assert case.state(1).liveness is Liveness.LIVE


def test_an_administrator_is_called_one_and_a_password_says_when_it_was_used(case: Case) -> None:
    case.sim.members[case.points[1].provider_id].told["isAdmin"] = True  # type: ignore[attr-defined]
    account, _, password = found(case, email="dana@example.com")
    assert isinstance(account, AccessPoint)
    assert isinstance(password, AccessPoint)
    assert "a super administrator" in account.evidence
    assert password.last_used
    assert password.last_used.year == 2023


def admins(case: Case, *names: str, suspended: str = "") -> None:
    for member in case.sim.members.values():  # type: ignore[attr-defined]
        name = member.told["primaryEmail"].partition("@")[0]
        member.told["isAdmin"], member.told["suspended"] = name in names, name == suspended


def account_of(case: Case) -> AccessPoint:
    point = found(case, email="dana@example.com")[0]
    assert isinstance(point, AccessPoint)
    return point


def test_the_last_super_administrator_is_not_suspended_by_a_plan_or_since(case: Case) -> None:
    case.sim.fresh = False  # type: ignore[attr-defined]
    admins(case, "ann", "dana")
    point = account_of(case)
    assert LAST_OWNER not in point.evidence
    assert [way.action for way in google.options(point)] == [Action.DISABLE]
    admins(case, "ann", "dana", suspended="ann")
    alone = account_of(case)
    assert LAST_OWNER in alone.evidence
    assert [way.action for way in google.options(alone)] == [Action.HAND_OVER]
    with pytest.raises(NotAutomatic):
        google.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
    assert not case.sim.members[point.provider_id].told["suspended"]  # type: ignore[attr-defined]


def test_where_other_administrators_cannot_be_seen_suspending_needs_a_yes_that_says_so(case: Case) -> None:
    admins(case, "ann", "dana")
    seen = account_of(case)
    case.sim.fail("GET", "/users$", 403, times=2)
    point = account_of(case)
    assert UNTOLD in point.evidence
    assert [way.needs for way in google.options(point)] == ["google-suspend-unseen"]
    with pytest.raises(NotAutomatic):
        google.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
    case.sim.fail("GET", "/users$", 403, times=1)
    google.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
    assert case.state(1).status == "suspended"
