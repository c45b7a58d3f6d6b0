"""The vocabulary: to JSON and back without loss, strict on the way in."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cattrs import BaseValidationError

from offkey.model import (
    AccessPoint,
    Account,
    Action,
    Approval,
    Bond,
    Check,
    Gap,
    Liveness,
    Ownership,
    Person,
    Place,
    Plan,
    Span,
    Step,
    from_json,
    timestamp,
    to_json,
)

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PLACE = Place(
    repo="../app",
    object="ab" * 20,
    object_type="blob",
    path="a.py",
    line=1,
    column=2,
    spans=(Span(part="s", start=0, end=9),),
)
POINT = AccessPoint(
    id="aws.access_key:1",
    provider="aws",
    kind="aws.access_key",
    holder=Account(provider="aws", id="AIDA", login="dana"),
    ownership=Ownership.PERSONAL,
    bond=Bond.THEIRS,
    check=Check(liveness=Liveness.LIVE, reason="listed", at=AT),
    places=(PLACE,),
    last_used=AT,
)
PLAN = Plan(
    run="r1",
    person=Person(id="dana", emails=("dana@example.com",)),
    requester="ann@example.com",
    created_at=AT,
    expires_at=AT + timedelta(days=3),
    rules_digest="sha256:0",
    key_id="k",
    steps=(Step(id="1", point=POINT, action=Action.DISABLE, reversible=True, reason="left"),),
    gaps=(Gap(where="x", why="y"),),
)


def test_a_plan_survives_the_way_to_json_and_back() -> None:
    assert from_json(to_json(PLAN), Plan) == PLAN
    assert to_json(PLAN)["steps"][0]["action"] == "DISABLE"


@pytest.mark.parametrize(
    "change",
    [
        {"run": "r2"},
        {"requester": "eve@example.com"},
        {"expires_at": AT + timedelta(days=3, microseconds=1)},
        {"steps": ()},
        {"gaps": ()},
        {"steps": (replace(PLAN.steps[0], action=Action.REVOKE),)},
        {"steps": (replace(PLAN.steps[0], point=replace(POINT, provider_id="AKIA")),)},
    ],
)
def test_any_change_of_a_plan_changes_its_digest(change: dict[str, object]) -> None:
    assert replace(PLAN, **change).digest != PLAN.digest  # type: ignore[arg-type]


def test_an_unknown_key_or_a_wrong_type_is_refused() -> None:
    for spoil in ({"extra": 1}, {"steps": "none"}, {"created_at": "yesterday"}):
        with pytest.raises((BaseValidationError, ValueError)):
            from_json(to_json(PLAN) | spoil, Plan)


def test_a_signature_covers_everything_but_itself() -> None:
    approval = Approval(plan_digest="d", approver="a", at=AT, expires_at=AT, allows=("x",))
    assert approval.statement == replace(approval, signature="s").statement
    assert set(approval.statement) == {"plan_digest", "approver", "at", "expires_at", "allows"}


def test_times_are_written_in_utc_with_a_z() -> None:
    east = datetime(2026, 11, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(east) == "2026-11-01T12:00:00Z"
    assert timestamp(AT.replace(microsecond=5)) == "2026-11-01T12:00:00.000005Z"


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.run = "r2"  # type: ignore[misc]


def test_a_plan_without_an_exposed_list_keeps_the_form_it_had_before_there_was_one() -> None:
    made = Plan(
        run="r", person=Person(id="sam"), requester="b", created_at=AT, expires_at=AT, rules_digest="d", key_id="k",
        steps=(),
    )  # fmt: skip
    assert "exposed" not in to_json(made)
    listed = replace(made, exposed=(AccessPoint(id="1", provider="aws", kind="aws.access_key"),))
    assert from_json(to_json(listed), Plan) == listed
    assert listed.digest != made.digest
