"""What was tried against the start of a run, its approvals and its end: each of these got through once."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from offboarding.commands.approve import show
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import Approval, timestamp
from tests import needs
from tests.offboarding.cases import NOW, listed, plan_of
from tests.offboarding.containing import LEAVER, Company

pytestmark = needs.OPENSSH
DAY = timedelta(days=1)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path) as made:
        yield made


def planned(company: Company, *more: str) -> Path:
    """A plan for sam."""
    plan = company.folder / "plan.json"
    company.offkey("plan", LEAVER, "-o", str(plan), *more)
    return plan


def approved(company: Company, plan: Path, number: int = 0) -> int:
    who = company.approvers[number]
    return company.offkey("approve", str(plan), "--as", who.email, "--key", str(who.key))


def test_a_plan_as_of_a_later_time_is_refused_since_it_would_outlive_the_policy(company: Company) -> None:
    later = timestamp(datetime.now(UTC) + 400 * DAY)
    assert company.offkey("plan", LEAVER, "-o", str(company.folder / "plan.json"), "--at", later) == Exit.USAGE
    assert company.events() == []


def test_a_plan_as_of_another_time_is_recorded_at_the_time_at_which_it_was_made(company: Company) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    planned(company, "--at", "2026-01-01T00:00:00Z")
    assert min(event.at for event in company.events()) >= began


def test_who_has_left_approves_no_plan(company: Company) -> None:
    plan = planned(company)
    company.people(ann={"left_at": timestamp(datetime.now(UTC) - DAY)})
    assert approved(company, plan) == Exit.WAITS_FOR_APPROVAL, company.said
    assert "has left" in company.said
    company.people()
    assert approved(company, plan) == Exit.DONE, company.said
    company.people(ann={"left_at": timestamp(datetime.now(UTC) - DAY)})
    assert company.offkey("apply", str(plan)) == Exit.WAITS_FOR_APPROVAL, company.said
    assert company.effects == []


@pytest.mark.parametrize("now_says", [{"left_at": timestamp(datetime.now(UTC) + 60 * DAY)}, {}], ids=["later", "never"])
def test_who_leaves_later_or_not_at_all_by_now_keeps_everything(company: Company, now_says: dict[str, Any]) -> None:
    plan = planned(company)
    assert approved(company, plan) == Exit.DONE, company.said
    company.people(sam=now_says)
    assert company.offkey("apply", str(plan)) == Exit.PLAN_REFUSED, company.said
    assert company.effects == []
    assert company.offkey("apply", str(plan), "--early") != Exit.PLAN_REFUSED, company.said
    assert company.effects != []
    assert len(company.events("run.advanced")) == 1


def test_what_has_become_a_break_glass_account_since_the_plan_is_not_touched(company: Company) -> None:
    plan = planned(company)
    assert approved(company, plan) == Exit.DONE, company.said
    sam = next(user for user in company.okta.users.values() if user.login == LEAVER)
    company.configure(f'[break_glass]\naccounts = ["okta:{sam.id}"]')
    assert company.offkey("apply", str(plan)) == Exit.PLAN_REFUSED, company.said
    assert "break-glass" in company.said
    assert company.effects == []


def test_a_delivery_that_turns_involuntary_is_another_one(company: Company) -> None:
    company.people(sam={"left_at": timestamp(datetime.now(UTC) + DAY)})
    company.stand("--early")
    later = timestamp(datetime.now(UTC) + DAY)
    planned_for = company.trigger(effective_at=later)
    company.offkey("plan", "--trigger", str(planned_for), "-o", str(company.folder / "plan.json"))
    sudden = company.trigger(effective_at=later, involuntary=True)
    assert company.offkey("contain", "--trigger", str(sudden)) == Exit.USAGE, company.said
    assert company.effects == []


def test_what_an_approver_is_shown_holds_no_escape_sequence_of_a_strangers() -> None:
    hidden = "deploy\x1b[2K\x1b[1A\nnothing to do\u202e"
    step = replace(plan_of(listed()).steps[0], breaks=(hidden,))
    plan = replace(plan_of(listed()), steps=(step,), requester=f"boss@example.com{hidden}")
    out = io.StringIO()
    approval = Approval(plan_digest=plan.digest, approver="ann@example.com", at=NOW, expires_at=NOW)
    show(plan, approval, UI(Console(file=out, width=300)))
    assert not [char for char in out.getvalue() if char in "\x1b\u202e"]
    assert not [line for line in out.getvalue().splitlines() if line.startswith("nothing to do")]
