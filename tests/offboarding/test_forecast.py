"""What a plan says will break: jobs that use what it ends, and schedules in the leaver's name."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from offboarding import tables
from offboarding.evidence import report
from offboarding.evidence.case import case
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.history import Past
from offboarding.planning import forecast, plan
from offboarding.planning.forecast import BY_HAND, GITHUB, SCHEDULE
from offboarding.ui import UI
from offkey.model import Action, Authorship, Bond, Identity, Ownership, Use, from_json, to_json
from scanner.output.words import sentence
from tests.offboarding.cases import LEAVER, NOW, author, leaked, listed, place, plan_of

PATH = ".github/workflows/deploy.yml"


def use(**changes: Any) -> Use:
    made = Use(
        system="github-actions",
        repo="/repos/app",
        path=PATH,
        line=9,
        workflow="deploy",
        job="release",
        name="DEPLOY_TOKEN",
        when=("push (main)",),
        present=True,
        commit="d" * 40,
        changed=author("ann@example.com", "Ann Archer"),
        note="the value stands in it",
    )
    return replace(made, **changes)


def schedule(changed: Authorship | None, **changes: Any) -> Use:
    return use(name="", job="", when=("schedule 0 3 * * *",), note="schedule", changed=changed, **changes)


def printed(made: plan.Plan) -> str:
    screen = io.StringIO()
    tables.show_plan(made, UI(out=Console(file=screen, width=1000)))
    return screen.getvalue()


def test_a_step_that_ends_a_key_names_the_jobs_that_will_break() -> None:
    disable, delete, rewrite = plan_of(leaked(usage=(use(),))).steps
    assert disable.breaks[-1] == sentence(use())
    assert sentence(use()) == (
        f"workflow {PATH} of app, job release (on push (main); last changed by Ann Archer <ann@example.com> on "
        "2026-11-20) uses DEPLOY_TOKEN: the value stands in it"
    )
    assert [step.breaks for step in (delete, rewrite)] == [(), ()], "what a step before it stopped does not break again"


def test_jobs_of_history_alone_do_not_break() -> None:
    made = plan_of(leaked(usage=(use(present=False),)))
    assert made.steps[0].breaks == ("signing with it",)
    assert forecast.lines(made) == ()


def test_what_people_rotate_breaks_jobs_too() -> None:
    (rotate,) = plan_of(leaked(ownership=Ownership.SHARED, usage=(use(),), places=(place(present=False),))).steps
    assert rotate.action is Action.ROTATE
    assert sentence(use()) in rotate.breaks


def test_many_jobs_are_counted_and_the_plan_keeps_them_all() -> None:
    uses = tuple(use(job=f"job{number:02}") for number in range(20))
    made = plan_of(leaked(usage=uses))
    assert made.steps[0].breaks[-1] == "and 12 more"
    assert made.steps[0].point.usage == uses


def test_the_forecast_stands_before_the_steps_and_says_which_of_them_break_what() -> None:
    made = plan_of(leaked(usage=(use(),)), leaked("slack.user", usage=(use(),)))
    shown = printed(made)
    assert shown.index("What will break") < shown.index("Contain")
    (line,) = [line for line in shown.splitlines() if "uses DEPLOY_TOKEN" in line]
    assert line.rstrip().endswith("step 1, 2")


def test_a_plan_without_uses_has_no_forecast() -> None:
    assert "What will break" not in printed(plan_of(leaked()))


def test_a_schedule_that_the_leaver_changed_last_is_handed_over() -> None:
    points = forecast.schedules(LEAVER, [schedule(author())])
    (step,) = plan_of(*points, by_hand=BY_HAND).steps
    assert (step.action, step.how, step.point.kind) == (Action.HAND_OVER, BY_HAND[GITHUB], SCHEDULE)
    assert step.point.provider_id == f"app/{PATH}"
    assert "sam@example.com" in step.reason
    assert "schedule 0 3 * * *" in step.reason
    assert "enterprise managed user" in step.how
    assert step.breaks == ()


@pytest.mark.parametrize(
    "why_not",
    [
        schedule(author("ann@example.com", "Ann Archer")),
        schedule(None),
        schedule(author(), present=False),
        schedule(author(), system="circleci", path=".circleci/config.yml"),
    ],
    ids=["somebody else's", "nobody known", "gone", "another system"],
)
def test_other_schedules_are_not(why_not: Use) -> None:
    assert forecast.schedules(LEAVER, [why_not]) == ()


def test_a_probable_or_excluded_identity_is_not_the_leaver() -> None:
    someone = author("s@rivera.example", "Sam Rivera")
    probable = replace(LEAVER, probable=(Identity(name="Sam Rivera", email="s@rivera.example"),))
    excluded = replace(LEAVER, excluded=(Identity(email="sam@example.com"),))
    assert forecast.schedules(probable, [schedule(someone)]) == ()
    assert forecast.schedules(excluded, [schedule(author())]) == ()


def test_the_bond_of_a_schedule_is_what_a_committer_can_write() -> None:
    (point,) = forecast.schedules(LEAVER, [schedule(author())])
    assert (point.bond, point.ownership) == (Bond.INTRODUCED, Ownership.SHARED)


def test_a_plan_with_uses_reads_back_the_same() -> None:
    made = plan_of(leaked(usage=(use(), use(changed=None, when=()))), *forecast.schedules(LEAVER, [schedule(author())]))
    again = from_json(to_json(made), plan.Plan)
    assert again == made
    assert plan.to_bytes(again) == plan.to_bytes(made)


def test_the_same_uses_in_another_order_of_points_give_the_same_plan() -> None:
    points = [
        leaked(usage=(use(),)),
        listed("AKIATWO", usage=(use(job="other"),)),
        leaked("slack.user", usage=(use(),)),
    ]
    assert plan.to_bytes(plan_of(*points)) == plan.to_bytes(plan_of(*reversed(points)))


def test_the_report_says_who_uses_a_credential_and_escapes_it() -> None:
    made = plan_of(leaked(usage=(use(job="<script>"),)))
    told = Past(plan=made)
    page = report.render(told, (), case(told, ()), Checkpoint(seq=0, head="", merkle_root="", at=NOW), str)
    assert "Used by" in page
    assert "job &lt;script&gt;" in page


def test_a_repository_is_named_unless_it_is_where_one_stands() -> None:
    assert "of app" in sentence(use())
    assert " of " not in sentence(use(repo=".")).partition("(")[0]
