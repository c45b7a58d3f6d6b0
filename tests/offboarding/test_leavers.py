"""The directory against the runs: who is missing stands first, and what was closed for an earlier departure is none."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.evidence import leavers
from offboarding.evidence.leavers import RunState, Status
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.opening import open_run
from offboarding.ledger.store import Store
from offboarding.planning.roles import Expected, Role
from offkey.errors import Exit
from offkey.model import Gap, Outcome, Plan, Receipt, Trigger, timestamp, to_json
from tests.offboarding.cases import LEAVER, leaked, listed, plan_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEFT = NOW - 30 * HOUR


def entry(name: str, left_at: datetime | None = LEFT, **changes: Any) -> Entry:
    return Entry(id=name, emails=(f"{name}@example.com",), left_at=left_at, **changes)


def state(name: str = "sam", **changes: Any) -> RunState:
    given: dict[str, Any] = {"opened_at": LEFT, "last_at": LEFT, "run": "r", "person": name, "subject": name, **changes}
    return RunState(**given)


def status(*runs: RunState, left_at: datetime = LEFT, now: datetime = NOW) -> Status:
    (found,) = leavers.due(Directory(entries=(entry("sam", left_at),)), runs, now)
    return found.status


@pytest.mark.parametrize(
    ("runs", "left_at", "expected"),
    [
        ((), LEFT, Status.MISSING),
        ((), NOW, Status.MISSING),
        ((), NOW + HOUR, Status.COMING),
        ((state(),), LEFT, Status.OVERDUE),
        ((state(),), NOW - 23 * HOUR, Status.OPEN),
        ((state(),), NOW - 24 * HOUR, Status.OVERDUE),
        ((state(closed_at=LEFT + HOUR),), LEFT, Status.DONE),
        ((state(closed_at=LEFT + 24 * HOUR),), LEFT, Status.DONE),
        ((state(closed_at=LEFT + 25 * HOUR),), LEFT, Status.LATE),
        ((state("ann", closed_at=LEFT + HOUR),), LEFT, Status.MISSING),
        ((state(kind="mover", closed_at=LEFT + HOUR),), LEFT, Status.MISSING),
        # Offboarded years ago, hired again, and leaves again.
        ((state(closed_at=LEFT - 9000 * HOUR),), LEFT, Status.MISSING),
        # Carried out before the last day, for this very departure.
        ((state(closed_at=LEFT - HOUR, effective_at=LEFT),), LEFT, Status.DONE),
        ((state(closed_at=LEFT - HOUR, left_at=LEFT),), LEFT, Status.DONE),
        ((state(closed_at=LEFT + HOUR), state(opened_at=LEFT + 2 * HOUR)), LEFT, Status.OVERDUE),
        # Closed is not the same as ended.
        ((state(closed_at=LEFT + HOUR, gaps=1),), LEFT, Status.GAPS),
        ((state(closed_at=LEFT + HOUR, kept=frozenset({"s-1"}), gaps=1),), LEFT, Status.KEPT),
    ],
)
def test_what_became_of_a_departure(runs: tuple[RunState, ...], left_at: datetime, expected: Status) -> None:
    assert status(*runs, left_at=left_at) is expected


def test_a_run_is_found_by_an_address_that_the_person_has_now() -> None:
    assert status(state("old-id", subject="SAM@example.com", closed_at=LEFT + HOUR)) is Status.DONE


def test_a_login_that_was_another_persons_id_takes_no_run_over() -> None:
    people = Directory(entries=(entry("ann", accounts={"github": "sam"}),))
    (found,) = leavers.due(people, [state("sam", closed_at=LEFT + HOUR)], NOW)
    assert (found.person, found.status) == ("ann", Status.MISSING)


def test_missing_ones_stand_first_and_the_longest_gone_before_the_others() -> None:
    people = Directory(
        entries=(
            entry("done"), entry("coming", NOW + HOUR), entry("open", NOW - HOUR), entry("late"),
            entry("new", NOW - HOUR), entry("old", LEFT - HOUR), entry("overdue"),
            entry("stays", None), entry("shared", shared=True),
        )
    )  # fmt: skip
    runs = [
        state("done", closed_at=LEFT + HOUR), state("late", closed_at=NOW), state("open"), state("overdue"),
    ]  # fmt: skip
    found = leavers.due(people, runs, NOW)
    assert [one.person for one in found] == ["old", "new", "overdue", "open", "late", "done", "coming"]
    chosen = leavers.due(people, runs, NOW, since=LEFT, until=NOW - HOUR)
    assert [one.person for one in chosen] == ["overdue", "late", "done"]


def test_the_ledger_tells_when_a_run_was_opened_planned_closed_and_opened_again(tmp_path: Path) -> None:
    moments = iter(range(100))
    ledger = Ledger(Store.open(tmp_path / "state"), lambda: NOW + next(moments) * HOUR, "test")
    trigger = Trigger(source="hr", delivery_id="1", subject="sam", effective_at=LEFT, received_at=NOW)
    plan = plan_of(leaked(), run="r")
    open_run(ledger, "r", "sam", "sam@example.com", trigger)
    open_run(ledger, "r", "sam", "sam@example.com", trigger)
    ledger.append("containment.receipt", "r", {"receipt": {"step": "s", "outcome": "FAILED"}})
    ledger.append("containment.receipt", "r", {"receipt": {"step": "s", "outcome": "DISABLED"}})
    ledger.append("plan.made", "r", {"digest": plan.digest, "plan": to_json(plan)})
    ledger.append("run.closed", "r", {})
    (told,) = leavers.runs(ledger.events())
    assert (told.opened_at, told.contained_at, told.planned_at) == (NOW, NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert (told.closed_at, told.effective_at, told.left_at) == (NOW + 4 * HOUR, LEFT, LEAVER.left_at)
    ledger.append("run.reopened", "r", {})
    assert leavers.runs(ledger.events())[0].closed_at is None


def test_the_ledger_tells_what_a_closed_run_kept_and_could_not_see(tmp_path: Path) -> None:
    ledger = Ledger(Store.open(tmp_path / "state"), lambda: NOW, "test")
    role = Role(name="backend", has=(Expected(provider="aws", kind="aws.access_key", ids=("*",)),))
    blind = plan_of(leaked(), gaps=(Gap(where="slack", why="does not answer"),), run="r")

    def told(plan: Plan, *optouts: str) -> RunState:
        ledger.append("plan.made", "r", {"digest": plan.digest, "plan": to_json(plan)})
        for optout in optouts:
            receipt = Receipt(
                step="s", outcome=Outcome.SKIPPED if optout else Outcome.DISABLED, before=None, after=None,
                exchanges=(), started_at=NOW, finished_at=NOW, optout=optout,
            )  # fmt: skip
            ledger.append("step.receipt", "r", {"receipt": to_json(receipt)})
        ledger.append("run.closed", "r", {})
        return leavers.runs(ledger.events())[0]

    open_run(ledger, "r", "sam", "sam@example.com", None)
    assert (told(blind).gaps, told(plan_of(leaked(), run="r")).gaps) == (1, 0)
    assert told(blind, "o-1").kept == {"s"}
    assert told(blind, "o-1", "").kept == frozenset()
    assert told(blind).kept == frozenset()
    staying = replace(LEAVER, left_at=None)
    assert [told(plan_of(listed(), run="r", **more)).kind for more in ({"role": role, "person": staying}, {})] == [
        "mover", "leaver",
    ]  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "offkey.toml").write_text('[organisation]\nstate = "state"\n[directory]\npeople = "people.yaml"\n')
    return tmp_path


def people(folder: Path, **left: datetime | None) -> None:
    rows = [{"id": name, "names": ["=1+1"], "left_at": timestamp(at) if at else None} for name, at in left.items()]
    (folder / "people.yaml").write_text(json.dumps(rows))


def test_the_exit_code_says_the_worst(office: Path) -> None:
    now = datetime.now(UTC)
    people(office, ann=None)
    assert cli.main(["leavers", "due"]) == Exit.NOTHING_EXAMINED
    people(office, ann=now + HOUR)
    assert cli.main(["leavers", "due"]) == Exit.DONE
    people(office, sam=now - HOUR)
    assert cli.main(["leavers", "due"]) == Exit.OPEN
    ledger = Ledger(Store.open(office / "state"), lambda: now, "test")
    open_run(ledger, "r", "sam", "sam", None)
    assert cli.main(["leavers", "due"]) == Exit.NOT_ALL_CONFIRMED
    (office / "offkey.toml").write_text((office / "offkey.toml").read_text() + "[policy]\nsla_hours = 1\n")
    assert cli.main(["leavers", "due"]) == Exit.OPEN
    ledger.append("run.closed", "r", {})
    assert cli.main(["leavers", "due"]) == Exit.DONE
    blind = plan_of(leaked(), gaps=(Gap(where="slack", why="does not answer"),), run="r")
    ledger.append("plan.made", "r", {"digest": blind.digest, "plan": to_json(blind)})
    ledger.append("run.closed", "r", {})
    assert cli.main(["leavers", "due"]) == Exit.GAPS
    ledger.append("step.receipt", "r", {"receipt": {"step": "s", "outcome": "SKIPPED", "optout": "o-1"}})
    assert cli.main(["leavers", "due"]) == Exit.OPEN


def test_the_formats_say_the_same_and_no_cell_is_a_formula(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people(office, sam=LEFT)
    cli.main(["leavers", "due", "--format", "json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["status"], row["person"], row["left_at"]) == ("missing", "sam", timestamp(LEFT))
    cli.main(["leavers", "due", "--format", "csv"])
    (cells,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (cells["status"], cells["deadline"], cells["names"]) == ("missing", timestamp(LEFT + 24 * HOUR), "'=1+1")
    cli.main(["leavers", "due"])
    assert "offkey contain sam" in capsys.readouterr().out


def test_a_period_is_given_by_its_days(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people(office, sam=LEFT, ann=LEFT - 48 * HOUR)
    cli.main(["leavers", "due", "--from", f"{LEFT:%Y-%m-%d}", "--format", "json"])
    assert [row["person"] for row in json.loads(capsys.readouterr().out)] == ["sam"]
    cli.main(["leavers", "due", "--to", f"{LEFT:%Y-%m-%d}", "--format", "json"])
    assert [row["person"] for row in json.loads(capsys.readouterr().out)] == ["ann"]
    with pytest.raises(SystemExit):
        cli.main(["leavers", "due", "--from", "2026-11-01T10:00"])
    with pytest.raises(SystemExit):
        cli.main(["leavers", "due", "--to", "9999-12-31T23:59:59-05:00"])


def test_without_a_directory_nobody_can_be_missed(office: Path) -> None:
    (office / "offkey.toml").write_text('[organisation]\nstate = "state"\n')
    assert cli.main(["leavers", "due"]) == Exit.USAGE
