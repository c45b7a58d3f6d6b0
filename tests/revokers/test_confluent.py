"""Confluent's own truths: a cluster's key is refused here while it lives, and a service account is no person."""

import re
from dataclasses import replace

import httpx
import pytest

import rules
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from offkey.secret import Secret
from revokers import confluent
from revokers.parts import basic
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import Case, credential, leak
from tests.revokers.contract import CASES
from tests.simulators.confluent import ConfluentSimulator, api_key


def simulator(case: Case) -> ConfluentSimulator:
    assert isinstance(case.sim, ConfluentSimulator)
    return case.sim


def test_a_clusters_key_is_refused_and_not_called_dead() -> None:
    with CASES["confluent.api_secret"]() as case:
        ident, secret = api_key("dana")
        value = credential(confluent.KEY, id=ident, secret=secret)
        assert confluent.check(case.reader(), value).liveness is Liveness.UNKNOWN
        simulator(case).keys[ident].cloud = True
        found = confluent.check(case.reader(), value)
        assert found.liveness is Liveness.LIVE
        assert found.holder
        assert found.holder.id == "u-dana"


def test_a_service_accounts_key_is_handed_over_and_never_ended() -> None:
    with CASES["confluent.api_secret"]() as case:
        ident, secret = api_key("ci")
        simulator(case).add_key("sa-ci", (ident, secret))
        check = confluent.check(case.reader(), credential(confluent.KEY, id=ident, secret=secret))
        point = leak(confluent.KEY, provider_id=ident, holder=check.holder, check=check)
        assert confluent.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotIdentified):
            confluent.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert ident in simulator(case).keys


def test_a_secret_without_its_id_is_not_identified() -> None:
    with CASES["confluent.api_secret"]() as case:
        value = credential(confluent.KEY, secret=api_key("dana")[1])
        point = leak(confluent.KEY)
        assert confluent.check(case.reader(), value).liveness is Liveness.UNKNOWN
        assert confluent.state(case.reader(), case.settings, point, value).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            confluent.revoke(case.writer(), case.settings, Action.REVOKE, point, value)


def test_a_key_of_another_organisation_and_another_persons_key_are_left_alone() -> None:
    with CASES["confluent.api_secret"]() as case:
        stray = leak(confluent.KEY, provider_id=api_key("stray")[0])
        assert confluent.state(case.reader(), case.settings, stray).liveness is Liveness.UNKNOWN
        foreign = replace(case.points[1], provider_id=case.points[0].provider_id)
        for point in (stray, foreign):
            with pytest.raises(NotIdentified):
                confluent.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert case.state(0).liveness is Liveness.LIVE


def test_the_rule_finds_the_id_beside_the_secret() -> None:
    ident, _ = api_key("dana")
    (rule,) = [rule for rule in rules.load().rules if rule.kind == confluent.KEY]
    (part,) = rule.parts
    found = re.search(part.pattern, f"KAFKA_API_KEY={ident}\n".encode())
    assert (part.name, part.required) == ("id", False)
    assert found
    assert found["secret"].decode() == ident


def test_the_user_whose_key_offkey_asks_with_stays() -> None:
    with CASES["confluent.user"]() as case:
        (root,) = list(confluent.inventory(case.reader(), case.settings, Account(provider="confluent", id="u-root")))[
            :1
        ]
        assert isinstance(root, AccessPoint)
        with pytest.raises(NotAutomatic):
            confluent.revoke(case.writer(), case.settings, Action.REMOVE, root)
        assert "u-root" in simulator(case).users


def account_of(case: Case) -> AccessPoint:
    point = next(item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == confluent.USER)
    assert isinstance(point, AccessPoint)
    return point


def test_the_last_organization_admin_is_not_removed_by_a_plan_or_since() -> None:
    with CASES["confluent.user"]() as case:
        simulator(case).admins = ["u-ann", "u-dana", "u-left", "sa-robot"]
        point = account_of(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        simulator(case).admins.remove("u-ann")
        alone = account_of(case)
        assert LAST_OWNER in alone.evidence
        assert [way.action for way in confluent.options(alone)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            confluent.revoke(case.writer(), case.settings, Action.REMOVE, point)
        assert "u-dana" in simulator(case).users


def test_where_organization_admins_cannot_be_seen_removing_needs_a_yes_and_a_gap_says_why() -> None:
    with CASES["confluent.user"]() as case:
        seen = account_of(case)
        simulator(case).fail("GET", "/role-bindings", 403, times=2)
        items = case.inventory()
        assert any(isinstance(item, Gap) and "administrators" in item.where for item in items)
        point = next(item for item in items if isinstance(item, AccessPoint) and item.kind == confluent.USER)
        assert [way.needs for way in confluent.options(point)] == ["confluent-remove-unseen"]
        with pytest.raises(NotAutomatic):
            confluent.revoke(case.writer(), case.settings, Action.REMOVE, seen)


def test_a_living_key_of_another_organisation_is_not_dead_because_this_one_does_not_list_it() -> None:
    ident, secret = api_key("of another organisation")
    own = basic(ident, Secret(secret.encode()))["Authorization"]
    body = {"id": ident, "spec": {"owner": {"id": "u-stranger"}, "resource": {"id": "cloud"}}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == own:
            return httpx.Response(200, json=body)
        return httpx.Response(404, json={"errors": [{"status": "404"}]})

    http = Reader(confluent.gate, confluent.URL, transport=httpx.MockTransport(answer), sleep=lambda _: None)
    value = credential(confluent.KEY, id=ident, secret=secret)
    alive = confluent.check(http, value)
    settings = confluent.Settings(read=Secret(b"KEY,SECRET"))
    point = leak(confluent.KEY, provider_id=ident, holder=alive.holder, check=alive)
    assert alive.holder
    assert confluent.state(http, settings, point, value).liveness is Liveness.LIVE
