"""Leaked values that are listed keys, from the repository to their end: the command line against five providers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from offboarding.asking.identifying import Identified, Issuer
from offkey.errors import Exit
from tests import needs
from tests.offboarding import leaking
from tests.offboarding.leaking import KIM, World, looks_like, point, steps_on
from tests.revokers.contract import CASES, credential
from tests.simulators import anthropic, databricks, datadog, openai, tailscale

pytestmark = needs.OPENSSH


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        made = leaking.world(tmp_path, stack)
        monkeypatch.chdir(tmp_path)
        yield made


def test_a_leaked_key_of_the_leavers_is_one_point_and_dies_as_listed_and_as_found(world: World) -> None:
    world.commit(
        f"OPENAI={openai.key('proj', 'sam')}",
        f"ANTHROPIC={anthropic.key('sam')}",
        f"DD_APP_KEY={datadog.app_key('sam')}",
    )
    plan = world.plan()
    listed = {
        "openai.project": ("openai.project:proj_shop/key_0002", ["REVOKE", "REWRITE"]),
        "anthropic.api_key": ("anthropic.api_key:apikey_0001", ["DISABLE", "REVOKE", "REWRITE"]),
        "datadog.app_key": ("datadog.app_key:11111111-0000-0000-0000-000000000002", ["REVOKE", "REWRITE"]),
    }
    for kind, (ident, actions) in listed.items():
        assert steps_on(plan, kind) == {ident: actions}
        told = point(plan, ident)
        assert (told["bond"], told["ownership"], bool(told["places"])) == ("theirs", "PERSONAL", True)
        assert any(line.startswith(f"it is {ident}, as ") for line in told["evidence"])
    outcomes = world.apply()
    for kind, (ident, _) in listed.items():
        assert outcomes[f"REVOKE {ident}"] == "REVOKED", kind
    assert {one.id: one.alive for one in world.openai.keys.values()} == {
        "key_0001": True,
        "key_0002": False,
        "key_0003": True,
    }
    assert [one.status for one in world.anthropic.keys.values()] == ["archived", "active"]
    assert datadog.app_key("kim")[-4:] in {one.last4 for one in world.datadog.keys.values()}
    assert len(world.datadog.keys) == 3
    assert world.offkey("verify", plan["run"]) == Exit.NOT_ALL_CONFIRMED  # the literals still stand in the code
    assert "ALIVE" not in world.said
    told = [json.loads(path.read_bytes()) for path in (world.folder / "evidence" / "receipts").glob("*.json")]
    for value in (openai.key("proj", "sam"), anthropic.key("sam"), datadog.app_key("sam")):
        assert value not in json.dumps([plan, told]) + world.said


def test_a_token_that_names_its_user_and_a_key_that_names_its_id_die_by_their_ids(world: World) -> None:
    world.commit(f"DATABRICKS={databricks.pat('sam')}", f"TAILSCALE={tailscale.key('sam')}")
    plan = world.plan()
    (token,), (key,) = steps_on(plan, "databricks.pat"), steps_on(plan, "tailscale.key")
    assert key == f"tailscale.key:{tailscale.ident('sam')}"
    assert steps_on(plan, "databricks.pat")[token] == steps_on(plan, "tailscale.key")[key] == ["REVOKE", "REWRITE"]
    outcomes = world.apply()
    assert (outcomes[f"REVOKE {token}"], outcomes[f"REVOKE {key}"]) == ("REVOKED", "REVOKED")
    assert len(world.databricks.tokens) == 1
    assert {row["id"] for row in world.tailscale.keys} == {tailscale.ident("kim"), tailscale.ident("offkey's own")}


def test_a_value_with_a_colleagues_id_inside_is_handed_over_in_the_colleagues_name(world: World) -> None:
    world.commit(f"TAILSCALE={tailscale.key('kim').rpartition('-')[0]}-{tailscale.key('else').rpartition('-')[2]}")
    plan = world.plan()
    kims = f"tailscale.key:{tailscale.ident('kim')}"
    assert steps_on(plan, "tailscale.key")[kims] == ["REWRITE", "ROTATE"]
    assert point(plan, kims)["holder"]["email"] == KIM
    world.apply()
    assert tailscale.ident("kim") in {row["id"] for row in world.tailscale.keys}


def test_what_comes_back_to_life_is_seen_by_its_value_although_no_list_has_it(world: World) -> None:
    world.commit(f"OPENAI={openai.key('proj', 'sam')}")
    plan = world.plan()
    assert world.apply()["REVOKE openai.project:proj_shop/key_0002"] == "REVOKED"
    folded = world.openai.keys["key_0002"].folded
    asker = world.openai._asker
    key = replace(world.openai.keys["key_0002"], alive=True)
    world.openai._asker = lambda request: (  # type: ignore[method-assign]  # it answers again, and is not listed
        key if openai.fold(openai.bearer_of(request)) == folded else asker(request)
    )
    assert world.offkey("verify", plan["run"]) == Exit.OPEN
    assert "ALIVE AGAIN: openai.project" in world.said


def test_without_an_administrators_credential_nothing_is_looked_up(world: World) -> None:
    config = world.folder / "offkey.toml"
    config.write_text(config.read_text().replace('read = "file:private/openai"\n', ""))
    world.commit(f"OPENAI={openai.key('proj', 'sam')}")
    plan = world.plan()
    (leak,) = steps_on(plan, "openai.project")
    assert leak.startswith("leak:")
    assert any(line.endswith("no read credential is configured") for line in point(plan, leak)["evidence"])


def test_a_colleagues_leaked_key_is_named_and_not_ended(world: World) -> None:
    world.commit(f"OPENAI={openai.key('proj', 'kim')}")
    plan = world.plan()
    kims, sams = "openai.project:proj_shop/key_0003", "openai.project:proj_shop/key_0002"
    assert steps_on(plan, "openai.project") == {sams: ["REVOKE"], kims: ["REWRITE", "ROTATE"]}
    told = point(plan, kims)
    assert (told["holder"]["email"], told["bond"]) == (KIM, "introduced")
    assert any(line.startswith("CONFLICT") for line in told["evidence"])
    assert world.apply()[f"ROTATE {kims}"] == "HANDED_OVER"
    assert world.openai.keys["key_0003"].alive


@pytest.mark.parametrize("whose", ["sam", "kim"])
def test_a_made_up_value_that_looks_like_a_listed_key_is_not_that_key(world: World, whose: str) -> None:
    forged = looks_like(openai.key("proj", whose), 9)
    sims = looks_like(anthropic.key(whose), 16)
    worthless = looks_like(datadog.app_key(whose), 0)
    world.commit(f"OPENAI={forged}", f"ANTHROPIC={sims}", f"DD_APP_KEY={worthless}")
    plan = world.plan()
    for kind, ident in (
        ("openai.project", "openai.project:proj_shop/key_0002"),
        ("anthropic.api_key", "anthropic.api_key:apikey_0001"),
        ("datadog.app_key", "datadog.app_key:11111111-0000-0000-0000-000000000002"),
    ):
        leaks = [name for name in steps_on(plan, kind) if name.startswith("leak:")]
        assert len(leaks) == 1, kind
        assert not point(plan, leaks[0])["holder"]
        assert not point(plan, ident)["places"]
    world.apply()
    assert world.openai.keys["key_0003"].alive
    assert world.anthropic.keys["apikey_0002"].status == "active"
    assert len(world.datadog.keys) == 3


def test_a_key_that_programs_share_is_one_point_and_is_left_to_people(world: World) -> None:
    world.anthropic.add_key("user_sam", anthropic.key("shop"), acts=False)
    world.commit(f"ANTHROPIC={anthropic.key('shop')}")
    plan = world.plan()
    shared = "anthropic.api_key:apikey_0003"
    assert steps_on(plan, "anthropic.api_key")[shared] == ["REWRITE", "ROTATE"]
    assert point(plan, shared)["ownership"] == "SHARED"
    world.apply()
    assert world.anthropic.keys["apikey_0003"].status == "active"


def test_a_list_that_cannot_be_read_to_its_end_joins_nothing_and_is_a_gap(world: World) -> None:
    world.openai.page_size = 1
    value = openai.key("proj", "sam")
    world.commit(f"OPENAI={value}")
    listing: list[object] = []

    def before(request: Any) -> None:
        """The second reading of the project's keys, after Sam's inventory, breaks off at its second page."""
        if request.path.endswith("/api_keys") and "after" in request.query:
            listing.append(request)
            if len(listing) == 2:
                world.openai.fail("*", "", 500, times=3)

    world.openai.before = before
    plan = world.plan()
    leaks = [name for name in steps_on(plan, "openai.project") if name.startswith("leak:")]
    assert len(leaks) == 1
    assert any("is not known: " in line for line in point(plan, leaks[0])["evidence"])
    assert any("which listed key a leaked value is could not be looked up" in gap["why"] for gap in plan["gaps"])
    assert value not in json.dumps(plan)


def test_a_value_that_still_answers_after_its_key_is_listed_no_more_is_not_called_dead(world: World) -> None:
    world.commit(f"OPENAI={openai.key('proj', 'sam')}")
    world.plan()
    held = openai.fold(openai.key("proj", "sam"))
    asker = world.openai._asker
    world.openai._asker = lambda request: (  # type: ignore[method-assign]  # the value outlives its row
        next(one for one in world.openai.keys.values() if one.folded == held)
        if openai.fold(openai.bearer_of(request)) == held
        else asker(request)
    )
    outcomes = world.apply()
    assert outcomes["REVOKE openai.project:proj_shop/key_0002"] == "NOT_CONFIRMED"
    assert outcomes["REWRITE openai.project:proj_shop/key_0002"] == "HANDED_OVER"


def foreign(world: World, seed: str) -> str:
    """A living key of somebody else's organisation whose shortened form is that of Sam's key."""
    value = looks_like(openai.key("proj", seed), 9)
    world.openai.add_key("user-elsewhere", value, "proj_that_this_organisation_does_not_list")
    return value


def test_of_two_living_values_that_look_like_one_key_neither_is_it(world: World) -> None:
    world.commit(f"OPENAI={openai.key('proj', 'sam')}", f"OTHER={foreign(world, 'sam')}")
    plan = world.plan()
    leaks = [name for name in steps_on(plan, "openai.project") if name.startswith("leak:")]
    assert len(leaks) == 2
    assert not point(plan, "openai.project:proj_shop/key_0002")["places"]
    for name in leaks:
        assert any(line.startswith("several found values look like") for line in point(plan, name)["evidence"])


def test_a_strangers_living_value_that_looks_like_the_leavers_key_is_not_called_dead(world: World) -> None:
    value = foreign(world, "sam")
    world.commit(f"OPENAI={value}")
    world.plan()
    outcomes = world.apply()
    assert outcomes["REVOKE openai.project:proj_shop/key_0002"] == "NOT_CONFIRMED"
    assert [one.alive for one in world.openai.keys.values()] == [True, False, True, True]


def test_a_copy_of_the_id_inside_a_value_does_not_part_the_value_from_its_key() -> None:
    with CASES["tailscale.key"]() as case:
        issuer, told = Issuer("tailscale", case.revoker, case.reader(), case.settings), Identified()
        untried = case.revoker.check(case.reader(), case.leaked[1])
        copied = case.leaked[1].secret.reveal().rpartition(b"-")[0] + b"-" + b"x" * 32
        values = {"true": case.leaked[1], "copied": credential(case.kind, secret=copied.decode())}
        for name, value in values.items():
            assert told.look(issuer, name, value, untried) is None
        told.settle()
        assert told.ids() == dict.fromkeys(values, case.points[1].provider_id)


def test_two_plans_of_the_same_are_alike(world: World) -> None:
    world.commit(f"OPENAI={openai.key('proj', 'sam')}")
    first, second = world.plan(), world.plan()
    assert [step["id"] for step in first["steps"]] == [step["id"] for step in second["steps"]]
