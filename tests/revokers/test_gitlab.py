"""GitLab's own truths: a foreign token looks like a made-up one, and a project's token like a person's."""

from dataclasses import replace

import httpx
import pytest

import revokers
from offboarding.demo.simulators import tokens
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from revokers import gitlab
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from revokers.public_keys import fingerprint
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.gitlab import GitLabSimulator, User

VALUE = credential("gitlab.pat", secret=tokens.gitlab_personal("dana"))


def lab(case: Case) -> GitLabSimulator:
    assert isinstance(case.sim, GitLabSimulator)
    return case.sim


def dana(case: Case) -> User:
    return next(user for user in lab(case).users.values() if user.username == "dana")


def said(status: int, body: object) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return gitlab.check(Reader(gitlab.gate, gitlab.URL, transport=transport, sleep=lambda _: None), VALUE).liveness


@pytest.mark.parametrize("words", ["Token was revoked. You have to", "Token is expired. You can either"])
def test_only_these_descriptions_of_a_401_are_death(words: str) -> None:
    assert said(401, {"error": "invalid_token", "error_description": words}) is Liveness.DEAD
    assert said(403, {"error": "invalid_token", "error_description": words}) is Liveness.UNKNOWN
    assert said(401, {"error": "insufficient_scope", "error_description": words}) is Liveness.UNKNOWN


def test_another_instances_token_is_not_taken_for_a_dead_one() -> None:
    foreign = credential("gitlab.pat", secret=tokens.gitlab_personal("of another instance"))
    with CASES["gitlab.pat"]() as case:
        for answer in (
            gitlab.check(case.reader(), foreign),
            gitlab.state(case.reader(), case.settings, case.points[1], foreign),
        ):
            assert (answer.liveness, "instance" in answer.reason) == (Liveness.UNKNOWN, True)
        with pytest.raises(NotIdentified):
            gitlab.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], foreign)


def test_a_bots_token_needs_its_own_yes() -> None:
    with CASES["gitlab.pat"]() as case:
        dana(case).bot = True
        check = gitlab.check(case.reader(), case.credentials[1])
        assert check.status == "bot"
        (way,) = gitlab.options(replace(case.points[1], check=check))
        assert way.needs == "gitlab-bot-revoke"
        (plain,) = gitlab.options(case.points[0])
        assert plain.needs == ""


def test_a_token_that_may_not_read_its_user_still_names_the_users_id() -> None:
    with CASES["gitlab.pat"]() as case:
        value = tokens.gitlab_personal("narrow")
        lab(case).add_token(value, dana(case), scopes=("read_repository",))
        check = gitlab.check(case.reader(), credential("gitlab.pat", secret=value))
        assert check.holder == Account(provider="gitlab", id=str(dana(case).id))


def test_a_blocked_accounts_token_is_ended_by_the_administrator_and_only_then_dead() -> None:
    with CASES["gitlab.pat"]() as case:
        dana(case).state = "blocked"
        assert gitlab.check(case.reader(), case.credentials[1]).liveness is Liveness.UNKNOWN
        assert case.state(1).liveness is Liveness.LIVE
        case.kill(1)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_without_an_administrator_the_token_ends_itself() -> None:
    with CASES["gitlab.pat"]() as case:
        case.settings = replace(case.settings, read=None, write=None, server="gitlab.com")
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD
        assert {item.path for item in case.sim.requests if item.method == "DELETE"} == {
            "/api/v4/personal_access_tokens/self"
        }


def test_gitlab_com_ends_no_deploy_token_and_an_old_instance_says_nothing() -> None:
    with CASES["gitlab.deploy_token"]() as case:
        lab(case).administers_tokens = False
        assert case.state(1).liveness is Liveness.UNKNOWN
        case.settings = replace(case.settings, server="gitlab.com")
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(NotAutomatic) as error:
            case.kill(1)
        assert "https://" in error.value.advice


def test_gitlab_com_is_asked_for_groups_alone_and_a_missing_group_is_a_gap() -> None:
    with CASES["gitlab.group_member"]() as case:
        case.settings = replace(case.settings, server="gitlab.com")
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert point.kind == "gitlab.group_member"
        case.settings = replace(case.settings, groups=("acme", "elsewhere"))
        assert [type(found) for found in case.inventory()] == [AccessPoint, Gap]
        case.settings = replace(case.settings, groups=())
        assert [type(found) for found in case.inventory()] == [Gap]


def test_the_last_owner_of_a_group_is_handed_over() -> None:
    with CASES["gitlab.group_member"]() as case:
        group = lab(case).groups["acme"]
        group.update(dict.fromkeys(group, 30))
        group[dana(case).id] = 50
        point = next(found for found in case.inventory() if getattr(found, "kind", "") == "gitlab.group_member")
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert {way.action for way in gitlab.options(point)} == {Action.HAND_OVER}
        with pytest.raises(NotAutomatic):
            case.kill(1)
        assert dana(case).id in group


def test_a_blocked_owner_is_no_other_owner() -> None:
    with CASES["gitlab.group_member"]() as case:
        group = lab(case).groups["acme"]
        group.update(dict.fromkeys(group, 50))
        for number in group:
            lab(case).users[number].state = "active" if number == dana(case).id else "blocked"
        asking = lab(case).users[next(number for number in lab(case).users if lab(case).users[number].admin)]
        asking.state = "active"
        group.pop(asking.id, None)
        with pytest.raises(NotAutomatic):
            case.kill(1)
        assert dana(case).id in group


@pytest.mark.parametrize("name", ["group_7_bot_1a2b3c", "project_12_bot", "service_account_group_7_ab"])
def test_the_user_of_an_access_token_is_no_other_owner(name: str) -> None:
    with CASES["gitlab.group_member"]() as case:
        group = lab(case).groups["acme"]
        group.update(dict.fromkeys(group, 30))
        other = next(number for number in group if number != dana(case).id)
        group[dana(case).id] = group[other] = 50
        lab(case).users[other].state = "active"
        point = next(found for found in case.inventory() if getattr(found, "kind", "") == "gitlab.group_member")
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER not in point.evidence
        lab(case).users[other].username = name
        with pytest.raises(NotAutomatic):
            case.kill(1)
        assert dana(case).id in group


def test_a_group_that_shows_nobody_proves_no_removal() -> None:
    with CASES["gitlab.group_member"]() as case:
        lab(case).groups["acme"].clear()
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_listed_token_is_ended_for_its_own_holder_alone() -> None:
    with CASES["gitlab.listed_pat"]() as case:
        other = replace(case.points[1], holder=case.points[0].holder)
        with pytest.raises(NotIdentified):
            gitlab.revoke(case.writer(), case.settings, Action.REVOKE, other, None)
        assert gitlab.state(case.reader(), case.settings, other).liveness is Liveness.UNKNOWN


def test_a_deactivated_account_is_not_ended() -> None:
    with CASES["gitlab.account"]() as case:
        dana(case).state = "deactivated"
        assert case.state(1).liveness is Liveness.LIVE


def test_nobody_with_the_name_is_a_gap() -> None:
    with CASES["gitlab.account"]() as case:
        for nobody in (
            Account(provider="gitlab", id="4711"),
            Account(provider="gitlab", id="", login="nobody"),
            Account(provider="gitlab", id="", email="dana@example.com"),
        ):
            (gap,) = gitlab.inventory(case.reader(), case.settings, nobody)
            assert isinstance(gap, Gap)


def test_a_value_goes_to_gitlab_com_or_to_the_configured_instance() -> None:
    assert revokers.reader("gitlab", gitlab.Settings()).base == "https://gitlab.com/api/v4"
    instance = gitlab.Settings(url="https://git.example.com/api/v4")
    assert revokers.reader("gitlab", instance).base == "https://git.example.com/api/v4"


def test_what_can_only_be_reset_is_handed_over() -> None:
    for kind in ("gitlab.runner", "gitlab.feed", "gitlab.trigger", "gitlab.oauth_app", "gitlab.scim"):
        (way,) = gitlab.HANDLES[kind]
        assert (way.action, "https://" in way.how) == (Action.HAND_OVER, True)


def test_a_key_is_looked_up_by_fingerprint_and_each_project_is_a_point_of_its_own() -> None:
    with CASES["gitlab.deploy_key"]() as case:
        lab(case).add_deploy_key(9, "the same", tokens.ssh_public("dana"))
        lab(case).add_key(dana(case), "laptop", tokens.ssh_public("laptop"))
        lines = [tokens.ssh_public(name) for name in ("dana", "laptop", "of nobody")]
        found = list(gitlab.authorised(case.reader(), case.settings, frozenset(map(fingerprint, lines))))
        points = [item for item in found if isinstance(item, AccessPoint)]
        assert len(found) == 3
        keys = [item for item in points if item.kind == "gitlab.deploy_key"]
        assert {item.provider_id.partition("/")[0] for item in keys} == {"7", "9"}
        assert {(item.ownership, item.holder) for item in keys} == {(Ownership.SHARED, None)}
        (own,) = [item for item in points if item.kind == "gitlab.ssh_key"]
        assert own.holder == Account(provider="gitlab", id=str(dana(case).id), login="dana")
        gitlab.revoke(case.writer(), case.settings, Action.REVOKE, keys[0])
        states = [gitlab.state(case.reader(), case.settings, item, None).liveness for item in keys]
        assert states == [Liveness.DEAD, Liveness.LIVE]


def test_only_404_key_not_found_says_that_an_instance_has_no_such_key() -> None:
    key = frozenset({fingerprint(tokens.ssh_public("dana"))})
    with CASES["gitlab.deploy_key"]() as case:
        for status, body in ((404, {"message": "404 Not Found"}), (404, None), (403, {"message": "403 Forbidden"})):
            transport = httpx.MockTransport(lambda _, s=status, b=body: httpx.Response(s, json=b))
            http = Reader(gitlab.gate, gitlab.URL, transport=transport, sleep=lambda _: None)
            (gap,) = gitlab.authorised(http, case.settings, key)
            assert isinstance(gap, Gap)
            assert f"answered {status}" in gap.why


def test_an_answer_about_another_key_is_no_answer() -> None:
    row = {"id": 1, "key": tokens.ssh_public("ann"), "user": {"id": 1, "username": "ann"}}
    with CASES["gitlab.deploy_key"]() as case:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=row))
        http = Reader(gitlab.gate, gitlab.URL, transport=transport, sleep=lambda _: None)
        (gap,) = gitlab.authorised(http, case.settings, frozenset({fingerprint(tokens.ssh_public("dana"))}))
        assert isinstance(gap, Gap)
        assert "another key" in gap.why


def test_gitlab_com_tells_nobody_whose_a_fingerprint_is() -> None:
    with CASES["gitlab.deploy_key"]() as case:
        before = len(lab(case).requests)
        there = replace(case.settings, server="gitlab.com")
        (gap,) = gitlab.authorised(case.reader(), there, frozenset({fingerprint(tokens.ssh_public("dana"))}))
        assert isinstance(gap, Gap)
        assert len(lab(case).requests) == before


def account_of(case: Case) -> AccessPoint:
    point = next(found for found in case.inventory() if getattr(found, "kind", "") == "gitlab.account")
    assert isinstance(point, AccessPoint)
    return point


def test_the_instances_last_administrator_is_not_blocked_by_a_plan_or_since() -> None:
    with CASES["gitlab.account"]() as case:
        root = next(user for user in lab(case).users.values() if user.admin)
        dana(case).admin = True
        point = account_of(case)
        assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
        root.bot = True
        alone = account_of(case)
        assert LAST_OWNER in alone.evidence
        assert [way.action for way in gitlab.options(alone)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            gitlab.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
        assert dana(case).state == "active"


def test_where_administrators_cannot_be_seen_blocking_needs_a_yes_and_a_gap_says_why() -> None:
    with CASES["gitlab.account"]() as case:
        dana(case).admin = True
        lab(case).fail("GET", "/users$", 403, times=1, after=False)
        case.person = Account(provider="gitlab", id=str(dana(case).id))
        point = account_of(case)
        assert UNTOLD in point.evidence
        assert [way.needs for way in gitlab.options(point)] == ["gitlab-block-unseen"]
        lab(case).fail("GET", "/users$", 403, times=1)
        assert any(isinstance(found, Gap) and "administrators" in found.where for found in case.inventory())


def test_a_value_of_another_user_or_sort_ends_no_token_of_the_same_number() -> None:
    with CASES["gitlab.pat"]() as case:
        known = lab(case).tokens
        theirs = gitlab.check(case.reader(), case.credentials[1]).holder
        assert theirs is not None
        point = replace(case.points[1], holder=replace(theirs, id="999"))
        with pytest.raises(NotIdentified, match="another user"):
            gitlab.revoke(case.writer(), case.settings, Action.REVOKE, point, case.credentials[1])
        sort = lab(case).add_token(tokens.gitlab_personal("of another sort"), dana(case), "deploy")
        other = next(token for token in known.values() if token.user is dana(case) and token.kind == "access")
        sort.id = other.id
        held = credential("gitlab.pat", secret=tokens.gitlab_personal("of another sort"))
        with pytest.raises(NotIdentified):
            gitlab.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], held)
        assert not other.revoked


def test_an_account_that_was_deactivated_is_not_made_active_by_an_undo() -> None:
    with CASES["gitlab.account"]() as case:
        dana(case).state = "deactivated"
        point = account_of(case)
        gitlab.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
        with pytest.raises(NotAutomatic, match="deactivated before"):
            gitlab.undo(case.writer(), case.settings, point, None)
        assert dana(case).state == "blocked"


def test_who_is_no_enterprise_user_of_the_group_is_a_gap() -> None:
    with CASES["gitlab.enterprise_pat"]() as case:
        lab(case).enterprise["acme"].discard(dana(case).id)
        found = list(gitlab.inventory(case.reader(), case.settings, Account(provider="gitlab", id="", login="dana")))
        assert [item.why.startswith("no enterprise user of acme") for item in found if isinstance(item, Gap)] == [True]
        assert not [item for item in found if isinstance(item, AccessPoint) and ".enterprise_" in item.kind]


@pytest.mark.parametrize("kind", ["gitlab.enterprise_pat", "gitlab.enterprise_ssh_key"])
def test_leaving_the_group_is_not_the_end_of_a_token_or_key(kind: str) -> None:
    with CASES[kind]() as case:
        lab(case).enterprise["acme"].discard(dana(case).id)
        assert gitlab.state(case.reader(), case.settings, case.points[1]).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("kind", ["gitlab.enterprise_pat", "gitlab.enterprise_ssh_key"])
def test_an_enterprise_users_token_or_key_is_ended_for_its_holder_alone(kind: str) -> None:
    with CASES[kind]() as case:
        swapped = replace(case.points[1], provider_id=case.points[2].provider_id)
        with pytest.raises(NotIdentified):
            gitlab.revoke(case.writer(), case.settings, Action.REVOKE, swapped)
        with pytest.raises(NotIdentified):
            gitlab.revoke(case.writer(), replace(case.settings, enterprise=""), Action.REVOKE, case.points[1])
        assert [case.state(number).liveness for number in range(3)] == [Liveness.LIVE] * 3
