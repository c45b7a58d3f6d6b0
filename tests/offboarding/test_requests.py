"""One pull or merge request a repository: opened, updated, recognised, never forced, never opened twice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from offboarding.planning.policy import PR_BEFORE_KILL
from offboarding.remedy import proposal
from offboarding.remedy.availability import Availability
from offboarding.remedy.executor import PROPOSED
from offboarding.remedy.forge import NothingToPropose
from offkey.http import Expired, NoAnswer, Writer
from offkey.model import Liveness
from tests.offboarding.cases import NOW
from tests.offboarding.proposing import FORBIDDEN, World, hub


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with hub(tmp_path, request.param) as made:
        yield made


def status(world: World, name: str) -> str:
    return world.remedy().before(world.step(name), world.credential(name)).status


def test_two_dead_credentials_are_one_commit_on_one_branch_in_one_request(world: World) -> None:
    assert status(world, "one") == ""
    world.act("one", "two")
    (made,) = world.requests()
    assert (made.base, made.head) == ("main", "offkey/replace-credentials")
    assert world.remote.git("rev-list", "--count", f"main..{made.head}") == "1"
    assert world.file(made.head, "app.py") == (
        'import os\n\nONE = os.environ["SLACK_USER"]\nTWO = os.environ["SLACK_USER_2"]'
    )
    assert [status(world, name) for name in ("one", "two")] == [PROPOSED, PROPOSED]
    assert proposal.steps_in(made.body) == {world.step("one").id, world.step("two").id}
    assert "2 credentials are written in this repository" in made.body


def test_what_is_proven_dead_later_goes_onto_the_same_branch_and_into_the_same_request(world: World) -> None:
    world.act("one")
    first = world.remote.head(world.requests()[0].head)
    world.edit(1, world.requests()[0].body.replace("- [ ] `SLACK_USER`", "- [x] `SLACK_USER`"))
    assert status(world, "two") == ""
    world.act("two", at=NOW + timedelta(days=1))
    (made,) = world.requests()
    assert world.remote.git("merge-base", first, made.head) == first, "moved forward, not replaced"
    assert proposal.steps_in(made.body) == {world.step("one").id, world.step("two").id}
    assert "- [x] `SLACK_USER` (" in made.body, "what the reviewer ticked stays ticked"
    assert "- [ ] `SLACK_USER_2` (" in made.body
    assert world.values["two"] not in world.file(made.head, "two.sh")


def test_what_still_lives_is_said_to_be_about_to_end_and_what_is_dead_is_not(world: World) -> None:
    alive = replace(world.step("one"), needs=PR_BEFORE_KILL)
    world.remedy(beside=world.beside("two")).act(alive, world.credential("one"))
    (made,) = world.requests()
    told = {line for line in made.body.splitlines() if line.startswith("- `slack.user`")}
    assert sorted("**about to be revoked**" in line for line in told) == [False, True]
    assert sorted("checked to be dead" in line for line in told) == [False, True]


def test_done_again_it_asks_and_changes_nothing(world: World) -> None:
    world.act("one", "two")
    before, written = world.requests(), world.remote.git("for-each-ref")
    world.server.requests.clear()
    assert world.act("one", "two") == ()
    assert (world.requests(), world.remote.git("for-each-ref")) == (before, written)
    assert {line.method for line in world.server.requests} == {"GET"}


def test_a_request_that_somebody_closed_is_not_opened_again_and_its_steps_go_to_people(world: World) -> None:
    world.act("one")
    world.close(1)
    assert status(world, "one") == ""
    with pytest.raises(NothingToPropose, match="was closed without being merged"):
        world.act("one", "two")
    world.act("two", "one")
    assert [one.state for one in world.requests()] == ["closed", "open"]
    second = world.requests()[1]
    assert proposal.steps_in(second.body) == {world.step("two").id}
    assert world.values["one"] in world.file(second.head, "app.py")


def test_after_a_merge_a_new_branch_is_made_for_what_comes_later(world: World) -> None:
    world.act("one")
    world.merge(1)
    assert world.remedy().before(world.step("one"), world.credential("one")).liveness is Liveness.DEAD
    world.act("two")
    assert [(one.state != "open", one.head) for one in world.requests()] == [
        (True, "offkey/replace-credentials"), (False, "offkey/replace-credentials-2"),
    ]  # fmt: skip


def test_the_branch_is_brought_up_to_date_when_the_value_turns_up_in_a_new_file(world: World) -> None:
    world.act("one", "two")
    before = world.remote.head(world.requests()[0].head)
    world.push("again", {"late.py": f'LATE = "{world.values["one"]}"\n'})
    assert status(world, "one") == ""
    world.act("one", "two")
    (made,) = world.requests()
    assert world.remote.git("merge-base", before, made.head) == before
    assert "LATE = os.environ" in world.file(made.head, "late.py")
    assert "`late.py`" in made.body
    assert status(world, "one") == PROPOSED


def test_a_reviewers_commit_on_the_branch_stays(world: World) -> None:
    world.act("one")
    head = world.requests()[0].head
    world.work.git("fetch", "-q", str(world.remote.path), head)
    world.work.git("checkout", "-q", "FETCH_HEAD")
    theirs = world.work.commit("say it better", {"README": "better\n"})
    world.work.git("push", "-q", str(world.remote.path), f"HEAD:refs/heads/{head}")
    world.act("two")
    assert world.remote.git("merge-base", theirs, head) == theirs
    assert len(world.requests()) == 1


def test_a_branch_that_the_configuration_names_gets_its_own_request_and_others_are_listed(world: World) -> None:
    for name in ("release/1", "topic"):
        world.remote.git("update-ref", f"refs/heads/{name}", world.remote.head("main"))
    world.branches = ("release/*",)
    world.act("one", "two")
    assert sorted(one.base for one in world.requests()) == ["main", "release/1"]
    assert len({one.head for one in world.requests()}) == 2
    assert all("`topic`" in one.body and "`release/1`" not in one.body for one in world.requests())
    assert status(world, "one") == PROPOSED


def test_a_value_that_only_another_branch_holds_is_handed_over_with_the_branchs_name(world: World) -> None:
    world.remote.git("update-ref", "refs/heads/topic", world.remote.head("main"))
    world.push("gone", {"app.py": "ONE = 1\n"}, delete=["two.sh"])
    with pytest.raises(NothingToPropose, match="main does not hold it, topic does"):
        world.act("one")
    assert world.requests() == []


def test_a_request_from_a_branch_of_our_name_that_is_not_ours_is_left_alone(world: World) -> None:
    world.act("one")
    world.edit(1, "somebody's own words")
    world.act("one")
    assert [one.head for one in world.requests()] == ["offkey/replace-credentials", "offkey/replace-credentials-2"]
    assert world.requests()[0].body == "somebody's own words"


def test_nothing_that_is_pushed_or_sent_names_the_person_the_reason_or_a_value(world: World) -> None:
    sent: list[str] = []
    world.server.before = lambda request: sent.append(f"{request.target} {request.body.decode()}")
    world.act("one", "two")
    world.push("again", {"late.py": f'LATE = "{world.values["one"]}"\n'})
    world.act("one", "two")
    head = world.requests()[0].head
    new = world.remote.git("rev-list", "--objects", "--no-object-names", head, "^main").split()
    pushed = [world.remote.git("cat-file", "-p", oid) for oid in new]
    everything = "\n".join([*sent, *pushed, head, *(f"{one.title} {one.body}" for one in world.requests())])
    assert len(sent) > 5
    assert sum(text.startswith("tree ") for text in pushed) == 3
    assert "LATE = os.environ" in everything
    assert "Replace committed credentials" in everything
    for word in (*FORBIDDEN, *world.values.values()):
        assert word.lower() not in everything.lower(), word


def test_a_planted_line_in_a_commit_cannot_put_markup_or_a_mention_into_the_body(world: World) -> None:
    item = proposal.Item(step="s-1", kind="k`all", redacted="<b>", dead=True, names=(("A`", "![x](http://evil)"),),
                         left=(("a`b", "@everyone <script>"),))  # fmt: skip
    message = proposal.commit_message([item])
    (read,) = proposal.items_in([message, "Offkey-Change: {}", "Offkey-Change: [1", 'Offkey-Change: {"step": 1}'])
    assert read == item
    said = proposal.body([read], world.forge().available([]))
    assert "<script" not in said
    assert "@" not in said
    assert "](http" not in said
    assert json.loads(message.splitlines()[-1].removeprefix(proposal.TRAILER))["step"] == "s-1"


def test_a_request_that_could_not_be_opened_is_opened_the_next_time_from_the_same_commit(world: World) -> None:
    world.server.fail("POST", r"/(pulls|merge_requests)", 500)
    with pytest.raises(NoAnswer, match="answered 500"):
        world.act("one")
    tip = world.remote.head("offkey/replace-credentials")
    assert status(world, "one") == ""
    world.act("one")
    (made,) = world.requests()
    assert world.remote.head(made.head) == tip


@pytest.mark.parametrize("trouble", [403, 500, "garbage", "reset"])
def test_a_forge_in_trouble_is_an_error_and_nothing_is_pushed(world: World, trouble: str) -> None:
    before = world.remote.git("for-each-ref")
    world.server.fail("GET", r"/(pulls|merge_requests)", trouble, times=99)  # type: ignore[arg-type]
    with pytest.raises(NoAnswer):
        world.act("one")
    assert world.remote.git("for-each-ref") == before


def test_a_secret_that_no_store_has_makes_it_a_draft_that_says_so(world: World) -> None:
    world.act("one")
    (made,) = world.requests()
    assert "**in no secret store**" in made.body
    assert made.title.startswith("Draft: ") or world.server.state.repos["example/app"].pulls[1].draft


def test_at_a_github_enterprise_server_a_request_is_opened_and_updated_below_its_own_address(tmp_path: Path) -> None:
    with hub(tmp_path, "ghes") as world:
        paths: list[str] = []
        world.server.before = lambda request: paths.append(request.target)
        world.act("one")
        world.act("two")
        (made,) = world.requests()
        assert proposal.steps_in(made.body) == {world.step("one").id, world.step("two").id}
        assert status(world, "one") == PROPOSED
        assert {line.method for line in world.server.requests} == {"GET", "POST", "PATCH"}
        assert all(path.startswith("/api/v3/") for path in paths)


def test_without_an_approval_in_force_nothing_is_pushed(world: World) -> None:
    before = world.remote.git("for-each-ref")
    late = replace(world.approval, expires_at=NOW)

    def write(gate, base):
        moments = iter([NOW - timedelta(seconds=1), *[NOW] * 99])  # it runs out while the run goes on
        return Writer(gate, base, instance=base, approval=late, plan_digest="d", now=lambda: next(moments))

    with pytest.raises(Expired):
        world.remedy(world.forge(write)).act(world.step("one"), world.credential("one"))
    assert world.remote.git("for-each-ref") == before


def test_what_others_have_named_becomes_no_link_no_issue_and_no_line_of_ours() -> None:
    note = ("a.yml", "nothing fills in closes #12 and https://evil.example WWW.evil.example *b* ~c~.yml")
    item = proposal.Item(
        step="s-1</sub><b>s-9", kind="k", redacted="…(4)", dead=True, notes=(note,), changed=("a.yml",)
    )
    body = proposal.body([item], Availability())
    assert not any(word in body for word in ("#12", "://", "WWW.", "*b*", "~c~", "<b>"))
    assert proposal.steps_in(body) == {"s-1subbs-9"}
