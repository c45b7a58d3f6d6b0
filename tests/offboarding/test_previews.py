"""What a plan says it will do to others, how two plans differ, and what is said to survive."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import cattrs
import pytest
from rich.console import Console

import revokers
from offboarding import cli, previews
from offboarding.approval.duties import Duties
from offboarding.commands import plan as command
from offboarding.evidence.survivors import survivors
from offboarding.planning import difference, impact, plan
from offboarding.planning.policy import Policy
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import (
    Action,
    Bond,
    Gap,
    Identity,
    OptOut,
    Outcome,
    Ownership,
    Plan,
    Receipt,
    Scope,
    Use,
    from_json,
    to_json,
)
from tests.offboarding.cases import LEAVER, NOW, leaked, listed, options, place, plan_of
from tests.offboarding.test_plan import leaves, other

TIP = place(present=False)
SHARED = listed("AKIASHARED", ownership=Ownership.SHARED)
PUBLIC = leaked("github.pat.classic", places=(TIP,))
JOB = Use(system="github-actions", repo="/repos/app", path="ci.yml", line=3, job="deploy", name="KEY", present=True)
ALL = (Action.DISABLE, Action.REVOKE, Action.REMOVE, Action.REWRITE)
OPT_OUT = OptOut(
    id="o1", subject="sam", scope=Scope(systems=("slack",), actions=ALL, kinds=("slack.user",)),
    reason="legal_hold", requester="boss@example.com", requested_at=NOW - timedelta(days=2),
    approver="ann@example.com", not_before=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=1),
)  # fmt: skip


def made() -> Plan:
    return plan_of(
        leaked(), SHARED, PUBLIC, leaked("slack.user", "kept"), leaked("npm.token", "near", bond=Bond.EXPOSED),
        optouts=(OPT_OUT,), gaps=(Gap(where="gitlab", why="closed"),), policy=Policy(observe_hours=5),
    )  # fmt: skip


def texts(lines: impact.Lines) -> str:
    return "\n".join(f"{text} {numbers}" for text, numbers in lines)


def numbers(of: Plan, *wanted: Action) -> tuple[int, ...]:
    return tuple(n for n, step in enumerate(of.steps, 1) if step.action in wanted)


def test_counts_come_of_the_steps() -> None:
    told = impact.of(made(), options)
    assert told.counts == {
        "steps": 7, "can be undone": 1, "cannot be undone": 2, "pull requests": 1, "left to people": 1, "kept": 2,
        "jobs that break": 0, "mails known of": 1, "extra yeses wanted": 1, "exposed, for others to rotate": 1,
        "not looked at": 1,
    }  # fmt: skip


def test_each_step_that_cannot_be_undone_waits_or_survives_is_named_with_its_number() -> None:
    of = made()
    told = impact.of(of, options, Duties(four_eyes="irreversible"))
    assert [ids for _, ids in told.irreversible] == [(n,) for n in numbers(of, Action.REVOKE)]
    waits = dict(told.waits)
    assert waits["2 different approvers (four_eyes)"] == numbers(of, Action.REVOKE)
    assert len(waits["the extra yes public-revoke"]) == 1
    assert len(waits["5 hours of observation after it was switched off"]) == 1
    survives = texts(told.survives)
    assert "slack.user …(40) is kept: opt-out o1 (legal_hold)" in survives
    assert "aws.access_key AKIASHARED lives until a person ends it: shared" in survives
    assert "lives on without the extra yes public-revoke" in survives
    assert "signing with it" in texts(told.breaks)


def test_who_is_mailed_is_what_the_providers_module_says() -> None:
    real = {kind: ways for one in revokers.REGISTRY.values() for kind, ways in one.HANDLES.items()}
    of = plan_of(PUBLIC, leaked("slack.user"), options=lambda point: real.get(point.kind, ()))
    told = dict(impact.of(of, lambda point: real.get(point.kind, ())).mailed)
    github = tuple(n for n, step in enumerate(of.steps, 1) if step.point.kind == "github.pat.classic")
    assert told == {
        "the token's owner, by github": github,
        "whoever watches app: GitHub tells of a new pull request": numbers(of, Action.REWRITE),
    }


def test_every_module_that_says_a_provider_mails_somebody_says_whom() -> None:
    for one in revokers.REGISTRY.values():
        for kind, ways in one.HANDLES.items():
            for way in ways:
                assert bool(way.mails) is (" mails " in f" {way.reason} "), kind


def test_a_job_that_breaks_is_counted_and_named() -> None:
    told = impact.of(plan_of(leaked(usage=(JOB,), places=(TIP,))), options)
    assert told.counts["jobs that break"] == 1
    assert "deploy" in texts(told.breaks)


# --- differences ---


def kinds(changes: tuple[difference.Change, ...]) -> set[tuple[str, str, str]]:
    return {(one.what, one.change, one.field) for one in changes}


def test_equal_plans_do_not_differ() -> None:
    assert difference.between(made(), made()) == ()


def test_steps_that_came_went_and_changed_are_told_apart() -> None:
    old = plan_of(leaked(places=(TIP,)), SHARED)
    new = plan_of(leaked(places=(TIP,), ownership=Ownership.SHARED), SHARED)
    told = difference.between(old, new)
    assert {("step", "removed", ""), ("step", "added", "")} <= kinds(told)
    reasons = difference.between(old, replace(old, steps=(replace(old.steps[0], reason="other"), *old.steps[1:])))
    assert kinds(reasons) == {("step", "changed", "reason")}
    assert (reasons[0].old, reasons[0].new) == (old.steps[0].reason, "other")


@pytest.mark.parametrize("field", ["reversible", "needs", "breaks", "how", "after", "observe_hours", "action"])
def test_every_field_of_a_step_is_compared(field: str) -> None:
    old = plan_of(leaked(places=(TIP,)))
    other: dict[str, Any] = {"reversible": False, "breaks": ("all",), "observe_hours": 9, "action": Action.KEEP}
    step = replace(old.steps[0], **{field: other.get(field, "changed")})
    assert kinds(difference.between(old, replace(old, steps=(step, *old.steps[1:])))) == {("step", "changed", field)}


def test_another_order_is_told() -> None:
    old = plan_of(leaked("slack.user", places=(TIP,)), SHARED)
    told = difference.between(old, replace(old, steps=tuple(reversed(old.steps))))
    assert kinds(told) == {("step", "changed", "order")}
    assert (told[0].old[:2], told[0].new[:2]) == ("1.", "2.")


def test_gaps_identities_opt_outs_exposed_and_rules_are_compared() -> None:
    old = made()
    person = replace(LEAVER, certain=(*LEAVER.certain, Identity(name="S", email="s@home.org", evidence=("said so",))))
    new = replace(old, gaps=(), person=person, optouts=(), exposed=(), rules_digest="sha256:other",
                  expires_at=NOW + timedelta(days=9))  # fmt: skip
    assert kinds(difference.between(old, new)) == {
        ("gap", "removed", ""), ("identity", "added", "certain"), ("opt-out", "removed", ""),
        ("exposed", "removed", ""), ("plan", "changed", ""),
    }  # fmt: skip
    assert {one.name for one in difference.between(old, new) if one.what == "plan"} == {"rules_digest", "expires_at"}


def test_a_change_of_any_field_is_told() -> None:
    """Whatever the digest covers, the difference shows: nothing changes unseen between two approvals."""
    old = made()
    data = to_json(old)
    seen = 0
    for path in leaves(data):
        changed = json.loads(json.dumps(data))
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = other(at[path[-1]])
        try:
            new = from_json(changed, Plan)
        except (cattrs.BaseValidationError, ValueError):  # no plan any more
            continue
        told = difference.between(old, new)
        assert told, path
        assert [one.name for one in told] != ["digest"], path
        seen += 1
    assert seen > 100


# --- the command line ---


def call(*words: str) -> tuple[Exit, str]:
    out = io.StringIO()
    args = cli.parser("plan").parse_args(["plan", *words])
    return command.run(args, UI(Console(file=out, width=160), Console(file=io.StringIO()))), out.getvalue()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.chdir(tmp_path)
    for name, one in (("old.json", made()), ("new.json", replace(made(), gaps=()))):
        plan.write(one, tmp_path / name)
    return "old.json", "new.json"


def test_a_plan_file_is_shown_with_its_impact_first(files: tuple[str, str]) -> None:
    code, out = call("--show", files[0])
    assert code is Exit.DONE
    assert out.index("Impact: 7 steps") < out.index("What will survive, and why") < out.index("Plan for sam: 7 steps")


def test_the_impact_as_data_says_the_same(files: tuple[str, str]) -> None:
    code, out = call("--show", files[0], "--format", "json")
    told = json.loads(out)
    assert code is Exit.DONE
    assert (told["counts"]["steps"], told["digest"]) == (7, made().digest)
    assert {one["text"] for one in told["survives"]} == {text for text, _ in impact.of(made(), options).survives}


def test_the_difference_of_two_files_has_an_exit_code(files: tuple[str, str]) -> None:
    code, out = call("--diff", *files)
    assert code is Exit.OPEN
    assert "gap gitlab: closed" in out
    code, out = call("--diff", *files, "--format", "json")
    assert json.loads(out) == [
        {"what": "gap", "change": "removed", "name": "gitlab: closed", "field": "", "old": "", "new": ""}
    ]
    assert call("--diff", files[0], files[0])[0] is Exit.DONE


# --- what survives ---


def receipt(step: str, outcome: Outcome, **more: Any) -> Receipt:
    return Receipt(
        step=step, outcome=outcome, before=None, after=None, exchanges=(), started_at=NOW, finished_at=NOW, **more
    )


def test_every_step_whose_end_is_not_proven_is_said_to_survive() -> None:
    of = plan_of(*(leaked("slack.user", str(number), places=(TIP,)) for number in range(len(Outcome))))
    given = {step.id: receipt(step.id, outcome) for step, outcome in zip(of.steps, Outcome, strict=True)}
    left = {one.outcome: one.open for one in survivors(of, given, NOW)}
    proven = {Outcome.REVOKED, Outcome.DISABLED, Outcome.REMOVED, Outcome.ROTATED, Outcome.REPLACED}
    assert set(Outcome) - set(left) == {*proven, Outcome.ALREADY_DEAD}
    assert {outcome for outcome, still in left.items() if not still} == {
        Outcome.SKIPPED, Outcome.PROPOSED, Outcome.ATTESTED,
    }  # fmt: skip


def test_a_survivor_says_why_who_must_do_what_and_by_when() -> None:
    of = plan_of(SHARED, leaked(places=(TIP,)))
    handed = next(step for step in of.steps if step.action is Action.HAND_OVER)
    waits = next(step for step in of.steps if step.action is Action.REVOKE)
    due = NOW + timedelta(days=7)
    given = {handed.id: receipt(handed.id, Outcome.HANDED_OVER, note="shared", advice="ask", assignee="x@y.z", due=due)}
    left = {one.step.id: one for one in survivors(of, given, NOW, {waits.id: "2 must approve"})}
    one = left[handed.id]
    assert (one.why, one.do, one.who, one.due, one.overdue) == ("shared", "ask", "x@y.z", due, False)
    assert (left[waits.id].why, left[waits.id].words) == ("2 must approve", "not done yet")
    assert [s.overdue for s in survivors(of, given, due + timedelta(seconds=1)) if s.step is handed] == [True]
    out = io.StringIO()
    previews.show_survivors(of, list(survivors(of, given, due + timedelta(days=1))), UI(Console(file=out, width=120)))
    assert "x@y.z, by 2026-11-27  OVERDUE" in out.getvalue()
    assert one.data()["due"] == "2026-11-27T12:00:00Z"


def test_names_of_strangers_drive_no_terminal() -> None:
    evil = leaked("slack.user", places=(TIP,), redacted="\x1b[2J[red]x", ownership=Ownership.SHARED)
    of = plan_of(evil)
    out = io.StringIO()
    ui = UI(Console(file=out, width=120))
    previews.show_impact(impact.of(of, options), ui)
    previews.show_difference(difference.between(of, plan_of()), ui)
    previews.show_survivors(of, list(survivors(of, {}, NOW)), ui)
    assert "\x1b" not in out.getvalue()
    assert "[red]x" in out.getvalue()


def test_lanes_show_each_lanes_present_step_on_a_terminal_and_nothing_elsewhere() -> None:
    out = io.StringIO()
    screen = UI(err=Console(file=out, width=100, force_terminal=True))
    with screen.lanes("Applying") as (advance, lane):
        lane("aws", "REVOKE [bold]\x1b[2Jone")
        lane("github", "REMOVE two")
        advance(1, 3)
    assert "REVOKE [bold]\\x1b[2Jone" in out.getvalue()
    assert "REMOVE two" in out.getvalue()
    quiet = io.StringIO()
    with UI(err=Console(file=quiet, width=100)).lanes("Applying") as (advance, lane):
        lane("aws", "REVOKE one")
        advance(1, 3)
    assert quiet.getvalue() == ""
