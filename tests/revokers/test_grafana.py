"""Grafana's own truths: a token is of one instance, and names its service account but not itself."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader, Refused
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import grafana
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.grafana import GrafanaSimulator, token

KIND = "grafana.service_account"


def simulator(case: Case) -> GrafanaSimulator:
    assert isinstance(case.sim, GrafanaSimulator)
    return case.sim


def said(status: int, body: object, point: AccessPoint | None = None, kind: str = KIND) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    at = "https://grafana.example.com"
    reader = Reader(grafana.gate, at, instance=at, transport=transport, sleep=lambda _: None)
    value, settings = credential(kind, secret=token("dana")), grafana.Settings(url=at)
    return grafana.state(reader, settings, point or known(KIND), value).liveness


@pytest.mark.parametrize("word", ["api-key.invalid", "api-key.revoked", "api-key.expired"])
def test_these_words_of_401_are_death_and_others_are_not(word: str) -> None:
    assert said(401, {"messageId": word}) is Liveness.DEAD
    another_instances = word == "api-key.invalid"
    first = Liveness.UNKNOWN if another_instances else Liveness.DEAD
    assert said(401, {"messageId": word}, leak(KIND)) is first
    assert said(403, {"messageId": word}) is Liveness.UNKNOWN
    assert said(401, {"message": "Unauthorized"}) is Liveness.UNKNOWN
    assert said(401, {"messageId": "session.token.rotate"}) is Liveness.UNKNOWN


def test_there_is_no_address_but_the_configured_one() -> None:
    assert ("", frozenset()) == (grafana.URL, grafana.HOSTS)
    with pytest.raises(Refused):
        Reader(grafana.gate, "https://foreign.example.com")


def test_an_access_policy_token_is_not_asked_about() -> None:
    assert said(401, {"messageId": "api-key.invalid"}, "grafana.cloud") is Liveness.UNKNOWN
    assert grafana.HANDLES["grafana.cloud"][0].action is Action.HAND_OVER


def test_a_token_is_a_service_accounts_and_needs_its_own_yes() -> None:
    with CASES[KIND]() as case:
        told = grafana.check(case.reader(), case.credentials[1])
        assert told.holder is not None
        assert (told.status, told.holder.login) == ("bot", "sa-dana")
        assert [way.needs for way in grafana.options(case.points[1])] == ["grafana-delete-service-account-token"]


def test_of_two_tokens_of_one_account_neither_is_chosen() -> None:
    with CASES[KIND]() as case:
        second = simulator(case).add_token(3, token("dana's second"))
        with pytest.raises(NotIdentified) as refused:
            case.kill(1)
        assert str(second.id) in refused.value.advice
        assert case.state(1).liveness is Liveness.LIVE


def test_a_token_that_does_not_say_whose_it_is_is_not_ended() -> None:
    with CASES[KIND]() as case:
        for value in (credential(KIND, secret=token("stranger")), credential(KIND, secret="x")):
            with pytest.raises(NotIdentified):
                grafana.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), value)


def test_a_disabled_admin_is_no_other_admin() -> None:
    with CASES[KIND]() as case:
        root = Account(provider="grafana", id="", login="root")
        second = simulator(case).users[simulator(case).add_user("second", "Admin")]
        for disabled in (True, False):
            second["isDisabled"] = disabled  # who cannot sign in is no other administrator
            (point,) = grafana.inventory(case.reader(), case.settings, root)
            assert isinstance(point, AccessPoint)
            assert (LAST_OWNER in point.evidence) is disabled


def test_offkeys_own_token_and_the_only_admin_are_left_alone() -> None:
    with CASES[KIND]() as case:
        own = credential(KIND, secret=case.settings.read)
        with pytest.raises(NotAutomatic):
            grafana.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), own)
        root = Account(provider="grafana", id="", login="root")
        (point,) = grafana.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert grafana.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotAutomatic):
            grafana.revoke(case.writer(), case.settings, Action.REMOVE, point)


def test_the_only_admin_of_a_cloud_organisation_is_left_to_people() -> None:
    with CASES["grafana.cloud_member"]() as case:
        root = Account(provider="grafana", id="700")
        (point,) = grafana.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in grafana.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            grafana.revoke(case.writer(), case.settings, Action.REMOVE, point)
        case.sim.add_member("second", "Admin")  # type: ignore[attr-defined]
        (point,) = grafana.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in grafana.options(point)] == [Action.REMOVE]


def test_a_list_of_cloud_members_that_goes_on_proves_nothing() -> None:
    with CASES["grafana.cloud_member"]() as case:
        case.sim.pages = 2  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN
        assert [type(item) for item in case.inventory()] == [Gap]


def test_a_member_of_an_organisation_that_is_not_configured_is_not_removed() -> None:
    with CASES["grafana.cloud_member"]() as case:
        other = replace(case.settings, organisation="other")
        with pytest.raises(NotIdentified):
            grafana.revoke(case.writer(), other, Action.REMOVE, case.points[1])


def test_no_instances_token_is_shown_to_the_cloud_portal() -> None:
    url = "https://grafana.com/api"
    transport = httpx.MockTransport(lambda _: pytest.fail("something was sent"))
    http = Reader(grafana.gate, url, instance=url, transport=transport)
    answer = grafana.check(http, credential("grafana.service_account", secret=token("dana")))
    assert answer.reason.startswith("instance not configured")
