"""The Slack simulator keeps real state and answers as Slack's description says."""

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.slack import SlackSimulator
from tests.simulators.asking import ask


class World:
    """A workspace with Ann, who has two tokens, and a bot."""

    def __init__(self, sim):
        self.sim = sim
        self.ann = sim.add_user("ann", email="ann@example.com", real_name="Ann Archer")
        self.bot = sim.add_bot("deploybot")
        self.token, self.other, self.bot_token = tokens.slack_user("1"), tokens.slack_user("2"), tokens.slack_bot("1")
        sim.add_token(self.ann, self.token, ["users:read", "users:read.email"])
        sim.add_token(self.ann, self.other)
        sim.add_token(self.bot, self.bot_token, ["users:read"])

    def call(self, method, token=None, **more):
        answer = ask(self.sim, "slack", "POST", f"/api/{method}", token, **more)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture
def world():
    with SlackSimulator() as sim:
        yield World(sim)


def test_auth_test_names_the_holder(world):
    body = world.call("auth.test", world.token)
    assert (body["ok"], body["user"], body["user_id"]) == (True, "ann", world.ann.id)
    assert "bot_id" not in body
    assert world.call("auth.test", world.bot_token)["bot_id"] == world.bot.bot_id


def test_the_token_may_come_in_the_form_too(world):
    assert world.call("auth.test", data={"token": world.token})["user"] == "ann"


@pytest.mark.parametrize("method", ["auth.test", "auth.revoke", "users.info", "users.lookupByEmail"])
def test_without_a_token_and_with_an_unknown_one_each_method_says_so_with_status_200(world, method):
    assert world.call(method)["error"] == "not_authed"
    assert world.call(method, tokens.slack_user("nobody"))["error"] == "invalid_auth"


def test_a_dry_run_revokes_nothing(world):
    assert world.call("auth.revoke", world.token, data={"test": "1"}) == {"ok": True, "revoked": False}
    assert world.call("auth.test", world.token)["ok"]
    assert not world.sim.is_dead(world.token)


def test_a_revoked_token_is_dead_and_the_persons_other_token_lives(world):
    assert world.call("auth.revoke", world.token) == {"ok": True, "revoked": True}
    for method in ("auth.test", "auth.revoke", "users.info", "users.lookupByEmail"):
        assert world.call(method, world.token) == {"ok": False, "error": "token_revoked"}
    assert world.call("auth.test", world.other)["ok"]
    assert (world.sim.is_dead(world.token), world.sim.is_dead(world.other)) == (True, False)


def test_revoking_a_bot_token_deactivates_the_bot(world):
    second = tokens.slack_bot("2")
    world.sim.add_token(world.bot, second)
    world.call("auth.revoke", world.bot_token)
    assert world.call("auth.test", world.bot_token)["error"] == "token_revoked"
    assert world.call("auth.test", second)["error"] == "account_inactive"
    assert world.call("users.info", world.token, data={"user": world.bot.id})["user"]["deleted"] is True


def test_the_address_is_shown_only_with_its_scope(world):
    seen = world.call("users.info", world.token, data={"user": world.ann.id})["user"]
    hidden = world.call("users.info", world.bot_token, data={"user": world.ann.id})["user"]
    assert (seen["profile"].get("email"), hidden["profile"].get("email")) == ("ann@example.com", None)


def test_a_scope_that_is_missing_is_named(world):
    body = world.call("users.lookupByEmail", world.bot_token, data={"email": "ann@example.com"})
    assert (body["error"], body["needed"], body["provided"]) == ("missing_scope", "users:read.email", "users:read")


def test_people_are_found_by_address_whatever_its_case(world):
    assert (
        world.call("users.lookupByEmail", world.token, data={"email": "ANN@example.com"})["user"]["id"] == world.ann.id
    )
    assert world.call("users.lookupByEmail", world.token, data={"email": "x@example.com"})["error"] == "users_not_found"
    assert world.call("users.info", world.token, data={"user": "U0NOBODY"})["error"] == "user_not_found"


def test_rate_limiting_is_429_with_a_time_to_wait(world):
    world.sim.fail("POST", "auth.test", 429, retry_after=30)
    answer = ask(world.sim, "slack", "POST", "/api/auth.test", world.token)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["error"]) == (429, "30", "ratelimited")
    assert world.call("auth.test", world.token)["ok"]


def test_neither_the_log_nor_the_state_holds_a_token(world):
    world.call("auth.test", world.token)
    httpx.get(f"{world.sim.url}/api/auth.test", params={"token": world.token})
    assert [line.who for line in world.sim.requests] == [world.ann.id, "anonymous"]
    assert world.token not in repr(world.sim.requests) + repr(world.sim.tokens)
