"""What a plan holds, in which order, and when it refuses to exist."""

import json
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cattrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import revokers
from offboarding.planning import plan, ranks, refusals
from offboarding.planning.plan import PlanRefused
from offboarding.planning.policy import PR_BEFORE_KILL, Policy
from offkey.canonical import content_digest
from offkey.errors import Exit, UsageError
from offkey.model import (
    AccessPoint,
    Account,
    Action,
    Bond,
    Gap,
    Identity,
    Liveness,
    OptOut,
    Ownership,
    Plan,
    Scope,
    Step,
    from_json,
    to_json,
)
from revokers.protocol import LAST_OWNER, Option
from tests.offboarding.cases import LEAVER, NOW, check, leaked, listed, place, plan_of

PHASES = [Action.DISABLE, Action.REVOKE, Action.REWRITE, Action.KEEP, Action.ROTATE, Action.HAND_OVER]


def actions(steps: Sequence[Step]) -> list[Action]:
    return [step.action for step in steps]


def opt_out(**changes: object) -> OptOut:
    made = OptOut(
        id="o1",
        subject="sam",
        scope=Scope(
            systems=("aws",),
            actions=(Action.DISABLE, Action.REVOKE, Action.REMOVE, Action.REWRITE),
            kinds=("aws.access_key",),
        ),
        reason="legal_hold",
        requester="boss@example.com",
        requested_at=NOW - timedelta(days=2),
        approver="ann@example.com",
        not_before=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=1),
    )
    return replace(made, **changes)


def test_a_personal_key_is_disabled_first_then_deleted_then_taken_out_of_the_code() -> None:
    disable, delete, rewrite = plan_of(leaked()).steps
    assert actions((disable, delete, rewrite)) == [Action.DISABLE, Action.REVOKE, Action.REWRITE]
    assert delete.after == disable.id
    assert rewrite.after == disable.id
    assert disable.breaks == ("signing with it",)


def test_a_rewrite_step_is_made_for_each_repository_whose_branch_tip_holds_the_literal() -> None:
    places = (place(), place("/repos/web"), place("/repos/old", present=False), place("/repos/app", "b.py"))
    rewrites = [s for s in plan_of(leaked(places=places)).steps if s.action is Action.REWRITE]
    assert [sorted({p.repo for p in step.point.places}) for step in rewrites] == [["/repos/app"], ["/repos/web"]]
    assert "b.py, settings.py" in rewrites[0].reason


@pytest.mark.parametrize("ownership", [Ownership.SHARED, Ownership.UNKNOWN])
def test_what_is_not_shown_to_be_personal_is_rotated_by_people_never_ended(ownership: Ownership) -> None:
    first, *_ = [s for s in plan_of(leaked(ownership=ownership)).steps if s.action is not Action.REWRITE]
    assert first.action is Action.ROTATE
    assert first.how == "deactivate it at the AWS console"


def test_introduced_alone_is_never_ended() -> None:
    assert Action.DISABLE not in actions(plan_of(leaked(bond=Bond.INTRODUCED)).steps)


def test_a_grant_of_unclear_ownership_is_handed_over() -> None:
    assert actions(plan_of(listed(ownership=Ownership.UNKNOWN)).steps) == [Action.HAND_OVER]


def test_a_kind_without_a_revoker_is_handed_over_with_the_console_text() -> None:
    handed = plan_of(leaked("npm.token")).steps[-1]
    assert (handed.action, handed.how) == (Action.HAND_OVER, "delete it at npmjs.com")


def test_what_a_revoker_leaves_to_people_is_handed_over_in_its_words() -> None:
    by_hand = (Option(action=Action.HAND_OVER, reversible=False, how="sign in as root"),)
    (step,) = plan_of(listed(), options=lambda _: by_hand).steps
    assert (step.action, step.how) == (Action.HAND_OVER, "sign in as root")


def test_an_extra_yes_is_carried_by_the_step() -> None:
    assert plan_of(leaked("github.pat.classic", places=(place(present=False),))).steps[0].needs == "public-revoke"


def test_without_an_id_only_ways_by_value_are_left() -> None:
    assert plan_of(leaked(provider_id="")).steps[-1].action is Action.HAND_OVER
    assert actions(plan_of(leaked("slack.user")).steps) == [Action.REVOKE, Action.REWRITE]


def test_what_a_revoker_keeps_is_shown_as_kept() -> None:
    second_factor = (Option(action=Action.KEEP, reversible=True, reason="opens nothing alone"),)
    (step,) = plan_of(listed(), options=lambda _: second_factor).steps
    assert (step.action, step.reason) == (Action.KEEP, "opens nothing alone")


def test_what_is_dead_but_nobodys_is_only_proven_again() -> None:
    dead = leaked(bond=Bond.INTRODUCED, ownership=Ownership.UNKNOWN, check=check(Liveness.DEAD))
    assert actions(plan_of(dead).steps) == [Action.REWRITE, Action.HAND_OVER]


def test_an_exposed_credential_of_somebody_else_is_left_out() -> None:
    assert plan_of(leaked(bond=Bond.EXPOSED)).steps == ()


def test_an_opt_out_in_force_keeps_the_credential_and_is_named() -> None:
    steps = plan_of(leaked(), optouts=(opt_out(),)).steps
    assert {(step.action, step.how) for step in steps} == {(Action.KEEP, "o1")}
    assert [step.keeps for step in steps] == [Action.DISABLE, Action.REVOKE, Action.REWRITE]


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"not_before": NOW + timedelta(hours=1)},
        {"subject": "somebody"},
        {"scope": Scope(systems=("*",), actions=(Action.DISABLE, Action.REVOKE, Action.REMOVE))},
        {"scope": Scope()},
        {"approver": "boss@example.com"},
        {"approver": "sam@example.com"},
        {"approver": ""},
    ],
)
def test_an_opt_out_that_is_doubtful_in_any_way_does_not_hold(changes: dict[str, object]) -> None:
    assert Action.KEEP not in actions(plan_of(leaked(), optouts=(opt_out(**changes),)).steps)


def test_too_many_steps_refuse_the_plan_with_number_limit_and_way_out() -> None:
    points = [leaked("slack.user", str(n)) for n in range(3)]
    with pytest.raises(PlanRefused, match="6 steps; the limit is 5") as refused:
        plan_of(*points, policy=Policy(max_steps=5))
    assert "max_steps" in refused.value.advice
    assert refused.value.exit_code is Exit.PLAN_REFUSED


@pytest.mark.parametrize("name", ["aws:sam", "AWS:aidaleaver"])
def test_a_break_glass_account_is_never_offboarded(name: str) -> None:
    with pytest.raises(PlanRefused, match="break-glass"):
        plan_of(leaked(), policy=Policy(break_glass=(name,)))


def test_a_last_owner_is_never_offboarded() -> None:
    with pytest.raises(PlanRefused, match="nobody else owns it"):
        plan_of(listed(evidence=("org lists an admin", LAST_OWNER)))


def test_a_person_of_whom_nothing_is_certain_is_refused() -> None:
    with pytest.raises(PlanRefused, match="no certain identity"):
        plan_of(leaked(), person=replace(LEAVER, certain=(), accounts=()))


def test_without_an_organisation_key_there_is_no_plan() -> None:
    with pytest.raises(PlanRefused, match="organisation key"):
        plan_of(leaked(), key_id="")


def test_gaps_do_not_refuse_but_show() -> None:
    gap = Gap(where="github", why="no credential")
    assert plan_of(leaked(), gaps=(gap, gap)).gaps == (gap,)


def test_a_rewrite_before_the_kill_needs_its_own_yes() -> None:
    rewrite = plan_of(leaked(), before_kill=True).steps[-1]
    assert (rewrite.action, rewrite.needs) == (Action.REWRITE, PR_BEFORE_KILL)


POINTS = st.lists(
    st.builds(
        lambda kind, value, owned, bond, tip: leaked(
            kind, value, ownership=owned, bond=bond, places=(place(present=tip), place(f"/repos/{value}"))
        ),
        st.sampled_from(["aws.access_key", "slack.user", "github.pat.classic", "npm.token"]),
        st.text("abc", min_size=1, max_size=3),
        st.sampled_from(Ownership),
        st.sampled_from(Bond),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda point: point.id,
)


@settings(max_examples=40, deadline=None)
@given(points=POINTS, rotated=st.randoms(use_true_random=False))
def test_the_same_input_in_any_order_gives_the_same_bytes(points: list[AccessPoint], rotated: object) -> None:
    shuffled = list(points)
    rotated.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan.to_bytes(plan_of(*points)) == plan.to_bytes(plan_of(*shuffled))


@settings(max_examples=40, deadline=None)
@given(points=POINTS)
def test_every_plan_is_ordered_and_its_steps_hang_together(points: list[AccessPoint]) -> None:
    steps = plan_of(*points).steps
    phases = [PHASES.index(action) for action in actions(steps)]
    assert phases == sorted(phases)
    assert len({step.id for step in steps}) == len(steps)
    assert all(step.after in {other.id for other in steps} for step in steps if step.after)
    ending = [s for s in steps if s.action in (Action.DISABLE, Action.REVOKE)]
    assert all(s.point.bond is Bond.THEIRS and s.point.ownership is Ownership.PERSONAL for s in ending)


def test_the_plan_file_is_private_and_its_sha256_is_the_digest(tmp_path: Path) -> None:
    made, path = plan_of(leaked()), tmp_path / "plan.json"
    plan.write(made, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert content_digest(path.read_bytes()) == made.digest
    assert plan.read(path) == made


@pytest.mark.parametrize("broken", [b"", b"{}", b"[" * 100_000, b'{"steps": 1}', b"\xff"])
def test_a_file_that_is_no_plan_is_a_usage_error(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(broken)
    with pytest.raises(UsageError):
        plan.read(path)


def test_a_plan_edited_by_hand_has_another_digest(tmp_path: Path) -> None:
    made, path = plan_of(leaked()), tmp_path / "plan.json"
    data = json.loads(plan.to_bytes(made))
    data["steps"][0]["point"]["provider_id"] = "AKIATWO"
    path.write_text(json.dumps(data))
    assert plan.read(path).digest != made.digest


def test_a_holder_of_break_glass_rights_among_the_points_refuses_too() -> None:
    root = Account(provider="aws", id="AIDALEAVER", login="root-of-all")
    with pytest.raises(PlanRefused, match="break-glass"):
        plan_of(leaked(holder=root), policy=Policy(break_glass=("aws:root-of-all",)))


# --- every reason at once ---


def test_a_plan_that_is_refused_for_several_reasons_says_them_all_with_number_limit_and_way_out() -> None:
    owner = listed("ORG", id="z", evidence=("org lists an admin", LAST_OWNER))
    with pytest.raises(PlanRefused) as refused:
        plan_of(
            leaked(), owner, policy=Policy(break_glass=("aws:sam",), max_steps=2), person=replace(LEAVER, certain=())
        )
    told = {one.rule: one for one in refused.value.refusals}
    assert set(told) == {"break-glass", "last-owner", "max-steps"}
    assert (told["max-steps"].found, told["max-steps"].limit) == (5, 2)
    assert (told["last-owner"].found, told["break-glass"].found) == (1, 1)
    for one in told.values():
        assert one.what in str(refused.value)
        assert one.way_out in refused.value.advice
    assert refused.value.exit_code is Exit.PLAN_REFUSED


def test_nothing_certain_says_how_many_are_probable_and_how_to_say_yes() -> None:
    nobody = replace(LEAVER, certain=(), accounts=(), probable=(Identity(email="s@x.org"), Identity(email="t@x.org")))
    with pytest.raises(PlanRefused, match="0 found, 2 are probable; 1 is needed") as refused:
        plan_of(leaked(), person=nobody)
    assert "--confirm" in refused.value.advice


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ownership": Ownership.SHARED}, "shared-credential"),
        ({"ownership": Ownership.UNKNOWN}, "shared-credential"),
        ({"bond": Bond.INTRODUCED}, "shared-credential"),
        ({"provider_id": "", "fingerprint": ""}, "identification"),
    ],
)
def test_steps_that_would_end_what_is_others_or_nameless_are_refused(changes: dict[str, object], rule: str) -> None:
    steps = [replace(step, point=replace(step.point, **changes)) for step in plan_of(listed()).steps]
    (refusal,) = refusals.unsafe(LEAVER, steps, Policy())
    assert (refusal.rule, refusal.found, refusal.limit) == (rule, 1, 0)
    assert refusal.way_out


def test_what_is_ended_after_its_successor_is_in_place_may_be_shared() -> None:
    first, second = plan_of(listed(ownership=Ownership.PERSONAL)).steps
    shared = replace(listed(), ownership=Ownership.SHARED)
    new = Step(id="s-new", point=shared, action=Action.REPLACE, reversible=False, reason="shared")
    after = [replace(first, point=shared, after=new.id), replace(second, point=shared, after=first.id)]
    assert not list(refusals.unsafe(LEAVER, [new, *after], Policy()))


# --- when what is ended ---


def test_every_kind_that_a_revoker_handles_has_a_rank_and_no_other() -> None:
    handled = {kind for revoker in revokers.REGISTRY.values() for kind in revoker.HANDLES}
    assert set(ranks.NATURES) - handled == {"github-actions.schedule"}
    assert handled <= set(ranks.NATURES)
    assert sum(len(text.split()) for text in ranks._KINDS.values()) == len(ranks.NATURES)


def test_sign_in_is_blocked_before_keys_end_and_deletion_comes_last() -> None:
    kinds = ["azure.account", "datadog.app_key", "github.membership", "aws.access_key", "anthropic.member",
             "confluent.user", "aws.login_profile", "aws.mfa_device", "keycloak.sessions"]  # fmt: skip
    points = [
        replace(listed("x", kind), provider=kind.split(".", maxsplit=1)[0], id=f"{number}", evidence=("listed",))
        for number, kind in enumerate(kinds)
    ]
    made = plan_of(*points, options=lambda point: revokers.REGISTRY[point.provider].HANDLES[point.kind])
    told = [(step.point.kind, step.action.value) for step in made.steps if step.action in refusals._ENDING]
    assert told == [
        ("azure.account", "DISABLE"),
        ("aws.access_key", "DISABLE"),
        ("github.membership", "REMOVE"),
        ("aws.login_profile", "REMOVE"),
        ("datadog.app_key", "REVOKE"),
        ("keycloak.sessions", "REVOKE"),
        ("anthropic.member", "REMOVE"),
        ("aws.access_key", "REVOKE"),
        ("aws.mfa_device", "REMOVE"),
        ("confluent.user", "REMOVE"),
    ]


# --- the digest covers everything ---


def rich() -> Plan:
    made = plan_of(
        leaked(check=check(holder=Account(provider="aws", id="A", login="l", email="e")), last_used=NOW),
        leaked("slack.user", "two"),
        leaked("npm.token", "three", bond=Bond.EXPOSED),
        gaps=(Gap(where="here", why="closed", advice="open it"),),
        optouts=(opt_out(scope=Scope(systems=("slack",), actions=(Action.REVOKE,), kinds=("slack.user",))),),
        before_kill=True,
        mirrors=("/repos/app",),
        policy=Policy(observe_hours=3),
    )
    assert made.exposed
    return made


def leaves(data: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The path of every value that is no list or object, and of every empty list."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = [leaf for key, value in inner for leaf in leaves(value, (*path, key))]
    return found or [path]


def other(value: object) -> object:
    """A value of another meaning that fits where this one stands."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value.endswith("Z") and value[:2] == "20":
            return value.replace("20", "21", 1)
        case str():
            return f"{value}x"
        case list():
            return ["x"]
    return "x"


def test_a_change_of_any_field_of_a_plan_or_of_the_order_changes_its_digest() -> None:
    made = rich()
    data = to_json(made)
    paths = leaves(data)
    digests = set()
    for path in paths:
        changed = json.loads(json.dumps(data))
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = other(at[path[-1]])
        try:
            read = from_json(changed, Plan)
        except (cattrs.BaseValidationError, ValueError):  # no plan any more: nothing that anybody could apply
            continue
        assert read.digest != made.digest, path
        digests.add(read.digest)
    assert len(paths) > 220
    assert len(digests) > 150
    for name in ("steps", "gaps", "optouts", "exposed"):
        turned = replace(made, **{name: tuple(reversed(getattr(made, name)))})
        assert (turned.digest != made.digest) is (len(getattr(made, name)) > 1)
        assert replace(made, **{name: ()}).digest != made.digest
