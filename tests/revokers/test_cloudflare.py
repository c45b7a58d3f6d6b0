"""Cloudflare's own truths: 1000 is no death, an update replaces a token whole, a token may not end itself."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import cloudflare
from revokers.protocol import NotAutomatic, NotIdentified, reached
from tests.revokers.cases.cloudflare import ACCOUNT, USER_TOKEN
from tests.revokers.contract import CASES, credential
from tests.simulators.cloudflare import cloudflare_account_token, cloudflare_legacy, cloudflare_user_token

VALUE = credential("cloudflare.user_token", secret=cloudflare_user_token("dana"))


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return cloudflare.check(
        Reader(cloudflare.gate, cloudflare.URL, transport=transport, sleep=lambda _: None), VALUE
    ).liveness


def test_only_what_verify_says_of_the_token_is_death() -> None:
    for status, liveness in (("active", Liveness.LIVE), ("disabled", Liveness.DEAD), ("expired", Liveness.DEAD)):
        assert said(200, {"success": True, "result": {"id": "1", "status": status}}) is liveness
        assert said(200, {"success": False, "result": {"id": "1", "status": status}}) is Liveness.UNKNOWN
        assert said(403, {"success": True, "result": {"id": "1", "status": status}}) is Liveness.UNKNOWN
    invalid = {"success": False, "errors": [{"code": 1000, "message": "Invalid API Token"}], "result": None}
    assert said(401, invalid) is Liveness.UNKNOWN
    assert said(200, {"success": True, "result": {"id": "1", "status": "new"}}) is Liveness.UNKNOWN


def test_a_live_account_token_is_not_dead_at_the_users_address() -> None:
    with CASES["cloudflare.account_token"]() as case:
        disguised = credential("cloudflare.legacy", secret=cloudflare_account_token("dana"))
        seen = cloudflare.check(case.reader(), disguised)
        assert seen.liveness is Liveness.UNKNOWN
        assert "1000" in seen.reason


def test_a_user_token_with_the_permission_ends_itself_alone_and_is_unknown_afterwards() -> None:
    with USER_TOKEN() as case:
        seen = cloudflare.check(case.reader(), case.credentials[1])
        assert seen.holder
        assert seen.holder.email == "dana@example.com"
        case.kill(1)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.UNKNOWN, Liveness.LIVE]
        with pytest.raises(NotIdentified):
            case.kill(1)
        assert [case.state(n).liveness for n in (0, 2)] == [Liveness.LIVE] * 2


def test_a_user_token_without_the_permission_lives_on() -> None:
    with USER_TOKEN() as case:
        case.sim.add_token(cloudflare_legacy("small"), user="dana")  # type: ignore[attr-defined]
        small = credential("cloudflare.legacy", secret=cloudflare_legacy("small"))
        point = AccessPoint(id="leak", provider="cloudflare", kind="cloudflare.legacy")
        assert cloudflare.revoke(case.writer(), case.settings, Action.REVOKE, point, small).status == 403
        seen = cloudflare.check(case.reader(), small)
        assert (seen.liveness, seen.holder) == (Liveness.LIVE, None)


def test_an_update_sends_back_all_that_the_token_had() -> None:
    with CASES["cloudflare.account_token"]() as case:
        before = {n: dict(t.body) for n, t in case.sim.tokens.items()}  # type: ignore[attr-defined]
        for extra in before.values():
            extra["condition"] = {"request_ip": {"in": ["192.0.2.0/24"]}}
        for n, t in case.sim.tokens.items():  # type: ignore[attr-defined]
            t.body = dict(before[n])
        case.kill(1)
        case.undo(1)
        assert {n: t.body for n, t in case.sim.tokens.items()} == before  # type: ignore[attr-defined]


def test_an_account_token_needs_its_own_yes_and_is_deleted_after_it_was_switched_off() -> None:
    with CASES["cloudflare.account_token"]() as case:
        off, gone = cloudflare.options(case.points[1])
        assert {off.needs, gone.needs} == {"cloudflare-account-token"}
        case.kill(1)
        assert reached(off, case.state(1))
        assert not reached(gone, case.state(1))
        case.kill(1, action=Action.REVOKE)
        assert case.state(1).liveness is Liveness.UNKNOWN
        assert [case.state(n).liveness for n in (0, 2)] == [Liveness.LIVE] * 2


def test_a_token_of_no_configured_account_is_not_identified() -> None:
    with CASES["cloudflare.account_token"]() as case:
        bare = replace(case.settings, accounts=())
        args = (case.points[1], case.credentials[1])
        assert cloudflare.state(case.reader(), bare, *args).liveness is Liveness.UNKNOWN
        for action in (Action.DISABLE, Action.REVOKE):
            with pytest.raises(NotIdentified):
                cloudflare.revoke(case.writer(), bare, action, *args)
        assert case.state(1).liveness is Liveness.LIVE


def test_the_last_super_administrator_is_not_removed() -> None:
    with CASES["cloudflare.member"]() as case:
        root = Account(provider="cloudflare", id="", email="root@example.com")
        points = [p for p in cloudflare.inventory(case.reader(), case.settings, root) if isinstance(p, AccessPoint)]
        assert len(points) == 2  # one an account
        for point in points:
            assert [way.action for way in cloudflare.options(point)] == [Action.HAND_OVER]
            with pytest.raises(NotAutomatic):
                cloudflare.revoke(case.writer(), case.settings, Action.REMOVE, point)
        second = case.sim.add_member(ACCOUNT, "second", "Super Administrator - All Privileges")  # type: ignore[attr-defined]
        row = case.sim.members[ACCOUNT][second]  # type: ignore[attr-defined]
        row["status"] = "pending"  # invited, and not yet there
        for point in points:
            with pytest.raises(NotAutomatic):
                cloudflare.revoke(case.writer(), case.settings, Action.REMOVE, point)
        row["status"] = "accepted"
        points = [p for p in cloudflare.inventory(case.reader(), case.settings, root) if isinstance(p, AccessPoint)]
        assert sorted(cloudflare.options(p)[0].action for p in points) == [Action.HAND_OVER, Action.REMOVE]


def test_where_the_list_names_no_roles_removing_needs_a_yes_that_says_so() -> None:
    with CASES["cloudflare.member"]() as case:
        seen = case.points[1]
        for rows in case.sim.members.values():  # type: ignore[attr-defined]
            for row in rows.values():
                row["roles"] = []
        point = next(p for p in case.inventory() if isinstance(p, AccessPoint))
        assert [way.needs for way in cloudflare.options(point)] == ["cloudflare-remove-unseen"]
        with pytest.raises(NotAutomatic):
            cloudflare.revoke(case.writer(), case.settings, Action.REMOVE, seen)
        cloudflare.revoke(case.writer(), case.settings, Action.REMOVE, point)
        assert case.state(1).liveness is Liveness.DEAD


def test_a_member_is_found_on_any_page_and_a_stranger_is_nobody() -> None:
    with CASES["cloudflare.member"]() as case:
        asked = [r.path for r in case.sim.requests if r.path.endswith(f"{ACCOUNT}/members")]
        assert len(asked) == 6  # two pages for each of three people
        nobody = Account(provider="cloudflare", id="", email="nobody@example.com")
        assert list(cloudflare.inventory(case.reader(), case.settings, nobody)) == []
        (gap,) = cloudflare.inventory(case.reader(), replace(case.settings, accounts=()), case.person)
        assert isinstance(gap, Gap)


def test_a_membership_of_another_account_or_person_is_not_ended() -> None:
    with CASES["cloudflare.member"]() as case:
        for changed in (
            replace(case.points[1], provider_id=case.points[1].provider_id.replace(ACCOUNT, "f" * 32)),
            replace(case.points[1], holder=case.points[0].holder),
        ):
            with pytest.raises(NotIdentified):
                cloudflare.revoke(case.writer(), case.settings, Action.REMOVE, changed)
        case.sim.members.clear()  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN
