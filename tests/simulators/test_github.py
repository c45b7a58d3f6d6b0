"""The GitHub simulator keeps real state and answers as GitHub's description says."""

import time

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.wire import DROP
from tests.simulators.asking import ask


class World:
    """The organisation Acme: Ann owns it, Bob is a member, Cat an outside collaborator; an app is installed."""

    def __init__(self, sim):
        self.sim = sim
        for login in ("ann", "bob", "cat", "dan"):
            sim.add_user(login, name=login.title(), email=f"{login}@example.com")
        sim.add_org("acme", saml=False)
        sim.add_member("acme", "ann", "admin")
        sim.add_member("acme", "bob")
        sim.add_collaborator("acme", "cat")
        self.app = tokens.github_installation("app")
        sim.add_app("acme", self.app)
        self.admin = self.token("ann", tokens.github_classic("ann"), scopes=["admin:org", "repo", "user"])
        self.bobs = self.token("bob", tokens.github_classic("bob"), scopes=["repo", "read:org"])
        self.fine = tokens.github_fine_grained("bob")
        self.fine_token = sim.add_token("bob", self.fine, kind="fine-grained", name="deploy")
        self.grant = sim.add_grant("acme", self.fine_token)

    def token(self, owner, value, **more):
        self.sim.add_token(owner, value, **more)
        return value

    def call(self, method, path, token=None, description="github", **more):
        return ask(self.sim, description, method, path, token, **more)

    def status(self, method, path, token=None, **more):
        return self.call(method, path, token, **more).status_code


@pytest.fixture
def world():
    with GitHubSimulator(delay=None) as sim:
        yield World(sim)


# who a token is


def test_a_token_names_its_owner_and_its_scopes(world):
    answer = world.call("GET", "/user", world.bobs)
    assert (answer.json()["login"], answer.headers["x-oauth-scopes"]) == ("bob", "repo, read:org")


def test_the_private_address_needs_a_user_scope(world):
    assert world.call("GET", "/user", world.bobs).json()["email"] is None
    assert world.call("GET", "/user", world.admin).json()["email"] == "ann@example.com"
    assert world.call("GET", "/users/ann", world.bobs).json()["email"] is None


@pytest.mark.parametrize("path", ["/user", "/users/bob", "/orgs/acme", "/orgs/acme/members"])
def test_an_unknown_token_is_refused_everywhere_even_where_none_is_needed(world, path):
    answer = world.call("GET", path, tokens.github_classic("nobody"))
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_without_a_token_only_public_things_answer(world):
    assert [world.status("GET", path) for path in ("/users/bob", "/orgs/acme", "/user")] == [200, 200, 401]


def test_a_refresh_token_opens_nothing_and_an_app_is_no_user(world):
    refresh = world.token("bob", tokens.github_refresh("bob"), kind="refresh")
    assert (world.status("GET", "/user", refresh), world.status("GET", "/user", world.app)) == (401, 403)


def test_unknown_users_organisations_and_paths_are_404(world):
    paths = ["/users/nobody", "/orgs/nobody", "/orgs/nobody/members"]
    described = [world.status("GET", path, world.admin) for path in paths[:2]]
    assert described == [404, 404]
    assert httpx.get(f"{world.sim.url}/no/such/thing").status_code == 404


def test_a_call_without_a_user_agent_is_refused(world):
    with httpx.Client() as client:
        del client.headers["User-Agent"]
        assert client.get(f"{world.sim.url}/users/bob").status_code == 403


def test_an_installation_token_is_asked_for_its_repositories_and_ends_itself(world):
    world.sim.add_repo("acme/shop")
    body = world.call("GET", "/installation/repositories", world.app).json()
    assert (body["total_count"], body["repositories"][0]["full_name"]) == (1, "acme/shop")
    assert world.status("GET", "/installation/repositories", world.bobs) == 403
    assert world.status("DELETE", "/installation/token", world.app) == 204
    assert world.status("GET", "/installation/repositories", world.app) == 401
    assert world.sim.state.mails == []


def test_a_renamed_account_keeps_its_number_its_tokens_and_its_memberships(world):
    number = world.call("GET", "/users/bob").json()["id"]
    world.sim.rename_user("bob", "robert")
    assert world.call("GET", f"/user/{number}").json()["login"] == "robert"
    assert world.status("GET", "/users/bob") == 404
    assert world.call("GET", "/user", world.bobs).json()["login"] == "robert"
    assert world.status("GET", "/orgs/acme/memberships/robert", world.admin) == 200
    (grant,) = world.call("GET", "/orgs/acme/personal-access-tokens?owner[]=robert", world.app).json()
    assert grant["id"] == world.grant.id
    assert world.status("GET", "/user/999999") == 404


# members


def test_members_are_listed_for_members_and_hidden_from_outsiders(world):
    logins = [user["login"] for user in world.call("GET", "/orgs/acme/members", world.bobs).json()]
    admins = [user["login"] for user in world.call("GET", "/orgs/acme/members?role=admin", world.bobs).json()]
    outsider = world.token("dan", tokens.github_classic("dan"), scopes=["read:org"])
    assert (logins, admins) == (["ann", "bob"], ["ann"])
    assert world.call("GET", "/orgs/acme/members", outsider).json() == []


def test_a_membership_can_be_read_and_ended_by_an_owner(world):
    path = "/orgs/acme/memberships/BOB"
    assert world.call("GET", path, world.admin).json()["role"] == "member"
    assert world.status("DELETE", path, world.admin) == 204
    assert world.status("GET", path, world.admin) == 404
    assert world.status("DELETE", path, world.admin) == 404


def test_the_end_of_a_membership_ends_the_grants_but_not_the_token(world):
    world.status("DELETE", "/orgs/acme/memberships/bob", world.admin)
    assert world.call("GET", "/orgs/acme/personal-access-tokens", world.app).json() == []
    assert world.status("GET", "/orgs/acme/memberships/ann", world.bobs) == 403
    assert (world.status("GET", "/user", world.bobs), world.status("GET", "/user", world.fine)) == (200, 200)


def test_only_an_owner_with_the_right_scope_or_an_app_ends_a_membership(world):
    path = "/orgs/acme/memberships/bob"
    reader = world.token("ann", tokens.github_classic("ann reads"), scopes=["read:org"])
    outsider = world.token("dan", tokens.github_classic("dan"), scopes=["admin:org"])
    assert [world.status("DELETE", path, token) for token in (world.bobs, reader, outsider)] == [403, 403, 404]
    assert world.status("DELETE", path, world.app) == 204


def test_outside_collaborators_are_listed_and_removed_and_members_are_not_that(world):
    assert [u["login"] for u in world.call("GET", "/orgs/acme/outside_collaborators", world.admin).json()] == ["cat"]
    assert world.status("DELETE", "/orgs/acme/outside_collaborators/bob", world.admin) == 422
    assert world.status("DELETE", "/orgs/acme/outside_collaborators/cat", world.admin) == 204
    assert world.call("GET", "/orgs/acme/outside_collaborators", world.admin).json() == []


# fine-grained tokens


def test_only_an_app_of_this_organisation_sees_the_grants(world):
    path = "/orgs/acme/personal-access-tokens"
    world.sim.add_org("other")
    stranger = tokens.github_installation("other")
    world.sim.add_app("other", stranger)
    assert [world.status("GET", path, token) for token in (world.admin, world.app, stranger)] == [403, 200, 404]


def test_grants_name_owner_and_token_and_can_be_narrowed_to_an_owner(world):
    cats = world.sim.add_token("cat", tokens.github_fine_grained("cat"), kind="fine-grained", name="cats")
    world.sim.add_grant("acme", cats)
    path = "/orgs/acme/personal-access-tokens"
    assert len(world.call("GET", path, world.app).json()) == 2
    (only,) = world.call("GET", f"{path}?owner[]=bob", world.app).json()
    assert (only["id"], only["owner"]["login"], only["token_id"]) == (world.grant.id, "bob", world.fine_token.id)
    assert (only["token_name"], only["token_last_used_at"]) == ("deploy", None)
    world.status("GET", "/user", world.fine)
    assert world.call("GET", f"{path}?owner[]=bob", world.app).json()[0]["token_last_used_at"]


def test_a_revoked_grant_ends_access_to_the_organisation_and_leaves_the_token_alive(world):
    path = f"/orgs/acme/personal-access-tokens/{world.grant.id}"
    assert world.status("GET", "/orgs/acme/members", world.fine) == 200
    assert world.status("POST", path, world.app, json={"action": "revoke"}) == 204
    assert world.status("GET", "/orgs/acme/members", world.fine) == 403
    assert world.status("GET", "/user", world.fine) == 200
    assert world.status("POST", path, world.app, json={"action": "revoke"}) == 404


@pytest.mark.parametrize("body", [{}, {"action": "destroy"}])
def test_a_grant_revocation_needs_its_action(world, body):
    path = f"/orgs/acme/personal-access-tokens/{world.grant.id}"
    assert world.status("POST", path, world.app, json=body) == 422
    assert world.status("POST", path, world.bobs, json={"action": "revoke"}) == 403


def test_the_bulk_revocation_takes_effect_later_and_spares_the_others(world):
    cats = world.sim.add_token("cat", tokens.github_fine_grained("cat"), kind="fine-grained")
    kept = world.sim.add_grant("acme", cats)
    path = "/orgs/acme/personal-access-tokens"
    body = {"action": "revoke", "pat_ids": [world.grant.id]}
    assert world.status("POST", path, world.app, json=body) == 202
    assert len(world.call("GET", path, world.app).json()) == 2
    world.sim.settle()
    assert [item["id"] for item in world.call("GET", path, world.app).json()] == [kept.id]


@pytest.mark.parametrize("ids", [[], "7", ["7"], list(range(101)), None])
def test_the_bulk_revocation_takes_one_to_a_hundred_ids(world, ids):
    body = {"action": "revoke", "pat_ids": ids}
    assert world.status("POST", "/orgs/acme/personal-access-tokens", world.app, json=body) == 422


def test_long_lists_come_in_pages_with_links(world):
    for number in range(6):
        more = world.sim.add_token("bob", tokens.github_fine_grained(f"{number}"), kind="fine-grained")
        world.sim.add_grant("acme", more)
    seen, path = [], "/orgs/acme/personal-access-tokens?per_page=3&owner[]=bob"
    while path:
        answer = world.call("GET", path, world.app)
        seen.append([item["id"] for item in answer.json()])
        path = answer.links.get("next", {}).get("url", "").removeprefix(world.sim.url)
    assert [len(ids) for ids in seen] == [3, 3, 1]
    assert len({number for ids in seen for number in ids}) == 7


# single sign-on


@pytest.fixture
def sso(world):
    world.sim.state.orgs["acme"].saml = True
    state = world.sim.state
    for value in (world.admin, world.bobs):
        token = state.token(value)
        world.sim.add_authorization("acme", token.owner, token)
    world.sim.add_authorization("acme", "bob", fingerprint="SHA256:abc", title="laptop")
    return world


GHEC = "github-enterprise-cloud"
SSO_PATH = "/orgs/acme/credential-authorizations"


def test_authorisations_show_the_last_eight_of_a_token_and_the_fingerprint_of_a_key(sso):
    first, second = sso.call("GET", f"{SSO_PATH}?login=bob", sso.admin, GHEC).json()
    assert (first["token_last_eight"], first["scopes"]) == (sso.bobs[-8:], ["repo", "read:org"])
    assert (second["credential_type"], second["fingerprint"]) == ("SSH key", "SHA256:abc")


def test_a_removed_authorisation_cuts_the_token_off_and_leaves_it_alive(sso):
    number = sso.call("GET", f"{SSO_PATH}?login=bob", sso.admin, GHEC).json()[0]["credential_id"]
    assert sso.status("GET", "/orgs/acme/members", sso.bobs) == 200
    assert sso.status("DELETE", f"{SSO_PATH}/{number}", sso.admin, description=GHEC) == 204
    assert sso.status("GET", "/orgs/acme/members", sso.bobs) == 403
    assert sso.status("GET", "/user", sso.bobs) == 200
    assert sso.status("DELETE", f"{SSO_PATH}/{number}", sso.admin, description=GHEC) == 404


def test_without_single_sign_on_there_are_no_authorisations(world):
    assert httpx.get(world.sim.url + SSO_PATH, headers={"Authorization": f"Bearer {world.admin}"}).status_code == 404


# the public revocation by value


def revoke(world, *values, **more):
    return world.call("POST", "/credentials/revoke", json={"credentials": list(values)}, **more)


def test_revocation_by_value_is_accepted_first_and_kills_later_and_mails_the_owner(world):
    assert (revoke(world, world.bobs).status_code, world.sim.is_dead(world.bobs)) == (202, False)
    assert world.status("GET", "/user", world.bobs) == 200
    world.sim.settle()
    assert world.status("GET", "/user", world.bobs) == 401
    assert [mail.login for mail in world.sim.state.mails] == ["bob"]
    assert world.status("GET", "/user", world.admin) == 200


def test_a_second_revocation_is_accepted_and_sends_no_second_mail(world):
    for _ in range(2):
        assert revoke(world, world.bobs).status_code == 202
        world.sim.settle()
    assert len(world.sim.state.mails) == 1


def test_unknown_values_are_accepted_too(world):
    assert revoke(world, tokens.github_classic("nobody"), "not a token").status_code == 202


def test_an_authenticated_revocation_is_refused(world):
    assert revoke(world, world.bobs, token=world.admin).status_code == 403
    world.sim.settle()
    assert not world.sim.is_dead(world.bobs)


@pytest.mark.parametrize("body", [{}, {"credentials": []}, {"credentials": "x"}, {"credentials": [7]}, []])
def test_a_malformed_revocation_is_refused(world, body):
    assert world.status("POST", "/credentials/revoke", json=body) == 422


def test_at_most_a_thousand_values_are_taken(world):
    assert revoke(world, *[f"x{number}" for number in range(1000)]).status_code == 202
    assert revoke(world, *[f"x{number}" for number in range(1001)]).status_code == 422


def test_a_fine_grained_token_killed_by_value_loses_its_grant_and_an_installation_token_cannot_be_killed(world):
    assert revoke(world, world.fine, world.app).status_code == 202
    world.sim.settle()
    assert world.call("GET", "/orgs/acme/personal-access-tokens", world.app).json() == []


def test_with_a_delay_the_token_dies_by_itself():
    with GitHubSimulator(delay=0.05) as sim:
        world = World(sim)
        revoke(world, world.bobs)
        deadline = time.monotonic() + 5
        while world.status("GET", "/user", world.bobs) == 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sim.is_dead(world.bobs)


def test_anonymous_calls_share_sixty_an_hour_and_tokens_have_their_own_limit(world):
    world.sim.limits.anonymous = 2
    answers = [httpx.get(f"{world.sim.url}/users/bob") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert world.status("GET", "/users/bob", world.bobs) == 200
    assert world.call("GET", "/rate_limit", world.bobs).json()["rate"]["used"] == 1


# trouble on demand


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_path_can_be_made_to_answer_a_status_once(world, status):
    world.sim.fail("DELETE", "/memberships/", status)
    path, bearer = f"{world.sim.url}/orgs/acme/memberships/bob", {"Authorization": f"Bearer {world.admin}"}
    assert httpx.delete(path, headers=bearer).status_code == status
    assert world.status("GET", "/orgs/acme/memberships/bob", world.admin) == 200
    assert httpx.delete(path, headers=bearer).status_code == 204


def test_garbage_and_broken_and_silent_connections_can_be_had(world):
    world.sim.fail("GET", "^/user$", "garbage")
    world.sim.fail("GET", "^/user$", "reset")
    world.sim.fail("GET", "^/user$", "timeout")
    bearer = {"Authorization": f"Bearer {world.bobs}"}
    with pytest.raises(ValueError, match="codec"):
        httpx.get(f"{world.sim.url}/user", headers=bearer).json()
    with pytest.raises(httpx.NetworkError):
        httpx.get(f"{world.sim.url}/user", headers=bearer)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{world.sim.url}/user", headers=bearer, timeout=0.2)
    assert world.status("GET", "/user", world.bobs) == 200


def test_a_write_can_take_effect_and_its_answer_be_lost(world):
    world.sim.after_write = lambda line: DROP if line.method == "DELETE" else None
    path, bearer = "/orgs/acme/memberships/bob", {"Authorization": f"Bearer {world.admin}"}
    with pytest.raises(httpx.NetworkError):
        httpx.delete(world.sim.url + path, headers=bearer)
    assert world.status("GET", path, world.admin) == 404
    assert [line.status for line in world.sim.requests] == [0, 404]


def test_a_fault_can_come_after_the_effect(world):
    world.sim.fail("DELETE", "/memberships/", 500, after=True)
    path = "/orgs/acme/memberships/bob"
    bearer = {"Authorization": f"Bearer {world.admin}"}
    assert httpx.delete(world.sim.url + path, headers=bearer).status_code == 500
    assert world.status("GET", path, world.admin) == 404


def test_reading_does_not_wake_the_write_hook(world):
    seen = []
    world.sim.after_write = seen.append
    world.status("GET", "/user", world.bobs)
    world.status("DELETE", "/orgs/acme/memberships/nobody", world.admin)
    assert seen == []


def test_neither_the_log_nor_the_state_holds_a_token(world):
    world.status("GET", "/user", world.bobs)
    revoke(world, world.fine)
    assert [(line.path, line.who) for line in world.sim.requests] == [
        ("/user", "bob"),
        ("/credentials/revoke", "anonymous"),
    ]
    told = repr(world.sim.requests) + repr(world.sim.state)
    assert not any(value in told for value in (world.bobs, world.fine, world.admin, world.app))
