"""A run against the clock, its tables and its zip: what an auditor reads instead of the ledger."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from offboarding.evidence import evidence
from offboarding.evidence.case import Case, Promptness, case
from offboarding.evidence.frameworks import REQUIREMENTS, judge
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import UsageError
from offkey.model import Action, Check, Exchange, Gap, Liveness, Outcome, Plan, Receipt, Trigger, to_json
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, leaked, plan_of, ticking
from tests.offboarding.test_evidence import kit

pytestmark = needs.OPENSSH

LEFT = NOW - timedelta(hours=2)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(Store.open(tmp_path / "state"), ticking(), "offkey")
    yield made
    made.store.close()


def begin(ledger: Ledger, plan: Plan, *, left: bool = True) -> None:
    told = Trigger(source="hr", delivery_id="1", subject="sam", effective_at=LEFT, received_at=LEFT + HOUR)
    body = {"person": plan.person.id, "subject": "sam", "trigger": to_json(told) if left else None}
    ledger.append("run.opened", plan.run, body)


def carry_out(ledger: Ledger, plan: Plan, who: Approver, outcomes: dict[Action, Outcome], hours: float = 3) -> None:
    """Record a plan and receipts that show each end so many hours after the person left."""
    ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
    ledger.append("plan.approved", plan.run, {"approval": to_json(who.sign(plan))})
    ledger.append("apply.started", plan.run, {"digest": plan.digest})
    for step in plan.steps:
        ledger.append("step.intent", plan.run, {"step": step.id, "attempt": 1})
        outcome = outcomes.get(step.action, Outcome.HANDED_OVER)
        seen = LEFT + timedelta(hours=hours)
        receipt = Receipt(
            step=step.id,
            outcome=outcome,
            before=Check(liveness=Liveness.LIVE, reason="it answers", at=LEFT + HOUR),
            after=Check(liveness=Liveness.DEAD, reason="gone", at=seen),
            exchanges=(Exchange(method="DELETE", target="key", status=204, at=seen - timedelta(seconds=2)),),
            started_at=seen,
            finished_at=seen,
            note="=cmd()",
        )
        ledger.append("step.receipt", plan.run, {"receipt": to_json(receipt)})


def seen(ledger: Ledger, sla: timedelta = timedelta(hours=24)) -> Case:
    events = ledger.events()
    return case(past(events), events, sla)


ENDED = {Action.DISABLE: Outcome.DISABLED, Action.REVOKE: Outcome.REVOKED}


def rows(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode())))


def test_the_clock_runs_from_the_hour_of_leaving_and_not_from_when_offkey_was_told(
    ledger: Ledger, ann: Approver
) -> None:
    plan = plan_of(leaked())
    begin(ledger, plan)
    carry_out(ledger, plan, ann, ENDED, hours=25)
    late = seen(ledger)
    assert (late.left_at, late.received_at, late.told_by) == (LEFT, LEFT + HOUR, "hr")
    assert {control.after for control in late.controls if control.after} == {timedelta(hours=25)}
    assert late.promptness is Promptness.LATE
    assert seen(ledger, timedelta(hours=25)).promptness is Promptness.IN_TIME


def test_what_is_not_seen_dead_is_open_whatever_the_hour(ledger: Ledger, ann: Approver) -> None:
    plan = plan_of(leaked())
    begin(ledger, plan)
    carry_out(ledger, plan, ann, {Action.DISABLE: Outcome.DISABLED, Action.REVOKE: Outcome.ACKNOWLEDGED})
    told = seen(ledger)
    assert [c.promptness for c in told.controls if c.step.action is Action.REVOKE] == [Promptness.OPEN]
    assert told.promptness is Promptness.OPEN
    assert any("not shown to be ended" in text for found in judge(told) for text in found.exceptions)


def test_without_an_hour_of_leaving_nothing_is_called_prompt(ledger: Ledger, ann: Approver) -> None:
    plan = replace(plan_of(leaked()), person=replace(plan_of(leaked()).person, left_at=None))
    begin(ledger, plan, left=False)
    carry_out(ledger, plan, ann, ENDED)
    assert seen(ledger).promptness is Promptness.NOT_MEASURED


def test_a_run_that_is_opened_with_its_plan_was_told_when_planning_began(ledger: Ledger, ann: Approver) -> None:
    plan = plan_of(leaked())
    plan = replace(plan, created_at=plan.created_at - timedelta(days=1))
    begin(ledger, plan, left=False)
    carry_out(ledger, plan, ann, ENDED)
    assert seen(ledger).received_at == seen(ledger).planned_at == plan.created_at


def test_what_an_earlier_plan_of_the_run_ended_keeps_its_hour(ledger: Ledger, ann: Approver) -> None:
    first = plan_of(leaked())
    begin(ledger, first)
    carry_out(ledger, first, ann, ENDED, hours=2)
    whole = replace(plan_of(leaked(), leaked("npm.token", "two")), run=first.run)
    carry_out(ledger, whole, ann, dict.fromkeys(ENDED, Outcome.ALREADY_DEAD), hours=40)
    told = seen(ledger)
    contained = [control for control in told.controls if control.plan.digest == first.digest]
    assert contained
    assert {control.promptness for control in contained} == {Promptness.IN_TIME}
    assert told.first_proven_at == LEFT + timedelta(hours=2)
    assert Promptness.LATE not in {control.promptness for control in told.controls}


def test_each_access_stands_once_before_and_after_with_the_gaps_of_its_provider(ledger: Ledger, ann: Approver) -> None:
    gap = Gap(where="npm tokens", why="403", advice="ask for the scope")
    plan = plan_of(leaked(), leaked("npm.token", "two"), gaps=(gap, Gap(where="../app", why="no such repository")))
    begin(ledger, plan)
    carry_out(ledger, plan, ann, ENDED)
    told = seen(ledger)
    assert len(told.changes) == len({step.point.id for step in plan.steps})
    assert {change.words for change in told.changes if change.point.provider == "aws"} == {"ended"}
    assert {entry.provider: entry.gaps for entry in told.coverage}["npm"] == (gap,)
    assert "../app" in {entry.provider for entry in told.coverage}


def test_each_framework_that_an_auditor_asks_for_is_there_and_a_clean_run_has_no_exceptions(
    ledger: Ledger, ann: Approver
) -> None:
    numbers = {requirement.number for requirement in REQUIREMENTS}
    assert {"CC6.2", "CC6.3", "A.5.18", "A.6.5", "PS-4", "AC-2(3)", "6.2"} <= numbers
    plan = plan_of(leaked())
    begin(ledger, plan)
    rest = {Action.REWRITE: Outcome.PROPOSED, Action.HAND_OVER: Outcome.ALREADY_DEAD}
    carry_out(ledger, plan, ann, ENDED | rest)
    assert [found.exceptions for found in judge(seen(ledger))] == [()] * len(REQUIREMENTS)


def test_the_tables_say_the_hours_and_disarm_formulas(ledger: Ledger, ann: Approver) -> None:
    plan = plan_of(leaked())
    begin(ledger, plan)
    carry_out(ledger, plan, ann, ENDED, hours=3.5)
    files = evidence.build(ledger.events(), plan.run, b"")
    told = rows(files["steps.csv"])
    assert {row["hours_after_leaving"] for row in told if row["outcome"] in ("DISABLED", "REVOKED")} == {"3.5"}
    assert {row["note"] for row in told} == {"'=cmd()"}
    assert json.loads(files["case.json"])["promptness"] in ("in time", "open")
    assert {row["framework"] for row in rows(files["frameworks.csv"])} >= {"SOC 2"}
    assert b"," in files["coverage.csv"]


def test_evidence_for_another_promise_differs_only_where_the_promise_stands(ledger: Ledger, ann: Approver) -> None:
    plan = plan_of(leaked())
    begin(ledger, plan)
    carry_out(ledger, plan, ann, ENDED)
    one = evidence.build(ledger.events(), plan.run, b"")
    other = evidence.build(ledger.events(), plan.run, b"", sla=HOUR)
    assert {name for name in one if one[name] != other[name]} == {
        "case.json", "frameworks.csv", "manifest.json", "report.html", "steps.csv",
    }  # fmt: skip


@pytest.fixture
def packed(ledger: Ledger, ann: Approver, tmp_path: Path) -> Path:
    plan = plan_of(leaked(), leaked("npm.token", "two"))
    begin(ledger, plan)
    carry_out(ledger, plan, ann, ENDED)
    path = tmp_path / "evidence.zip"
    evidence.pack(evidence.build(ledger.events(), plan.run, ann.register.read_bytes()), path)
    return path


def test_the_zip_is_the_same_each_time_private_and_read_by_the_verifier_alone(
    packed: Path, ledger: Ledger, ann: Approver, tmp_path: Path
) -> None:
    again = tmp_path / "again" / "evidence.zip"
    evidence.pack(evidence.build(ledger.events(), "run-1", ann.register.read_bytes()), again)
    assert again.read_bytes() == packed.read_bytes()
    assert packed.stat().st_mode & 0o777 == 0o600
    assert kit.verify(packed).problems == []
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "out")
    bare = [sys.executable, "-I", "-S", str(tmp_path / "out/evidence/verify.py"), str(packed)]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "INTACT"), done.stdout


def test_a_changed_cut_or_foreign_zip_is_found(packed: Path, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    for at in range(0, len(whole), len(whole) // 60):
        packed.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = kit.verify(packed)
        # Times, modes and the like of an entry are no part of the evidence.
        same = not found.problems and kit.packed(packed) == kit.packed(_kept(tmp_path, whole))
        assert found.problems or same, at
    packed.write_bytes(whole[: len(whole) // 2])
    assert kit.verify(packed).problems
    packed.write_bytes(b"PK")
    assert kit.verify(packed).problems


def _kept(folder: Path, whole: bytes) -> Path:
    path = folder / "kept.zip"
    path.write_bytes(whole)
    return path


def test_a_file_that_is_no_evidence_is_not_replaced_by_a_zip(packed: Path) -> None:
    files = kit.packed(packed)
    packed.write_bytes(b"years of work")
    with pytest.raises(UsageError, match="no evidence"):
        evidence.pack(files, packed)
    assert packed.read_bytes() == b"years of work"


def test_a_table_that_says_something_else_than_the_receipts_is_found(packed: Path, tmp_path: Path) -> None:
    for changed in (b",REVOKED,", b",DISABLED,"):
        files = dict(kit.packed(packed))
        assert changed in files["steps.csv"]
        files["steps.csv"] = files["steps.csv"].replace(changed, b",ALREADY_DEAD,", 1)
        manifest = json.loads(files["manifest.json"])
        manifest["files"]["steps.csv"] = kit.sha256(files["steps.csv"])
        files["manifest.json"] = kit.canonical(manifest)
        forged = tmp_path / "forged.zip"
        forged.unlink(missing_ok=True)
        evidence.pack(files, forged)
        assert any("steps.csv" in text for text in kit.verify(forged).problems)
