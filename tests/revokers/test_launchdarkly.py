"""LaunchDarkly's own truths: a token names itself, 401 can mean a missing permission, service tokens are shared."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from revokers import launchdarkly
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.launchdarkly import key

KIND = "launchdarkly.key"
INVALID = {"code": "unauthorized", "message": "Invalid access token"}


def asked(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    http = Reader(launchdarkly.gate, launchdarkly.URL, transport=transport, sleep=lambda _: None)
    return launchdarkly.check(http, credential(KIND, secret=key("dana"))).liveness


def test_only_an_invalid_token_is_dead() -> None:
    assert asked(401, INVALID) is Liveness.DEAD
    assert asked(401, {**INVALID, "message": "Access to the requested resource was denied"}) is Liveness.UNKNOWN
    assert asked(403, INVALID) is Liveness.UNKNOWN
    assert asked(200, {"accountId": "a"}) is Liveness.UNKNOWN


def test_a_service_token_is_shared_and_needs_its_own_yes() -> None:
    with CASES["launchdarkly.access_token"]() as case:
        member = case.person.id or case.points[1].holder.id  # type: ignore[union-attr]
        case.sim.add_token(member, key("service"), service=True)  # type: ignore[attr-defined]
        told = launchdarkly.check(case.reader(), credential(KIND, secret=key("service")))
        assert (told.status, told.holder) == (launchdarkly.SERVICE, None)
        leaked = replace(leak(KIND), check=told)
        shared = [
            point
            for point in case.inventory()
            if isinstance(point, AccessPoint) and point.ownership is Ownership.SHARED
        ]
        assert len(shared) == 1
        for point in (leaked, shared[0]):
            assert [way.needs for way in launchdarkly.options(point)] == ["launchdarkly-service-token"]
        assert [way.needs for way in launchdarkly.options(case.points[1])] == [""]


def test_an_sdk_key_is_handed_over() -> None:
    with CASES[KIND]() as case:
        from tests.simulators.rest import fold

        value = credential(KIND, secret=key("environment", "sdk"))
        case.sim.sdk.add(fold(value.secret))  # type: ignore[attr-defined]
        told = launchdarkly.check(case.reader(), value)
        assert (told.liveness, told.status) == (Liveness.LIVE, launchdarkly.SDK)
        assert [way.action for way in launchdarkly.options(replace(leak(KIND), check=told))] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            launchdarkly.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), value)


def test_a_members_tokens_go_with_the_member() -> None:
    with CASES["launchdarkly.member"]() as case:
        case.kill(1)
        alive = [launchdarkly.check(case.reader(), credential(KIND, secret=key(name))) for name in ("ann", "dana")]
        assert [told.liveness for told in alive] == [Liveness.LIVE, Liveness.UNKNOWN]
        value = credential(KIND, secret=key("dana"))
        assert launchdarkly.state(case.reader(), case.settings, known(KIND), value).liveness is Liveness.DEAD


def test_the_only_owner_is_handed_over_and_nothing_ends_for_somebody_else() -> None:
    with CASES["launchdarkly.member"]() as case:
        owner = Account(provider="launchdarkly", id="", email="root-owner@example.com")
        found = next(iter(launchdarkly.inventory(case.reader(), case.settings, owner)))
        assert isinstance(found, AccessPoint)
        assert LAST_OWNER in found.evidence
        assert [way.action for way in launchdarkly.options(found)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):  # whatever the plan saw
            launchdarkly.revoke(case.writer(), case.settings, Action.REMOVE, replace(found, evidence=()))
        wrong = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            launchdarkly.revoke(case.writer(), case.settings, Action.REMOVE, wrong)


def test_a_time_that_no_calendar_has_is_a_gap_and_breaks_nothing() -> None:
    with CASES["launchdarkly.access_token"]() as case:
        for row in case.sim.tokens.values():  # type: ignore[attr-defined]
            row["lastUsed"] = 10**30
        items = case.inventory()
        assert any(isinstance(item, Gap) and "OverflowError" in item.why for item in items)
