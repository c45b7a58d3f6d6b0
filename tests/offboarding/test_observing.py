"""Switched off, observed, deleted: and switched on again when something broke. On moto's IAM."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import revokers
from offboarding.applying import apply, undo
from offboarding.applying.closing import code
from offboarding.applying.executors import ProviderExecutor
from offboarding.demo.simulators.aws import AwsServer
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning.policy import Policy
from offkey.boto import AwsCredentials
from offkey.errors import Exit, UsageError
from offkey.model import AccessPoint, Account, Action, Approval, Outcome, Plan, Receipt, to_json
from tests import needs
from tests.offboarding.cases import KEY, NOW, Approver, approver, plan_of

pytestmark = needs.OPENSSH


@dataclass
class World:
    """One IAM user with one key, a plan to end it, and a clock that a test sets."""

    aws: AwsServer
    ledger: Ledger
    plan: Plan
    approval: Approval
    who: Approver
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    @property
    def settings(self) -> revokers.aws.Settings:
        admin = AwsCredentials(access_key_id=self.aws.admin[0], secret_access_key=self.aws.admin[1])
        return revokers.aws.Settings(read=admin, write=admin, account=self.aws.account, url=self.aws.url)

    def executors(self) -> dict[str, ProviderExecutor]:
        http = revokers.writer(
            "aws",
            self.settings,
            approval=self.approval,
            plan_digest=self.plan.digest,
            now=self.now,
            sleep=lambda _: None,
        )
        return {"aws": ProviderExecutor(revokers.REGISTRY["aws"], http, self.settings)}

    def apply(self, confirm_seconds: float = 30) -> dict[Action, Receipt]:
        receipts = apply.apply(
            self.plan,
            [self.approval],
            self.executors(),
            self.ledger,
            register=self.who.register,
            credentials=_none,
            key=KEY,
            now=self.now,
            sleep=lambda _: None,
            confirm_seconds=confirm_seconds,
        )
        actions = {step.id: step.action for step in self.plan.steps}
        return {actions[receipt.step]: receipt for receipt in receipts}

    def undo(self, named: str) -> Receipt:
        step = undo.find(self.plan, named)
        return undo.undo(
            self.plan,
            step,
            self.executors(),
            self.ledger,
            reason="the nightly deploy failed",
            credentials=_none,
            now=self.now,
            sleep=lambda _: None,
            confirm_seconds=0,
        )

    def status(self) -> str:
        """Of the key: Active, Inactive or deleted."""
        (point,) = self.plan_points()
        check = revokers.aws.state(revokers.reader("aws", self.settings), self.settings, point)
        return check.status

    def plan_points(self) -> list[AccessPoint]:
        return [step.point for step in self.plan.steps][:1]


def _none(point: AccessPoint) -> None:
    raise AssertionError("an AWS key is named by its id")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


@pytest.fixture
def world(tmp_path: Path, ann: Approver) -> Iterator[Callable[[int], World]]:
    store = Store.open(tmp_path / "state")
    with AwsServer() as aws:

        def make(hours: int) -> World:
            aws.create_user("dana", tags={"mail": "dana@example.com"})
            aws.create_key("dana")
            admin = AwsCredentials(access_key_id=aws.admin[0], secret_access_key=aws.admin[1])
            settings = revokers.aws.Settings(read=admin, write=admin, account=aws.account, url=aws.url)
            reader = revokers.reader("aws", settings)
            found = revokers.aws.inventory(reader, settings, Account(provider="aws", id="", login="dana"))
            (point,) = [p for p in found if isinstance(p, AccessPoint) and p.kind == "aws.access_key"]
            plan = plan_of(point, policy=Policy(observe_hours=hours), options=revokers.aws.options)
            made = World(aws, Ledger(store, lambda: made.at, "offkey"), plan, ann.sign(plan), ann)
            made.ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
            return made

        yield make
    store.close()


def test_what_is_switched_off_is_deleted_only_after_the_time_of_observation(world: Callable[[int], World]) -> None:
    run = world(4)
    first = run.apply()
    assert {action: receipt.outcome for action, receipt in first.items()} == {Action.DISABLE: Outcome.DISABLED}
    assert run.status() == "Inactive"
    assert code(list(first.values()), (), len(run.plan.steps) - len(first)) is Exit.NOT_ALL_CONFIRMED
    run.at = NOW + timedelta(hours=3, minutes=59)
    assert run.apply() == first
    assert run.status() == "Inactive"
    run.at = NOW + timedelta(hours=4, minutes=1)
    assert run.apply()[Action.REVOKE].outcome is Outcome.REVOKED
    assert run.status() == "deleted"


def test_without_a_time_of_observation_both_are_done_at_once(world: Callable[[int], World]) -> None:
    run = world(0)
    assert run.apply()[Action.REVOKE].outcome is Outcome.REVOKED
    with pytest.raises(UsageError, match="deleted for good"):
        run.undo("1")


def test_an_undo_switches_it_on_again_and_nothing_deletes_it_later(world: Callable[[int], World]) -> None:
    run = world(4)
    run.apply()
    receipt = run.undo("1")
    assert (receipt.outcome, run.status()) == (Outcome.UNDONE, "Active")
    assert "nightly deploy" in receipt.note
    assert run.ledger.verify().ok
    run.at = NOW + timedelta(hours=5)
    later = run.apply()
    assert later[Action.DISABLE].outcome is Outcome.UNDONE
    assert later[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert run.status() == "Active"


def test_what_somebody_switched_on_again_by_hand_is_not_deleted_and_waits_for_a_person(
    world: Callable[[int], World],
) -> None:
    run = world(4)
    run.apply()
    run.executors()["aws"].undo(run.plan.steps[0], None)
    run.at = NOW + timedelta(hours=5)
    receipt = run.apply()[Action.REVOKE]
    assert receipt.outcome is Outcome.HANDED_OVER
    assert "switched off" in receipt.note
    assert receipt.assignee
    assert run.status() == "Active"


def test_what_cannot_be_seen_to_be_off_any_more_is_not_deleted(world: Callable[[int], World]) -> None:
    run = world(4)
    run.apply()
    run.at = NOW + timedelta(hours=5)
    run.aws.fail("*", "iam:ListAccessKeys", 503, times=2)
    assert run.apply(confirm_seconds=0.25)[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert run.status() == "Inactive"


def test_a_look_that_comes_too_early_or_to_nothing_is_repeated_before_the_deletion(
    world: Callable[[int], World],
) -> None:
    run = world(4)
    run.apply()
    run.at = NOW + timedelta(hours=5)
    run.aws.fail("*", "iam:ListAccessKeys", 503, times=2)
    assert run.apply()[Action.REVOKE].outcome is Outcome.REVOKED


def test_only_what_was_switched_off_by_this_run_can_be_taken_back(world: Callable[[int], World]) -> None:
    run = world(4)
    with pytest.raises(UsageError, match="not begun"):
        run.undo("1")
    run.apply()
    with pytest.raises(UsageError, match="only what was switched off"):
        run.undo("2")
    for unknown in ("3", "0", "²", "s-unknown"):
        with pytest.raises(UsageError, match="has no step"):
            run.undo(unknown)
    assert run.status() == "Inactive"


def test_an_undo_that_does_not_take_is_said_and_nothing_is_deleted_against_it(world: Callable[[int], World]) -> None:
    run = world(4)
    run.apply()
    run.aws.fail("*", "iam:UpdateAccessKey", 503, times=5)
    with pytest.raises(undo.NotUndone, match="not seen to live"):
        run.undo("1")
    assert run.status() == "Inactive"
    run.at = NOW + timedelta(hours=5)
    assert run.apply()[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert run.status() == "Inactive"


@pytest.mark.parametrize("sent", [True, False])
def test_an_undo_after_a_kill_amid_the_deletion_does_not_hide_what_became_of_it(
    world: Callable[[int], World], monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    run = world(4)
    run.apply()
    run.at = NOW + timedelta(hours=5)
    with monkeypatch.context() as broken:
        if sent:
            broken.setattr(Ledger, "append", _cut("step.acted", Ledger.append))
        else:
            broken.setattr(ProviderExecutor, "act", _killed)
        with pytest.raises(KeyboardInterrupt):
            run.apply()
    if sent:
        with pytest.raises(undo.NotUndone):
            run.undo("1")
        assert run.apply()[Action.REVOKE].outcome is Outcome.REVOKED
        assert run.status() == "deleted"
    else:
        run.undo("1")
        assert run.apply()[Action.REVOKE].outcome is Outcome.HANDED_OVER
        assert run.status() == "Active"


def test_after_an_undo_that_did_not_take_a_deletion_that_was_begun_is_not_sent_again(
    world: Callable[[int], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world(4)
    run.apply()
    run.at = NOW + timedelta(hours=5)
    with monkeypatch.context() as broken:
        broken.setattr(ProviderExecutor, "act", _killed)
        with pytest.raises(KeyboardInterrupt):
            run.apply()
    run.aws.fail("*", "iam:UpdateAccessKey", 503, times=5)
    with pytest.raises(undo.NotUndone):
        run.undo("1")
    assert run.apply()[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert run.status() == "Inactive"


def test_what_others_switched_off_after_a_refusal_and_a_kill_is_not_ours_to_switch_on(
    world: Callable[[int], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world(4)
    run.aws.fail("*", "iam:UpdateAccessKey", 403, times=1)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", _cut("step.receipt", Ledger.append))
        with pytest.raises(KeyboardInterrupt):
            run.apply()
    assert run.status() == "Active"
    run.executors()["aws"].act(run.plan.steps[0], None)
    assert run.apply()[Action.DISABLE].outcome is Outcome.ALREADY_DEAD
    with pytest.raises(UsageError, match="only what was switched off"):
        run.undo("1")


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def _cut(type: str, append: Callable[..., object]) -> Callable[..., object]:
    """An `append` that is killed before it writes an event of this type."""

    def written(ledger: Ledger, told: str, *rest: object) -> object:
        return _killed() if told == type else append(ledger, told, *rest)

    return written
