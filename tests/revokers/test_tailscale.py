"""Tailscale's own truths: a key that was only found may be another tailnet's, and tagged keys are the tailnet's."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Account, Action, Liveness, Ownership
from revokers import tailscale
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, credential
from tests.simulators.tailscale import TailscaleSimulator, ident, key

KEY = "tailscale.key"


def test_a_found_key_is_ended_by_the_id_in_its_value() -> None:
    with CASES[KEY]() as case:
        value = credential(KEY, secret=key("dana"))
        assert [way.by for way in tailscale.options(leak(KEY))] == ["value"]
        assert tailscale.state(case.reader(), case.settings, leak(KEY), value).liveness is Liveness.LIVE
        tailscale.revoke(case.writer(), case.settings, Action.REVOKE, leak(KEY), value)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_a_key_that_has_ended_or_of_nobody_is_not_identified() -> None:
    with CASES[KEY]() as case:
        sim = case.sim
        assert isinstance(sim, TailscaleSimulator)
        (row,) = [row for row in sim.keys if row["id"] == ident("dana")]
        for change in ({"invalid": True}, {"invalid": False, "userId": "somebody who left"}):
            row.update(change)
            with pytest.raises(NotIdentified):
                case.identify(case.leaked[1])
        client = credential(KEY, secret=key("dana", "client"))
        with pytest.raises(NotIdentified, match="not of a person"):
            case.identify(client)


def test_an_oauth_clients_secret_is_not_a_persons_key() -> None:
    with CASES[KEY]() as case:
        value = credential(KEY, secret=key("dana", "client"))
        with pytest.raises(NotIdentified):
            tailscale.revoke(case.writer(), case.settings, Action.REVOKE, leak(KEY), value)
        assert case.state(1).liveness is Liveness.LIVE


def test_a_deleted_key_is_dead_whether_the_tailnet_forgets_it_or_not() -> None:
    for forgets in (True, False):
        with CASES[KEY]() as case:
            case.sim.forgets = forgets  # type: ignore[attr-defined]
            case.kill(1)
            assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_a_key_that_no_list_had_is_unknown_and_not_dead() -> None:
    with CASES[KEY]() as case:
        stranger = leak(KEY, provider_id=ident("another tailnet's"))
        assert tailscale.state(case.reader(), case.settings, stranger).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            tailscale.revoke(case.writer(), case.settings, Action.REVOKE, stranger)
        wrong = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            tailscale.revoke(case.writer(), case.settings, Action.REVOKE, wrong)


def test_no_key_is_tried() -> None:
    with CASES[KEY]() as case:
        case.sim.requests.clear()
        assert tailscale.check(case.reader(), credential(KEY, secret=key("dana"))).liveness is Liveness.UNKNOWN
        assert case.sim.requests == []


def test_oauth_clients_and_keys_with_tags_are_handed_over() -> None:
    with CASES[KEY]() as case:
        user = case.points[1].holder
        assert user
        case.sim.add_key(user.id, "client", "client")  # type: ignore[attr-defined]
        case.sim.add_key(user.id, "tagged", tags=("tag:ci",))  # type: ignore[attr-defined]
        points = {p.provider_id: p for p in case.inventory() if isinstance(p, AccessPoint)}
        for seed in ("client", "tagged"):
            assert points[ident(seed)].ownership is Ownership.SHARED
            assert [way.action for way in tailscale.options(points[ident(seed)])] == [Action.HAND_OVER]
        assert [way.action for way in tailscale.options(points[ident("dana")])] == [Action.REVOKE]


def test_the_owner_is_handed_over() -> None:
    with CASES["tailscale.user"]() as case:
        owner = Account(provider="tailscale", id="", email="root-owner@example.com")
        found = next(iter(tailscale.inventory(case.reader(), case.settings, owner)))
        assert isinstance(found, AccessPoint)
        assert LAST_OWNER in found.evidence
        assert [way.action for way in tailscale.options(found)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):  # whatever the plan saw
            tailscale.revoke(case.writer(), case.settings, Action.DISABLE, replace(found, evidence=()))
