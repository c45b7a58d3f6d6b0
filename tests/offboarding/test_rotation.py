"""A shared AWS key: a successor goes into Secrets Manager, and the old one ends once nobody uses it. On moto."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from offboarding.applying.closing import code
from offboarding.applying.deed import Told
from offboarding.asking import issuers
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.wire import DROP
from offboarding.ledger import history
from offboarding.planning.plan import PlanRefused
from offboarding.planning.policy import PR_BEFORE_KILL, Policy
from offboarding.rotation.entries import replaceable
from offboarding.rotation.matching import Replacement, overwrites
from offboarding.rotation.waiting import decide
from offkey import boto
from offkey.errors import Exit
from offkey.http import Expired
from offkey.model import Account, Action, Bond, Check, Credential, Exchange, Outcome, Ownership, Rotation, Step
from revokers.protocol import NotIdentified
from revokers.rotation import LastUse
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, check, leaked, place, plan_of
from tests.offboarding.cutting import Cut, Killed, chosen
from tests.offboarding.rotating import World, forms, shared_key, signs

pytestmark = needs.OPENSSH

REGION = "eu-central-1"
ENTRY = """
[providers.aws]
account = "{account}"
url = "{url}"
read = "env:ROTATING_ID,ROTATING_SECRET"
write = "env:ROTATING_ID,ROTATING_SECRET"

[policy]
plan_valid_hours = 200

[[rotation]]
kind = "aws.access_key"
holder = "{user}"
store = "aws_secrets_manager"
place = {{ region = "eu-central-1", secret = "{secret}" }}
fields = {{ id = "AWS_ACCESS_KEY_ID", secret = "AWS_SECRET_ACCESS_KEY" }}
quiet_hours = 4
deadline_hours = 48
"""
SHARDS = 3


@pytest.fixture(autouse=True)
def _quick_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto, "_session", cache(boto._session))


@dataclass
class Cloud:
    """One AWS account in which each run has a shared user and a secret of its own."""

    aws: AwsServer
    who: Approver
    numbers: Iterator[int]

    def secrets(self) -> Any:
        return self.client("secretsmanager")

    def client(self, service: str) -> Any:
        key_id, secret = self.aws.admin
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.aws.url,
            aws_access_key_id=key_id, aws_secret_access_key=secret.reveal().decode(),
        )  # fmt: skip

    def stored(self, run: "Run") -> dict[str, str]:
        found: dict[str, str] = json.loads(self.secrets().get_secret_value(SecretId=run.secret)["SecretString"])
        return found

    def run(self, folder: Path, *, in_store: bool = True, **more: Any) -> "Run":
        number = next(self.numbers)
        user, secret = f"deploy-bot-{number}", f"prod/deploy-{number}"
        point, parts = shared_key(self.aws, user, **more.pop("point", {}))
        if in_store:
            names = {"AWS_ACCESS_KEY_ID": parts["id"], "AWS_SECRET_ACCESS_KEY": parts["secret"]}
            body = {**names, "BUCKET": "releases"}
            self.secrets().create_secret(Name=secret, SecretString=json.dumps(body))
        settings = ENTRY.format(account=self.aws.account, url=self.aws.url, user=user, secret=secret)
        world = World(folder, settings, self.who, [point], {point.fingerprint: parts}, **more)
        return Run(self, world, user, secret, parts["id"], parts["secret"])


@dataclass
class Run:
    cloud: Cloud
    world: World
    user: str
    secret: str
    old: str
    value: str

    @property
    def keys(self) -> dict[str, str]:
        return self.cloud.aws.keys_of(self.user)

    @property
    def successor(self) -> str:
        (found,) = self.keys.keys() - {self.old}
        return found

    def take_up(self, **ago: float) -> None:
        """The programs use the successor."""
        self.cloud.aws.use_key(self.successor, self.world.at - timedelta(**ago))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with AwsServer() as aws:
        yield Cloud(aws, approver(tmp_path_factory.mktemp("approvers")), count())


@pytest.fixture(autouse=True)
def _credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTATING_ID", cloud.aws.admin[0])
    monkeypatch.setenv("ROTATING_SECRET", cloud.aws.admin[1].reveal().decode())


def assert_replaced(run: Run) -> None:
    """One successor, alive and in the store; nothing of its value anywhere else; the old one untouched."""
    body = run.cloud.stored(run)
    assert body == {
        "AWS_ACCESS_KEY_ID": run.successor,
        "AWS_SECRET_ACCESS_KEY": body["AWS_SECRET_ACCESS_KEY"],
        "BUCKET": "releases",
    }
    value = body["AWS_SECRET_ACCESS_KEY"]
    assert signs(run.cloud.aws, run.successor, value).endswith(f"/{run.user}")
    assert value != run.value
    written = run.world.written()
    assert not [form for one in (value, run.value) for form in forms(one) if form in written]


def test_a_shared_key_is_replaced_observed_switched_off_and_deleted(cloud: Cloud, tmp_path: Path) -> None:
    other = cloud.run(tmp_path / "other")
    run = cloud.run(tmp_path / "run", observe_hours=2)
    before = other.keys
    assert [step.action for step in run.world.plan.steps] == [Action.REPLACE, Action.DISABLE, Action.REVOKE]
    receipts = run.world.apply()
    assert {action: one.outcome for action, one in receipts.items()} == {Action.REPLACE: Outcome.REPLACED}
    assert_replaced(run)
    assert run.keys[run.old] == "Active"
    assert code(list(receipts.values()), (), 2) is Exit.NOT_ALL_CONFIRMED

    run.world.later(hours=5)
    assert Action.DISABLE not in run.world.apply()
    run.take_up(minutes=10)
    receipts = run.world.apply()
    assert receipts[Action.DISABLE].outcome is Outcome.DISABLED
    assert Action.REVOKE not in receipts
    assert run.keys == {run.old: "Inactive", run.successor: "Active"}
    run.world.later(hours=2, minutes=1)
    assert run.world.apply()[Action.REVOKE].outcome is Outcome.REVOKED
    assert list(run.keys) == [cloud.stored(run)["AWS_ACCESS_KEY_ID"]]
    assert other.keys == before


def test_the_plan_says_where_the_successor_goes_and_asks_for_a_yes_of_its_own(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", allows=())
    first, second, third = run.world.plan.steps
    assert first.needs == "rotate"
    assert run.secret in first.reason
    assert (second.after, third.after) == (first.id, second.id)
    assert "not for 4 h, or after 48 h" in second.reason
    receipts = run.world.apply()
    assert {one.outcome for one in receipts.values()} == {Outcome.HANDED_OVER}
    assert "--allow rotate" in receipts[Action.REPLACE].advice
    assert "successor is not in place" in receipts[Action.DISABLE].note
    assert run.keys == {run.old: "Active"}
    assert cloud.stored(run)["AWS_ACCESS_KEY_ID"] == run.old


def test_what_is_still_used_when_the_time_is_up_is_handed_to_people(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    run.world.apply()
    run.world.later(hours=47)
    run.take_up(minutes=10)
    cloud.aws.use_key(run.old, run.world.at - timedelta(hours=1))
    assert Action.DISABLE not in run.world.apply()
    run.world.later(hours=2)
    cloud.aws.use_key(run.old, run.world.at - timedelta(hours=1))
    receipts = run.world.apply()
    assert receipts[Action.DISABLE].outcome is Outcome.HANDED_OVER
    assert "still used" in receipts[Action.DISABLE].note
    assert "s3 in us-east-1" in receipts[Action.DISABLE].note
    assert receipts[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert set(run.keys.values()) == {"Active"}


def test_the_literal_stays_where_the_old_key_is_handed_to_people(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", point={"places": (place(),)})
    run.world.apply()
    run.world.later(hours=49)
    cloud.aws.use_key(run.old, run.world.at - timedelta(hours=1))
    receipts = run.world.apply()
    assert receipts[Action.DISABLE].outcome is Outcome.HANDED_OVER
    assert "not proven dead" in receipts[Action.REWRITE].note


def test_what_nobody_used_is_switched_off_when_the_time_is_up(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    run.world.apply()
    run.world.later(hours=47)
    assert Action.DISABLE not in run.world.apply()
    run.world.later(hours=2)
    receipts = run.world.apply()
    assert [receipts[action].outcome for action in (Action.DISABLE, Action.REVOKE)] == [
        Outcome.DISABLED, Outcome.REVOKED,
    ]  # fmt: skip


def test_when_nobody_can_tell_whether_it_is_used_it_is_handed_to_people(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    run.world.apply()
    cloud.aws.fail("*", "iam:GetAccessKeyLastUsed", 403, times=1)
    run.world.later(hours=1)
    assert Action.DISABLE not in run.world.apply()
    run.world.later(hours=48)
    cloud.aws.fail("*", "iam:GetAccessKeyLastUsed", 403, times=1)
    receipts = run.world.apply()
    assert "nobody can tell" in receipts[Action.DISABLE].note
    assert run.keys[run.old] == "Active"


def test_switching_off_can_be_undone_and_the_successor_stays(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", observe_hours=2)
    run.world.apply()
    run.world.later(hours=5)
    run.take_up(minutes=1)
    run.world.apply()
    assert run.world.undo(Action.DISABLE).outcome is Outcome.UNDONE
    run.world.later(hours=3)
    assert run.world.apply()[Action.REVOKE].outcome is Outcome.HANDED_OVER
    assert set(run.keys.values()) == {"Active"}
    assert cloud.stored(run)["AWS_ACCESS_KEY_ID"] == run.successor


def test_the_literal_is_taken_out_only_once_the_old_key_is_dead(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", point={"places": (place(),)})
    rewrite = run.world.plan.steps[-1]
    assert rewrite.action is Action.REWRITE
    assert Action.REWRITE not in run.world.apply()
    run.world.later(hours=49)
    receipt = run.world.apply()[Action.REWRITE]
    # No GitHub is configured here: it was begun, and that is what it says.
    assert (receipt.outcome, receipt.note) == (Outcome.FAILED, "nothing is configured to write for removal from code")


@dataclass
class Proposing:
    """Takes literals out by one request a step. `asked` are the steps as they came, with the extra yes they rest on."""

    asked: list[Step] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def before(self, step: Step, credential: Credential | None) -> Check:
        return replace(check(), status="proposed" if self.asked else "")

    after = before

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        self.asked.append(step)
        self.exchanges.append(Exchange(method="POST", target="forge", status=201, at=NOW))
        return (self.exchanges[-1],)

    def reached(self, step: Step, seen: Check) -> bool:
        return False


@pytest.mark.parametrize("before_kill", [False, True])
def test_while_the_old_key_lives_its_literal_stays_unless_the_approval_says_otherwise(
    cloud: Cloud, tmp_path: Path, *, before_kill: bool
) -> None:
    remedy = Proposing()
    run = cloud.run(tmp_path / "run", point={"places": (place(),)}, before_kill=before_kill, remedy=remedy)
    receipts = run.world.apply()
    assert {action: one.outcome for action, one in receipts.items()} == {Action.REPLACE: Outcome.REPLACED}
    assert (run.keys[run.old], remedy.asked) == ("Active", [])
    run.world.later(hours=49)
    receipts = run.world.apply()
    assert (receipts[Action.DISABLE].outcome, receipts[Action.REWRITE].outcome) == (Outcome.DISABLED, Outcome.PROPOSED)
    assert [step.needs for step in remedy.asked] == [""]  # dead by then: nothing rests on the extra yes any more


def test_with_the_extra_yes_the_literal_goes_before_the_old_key(cloud: Cloud, tmp_path: Path) -> None:
    remedy, allows = Proposing(), ("rotate", PR_BEFORE_KILL)
    where = {"places": (place(),)}
    run = cloud.run(tmp_path / "run", point=where, before_kill=True, remedy=remedy, allows=allows)
    receipts = run.world.apply()
    assert receipts.keys() == {Action.REPLACE, Action.REWRITE}
    assert receipts[Action.REWRITE].outcome is Outcome.PROPOSED
    assert [step.needs for step in remedy.asked] == [PR_BEFORE_KILL]
    assert run.keys[run.old] == "Active"
    run.world.later(hours=49)
    assert run.world.apply()[Action.REVOKE].outcome is Outcome.REVOKED
    assert len(remedy.asked) == 1


@pytest.mark.parametrize("point", ["rotation.made", "rotation.stored"])
def test_a_successor_is_named_when_the_store_is_not_configured_at_the_resumption(
    cloud: Cloud, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class After(Cut):
        def point(self, name: str) -> None:
            if name == f"after {point}":
                raise Killed(name)

    run = cloud.run(tmp_path / "run")
    with pytest.raises(Killed):
        run.world.apply(After())
    executors, _ = run.world.executors(Cut())
    monkeypatch.setattr(run.world, "executors", lambda cut: (executors, {}))
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.NOT_CONFIRMED
    assert run.successor in receipt.note
    assert ("seen in the store" in receipt.note) == (point == "rotation.stored")
    assert run.keys == {run.old: "Active", run.successor: "Active"}


def test_a_key_that_is_dead_already_gets_no_successor(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cloud.client("iam").delete_access_key(UserName=run.user, AccessKeyId=run.old)
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.ALREADY_DEAD
    assert run.keys == {}
    assert cloud.stored(run)["AWS_ACCESS_KEY_ID"] == run.old


def test_a_user_with_two_keys_gets_no_third(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    more, _ = cloud.aws.create_key(run.user)
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.HANDED_OVER
    assert more in receipts[Action.REPLACE].advice
    assert set(run.keys) == {run.old, more}
    assert cloud.stored(run)["AWS_ACCESS_KEY_ID"] == run.old


def test_without_the_secret_in_the_store_nothing_is_made(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", in_store=False)
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.NOT_IDENTIFIED
    assert run.secret in receipts[Action.REPLACE].note
    assert run.keys == {run.old: "Active"}


def test_a_secret_of_another_account_is_not_the_one_that_is_meant(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    (rotator,) = run.world.executors(Cut())[1].values()
    foreign = replace(rotator.store_settings, account="000000000000")
    assert rotator.look().values
    with pytest.raises(NotIdentified, match="configured account"):
        replace(rotator, store_settings=foreign).look()


def test_a_secret_that_was_changed_meanwhile_is_not_overwritten(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")

    def between(request: Any) -> None:
        """Somebody changes the secret while the successor is made."""
        if "Action=CreateAccessKey" in request.body.decode():
            cloud.secrets().put_secret_value(SecretId=run.secret, SecretString='{"AWS_ACCESS_KEY_ID": "theirs"}')

    cloud.aws.before = between
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        cloud.aws.before = None
    assert (receipt.outcome, "changed by somebody else" in receipt.note) == (Outcome.FAILED, True)
    assert cloud.stored(run) == {"AWS_ACCESS_KEY_ID": "theirs"}
    assert run.keys == {run.old: "Active"}


def test_a_store_that_refuses_leaves_no_successor_behind(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cloud.aws.fail("*", "secretsmanager:PutSecretValue", 403, times=1)
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.FAILED
    assert receipts[Action.DISABLE].outcome is Outcome.HANDED_OVER
    assert run.keys == {run.old: "Active"}


def test_a_store_whose_answer_is_lost_is_looked_at(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cloud.aws.after_write = lambda line: DROP if "PutSecretValue" in line.path else None
    try:
        receipts = run.world.apply()
    finally:
        cloud.aws.after_write = None
    assert receipts[Action.REPLACE].outcome is Outcome.REPLACED
    assert_replaced(run)


def test_a_successor_whose_making_was_not_answered_is_deleted(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cloud.aws.after_write = lambda line: DROP if "CreateAccessKey" in line.path else None
    try:
        receipts = run.world.apply()
    finally:
        cloud.aws.after_write = None
    assert receipts[Action.REPLACE].outcome is Outcome.FAILED
    assert run.keys == {run.old: "Active"}


def test_a_refused_making_is_said_and_nothing_else_is_done(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cloud.aws.fail("*", "iam:CreateAccessKey", 403, times=1)
    receipt = run.world.apply()[Action.REPLACE]
    assert (receipt.outcome, "AccessDenied" in receipt.note) == (Outcome.FAILED, True)
    assert run.keys == {run.old: "Active"}


def test_a_key_that_somebody_else_made_meanwhile_is_never_deleted(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    cut = Cut()
    cloud.run(tmp_path / "whole").world.apply(cut)
    with pytest.raises(Killed):
        run.world.apply(Cut(at=cut.names.index("before AWS iam:CreateAccessKey")))
    foreign, _ = cloud.aws.create_key(run.user)
    cloud.aws.use_key(foreign, datetime.now(UTC))
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.HANDED_OVER
    assert foreign in receipt.note
    assert set(run.keys) == {run.old, foreign}


def test_an_approval_that_runs_out_between_making_and_storing_leaves_no_second_successor(
    cloud: Cloud, tmp_path: Path
) -> None:
    run = cloud.run(tmp_path / "run")

    def a_day_later(request: Any) -> None:
        if "Action=CreateAccessKey" in request.body.decode():
            run.world.at += timedelta(hours=25)

    cloud.aws.before = a_day_later
    try:
        with pytest.raises(Expired):
            run.world.apply()
    finally:
        cloud.aws.before = None
    lost = run.successor
    run.world.later(minutes=1)
    assert run.world.apply()[Action.REPLACE].outcome is Outcome.REPLACED
    assert_replaced(run)
    assert run.successor != lost


@pytest.fixture(scope="module")
def cut_points(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], list[str]]:
    @cache
    def names() -> list[str]:
        run, cut = cloud.run(tmp_path_factory.mktemp("whole") / "run"), Cut()
        run.world.apply(cut)
        assert_replaced(run)
        return cut.names

    return names


def _tells_apart(name: str) -> bool:
    """Before a read all is as it was at the point before."""
    writes = ("CreateAccessKey", "PutSecretValue", "DeleteAccessKey")
    return not name.startswith("before AWS") or name.endswith(writes)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_rotation_killed_at_any_point_leaves_one_successor_and_it_is_stored(
    cloud: Cloud, tmp_path: Path, cut_points: Callable[[], list[str]], shard: int
) -> None:
    names = cut_points()
    assert {"before AWS iam:CreateAccessKey", "after rotation.made", "before rotation.stored"} <= set(names)
    numbers = [number for number, name in enumerate(names) if _tells_apart(name)]
    for number in chosen(numbers)[shard::SHARDS]:
        run = cloud.run(tmp_path / str(number))
        with pytest.raises(Killed):
            run.world.apply(Cut(at=number))
        receipts = run.world.apply()
        assert receipts[Action.REPLACE].outcome is Outcome.REPLACED, (names[number], receipts[Action.REPLACE])
        assert_replaced(run)
        assert len(run.keys) == 2, names[number]
        final = run.world.events("step.receipt")
        assert [body["receipt"]["outcome"] for body in final] == ["REPLACED"], names[number]


@pytest.mark.parametrize("point", ["rotation.made", "rotation.storing"])
def test_a_plan_made_anew_takes_up_the_successor_that_was_cut_off(
    cloud: Cloud, tmp_path: Path, cut_points: Callable[[], list[str]], point: str
) -> None:
    run = cloud.run(tmp_path / "run")
    with pytest.raises(Killed):
        run.world.apply(Cut(at=cut_points().index(f"after {point}")))
    run.world.plan_again()
    assert run.world.apply()[Action.REPLACE].outcome is Outcome.REPLACED
    assert_replaced(run)
    assert len(run.keys) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"ownership": Ownership.PERSONAL, "bond": Bond.THEIRS},
        {"evidence": ("CONFLICT: aws lists it for ann, its value answers as bob",)},
        {"bond": Bond.EXPOSED},
        {"holder": None},
    ],
    ids=["personal", "conflict", "exposed", "holder unknown"],
)
def test_what_is_not_plainly_shared_and_named_is_not_rotated(
    cloud: Cloud, tmp_path: Path, change: dict[str, Any]
) -> None:
    run = cloud.run(tmp_path / "run", allows=(), point=change)
    assert Action.REPLACE not in {step.action for step in run.world.plan.steps}


def test_a_break_glass_account_is_not_rotated(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run", allows=())
    text = f'{run.world.text}\n[break_glass]\naccounts = ["aws:{run.user}"]\n'
    with pytest.raises(PlanRefused, match="break-glass"):
        World(tmp_path / "again", text, cloud.who, [run.world.plan.steps[0].point], {}, allows=())


@pytest.mark.parametrize("entry", ["database:app_b", "database:mysql://127.0.0.1:3306/app_b@%"])
def test_a_break_glass_role_is_given_no_password(entry: str) -> None:
    holder = Account(provider="database", id="mysql://127.0.0.1:3306/app_a@%", login="app_a")
    rotation = replace(ROTATION, store="vault", fields={"user": "u", "secret": "s"}, successor="app_b@%")
    kind = replaceable("database.mysql")
    assert kind is not None
    point = leaked("database.mysql", holder=holder, ownership=Ownership.SHARED)
    point = replace(point, provider="database", bond=Bond.INTRODUCED)
    new = {point.id: Replacement(rotation=rotation, kind=kind)}
    options = issuers.options
    assert Action.REPLACE in {step.action for step in plan_of(point, options=options, replacements=new).steps}
    with pytest.raises(PlanRefused, match="app_b is a break-glass"):
        plan_of(point, options=options, replacements=new, policy=Policy(break_glass=(entry,)))


def test_an_entry_that_fits_two_credentials_rotates_neither(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    (point,) = {step.point.id: step.point for step in run.world.plan.steps}.values()
    twice = [point, replace(point, id="leak:another", provider_id="AKIAANOTHER")]
    world = World(tmp_path / "twice", run.world.text, cloud.who, twice, {}, allows=())
    assert {step.action for step in world.plan.steps} == {Action.ROTATE}
    assert "fits several" in world.gaps[0].why


def test_two_credentials_that_go_into_the_same_field_are_both_left_to_people(cloud: Cloud, tmp_path: Path) -> None:
    one, two = cloud.run(tmp_path / "one"), cloud.run(tmp_path / "two")
    both = [step.point for run in (one, two) for step in run.world.plan.steps[:1]]
    entry = two.world.text[two.world.text.index("[[rotation]]") :].replace(two.secret, one.secret)
    world = World(tmp_path / "both", one.world.text + entry, cloud.who, both, {}, allows=())
    assert {step.action for step in world.plan.steps} == {Action.ROTATE}
    assert {gap.why for gap in world.gaps} == {"another credential of this plan goes into the same field"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id": "A", "secret": "B"}, {"file": "C"}, False),
        ({"id": "A", "secret": "B"}, {"file": ""}, True),  # the whole secret
        ({"file": "C"}, {"file": "C"}, True),
    ],
)
@pytest.mark.parametrize("spelling", [("Acme/Shop", "acme/shop"), ("acme/shop", "acme/shop")])
def test_what_would_overwrite_another_is_left(
    one: dict[str, str], other: dict[str, str], same: bool, spelling: tuple[str, str]
) -> None:
    first, second = (
        replace(ROTATION, store="github_actions", place={"repository": name}, fields=fields, store_at=at)
        for name, fields, at in zip(spelling, (one, other), ("github", "github/same"), strict=True)
    )
    elsewhere = replace(first, place={"repository": "acme/other"})
    kind = replaceable("aws.access_key")
    assert kind is not None
    found = {str(number): Replacement(rotation=each, kind=kind) for number, each in enumerate((first, second))}
    assert [overwrites(ident, found) for ident in found] == [same, same]
    assert not overwrites("0", {"0": found["0"], "1": Replacement(rotation=elsewhere, kind=kind)})


ROTATION = Rotation(store="s", place={}, fields={}, quiet_hours=4, deadline_hours=48)
SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _use(hours: float | None) -> LastUse:
    return LastUse(tells=True, at=None if hours is None else SINCE + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("old", "new", "now", "verdict"),
    [
        (-1, 3, 3.5, 4),  # taken up, and the old one not quiet for long enough
        (-1, 3, 4, None),
        (2, 3, 5, 6),
        (2, 3, 6, None),
        (-1, 0.05, 30, 48),  # the successor's use may be offkey's own
        (-1, None, 47, 48),
        (-1, None, 48, None),
        (None, None, 48, None),
        (40, None, 48, "still used"),
        (47, 46, 48, "still used"),
    ],
)
def test_when_the_old_one_may_be_switched_off(
    old: float | None, new: float | None, now: float, verdict: float | str | None
) -> None:
    told = decide(ROTATION, SINCE, _use(old), _use(new), SINCE + timedelta(hours=now))
    if isinstance(verdict, str):
        assert isinstance(told, Told)
        assert verdict in told.note
    else:
        assert told == (None if verdict is None else SINCE + timedelta(hours=verdict))


def test_where_the_provider_tells_no_use_only_the_hours_count() -> None:
    silent = LastUse(tells=False)
    deadline = SINCE + timedelta(hours=48)
    assert decide(ROTATION, SINCE, silent, silent, deadline - timedelta(seconds=1)) == deadline
    assert decide(ROTATION, SINCE, silent, silent, deadline) is None


def test_the_ledger_alone_says_how_far_a_rotation_got(cloud: Cloud, tmp_path: Path) -> None:
    run = cloud.run(tmp_path / "run")
    run.world.apply()
    ledger = run.world.ledger(Cut())
    try:
        (made,) = history.past(ledger.events(run.world.plan.run)).rotations.values()
    finally:
        ledger.store.close()
    assert (made.successor, made.known) == (run.successor, frozenset({run.old}))
    assert made.stored
    assert made.fingerprint.startswith("hmac-sha256:")
