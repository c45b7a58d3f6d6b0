"""Sentry's own truths: only its own words for a dead token are death, and whom it would not remove is handed over."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Check, Liveness
from revokers import sentry
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.sentry import SentrySimulator, user_token

VALUE = credential("sentry.user_token", secret=user_token("dana"))


def asked(status: int, body: object) -> Check:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return sentry.check(Reader(sentry.gate, sentry.URL, transport=transport, sleep=lambda _: None), VALUE)


@pytest.mark.parametrize("words", sorted(sentry.DEAD))
def test_these_words_are_death(words: str) -> None:
    assert asked(401, {"detail": words}).liveness is Liveness.DEAD
    assert asked(403, {"detail": words}).liveness is Liveness.UNKNOWN


def test_another_401_is_not() -> None:
    for body in ({"detail": "This token access is limited to organization endpoints."}, {"detail": ["x"]}, {}, None):
        assert asked(401, body).liveness is Liveness.UNKNOWN


def test_an_answer_as_to_nobody_is_not_life() -> None:
    assert asked(200, {"version": "0", "auth": None, "user": None}).liveness is Liveness.UNKNOWN


def test_a_token_says_its_user_and_the_organisations_says_none() -> None:
    with SentrySimulator() as sim:
        sim.add_token("dana", user_token("dana"))
        sim.add_token("", user_token("organisation"))
        http = Reader(sentry.gate, sim.url, instance=sim.url)
        told = sentry.check(http, VALUE)
        assert told.holder
        assert told.holder.login == "dana"
        organisation = sentry.check(http, credential("sentry.org_token", secret=user_token("organisation")))
        assert (organisation.liveness, organisation.holder) == (Liveness.LIVE, None)
        value = credential("sentry.user_token", secret=user_token("made up"))
        assert sentry.check(http, value).liveness is Liveness.UNKNOWN  # it may be sentry.io's, or another server's
        settings = sentry.Settings(url=sim.url)
        assert sentry.state(http, settings, known("sentry.user_token"), value).liveness is Liveness.DEAD


def test_tokens_are_handed_over() -> None:
    for kind in ("sentry.user_token", "sentry.org_token", "sentry.app_token", "sentry.integration_token"):
        assert [way.action for way in sentry.options(leak(kind))] == [Action.HAND_OVER]


def test_the_only_owner_and_a_provisioned_member_are_handed_over() -> None:
    with CASES["sentry.member"]() as case:
        case.sim.add_member("made", provisioned=True)  # type: ignore[attr-defined]
        for name, why in (("root-owner", LAST_OWNER), ("made", sentry.PROVISIONED)):
            account = Account(provider="sentry", id="", email=f"{name}@example.com")
            (point,) = sentry.inventory(case.reader(), case.settings, account)
            assert isinstance(point, AccessPoint)
            assert why in point.evidence
            assert [way.action for way in sentry.options(point)] == [Action.HAND_OVER]
            with pytest.raises(NotAutomatic):  # whatever the plan saw
                sentry.revoke(case.writer(), case.settings, Action.REMOVE, replace(point, evidence=()))


def test_a_member_is_found_by_the_users_own_address_too() -> None:
    with CASES["sentry.member"]() as case:
        account = Account(provider="sentry", id="", email="dana@example.org")
        (point,) = sentry.inventory(case.reader(), case.settings, account)
        assert isinstance(point, AccessPoint)
        assert point.id == case.points[1].id


def test_nothing_is_removed_for_somebody_else() -> None:
    with CASES["sentry.member"]() as case:
        wrong = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            sentry.revoke(case.writer(), case.settings, Action.REMOVE, wrong)
        with pytest.raises(NotAutomatic):
            sentry.revoke(case.writer(), case.settings, Action.REVOKE, leak("sentry.user_token"), VALUE)
        assert case.state(1).liveness is Liveness.LIVE
