"""What a role has: the access that a mover keeps, and how far somebody is from it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offboarding.configuration.schema import SettingsError
from offboarding.planning import roles
from offboarding.planning.roles import Expected, Role
from offkey.errors import UsageError
from offkey.model import Action, Gap, Liveness, Ownership
from revokers.protocol import LAST_OWNER
from tests.offboarding.cases import check, leaked, listed, plan_of

KEYS = Expected(provider="aws", kind="aws.access_key", ids=("AKIAONE", "AKIAT*"))
BACKEND = Role(name="backend", has=(KEYS, Expected(provider="github", kind="github.membership", ids=("corp/team",))))


def test_only_what_the_role_lacks_is_ended() -> None:
    plan = plan_of(listed("AKIAONE"), listed("AKIATWO"), listed("AKIAFOUR"), role=BACKEND)
    assert plan.role == "backend"
    kept = {step.point.provider_id: step.reason for step in plan.steps if step.action is Action.KEEP}
    assert kept == {"AKIAONE": "role backend has it", "AKIATWO": "role backend has it"}
    assert {step.point.provider_id for step in plan.steps if step.action is not Action.KEEP} == {"AKIAFOUR"}
    assert not any(step.keeps or step.how for step in plan.steps if step.action is Action.KEEP)


def test_what_has_leaked_is_ended_whether_the_role_has_it_or_not() -> None:
    actions = [step.action for step in plan_of(leaked(), role=BACKEND).steps]
    assert actions == [Action.DISABLE, Action.REVOKE, Action.REWRITE]
    shared = [step.action for step in plan_of(leaked(ownership=Ownership.SHARED), role=BACKEND).steps]
    assert Action.ROTATE in shared


def test_a_bracket_in_an_id_stands_for_itself() -> None:
    role = Role(name="r", has=(Expected(provider="aws", kind="aws.access_key", ids=("app[bot]*",)),))
    assert [role.covers(listed(ident)) for ident in ("app[bot]", "app[bot]2", "appb", "app[")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_last_owner_whose_role_has_it_is_no_reason_to_refuse() -> None:
    owner = listed("AKIAONE", evidence=("listed for sam", LAST_OWNER))
    assert [step.action for step in plan_of(owner, role=BACKEND).steps] == [Action.KEEP]


ids = st.text("AKIb*/?[]", max_size=6)


@given(ids, st.sampled_from(["aws", "aws/lab", "github"]), st.sampled_from(["aws.access_key", "aws.user"]))
@settings(max_examples=300, deadline=None)
def test_a_role_has_nothing_of_another_instance_kind_or_id(ident: str, provider: str, kind: str) -> None:
    point = replace(listed(), provider=provider, kind=kind, provider_id=ident)
    if BACKEND.covers(point):
        assert (provider, kind) == ("aws", "aws.access_key")
        assert ident == "AKIAONE" or ident.startswith("AKIAT")


def test_drift_is_what_is_beyond_the_role_what_is_missing_and_what_nobody_saw() -> None:
    points = [
        listed("AKIAONE"),
        listed("AKIAFOUR"),
        listed("AKIADEAD", check=check(Liveness.DEAD)),
        listed("AKIASHARED", ownership=Ownership.SHARED),
    ]
    found = roles.drift(BACKEND, points, ())
    assert [point.provider_id for point in found.extra] == ["AKIAFOUR"]
    assert [pattern for _, pattern in found.missing] == ["AKIAT*", "corp/team"]
    unseen = roles.drift(BACKEND, points, [Gap(where="github corp: members", why="403")])
    assert [pattern for _, pattern in unseen.missing] == ["AKIAT*"]
    assert [one.provider for one in unseen.unknown] == ["github"]
    same = roles.drift(Role(name="x", has=(KEYS,)), [listed("AKIAONE"), listed("AKIATWO")], ())
    assert (same.extra, same.missing, same.unknown) == ((), (), ())


def test_roles_are_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "roles.yaml"
    file.write_text(
        "- name: backend\n  has:\n    - {provider: aws, kind: aws.access_key, ids: [AKIAONE]}\n- name: none\n"
    )
    assert roles.named("backend", file).covers(listed("AKIAONE"))
    assert roles.named("none", file).has == ()
    with pytest.raises(UsageError, match="no role 'lead'") as refused:
        roles.named("lead", file)
    assert "backend, none" in refused.value.advice
    with pytest.raises(UsageError, match="no roles are configured"):
        roles.named("backend", None)


@pytest.mark.parametrize(
    "text",
    [
        "- {name: a, has: [{provider: aws, kind: k}]}",
        "- {name: a, has: [{provider: aws, kind: k, ids: []}]}",
        "- {name: a, has: [{provider: aws, kind: k, ids: [x], also: y}]}",
        "- {name: a}\n- {name: a}",
        "- {name: ''}",
        "{{{",
    ],
)
def test_a_file_that_is_not_roles_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "roles.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError):
        roles.load(file)
