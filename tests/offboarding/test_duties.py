"""Who may say yes, how many must, and what happens while they have not."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from offboarding.applying import apply
from offboarding.applying.executors import REMEDY
from offboarding.approval import approvals, approve, signing
from offboarding.approval.approve import ApprovalRefused
from offboarding.approval.duties import POLICIES, Duties, Role
from offboarding.commands import apply as command
from offboarding.configuration import config
from offboarding.configuration.schema import SettingsError
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning.policy import PR_BEFORE_KILL
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import Action, Liveness, Outcome, Plan, Receipt
from tests import needs
from tests.offboarding.cases import KEY as KEY_OF_CASES
from tests.offboarding.cases import NOW, Approver, approver, check, leaked, listed, place, plan_of, ticking
from tests.offboarding.test_apply import Provider, Scene

pytestmark = needs.OPENSSH

TWO = Duties(four_eyes="irreversible")
ALL = Duties(four_eyes="all")


class Desk(Scene):
    """A scene with a second approver, ann and bob in one register, and apply as the command line calls it."""

    bob: Approver

    def again(self, plan: Plan, provider: Any, given: list[Any], **more: Any) -> dict[Action, Receipt]:
        executors = more.pop("executors", dict.fromkeys(("aws", "slack", "github"), provider))
        receipts = apply.apply(
            plan, given, executors, self.ledger,
            register=self.who.register, credentials=self.credential, key=KEY_OF_CASES,
            now=ticking(), sleep=self.waited.append, **more,
        )  # fmt: skip
        actions = {step.id: step.action for step in plan.steps}
        return {actions[receipt.step]: receipt for receipt in receipts}

    def held(self, plan: Plan) -> dict[str, str]:
        return past(self.ledger.events(plan.run)).held


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(tmp_path / "state")
    ann, bob = approver(tmp_path / "who"), approver(tmp_path / "who", "bob@example.com")
    made = Desk(Ledger(store, ticking(), "offkey"), ann)
    made.bob = bob
    yield made
    store.close()


KEY = leaked(places=(place(present=False),))


def dying() -> Provider:
    return Provider([check(), check(Liveness.DEAD, status="Inactive"), check(Liveness.DEAD, status="Inactive"),
                     check(Liveness.DEAD, status="deleted")])  # fmt: skip


def test_with_one_approver_what_can_be_undone_is_done_and_the_rest_waits(desk: Desk) -> None:
    plan, provider = desk.made(plan_of(KEY)), dying()
    first = desk.again(plan, provider, [desk.who.sign(plan)], duties=TWO)
    assert first.keys() == {Action.DISABLE}
    assert len(provider.sent) == 1
    assert desk.held(plan) == {plan.steps[1].id: "2 different people must approve it, 1 did"}
    second = desk.again(plan, provider, [desk.who.sign(plan), desk.bob.sign(plan)], duties=TWO)
    assert second[Action.REVOKE].outcome is Outcome.REVOKED
    assert provider.sent == [step.id for step in plan.steps]
    assert desk.held(plan) == {}


def test_all_means_all_and_none_means_that_one_approver_will_do(desk: Desk) -> None:
    plan, provider = desk.made(plan_of(KEY)), dying()
    assert desk.again(plan, provider, [desk.who.sign(plan)], duties=ALL) == {}
    assert provider.seen == []
    both = desk.again(plan, provider, [desk.who.sign(plan)])
    assert both[Action.REVOKE].outcome is Outcome.REVOKED


def test_two_addresses_of_one_human_are_one_pair_of_eyes(desk: Desk) -> None:
    plan, provider = desk.made(plan_of(KEY)), dying()
    people = Directory(entries=(Entry(id="ann", emails=("ann@example.com", "bob@example.com")),))
    given = [desk.who.sign(plan), desk.bob.sign(plan)]
    done = desk.again(plan, provider, given, duties=TWO, people=people)
    assert done.keys() == {Action.DISABLE}


def test_what_comes_after_a_held_step_waits_with_it_and_is_not_handed_over(desk: Desk) -> None:
    plan, provider = desk.made(plan_of(leaked("slack.user"))), Provider()
    assert [step.action for step in plan.steps] == [Action.REVOKE, Action.REWRITE]
    assert desk.again(plan, provider, [desk.who.sign(plan)], duties=TWO) == {}
    assert set(desk.held(plan).values()) == {
        "2 different people must approve it, 1 did", "the step before it waits",
    }  # fmt: skip


def test_a_rewrite_that_may_not_go_first_waits_with_its_held_kill_and_is_not_handed_over(desk: Desk) -> None:
    plan = desk.made(plan_of(leaked("slack.user"), before_kill=True))
    executors = {"slack": Provider(), REMEDY: Provider([check(), check(status="proposed")])}
    assert desk.again(plan, None, [desk.who.sign(plan)], duties=TWO, executors=executors) == {}
    assert set(desk.held(plan)) == {step.id for step in plan.steps}
    both = [desk.who.sign(plan), desk.bob.sign(plan)]
    done = desk.again(plan, None, both, duties=TWO, executors=executors)
    assert {action: one.outcome for action, one in done.items()} == {
        Action.REVOKE: Outcome.REVOKED, Action.REWRITE: Outcome.PROPOSED,
    }  # fmt: skip


def test_a_rewrite_that_may_go_first_goes_before_its_held_kill(desk: Desk) -> None:
    plan = desk.made(plan_of(leaked("slack.user"), before_kill=True))
    executors = {"slack": Provider(), REMEDY: Provider([check(), check(status="proposed")])}
    given = [desk.who.sign(plan, (PR_BEFORE_KILL,))]
    told = TWO.allowance(plan, given)
    assert (told.runs, [number for number, _ in told.waits]) == ((2,), [1])
    done = desk.again(plan, None, given, duties=TWO, executors=executors)
    assert {action: one.outcome for action, one in done.items()} == {Action.REWRITE: Outcome.PROPOSED}


def test_an_extra_yes_of_a_step_that_wants_two_must_be_given_by_two(desk: Desk) -> None:
    desk.values["github.pat.classic"] = "one"
    plan = desk.made(plan_of(leaked("github.pat.classic", places=(place(present=False),))))
    provider = Provider()
    one = [desk.who.sign(plan, ("public-revoke",)), desk.bob.sign(plan)]
    assert desk.again(plan, provider, one, duties=TWO) == {}
    assert "with --allow public-revoke" in next(iter(desk.held(plan).values()))
    none = [desk.who.sign(plan), desk.bob.sign(plan)]
    assert desk.again(plan, provider, none, duties=TWO)[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert provider.sent == []


def test_the_policy_under_which_a_plan_was_made_cannot_be_loosened_afterwards(desk: Desk) -> None:
    plan = plan_of(KEY)
    from offkey.model import to_json

    body = {"digest": plan.digest, "plan": to_json(plan), "four_eyes": "all"}
    desk.ledger.append("plan.made", plan.run, body)
    assert desk.again(plan, dying(), [desk.who.sign(plan)], duties=Duties()) == {}
    assert [Duties(four_eyes=a).with_at_least(b).four_eyes for a in POLICIES for b in POLICIES] == [
        "none", "irreversible", "all", "irreversible", "irreversible", "all", "all", "all", "all",
    ]  # fmt: skip


def test_people_and_kept_steps_want_no_second_approver() -> None:
    for step in plan_of(listed(ownership=listed().ownership.SHARED), leaked("npm.token")).steps:
        assert ALL.wanted(step) == (2 if step.action is Action.REWRITE else 1)


def test_an_allowance_says_what_runs_what_waits_and_what_is_left_out(desk: Desk) -> None:
    plan = plan_of(KEY, leaked("github.pat.classic", "two", places=(place(present=False),)))
    numbers = {step.action.value + step.point.kind: number for number, step in enumerate(plan.steps, 1)}
    one = TWO.allowance(plan, [desk.who.sign(plan)])
    assert one.runs == (numbers["DISABLEaws.access_key"],)
    assert {number for number, _ in one.waits} == set(numbers.values()) - set(one.runs)
    both = TWO.allowance(plan, [desk.who.sign(plan), desk.bob.sign(plan)])
    assert both.left_out == ((numbers["REVOKEgithub.pat.classic"], "public-revoke"),)
    assert both.waits == ()


# --- roles ---


def test_only_who_has_the_role_may_approve_and_only_while_they_have_it(desk: Desk) -> None:
    plan = desk.made(plan_of(KEY))
    mine = {"ann@example.com": frozenset({Role.APPROVER}), "bob@example.com": frozenset({Role.SECURITY})}
    with pytest.raises(ApprovalRefused, match="does not have the role of an approver"):
        approve.approve(plan, "bob@example.com", NOW, duties=Duties(roles=mine))
    given, later = desk.who.sign(plan), Duties(roles={"ann@example.com": frozenset({Role.OWNER}), **BOB})
    provider = Provider()
    with pytest.raises(ApprovalRefused, match="does not have the role"):
        desk.again(plan, provider, [given], duties=later)
    assert provider.seen == []


BOB = {"bob@example.com": frozenset({Role.APPROVER})}


def test_without_any_approver_in_the_table_everybody_in_the_register_is_one() -> None:
    assert Duties(roles={"x@example.com": frozenset({Role.OWNER})}).may("ann@example.com", Role.APPROVER)
    assert not Duties(roles=BOB).may("ann@example.com", Role.APPROVER)
    assert Duties(roles=BOB).may("Bob@Example.com", Role.APPROVER)
    assert not Duties(roles=BOB).knows("ann@example.com")


def write(folder: Path, text: str) -> Path:
    file = folder / "offkey.toml"
    file.write_text(text)
    return file


def test_the_configuration_gives_roles_and_refuses_who_would_carry_out_what_they_approve(tmp_path: Path) -> None:
    text = '[policy]\nfour_eyes = "irreversible"\n[approvers.roles]\n"Ann@example.com" = "approver"\n'
    read = config.load(write(tmp_path, text + '"bob@example.com" = ["executor", "security"]\n'))
    duties = read.approvers.duties(read.policy.four_eyes)
    assert duties.four_eyes == "irreversible"
    assert duties.may("ann@example.com", Role.APPROVER)
    assert duties.may("bob@example.com", Role.EXECUTOR)
    with pytest.raises(SettingsError, match="nobody carries out what they approve"):
        config.load(write(tmp_path, text + '"ann@example.com" = ["approver", "executor"]\n'.replace("ann", "eve")))
    for wrong in ('four_eyes = "some"', "step_seconds = 0"):
        with pytest.raises(SettingsError):
            config.load(write(tmp_path, f"[policy]\n{wrong}\n"))


# --- the register ---


def kept(desk: Desk, plan: Plan, folder: Path) -> None:
    approvals.keep(folder / "plan.json", plan, desk.who.sign(plan), desk.ledger, desk.who.register)


def test_an_approval_outlives_a_change_of_the_register_that_leaves_its_approver_alone(
    desk: Desk, tmp_path: Path
) -> None:
    plan = desk.made(plan_of(KEY))
    kept(desk, plan, tmp_path)
    told = past(desk.ledger.events(plan.run))
    (entered,) = told.registers.values()
    assert entered.digest == signing.register_digest(desk.who.register)
    approver(tmp_path / "who", "new@example.com")
    assert entered.digest != signing.register_digest(desk.who.register)
    assert desk.again(plan, dying(), told.approvals)[Action.DISABLE].outcome is Outcome.DISABLED


@pytest.mark.parametrize(("there", "said"), [(False, "none at all"), (True, "another key")])
def test_an_approval_dies_with_its_approvers_place_in_the_register(
    desk: Desk, tmp_path: Path, there: bool, said: str
) -> None:
    plan = desk.made(plan_of(KEY))
    kept(desk, plan, tmp_path)
    others = [line for line in desk.who.register.read_text().splitlines(keepends=True) if "ann@" not in line]
    other = approver(tmp_path / "other")
    desk.who.register.write_text("".join(others) + (other.register.read_text() if there else ""))
    given, provider = past(desk.ledger.events(plan.run)).approvals, Provider()
    with pytest.raises(ApprovalRefused, match=f"register of approvers was changed .* {said}"):
        desk.again(plan, provider, given)
    assert provider.seen == []


def test_a_register_that_is_gone_takes_every_yes_with_it(desk: Desk, tmp_path: Path) -> None:
    plan = desk.made(plan_of(KEY))
    kept(desk, plan, tmp_path)
    desk.who.register.unlink()
    with pytest.raises(ApprovalRefused, match="cannot be read"):
        desk.again(plan, Provider(), past(desk.ledger.events(plan.run)).approvals)


# --- a deadline ---


class Hanging(Provider):
    """Answers only when it is let go."""

    def __init__(self, at: str) -> None:
        super().__init__()
        import threading

        self.at, self.go = at, threading.Event()

    def before(self, step: Any, credential: Any) -> Any:
        if self.at == "before":
            self.go.wait(120)
        return super().before(step, credential)

    def act(self, step: Any, credential: Any) -> Any:
        if self.at == "act":
            self.go.wait(120)
        return super().act(step, credential)

    after = Provider.before


@pytest.mark.parametrize(("at", "outcome"), [("before", Outcome.FAILED), ("act", Outcome.NOT_CONFIRMED)])
def test_a_provider_that_hangs_ends_its_step_and_holds_up_nobody_else(desk: Desk, at: str, outcome: Outcome) -> None:
    plan = desk.made(plan_of(leaked("slack.user", places=(place(present=False),)), leaked("slack.user", "two"), KEY))
    hanging, other = Hanging(at), dying()
    executors = {"slack": hanging, "aws": other}
    receipts = {
        receipt.step: receipt
        for receipt in apply.apply(
            plan, [desk.who.sign(plan)], executors, desk.ledger, register=desk.who.register,
            credentials=desk.credential, key=KEY_OF_CASES, now=ticking(), sleep=desk.waited.append, step_seconds=3,
        )
    }  # fmt: skip
    slack = [step for step in plan.steps if step.point.provider == "slack" and step.action is Action.REVOKE]
    first = receipts[slack[0].id]
    assert first.outcome is outcome
    assert "did not answer within 3 s (step_seconds)" in first.note
    assert first.advice
    assert desk.held(plan)[slack[1].id] == "slack has not answered a step before it"
    assert other.sent
    assert hanging.sent == []
    hanging.go.set()


def test_what_raises_in_time_is_what_it_was(desk: Desk) -> None:
    plan = desk.made(plan_of(KEY))
    from offkey.http import Expired

    def expired() -> int:
        raise Expired("over")

    with pytest.raises(Expired):
        desk.again(plan, Provider([check()], expired), [desk.who.sign(plan)])


def test_what_is_handed_over_is_the_providers_assignees_to_do(desk: Desk) -> None:
    shared = replace(KEY, ownership=KEY.ownership.SHARED)
    for number, (assignees, who) in enumerate(
        (({"aws": "cloud@example.com"}, "cloud@example.com"), ({"slack": "x@y.org"}, "boss@example.com"))
    ):
        plan = desk.made(plan_of(shared, run=f"run-{number}"))
        receipt = desk.again(plan, Provider([check()]), [desk.who.sign(plan)], assignees=assignees)[Action.ROTATE]
        assert (receipt.outcome, receipt.assignee) == (Outcome.HANDED_OVER, who)
        assert receipt.due is not None
        assert receipt.due - receipt.finished_at == timedelta(days=7)


# --- the command line ---


def shown(desk: Desk, plan: Plan) -> tuple[Exit, str]:
    out = io.StringIO()
    code = command._show(plan, past(desk.ledger.events(plan.run)), UI(Console(file=out, width=160)))
    return code, out.getvalue()


def test_the_exit_code_tells_a_missing_approver_from_all_else_that_is_open(desk: Desk) -> None:
    plan = desk.made(plan_of(KEY))
    desk.again(plan, dying(), [desk.who.sign(plan)], duties=TWO)
    code, out = shown(desk, plan)
    assert code is Exit.WAITS_FOR_APPROVAL
    assert "2 different people must approve it, 1 did" in out
    assert "1 steps are held back" in out
    open_too = desk.made(plan_of(KEY, listed("B", ownership=KEY.ownership.SHARED), run="run-2"))
    half_dead = Provider([check(), check(Liveness.DEAD, status="Inactive"), check()])
    desk.again(open_too, half_dead, [desk.who.sign(open_too)], duties=TWO)
    assert shown(desk, open_too)[0] is Exit.NOT_ALL_CONFIRMED
    desk.ledger.append("step.held", plan.run, {"step": plan.steps[1].id, "why": f"aws {apply.HANGS}"})
    assert shown(desk, plan)[0] is Exit.NOT_ALL_CONFIRMED


def test_where_executors_are_named_nobody_else_applies(tmp_path: Path) -> None:
    roles = '[approvers.roles]\n"ann@example.com" = "executor"\n'
    for requester, allowed in (("ann@example.com", True), ("boss@example.com", False)):
        settings = config.load(write(tmp_path, f'[organisation]\nrequester = "{requester}"\n{roles}'))
        duties = settings.approvers.duties("none")
        if allowed:
            command._check_executor(settings, duties)
            continue
        with pytest.raises(ApprovalRefused, match="does not have the role of an executor"):
            command._check_executor(settings, duties)
    command._check_executor(config.Config(), Duties())
