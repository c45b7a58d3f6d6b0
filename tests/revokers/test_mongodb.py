"""Atlas' own truths: 401 has several meanings, a key is ended by its id, the private half is never sent."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import mongodb
from revokers.parts import REFUSED
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import known, leak
from tests.revokers.cases.mongodb import ORG
from tests.revokers.contract import CASES, credential
from tests.simulators.mongodb import mongodb_private_key, mongodb_public_key


def test_a_key_is_asked_about_by_digest_and_dead_when_the_root_resource_refuses_it() -> None:
    with CASES["mongodb.api_key"]() as case:
        assert [mongodb.check(case.reader(), value).liveness for value in case.credentials] == [Liveness.LIVE] * 3
        assert case.made_up
        assert mongodb.check(case.reader(), case.made_up).liveness is Liveness.UNKNOWN
        assert mongodb.state(case.reader(), case.settings, case.points[1], case.made_up).liveness is Liveness.DEAD
        case.only(403)
        assert mongodb.check(case.reader(), case.credentials[0]).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("challenge", ["", "Basic realm=x", 'Digest realm="x", nonce="n", stale="true"', "stale=TRUE"])
def test_a_401_that_never_judged_the_signature_is_not_death(challenge: str) -> None:
    whole = challenge if challenge.startswith(("Digest", "Basic")) else ""
    if challenge.startswith("stale"):
        whole = f'Digest realm="x", nonce="n", qop="auth", {challenge}'
    headers = {"WWW-Authenticate": whole} if whole else {}
    body = {"error": 401, "reason": "Unauthorized", "detail": "no"}
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json=body, headers=headers))
    http = Reader(mongodb.gate, mongodb.URL, transport=transport, sleep=lambda _: None)
    halves = {"id": mongodb_public_key("dana"), "secret": mongodb_private_key("dana")}
    value, settings = credential("mongodb.api_key", **halves), mongodb.Settings()
    assert mongodb.state(http, settings, known("mongodb.api_key"), value).liveness is Liveness.UNKNOWN


def test_a_key_of_ops_manager_or_atlas_for_government_is_not_dead_because_atlas_refuses_it() -> None:
    with CASES["mongodb.api_key"]() as case:
        halves = {"id": mongodb_public_key("elsewhere"), "secret": mongodb_private_key("elsewhere")}
        value = credential("mongodb.api_key", **halves)
        for said in (
            mongodb.check(case.reader(), value),
            mongodb.state(case.reader(), case.settings, leak("mongodb.api_key"), value),
        ):
            assert (said.liveness, said.status) == (Liveness.UNKNOWN, REFUSED)


def test_the_private_half_is_never_sent() -> None:
    with CASES["mongodb.api_key"]() as case:
        sent: list[str] = []
        case.sim.before = lambda request: sent.append(f"{request.target} {request.headers} {request.body!r}")
        case.state(1)
        case.kill(1)
        assert sent
        for seed in ("dana", "offkey's own"):
            assert mongodb_private_key(seed) not in "".join(sent)


def test_a_wrong_private_half_of_a_listed_key_is_not_its_death() -> None:
    with CASES["mongodb.api_key"]() as case:
        halves = {"id": mongodb_public_key("dana"), "secret": mongodb_private_key("somebody else")}
        wrong = credential("mongodb.api_key", **halves)
        assert mongodb.check(case.reader(), wrong).status == REFUSED
        seen = mongodb.state(case.reader(), case.settings, case.points[1], wrong)
        assert (seen.liveness, "private half" in seen.reason) == (Liveness.UNKNOWN, True)
        bare = replace(case.settings, read=None)
        assert mongodb.state(case.reader(), bare, case.points[1], wrong).liveness is Liveness.DEAD


def test_a_key_of_another_organisation_or_without_its_public_half_is_not_identified() -> None:
    with CASES["mongodb.api_key"]() as case:
        case.sim.add_key("f" * 24, "foreign")  # type: ignore[attr-defined]
        halves = {"id": mongodb_public_key("foreign"), "secret": mongodb_private_key("foreign")}
        foreign = credential("mongodb.api_key", **halves)
        alone = credential("mongodb.api_key", secret=mongodb_private_key("dana"))
        for value in (foreign, alone):
            with pytest.raises(NotIdentified):
                mongodb.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], value)
        assert mongodb.check(case.reader(), foreign).liveness is Liveness.LIVE
        assert mongodb.check(case.reader(), alone).liveness is Liveness.UNKNOWN


def test_a_key_needs_its_own_yes_and_service_accounts_are_handed_over() -> None:
    (way,) = mongodb.HANDLES["mongodb.api_key"]
    assert way.needs == "mongodb-api-key"
    (way,) = mongodb.HANDLES["mongodb.service_account"]
    assert way.action is Action.HAND_OVER


def test_the_last_owner_stays() -> None:
    with CASES["mongodb.org_user"]() as case:
        root = Account(provider="mongodb", id="", email="root@example.com")
        (point,) = mongodb.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in mongodb.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            mongodb.revoke(case.writer(), case.settings, Action.REMOVE, point)
        case.sim.add_user(ORG, "second", "ORG_OWNER")  # type: ignore[attr-defined]
        row = case.sim.users[ORG][-1]  # type: ignore[attr-defined]
        row["orgMembershipStatus"] = "PENDING"  # invited, and not yet there
        with pytest.raises(NotAutomatic):
            mongodb.revoke(case.writer(), case.settings, Action.REMOVE, point)
        row["orgMembershipStatus"] = "ACTIVE"
        (point,) = mongodb.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in mongodb.options(point)] == [Action.REMOVE]


def test_a_list_that_breaks_off_or_has_nobody_proves_nothing() -> None:
    with CASES["mongodb.org_user"]() as case:
        users = case.sim.users[ORG]  # type: ignore[attr-defined]
        case.sim.users[ORG] = []  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN
        case.sim.users[ORG] = users  # type: ignore[attr-defined]
        case.sim.page_size = 0
        assert case.state(1).liveness is Liveness.UNKNOWN
        (gap,) = case.inventory()
        assert isinstance(gap, Gap)
        assert "breaks off" in gap.why


def test_a_user_of_another_organisation_is_not_removed() -> None:
    with CASES["mongodb.org_user"]() as case:
        dana = case.points[1].holder
        assert dana
        for changed in (
            replace(case.points[1], provider_id=f"{'f' * 24}/{dana.id}"),
            replace(case.points[1], holder=case.points[0].holder),
        ):
            with pytest.raises(NotIdentified):
                mongodb.revoke(case.writer(), case.settings, Action.REMOVE, changed)
        nobody = Account(provider="mongodb", id="", email="nobody@example.com")
        assert list(mongodb.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = mongodb.inventory(case.reader(), replace(case.settings, organisation=""), case.person)
        assert isinstance(gap, Gap)
