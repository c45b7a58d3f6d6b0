"""Killed before or after any ledger write, push or request, a run ends with one branch, request and receipt each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from offboarding.applying import apply
from offboarding.applying.alongside import beside
from offboarding.applying.executors import REMEDY, RemedyExecutor
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.remedy import proposal
from offboarding.remedy.branch import Remote
from offkey.http import Gate, Writer
from offkey.model import AccessPoint, Action, Credential, Outcome, Plan, Receipt, to_json
from scanner.repository.git import Git
from tests import needs
from tests.offboarding.cases import KEY, Approver, approver, check, ticking
from tests.offboarding.cutting import Cut, CutLedger, CutWriter, Killed, chosen
from tests.offboarding.proposing import World, hub
from tests.offboarding.test_apply import DEAD
from tests.offboarding.test_apply import Provider as Script

pytestmark = needs.OPENSSH
SHARDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CutRemote(Remote):
    cut: Cut = field(default_factory=Cut)

    def push(self, mirror: Git, oid: str, branch: str) -> None:
        self.cut.point("before push")
        Remote.push(self, mirror, oid, branch)
        self.cut.point("after push")


@dataclass
class Run:
    """One plan for two dead credentials of one repository, and a ledger of its own."""

    world: World
    plan: Plan
    who: Approver
    state: Path

    @classmethod
    def create(cls, world: World, folder: Path, who: Approver) -> "Run":
        run = cls(world, world.plan("one", "two"), who, folder)
        run.ledger(Cut()).append("plan.made", run.plan.run, {"digest": run.plan.digest, "plan": to_json(run.plan)})
        return run

    def ledger(self, cut: Cut) -> Ledger:
        return CutLedger(store=Store.open(self.state), now=ticking(), actor="offkey", cut=cut)

    def credential(self, point: AccessPoint) -> Credential:
        return self.world.credential(point.id.removeprefix("leak:"))

    def go(self, cut: Cut) -> tuple[Receipt, ...]:
        ledger = self.ledger(cut)

        def write(gate: Gate, base: str) -> Writer:
            made = CutWriter(gate, base, instance=base, approval=self.world.approval, plan_digest="d")
            made.cut = cut
            return made

        forge = self.world.forge(write, CutRemote(address=str(self.world.remote.path), cut=cut))
        remedy = self.world.remedy(forge, beside=beside(self.plan, ledger, self.credential))
        return apply.apply(
            self.plan,
            [self.who.sign(self.plan)],
            {"slack": Script([check(DEAD, status="deleted")]), REMEDY: RemedyExecutor(remedy)},
            ledger,
            register=self.who.register,
            credentials=self.credential,
            key=KEY,
            now=ticking(),
            sleep=lambda seconds: None,
            confirm_seconds=1,
        )


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


def assert_proposed_once(run: Run, receipts: tuple[Receipt, ...]) -> None:
    steps = {step.id for step in run.plan.steps if step.action is Action.REWRITE}
    assert {r.outcome for r in receipts if r.step in steps} == {Outcome.PROPOSED}, [r.note for r in receipts]
    (made,) = run.world.requests()
    assert proposal.steps_in(made.body) == steps
    assert run.world.remote.git("rev-list", "--count", f"main..{made.head}") == "1"
    assert not any(value in run.world.file(made.head, "app.py") for value in run.world.values.values())
    ledger = run.ledger(Cut())
    assert ledger.verify().ok
    final = Counter(e.body["receipt"]["step"] for e in ledger.events() if e.type == "step.receipt")
    assert final == Counter(step.id for step in run.plan.steps)


def again(run: Run) -> None:
    """The remote and its requests as they were at the beginning."""
    for name in run.world.remote.git("for-each-ref", "--format=%(refname)", "refs/heads/offkey").split():
        run.world.remote.git("update-ref", "-d", name)
    if run.world.kind == "github":
        run.world.server.state.repos["example/app"].pulls.clear()
    else:
        run.world.server.code["example/team/app"].requests.clear()


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with hub(tmp_path, request.param) as made:
        yield made


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_run_killed_at_any_point_proposes_each_change_once(
    world: World, tmp_path: Path, who: Approver, shard: int
) -> None:
    whole, cut = Run.create(world, tmp_path / "whole", who), Cut()
    assert_proposed_once(whole, whole.go(cut))
    points = ("before push", "after push", "before step.acting", "after step.receipt")
    assert all(point in cut.names for point in points)
    assert any(name.startswith("before POST") for name in cut.names)
    for number in chosen(range(len(cut.names)))[shard::SHARDS]:
        again(whole)
        run = Run.create(world, tmp_path / str(number), who)
        with pytest.raises(Killed):
            run.go(Cut(at=number))
        assert_proposed_once(run, run.go(Cut()))
