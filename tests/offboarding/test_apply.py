"""What apply refuses, what it records, and what each step comes to."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import revokers
from offboarding.applying import apply
from offboarding.applying.executors import REMEDY, ProviderExecutor
from offboarding.approval import approve
from offboarding.approval.approvals import NotThePlan
from offboarding.database import StoreFull
from offboarding.ledger.ledger import Ledger, LedgerError
from offboarding.ledger.store import Store
from offkey.errors import OffkeyError
from offkey.http import NoAnswer, Writer
from offkey.model import (
    AccessPoint,
    Account,
    Action,
    Approval,
    Check,
    Credential,
    Exchange,
    Liveness,
    OptOut,
    Outcome,
    Plan,
    Receipt,
    Scope,
    Step,
    to_json,
)
from offkey.secret import Secret
from revokers.protocol import NotAutomatic, NotIdentified
from tests import needs
from tests.offboarding.cases import (
    KEY,
    LEAVER_ACCOUNT,
    NOW,
    Approver,
    approver,
    check,
    leaked,
    listed,
    place,
    plan_of,
    ticking,
)

pytestmark = needs.OPENSSH


LIVE, DEAD, UNKNOWN = Liveness.LIVE, Liveness.DEAD, Liveness.UNKNOWN
Answer = Check | Exception


@dataclass
class Provider:
    """Answers from a script; the last answer stays. `sent` are the steps it was told to carry out."""

    looks: list[Answer] = field(default_factory=lambda: [check(LIVE), check(DEAD, status="deleted")])
    answer: Callable[[], int] = lambda: 200
    sent: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    seen: list[Credential | None] = field(default_factory=list)

    def before(self, step: Step, credential: Credential | None) -> Check:
        self.seen.append(credential)
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    after = before

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        self.sent.append(step.id)
        status = self.answer()
        self.exchanges.append(Exchange(method="POST", target="provider", status=status, at=NOW, summary="said so"))
        return (self.exchanges[-1],)

    def reached(self, step: Step, seen: Check) -> bool:
        return seen.liveness is DEAD and (step.action is not Action.REVOKE or seen.status != "Inactive")


@dataclass
class Scene:
    ledger: Ledger
    who: Approver
    values: dict[str, str] = field(default_factory=lambda: {"aws.access_key": "one", "slack.user": "one"})
    waited: list[float] = field(default_factory=list)

    def made(self, plan: Plan) -> Plan:
        self.ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
        return plan

    def run(
        self,
        plan: Plan,
        provider: Any,
        *,
        allows: tuple[str, ...] = (),
        approvals: list[Approval] | None = None,
        **more: Any,
    ) -> dict[Action, Receipt]:
        given = [self.who.sign(plan, allows)] if approvals is None else approvals
        executors = more.pop("executors", dict.fromkeys(("aws", "slack", "github"), provider))
        receipts = apply.apply(
            plan,
            given,
            executors,
            self.ledger,
            register=self.who.register,
            credentials=self.credential,
            key=KEY,
            now=more.pop("now", None) or ticking(),
            sleep=self.waited.append,
            confirm_seconds=30,
            **more,
        )
        return {step.action: receipt for step, receipt in zip(plan.steps, receipts, strict=True)}

    def credential(self, point: AccessPoint) -> Credential:
        value = self.values.get(point.kind)
        if value is None:
            raise apply_gone()
        return Credential(kind=point.kind, parts={"secret": Secret(value.encode())})

    def types(self) -> list[str]:
        return [event.type for event in self.ledger.events()]


def apply_gone() -> OffkeyError:
    return OffkeyError("the run's copy is gone")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


@pytest.fixture
def scene(tmp_path: Path, ann: Approver) -> Iterator[Scene]:
    store = Store.open(tmp_path / "state")
    yield Scene(Ledger(store, ticking(), "offkey"), ann)
    store.close()


SLACK = leaked("slack.user", places=(place(present=False),))


def test_each_step_is_announced_before_it_is_done_and_proven_after(scene: Scene) -> None:
    plan = scene.made(plan_of(SLACK))
    receipt = scene.run(plan, Provider())[Action.REVOKE]
    assert (receipt.outcome, receipt.before, receipt.after) == (
        Outcome.REVOKED,
        check(LIVE),
        check(DEAD, status="deleted"),
    )
    assert scene.types() == [
        "plan.made", "apply.started", "step.intent", "step.acting", "step.acted", "step.receipt", "apply.finished",
    ]  # fmt: skip
    assert scene.ledger.verify().ok


@pytest.mark.parametrize(
    ("looks", "status", "outcome"),
    [
        ([check(DEAD, status="x")], 200, Outcome.ALREADY_DEAD),
        ([check(LIVE), check(LIVE), check(DEAD)], 200, Outcome.REVOKED),
        ([check(LIVE), check(LIVE)], 200, Outcome.NOT_CONFIRMED),
        ([check(LIVE), check(UNKNOWN)], 200, Outcome.NOT_CONFIRMED),
        ([check(UNKNOWN), check(UNKNOWN)], 200, Outcome.ACKNOWLEDGED),
        ([check(UNKNOWN), check(DEAD)], 200, Outcome.REVOKED),
        ([check(LIVE), check(DEAD, status="Inactive")], 200, Outcome.NOT_CONFIRMED),
        ([check(LIVE), check(LIVE)], 403, Outcome.FAILED),
        ([check(LIVE), check(LIVE)], 429, Outcome.FAILED),
        ([check(LIVE), check(UNKNOWN)], 500, Outcome.FAILED),
        ([check(UNKNOWN), check(UNKNOWN)], 403, Outcome.FAILED),
        ([check(LIVE), check(DEAD)], 404, Outcome.REVOKED),
        ([check(LIVE), check(LIVE)], 0, Outcome.NOT_CONFIRMED),
        ([check(UNKNOWN), check(UNKNOWN)], 0, Outcome.NOT_CONFIRMED),
        ([KeyError("garbage"), check(DEAD)], 200, Outcome.REVOKED),
    ],
)
def test_what_was_seen_and_answered_decides_the_outcome(
    scene: Scene, looks: list[Answer], status: int, outcome: Outcome
) -> None:
    provider = Provider(list(looks), lambda: status)
    receipt = scene.run(scene.made(plan_of(SLACK)), provider)[Action.REVOKE]
    assert receipt.outcome is outcome
    assert len(provider.sent) == (outcome is not Outcome.ALREADY_DEAD)
    assert sum(scene.waited) <= 30 + 5


def _raise(error: Exception) -> Callable[[], int]:
    def act() -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotIdentified("two of them"), Outcome.NOT_IDENTIFIED),
        (NotAutomatic("by hand"), Outcome.HANDED_OVER),
        (NoAnswer("silence"), Outcome.NOT_CONFIRMED),
        (ValueError("AKIA-secret-in-an-exception"), Outcome.NOT_CONFIRMED),
    ],
)
def test_an_act_that_raises_is_recorded_and_the_run_goes_on(scene: Scene, error: Exception, outcome: Outcome) -> None:
    provider = Provider([check(LIVE)], _raise(error))
    other = listed(kind="github.membership", provider_id="o/sam", id="z", ownership=SLACK.ownership)
    receipts = scene.run(scene.made(plan_of(SLACK, other)), provider)
    assert receipts[Action.REVOKE].outcome is outcome
    assert receipts[Action.HAND_OVER].outcome is Outcome.HANDED_OVER
    assert "secret-in-an-exception" not in json.dumps(to_json(list(receipts.values())))


def test_a_key_is_deleted_only_after_it_was_switched_off(scene: Scene) -> None:
    plan = scene.made(plan_of(leaked(places=(place(present=False),))))
    provider = Provider([check(LIVE), check(LIVE)])
    receipts = scene.run(plan, provider)
    assert receipts[Action.DISABLE].outcome is Outcome.NOT_CONFIRMED
    assert receipts[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert provider.sent == [plan.steps[0].id]


def test_a_rewrite_runs_only_when_its_credential_is_proven_dead(scene: Scene) -> None:
    remedy = Provider([check(LIVE), check(LIVE, status="proposed")])
    plan = scene.made(plan_of(leaked("slack.user")))
    alive = scene.run(plan, None, executors={"slack": Provider([check(LIVE)]), REMEDY: remedy})
    assert (alive[Action.REWRITE].outcome, remedy.sent) == (Outcome.HANDED_OVER, [])
    again = scene.made(plan_of(leaked("slack.user"), run="run-2"))
    dead = scene.run(again, None, executors={"slack": Provider(), REMEDY: remedy})
    assert (dead[Action.REWRITE].outcome, len(remedy.sent)) == (Outcome.PROPOSED, 1)


def test_a_rewrite_before_the_kill_needs_the_plan_and_the_approval_to_say_so(scene: Scene) -> None:
    for number, (allows, outcome) in enumerate(((("pr-before-kill",), Outcome.PROPOSED), ((), Outcome.HANDED_OVER))):
        remedy = Provider([check(LIVE), check(LIVE, status="proposed")])
        plan = scene.made(plan_of(leaked("slack.user"), before_kill=True, run=f"run-{number}"))
        executors = {"slack": Provider([check(LIVE)]), REMEDY: remedy}
        receipts = scene.run(plan, None, executors=executors, allows=allows)
        assert receipts[Action.REWRITE].outcome is outcome


def test_a_step_with_an_extra_yes_is_handed_over_without_it(scene: Scene) -> None:
    scene.values["github.pat.classic"] = "one"
    plan = scene.made(plan_of(leaked("github.pat.classic", places=(place(present=False),))))
    provider = Provider()
    receipt = scene.run(plan, provider)[Action.REVOKE]
    assert (receipt.outcome, provider.sent, receipt.assignee) == (Outcome.HANDED_OVER, [], "boss@example.com")
    assert "--allow public-revoke" in receipt.advice
    assert receipt.due is not None
    assert receipt.due - receipt.finished_at == timedelta(days=7)


def test_a_value_that_is_gone_or_another_is_never_acted_on(scene: Scene) -> None:
    for number, value in enumerate((None, "another")):
        scene.values = {"slack.user": value} if value else {}
        provider = Provider()
        receipt = scene.run(scene.made(plan_of(SLACK, run=f"run-{number}")), provider)[Action.REVOKE]
        assert (receipt.outcome, provider.sent, provider.seen) == (Outcome.NOT_IDENTIFIED, [], [])
        assert receipt.advice


def test_a_credential_that_changed_hands_is_not_touched(scene: Scene) -> None:
    other = check(LIVE, Account(provider="aws", id="AIDAOTHER", login="sam"))
    plan = scene.made(plan_of(listed(holder=LEAVER_ACCOUNT)))
    provider = Provider([other])
    assert scene.run(plan, provider)[Action.DISABLE].outcome is Outcome.NOT_IDENTIFIED
    assert provider.sent == []


def test_what_people_do_is_looked_at_and_handed_over_unless_it_is_dead(scene: Scene) -> None:
    rotated = plan_of(replace(SLACK, ownership=listed().ownership.SHARED))
    provider = Provider([check(LIVE)])
    assert scene.run(scene.made(rotated), provider)[Action.ROTATE].outcome is Outcome.HANDED_OVER
    again = replace(rotated, run="run-2")
    assert scene.run(scene.made(again), Provider([check(DEAD)]))[Action.ROTATE].outcome is Outcome.ALREADY_DEAD
    assert provider.sent == []


def test_an_unconfigured_provider_fails_its_steps_and_no_others(scene: Scene) -> None:
    plan = scene.made(plan_of(SLACK, listed()))
    receipts = scene.run(plan, None, executors={"aws": Provider([check(LIVE), check(DEAD, status="deleted")])})
    assert receipts[Action.DISABLE].outcome is Outcome.DISABLED
    slack = next(r for r in apply.past(scene.ledger.events()).receipts.values() if r.outcome is Outcome.FAILED)
    assert "nothing is configured to write for slack" in slack.note


def test_a_kept_step_is_skipped_only_while_its_opt_out_holds(scene: Scene) -> None:
    optout = OptOut(
        id="o1", subject="sam", scope=Scope(systems=("slack",), actions=(Action.REVOKE,)), reason="legal_hold",
        requester="boss@example.com", approver="ann@example.com", requested_at=NOW - timedelta(days=1),
        not_before=NOW - timedelta(days=1), expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    plan = scene.made(plan_of(SLACK, optouts=(optout,)))
    assert scene.run(plan, Provider())[Action.KEEP].outcome is Outcome.HANDED_OVER, "nobody verified it"
    held = scene.made(plan_of(SLACK, optouts=(optout,), run="r3"))
    receipt = scene.run(held, Provider(), optouts=lambda one: "")[Action.KEEP]
    assert (receipt.outcome, receipt.optout, "o1" in receipt.note) == (Outcome.SKIPPED, "o1", True)
    lapsed = scene.made(
        plan_of(SLACK, optouts=(replace(optout, expires_at=NOW + timedelta(microseconds=1)),), run="r2")
    )
    receipt = scene.run(lapsed, Provider(), optouts=lambda one: "")[Action.KEEP]
    assert receipt.outcome is Outcome.HANDED_OVER


# --- refusals: nothing is sent ---


def refused(scene: Scene, plan: Plan, approvals: list[Approval] | None, error: type[OffkeyError], match: str) -> None:
    provider = Provider()
    with pytest.raises(error, match=match):
        scene.run(plan, provider, approvals=approvals)
    assert provider.sent == []
    assert provider.seen == []
    assert "apply.started" not in scene.types()


def test_without_an_approval_nothing_is_done(scene: Scene) -> None:
    refused(scene, scene.made(plan_of(SLACK)), [], approve.ApprovalRefused, "no approval")


def test_an_approval_of_another_plan_does_not_count(scene: Scene) -> None:
    other = scene.who.sign(plan_of(SLACK, listed()))
    refused(scene, scene.made(plan_of(SLACK)), [other], approve.ApprovalRefused, "another plan")


def test_an_expired_approval_does_not_count(scene: Scene) -> None:
    plan = scene.made(plan_of(SLACK))
    old = scene.who.sign(plan, now=NOW - timedelta(hours=30))
    refused(scene, plan, [old], approve.ApprovalRefused, "expired")


def test_a_plan_edited_by_hand_is_refused_even_with_a_new_approval(scene: Scene) -> None:
    scene.made(plan_of(SLACK))
    edited = plan_of(SLACK, requester="eve@example.com")
    refused(scene, edited, [scene.who.sign(edited)], NotThePlan, "not the plan that was made")


def test_a_plan_that_nobody_made_is_refused(scene: Scene) -> None:
    refused(scene, plan_of(SLACK), None, NotThePlan, "no plan of run")


def test_an_expired_plan_is_refused(scene: Scene) -> None:
    old = scene.made(plan_of(SLACK, now=NOW - timedelta(hours=80)))
    given = approve.approve(old, scene.who.email, old.created_at)
    signed = approve.sign(given, scene.who.key)
    refused(scene, old, [signed], apply.ApplyRefused, "expired")


def test_one_good_approval_among_bad_ones_is_enough(scene: Scene) -> None:
    plan = scene.made(plan_of(SLACK))
    bad = replace(scene.who.sign(plan), signature="nonsense")
    assert scene.run(plan, Provider(), approvals=[bad, scene.who.sign(plan)])[Action.REVOKE].outcome is Outcome.REVOKED


def test_only_approvals_that_count_give_their_extra_yes(scene: Scene) -> None:
    scene.values["github.pat.classic"] = "one"
    plan = scene.made(plan_of(leaked("github.pat.classic", places=(place(present=False),))))
    bad = replace(scene.who.sign(plan, ["public-revoke"]), signature=scene.who.sign(plan).signature)
    receipts = scene.run(plan, Provider(), approvals=[bad, scene.who.sign(plan)])
    assert receipts[Action.REVOKE].outcome is Outcome.HANDED_OVER


# --- the ledger cannot be written ---


@pytest.mark.parametrize("at", ["apply.started", "step.intent", "step.acting"])
def test_what_cannot_be_recorded_is_not_done_and_the_run_can_be_resumed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    plan = scene.made(plan_of(SLACK))
    whole = Store.append

    def full(self: Store, make: Any) -> Any:
        def checked(last: Any) -> Any:
            event = make(last)
            if event.type == at:
                raise StoreFull("disk full", advice="make room")
            return event

        return whole(self, checked)

    provider = Provider()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", full)
        with pytest.raises(LedgerError, match="was not recorded"):
            scene.run(plan, provider)
    assert provider.sent == []
    provider.looks = [check(LIVE), check(DEAD, status="deleted")]
    assert scene.run(plan, provider)[Action.REVOKE].outcome is Outcome.REVOKED
    assert len(provider.sent) == 1


def test_a_request_that_could_not_be_recorded_is_not_sent_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = scene.made(plan_of(SLACK))
    whole = Ledger.append

    def full(self: Ledger, type: str, run: str, body: Any) -> Any:
        if type == "step.acted":
            raise LedgerError("full")
        return whole(self, type, run, body)

    provider = Provider([check(LIVE), check(DEAD)])
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", full)
        with pytest.raises(LedgerError):
            scene.run(plan, provider)
    receipt = scene.run(plan, provider)[Action.REVOKE]
    assert (receipt.outcome, len(provider.sent)) == (Outcome.REVOKED, 1)
    assert "earlier attempt" in receipt.note


def test_after_a_cut_while_sending_an_unknown_state_is_not_sent_to_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = scene.made(plan_of(SLACK))
    scene.ledger.append("step.intent", plan.run, {"step": plan.steps[0].id, "attempt": 1})
    scene.ledger.append("step.acting", plan.run, {"step": plan.steps[0].id})
    provider = Provider([check(UNKNOWN)])
    assert scene.run(plan, provider)[Action.REVOKE].outcome is Outcome.NOT_CONFIRMED
    assert provider.sent == []


def test_a_step_that_needs_a_yes_which_its_kind_does_not_always_need_is_reached_by_the_same_proof() -> None:
    point = listed("u1", "tailscale.user", provider="tailscale")
    executor = ProviderExecutor(revokers.REGISTRY["tailscale"], http=cast(Writer, None), settings=None)
    for action, proven in ((Action.DISABLE, True), (Action.REMOVE, False)):
        step = Step(id="s", point=point, action=action, reversible=False, reason="", needs="a-yes")
        assert executor.reached(step, check(DEAD, status="suspended")) is proven
        assert executor.reached(step, check(DEAD, status="removed"))
