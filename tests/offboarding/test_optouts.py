"""Opt-outs: what a scope covers, who may ask and approve, and everything for which one does not hold."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offboarding.approval import signing
from offboarding.optouts import history, office, request, scope
from offboarding.optouts.request import NoSuchOptOut
from offboarding.optouts.settings import OptOuts
from offkey.canonical import digest
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Action, OptOut, Scope, to_json
from tests import needs
from tests.offboarding.cases import LEAVER, NOW, leaked, listed, plan_of
from tests.offboarding.optouts import AT_AWS, CONFIGURED, ENDING, KINDS, Office

pytestmark = needs.OPENSSH

NAMES = ("aws", "slack", "aws/lab", "*", "all", "", "aws.access_key", "slack.user", "AKIAONE", "aws:AKIAONE", "x")
some = st.lists(st.sampled_from(NAMES), max_size=3).map(tuple)
scopes = st.builds(
    Scope,
    systems=some,
    kinds=some,
    credentials=some,
    actions=st.lists(st.sampled_from(list(Action)), max_size=6).map(tuple) | st.just(ENDING),
)
points = st.builds(
    AccessPoint,
    id=st.sampled_from(NAMES),
    provider=st.sampled_from(NAMES),
    kind=st.sampled_from(NAMES),
    provider_id=st.sampled_from(NAMES),
    fingerprint=st.sampled_from(NAMES),
)


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    return Office(tmp_path)


# --- scopes ---


@given(scopes, points, st.sampled_from(list(Action)))
@settings(max_examples=1500, deadline=None)
def test_no_scope_covers_what_it_does_not_name(one: Scope, point: AccessPoint, action: Action) -> None:
    if not scope.covers(one, point, action):
        return
    assert point.provider in one.systems
    assert action in one.actions
    assert not one.kinds or point.kind in one.kinds
    by_id = [f"{point.provider}:{point.provider_id}"] if point.provider_id else []
    assert not one.credentials or {point.id, point.fingerprint or point.id, *by_id} & set(one.credentials)
    assert not {"*", "all", ""} & {*one.systems, *one.kinds, *one.credentials}
    assert Action.DISABLE not in one.actions or {Action.REVOKE, Action.REMOVE} <= set(one.actions)
    assert Action.KEEP not in one.actions


def test_a_scope_covers_what_it_names() -> None:
    point = listed()
    for names in ((point.id,), ("aws:AKIAONE",)):
        assert scope.covers(replace(AT_AWS, credentials=names), point, Action.DISABLE)
    assert scope.covers(replace(AT_AWS, kinds=("aws.access_key",)), point, Action.REVOKE)
    assert scope.covers(replace(AT_AWS, credentials=(leaked().fingerprint,)), leaked(), Action.REVOKE)
    assert not scope.covers(AT_AWS, replace(point, provider="aws/lab"), Action.REVOKE)
    assert not scope.covers(AT_AWS, point, Action.REWRITE)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Scope(), "at least one system"),
        (Scope(systems=("aws",)), "at least one system and one action"),
        (replace(AT_AWS, systems=()), "at least one system"),
        (replace(AT_AWS, systems=("*",)), "stands for everything"),
        (replace(AT_AWS, systems=("ALL",)), "stands for everything"),
        (replace(AT_AWS, kinds=("aws.*",)), "stands for everything"),
        (replace(AT_AWS, credentials=("",)), "stands for everything"),
        (replace(AT_AWS, actions=(Action.KEEP,)), "KEEP is nothing"),
        (replace(AT_AWS, actions=(Action.DISABLE,)), "without REMOVE and REVOKE"),
        (replace(AT_AWS, actions=(Action.REPLACE,)), "without DISABLE and REMOVE and REVOKE"),
        (replace(AT_AWS, systems=tuple(CONFIGURED)), "every configured system"),
        (replace(AT_AWS, systems=(*CONFIGURED, "npm"), kinds=tuple(KINDS)), "every configured system"),
    ],
)
def test_an_empty_or_all_covering_scope_is_refused(desk: Office, wrong: Scope, why: str) -> None:
    with pytest.raises(NoSuchOptOut, match=why):
        desk.asked(scope=wrong)


def test_all_systems_may_be_named_where_kinds_or_credentials_leave_something_out(desk: Office) -> None:
    assert desk.asked(scope=replace(AT_AWS, systems=tuple(CONFIGURED), kinds=("aws.access_key",)))
    assert desk.asked(scope=replace(AT_AWS, systems=tuple(CONFIGURED), credentials=("aws:AKIAONE",)))


# --- asking ---


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subject": "nobody@example.com"}, "nobody in the directory"),
        ({"reason": "because"}, "none of the reasons"),
        ({"on_expiry": "forget"}, "run or approve"),
        ({"expires_at": NOW + timedelta(days=30, seconds=1)}, "more than 30 days"),
        ({"reason": "legal_hold", "expires_at": NOW + timedelta(days=181)}, "more than 180 days"),
        ({"expires_at": NOW}, "end before it begins"),
        ({"not_before": NOW + timedelta(days=11)}, "end before it begins"),
        ({"requester": "sam@example.com"}, "is sam"),
        ({"requester": "S.Rivera@example.com"}, "is sam"),
    ],
)
def test_what_the_policy_does_not_allow_cannot_be_asked_for(desk: Office, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NoSuchOptOut, match=why):
        desk.asked(**changes)


def test_an_opt_out_is_of_a_person_of_the_directory_and_of_their_immutable_ids(desk: Office) -> None:
    made = desk.asked()
    assert (made.subject, made.subject_ids) == ("sam", ("aws#AIDALEAVER", "github#77"))
    assert made.id == request.ident(made) != request.ident(replace(made, ticket="other"))


def test_a_legal_hold_may_last_longer(desk: Office) -> None:
    assert desk.asked(reason="legal_hold", expires_at=NOW + timedelta(days=180))


# --- holding ---


def test_one_that_an_owner_signed_holds_from_its_beginning_to_its_end(desk: Office) -> None:
    asked = desk.ask(not_before=NOW + timedelta(days=1))
    assert desk.why(asked) == f"it begins at {'2026-11-21T12:00:00Z'}"
    desk.approve(asked)
    assert desk.judge().standing() == ()
    desk.now = NOW + timedelta(days=1)
    assert [one.id for one in desk.judge().standing()] == [asked.id]
    assert desk.why(asked) == ""
    desk.now = NOW + timedelta(days=10)
    assert desk.why(asked) == "it ended at 2026-11-30T12:00:00Z"
    assert desk.judge().standing() == ()


@pytest.mark.parametrize("who", ["sam@example.com", "s.rivera@example.com", "SAM@home.example"])
def test_nobodys_own_opt_out_holds_by_whichever_address_they_asked(desk: Office, who: str) -> None:
    with pytest.raises(NoSuchOptOut, match="is sam"):
        desk.asked(requester=who)
    ids = desk.asked().subject_ids
    own = replace(desk.wanted(requester=who), subject="sam", subject_ids=ids)
    own = replace(own, id=request.ident(own))
    desk.ledger.append(history.REQUESTED, history.RUN, {"optout": own})
    desk.approve(own)
    assert "of their own" in desk.why(own)


def test_it_takes_an_approval(desk: Office) -> None:
    asked = desk.ask()
    assert desk.why(asked) == "nobody has approved it"
    desk.record(request.approved(asked, "ann@example.com", NOW))
    assert desk.why(asked) == "the approval is not signed"


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("boss@example.com", "asked for it"),
        ("the.boss@example.com", "asked for it"),
        ("The.Boss@Example.com", "asked for it"),
        ("s.rivera@example.com", "whom it is about"),
        ("sam@home.example", "whom it is about"),
        ("carl@example.com", "is no owner of aws"),
    ],
)
def test_neither_requester_nor_subject_by_any_address_nor_a_stranger_may_approve(
    desk: Office, by: str, why: str
) -> None:
    asked = desk.ask()
    desk.approve(asked, by, desk.enter(by))
    assert why in desk.why(asked)


def test_a_system_with_owners_of_its_own_has_no_others(desk: Office) -> None:
    asked = desk.ask(scope=replace(AT_AWS, systems=("aws", "slack")))
    desk.approve(asked)
    assert desk.why(asked) == ""
    desk.settings = OptOuts(owners=("ann@example.com",), systems={"slack": ("carl@example.com",)})
    assert desk.why(asked) == "ann@example.com is no owner of aws, slack"
    desk.approve(asked, "carl@example.com", desk.enter("carl@example.com"))
    assert "no owner" in desk.why(asked), "carl is no owner of aws"


def other_key(desk: Office, asked: OptOut) -> None:
    desk.approve(asked, "ann@example.com", desk.enter("eve@example.com"))


def signed_as_plan(desk: Office, asked: OptOut) -> None:
    bare = request.approved(asked, "ann@example.com", NOW)
    desk.record(replace(bare, signature=signing.sign(request.statement(bare), desk.folder / "ann@example.com")))


def widened(desk: Office, asked: OptOut) -> None:
    approved = desk.approve(asked)
    desk.record(replace(approved, scope=replace(AT_AWS, systems=("aws", "slack"))))


def of_another(desk: Office, asked: OptOut) -> None:
    other = desk.approve(desk.ask(ticket="other"))
    desk.record(replace(other, id=asked.id))


def signed_later(desk: Office, asked: OptOut) -> None:
    later = request.approved(asked, "ann@example.com", NOW + timedelta(hours=1))
    desk.record(request.signed(later, desk.folder / "ann@example.com"))


def garbled(desk: Office, asked: OptOut) -> None:
    desk.approve(asked)
    desk.ledger.append(history.APPROVED, history.RUN, {"optout": {"id": asked.id, "scope": "everything"}})


def asked_twice(desk: Office, asked: OptOut) -> None:
    desk.approve(asked)
    desk.ledger.append(history.REQUESTED, history.RUN, {"optout": replace(asked, requester="eve@example.com")})


def edited_request(desk: Office, asked: OptOut) -> None:
    """Both events rewritten alike, with the id that was approved."""
    longer = replace(asked, expires_at=asked.expires_at + timedelta(days=5), ticket="x")
    ledger = desk.ledger
    ledger.append(history.REQUESTED, history.RUN, {"optout": replace(longer, id="o-forged")})
    given = request.signed(request.approved(longer, "ann@example.com", NOW), desk.folder / "ann@example.com")
    desk.record(replace(given, id="o-forged"))


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (other_key, "does not hold"),
        (signed_as_plan, "does not hold"),
        (of_another, "not what was asked for"),
        (signed_later, "at a time that cannot be"),
        (garbled, "not in the form"),
        (asked_twice, "asked for twice"),
    ],
)
def test_a_forged_or_garbled_approval_does_not_count(
    desk: Office, forge: Callable[[Office, OptOut], None], why: str
) -> None:
    asked = desk.ask()
    forge(desk, asked)
    assert re.search(why, desk.why(asked))
    assert asked.id not in {one.id for one in desk.judge().standing()}


def test_an_approval_that_was_widened_afterwards_leaves_the_narrow_one(desk: Office) -> None:
    asked = desk.ask()
    widened(desk, asked)
    (held,) = desk.judge().standing()
    assert held.scope == AT_AWS


def test_an_id_that_does_not_belong_to_what_was_asked_for_is_void(desk: Office) -> None:
    edited_request(desk, desk.asked())
    (known,) = desk.judge().known().values()
    assert desk.judge().judged(known, NOW)[1] == "it is not what was asked for: the event was edited"


def test_a_plan_cannot_have_it_otherwise_than_the_ledger(desk: Office) -> None:
    given = desk.approve(desk.ask())
    assert desk.why(given) == ""
    assert desk.why(replace(given, on_expiry="run")) == "the ledger has it otherwise"
    assert desk.why(replace(given, id="o-unknown")) == "the ledger does not know it"


def left(desk: Office) -> None:
    desk.people["sam"]["left_at"] = NOW - timedelta(hours=1)


def gone(desk: Office) -> None:
    del desk.people["sam"]


def another(desk: Office) -> None:
    desk.people["sam"]["accounts"] = {"github": "samr", "github.id": "78"}


def owner_left(desk: Office) -> None:
    desk.people["ann"]["left_at"] = NOW - timedelta(hours=1)


def unlisted(desk: Office) -> None:
    desk.settings = OptOuts(owners=("carl@example.com",))


def shorter(desk: Office) -> None:
    desk.settings = OptOuts(owners=("ann@example.com",), max_days=9)


def revoked(desk: Office) -> None:
    public = (desk.folder / "ann@example.com.pub").read_text()
    desk.register.with_name("approvers.revoked").write_text(public)


def unregistered(desk: Office) -> None:
    desk.register.write_text("")


def only_plans(desk: Office) -> None:
    desk.register.write_text(desk.register.read_text().replace(",offkey-optout", ""))


def no_directory(desk: Office) -> None:
    desk.unreadable = True


def cancelled(desk: Office) -> None:
    (one,) = desk.judge().known()
    desk.ledger.append(history.CANCELLED, history.RUN, {"id": one, "by": "eve@example.com", "why": "no need"})


CHANGES: list[tuple[Callable[[Office], None], str]] = [
    (left, "says that sam has left"),
    (gone, "does not know sam any more"),
    (another, "another person"),
    (owner_left, "says that ann@example.com has left"),
    (unlisted, "no owner of aws"),
    (shorter, "more than 9 days"),
    (revoked, "does not hold"),
    (unregistered, "not in the register"),
    (only_plans, "does not let ann@example.com sign for offkey-optout"),
    (no_directory, "cannot be verified"),
    (cancelled, "cancelled by eve@example.com: no need"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_what_has_changed_since_makes_it_void_at_the_next_use(
    desk: Office, change: Callable[[Office], None], why: str
) -> None:
    given = desk.approve(desk.ask())
    assert desk.why(given) == ""
    change(desk)
    assert why in desk.why(given)
    assert desk.judge().standing() == ()


def test_one_that_covers_it_holds_when_the_person_has_left(desk: Office) -> None:
    given = desk.approve(desk.ask(allow_after_disable=True))
    left(desk)
    assert desk.why(given) == ""
    gone(desk)
    assert "does not know" in desk.why(given)


def test_a_departure_to_come_makes_it_void_when_it_comes(desk: Office) -> None:
    given = desk.approve(desk.ask())
    desk.people["sam"]["left_at"] = NOW + timedelta(days=2)
    assert desk.why(given) == ""
    desk.now = NOW + timedelta(days=2)
    assert "has left" in desk.why(given)


# --- time ---


def test_a_clock_that_was_moved_back_revives_nothing(desk: Office) -> None:
    given = desk.approve(desk.ask())
    desk.now = NOW + timedelta(days=11)
    desk.ledger.append("run.opened", "some-run", {})
    desk.now = NOW + timedelta(days=1)
    desk.ledger.append("run.opened", "another-run", {})
    assert "it ended" in desk.why(given)


def test_an_end_that_was_recorded_is_final(desk: Office) -> None:
    given = desk.approve(desk.ask())
    desk.now = NOW + timedelta(days=10)
    assert office.expire(desk.judge()) == [given.id]
    assert office.expire(desk.judge()) == []
    known = desk.judge().known()[given.id]
    assert "it ended" in desk.judge().judged(known, NOW)[1]


# --- recorded ---


def test_a_plan_takes_up_none_of_a_ledger_that_was_changed(desk: Office) -> None:
    desk.approve(desk.ask())
    assert len(office.for_plan(desk.judge(), "r1")) == 1
    with desk.ledger.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET actor = 'eve' WHERE seq = 1")
    assert office.for_plan(desk.judge(), "r1") == ()
    (known,) = desk.judge().known().values()
    assert "the ledger is not whole" in known.refused[-1][1]


def test_what_a_plan_refuses_is_recorded_once_for_each_reason(desk: Office) -> None:
    desk.approve(desk.ask())
    left(desk)
    for _ in range(2):
        assert office.for_plan(desk.judge(), "r1") == ()
    (known,) = desk.judge().known().values()
    assert [why for _, why in known.refused] == ["the directory says that sam has left, which it does not cover"]
    gone(desk)
    office.for_plan(desk.judge(), "r1")
    (known,) = desk.judge().known().values()
    assert len(known.refused) == 2


def test_one_that_is_to_come_is_not_refused(desk: Office) -> None:
    desk.approve(desk.ask(not_before=NOW + timedelta(days=1)))
    assert office.for_plan(desk.judge(), "r1") == ()
    (known,) = desk.judge().known().values()
    assert known.refused == []


# --- plans ---


def kept(optout: OptOut, *, at: Any = NOW, point: AccessPoint | None = None) -> list[tuple[Action, Action | None]]:
    plan = plan_of(point or leaked(), optouts=(optout,), now=at)
    return [(step.action, step.keeps) for step in plan.steps]


def test_only_the_actions_in_scope_are_left_out(desk: Office) -> None:
    given = desk.approve(desk.ask(scope=replace(AT_AWS, actions=(Action.REVOKE,))))
    assert kept(given) == [
        (Action.DISABLE, None), (Action.REWRITE, None), (Action.KEEP, Action.REVOKE),
    ]  # fmt: skip


def test_a_literal_of_what_stays_alive_stays_in_the_code(desk: Office) -> None:
    assert kept(desk.approve(desk.ask())) == [
        (Action.KEEP, Action.DISABLE), (Action.KEEP, Action.REVOKE), (Action.KEEP, Action.REWRITE),
    ]  # fmt: skip


def test_a_plan_names_the_opt_out_and_what_comes_after_it(desk: Office) -> None:
    given = desk.approve(desk.ask(on_expiry="run"))
    plan = plan_of(leaked(), optouts=(given,))
    assert plan.optouts == (given,)
    step = plan.steps[0]
    assert step.how == given.id
    assert f"opt-out {given.id} (temporary_leave) until 2026-11-30T12:00:00Z, then DISABLE" in step.reason


def test_a_plan_holds_no_opt_outs_of_others(desk: Office) -> None:
    given = desk.approve(desk.ask())
    plan = plan_of(leaked(), optouts=(replace(given, subject="ann"),))
    assert plan.optouts == ()
    assert Action.KEEP not in {step.action for step in plan.steps}


def test_a_plan_looks_at_the_persons_ids_and_at_every_address_that_may_be_theirs(desk: Office) -> None:
    given = desk.approve(desk.ask())
    renewed = replace(LEAVER, accounts=())
    assert Action.KEEP not in {s.action for s in plan_of(leaked(), optouts=(given,), person=renewed).steps}
    maybe = replace(LEAVER, probable=(replace(LEAVER.certain[0], email="Ann@example.com"),))
    assert Action.KEEP not in {s.action for s in plan_of(leaked(), optouts=(given,), person=maybe).steps}


def test_a_break_glass_account_is_guarded_from_what_runs_at_the_end_of_an_opt_out(desk: Office) -> None:
    from offboarding.planning.policy import Policy

    given = desk.approve(desk.ask(on_expiry="run"))
    with pytest.raises(OffkeyError, match="break-glass"):
        plan_of(listed(), optouts=(given,), policy=Policy(break_glass=("aws:sam",)))


def test_plans_and_receipts_of_before_have_the_digests_that_they_had() -> None:
    plan = to_json(plan_of(leaked()))
    assert "role" not in plan
    assert not any("keeps" in step for step in plan["steps"])
    assert digest(plan) == plan_of(leaked()).digest
