"""HCP Terraform's own truths: a token names itself, 401 alone is death, service accounts are nobody's."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import terraform
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, credential
from tests.simulators.terraform import ORG, token

VALUE = credential("terraform.token", secret=token("dana"))
USER = {"id": "user-1", "attributes": {"username": "dana", "is-service-account": False, "email": "d@example.com"}}


def asked(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    http = Reader(terraform.gate, terraform.URL, transport=transport, sleep=lambda _: None)
    return terraform.check(http, VALUE).liveness


def test_401_is_death_only_as_the_api_says_it() -> None:
    assert asked(401, {"errors": [{"status": "401", "title": "unauthorized"}]}) is Liveness.DEAD
    for status, body in ((401, {}), (401, None), (404, {"errors": []}), (403, {"errors": []})):
        assert asked(status, body) is Liveness.UNKNOWN
    assert asked(200, {"data": USER}) is Liveness.LIVE


def test_the_other_tokens_of_the_user_live_on() -> None:
    with CASES["terraform.token"]() as case:
        case.kill(1)
        other = credential("terraform.token", secret=token("dana's other"))
        assert terraform.check(case.reader(), other).liveness is Liveness.LIVE


def test_a_service_accounts_token_is_nobodys_own() -> None:
    with CASES["terraform.token"]() as case:
        user = case.sim.add_user("api-team-builders", service=True)  # type: ignore[attr-defined]
        case.sim.add_token(user, token("team"))  # type: ignore[attr-defined]
        value = credential("terraform.token", secret=token("team"))
        check = terraform.check(case.reader(), value)
        point = replace(leak("terraform.token"), check=check)
        assert [way.action for way in terraform.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            terraform.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert terraform.check(case.reader(), value).liveness is Liveness.LIVE


def test_an_account_that_does_not_link_its_token_is_not_guessed_at() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(200, json={"data": USER})

    with CASES["terraform.token"]() as case:
        http = case.writer()
        http._transport = httpx.MockTransport(answer)
        with pytest.raises(NotIdentified):
            terraform.revoke(http, case.settings, Action.REVOKE, case.points[1], case.credentials[1])
    assert sent == ["GET"]


def test_the_last_owner_is_not_removed() -> None:
    with CASES["terraform.membership"]() as case:
        owner = Account(provider="terraform", id="", login="root-owner")
        (point,) = terraform.inventory(case.reader(), case.settings, owner)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert [way.action for way in terraform.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):  # whatever the plan saw
            terraform.revoke(case.writer(), case.settings, Action.REMOVE, replace(point, evidence=()))
        case.sim.members[1]["owner"] = True  # type: ignore[attr-defined]
        (point,) = terraform.inventory(case.reader(), case.settings, owner)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER not in point.evidence


def test_nobody_of_that_address_is_nothing_and_an_unknown_id_is_a_gap() -> None:
    with CASES["terraform.membership"]() as case:
        stranger = Account(provider="terraform", id="", email="nobody@example.com")
        assert list(terraform.inventory(case.reader(), case.settings, stranger)) == []
        (gap,) = terraform.inventory(case.reader(), case.settings, replace(stranger, id="user-0"))
        assert isinstance(gap, Gap)


def test_a_membership_is_ended_for_its_own_user_and_in_a_configured_organisation_alone() -> None:
    with CASES["terraform.membership"]() as case:
        point = case.points[1]
        for wrong in (
            replace(point, holder=case.points[0].holder),
            replace(point, provider_id=point.provider_id.replace(ORG, "other")),
        ):
            with pytest.raises(NotIdentified):
                terraform.revoke(case.writer(), case.settings, Action.REMOVE, wrong)
        assert case.state(1).liveness is Liveness.LIVE
