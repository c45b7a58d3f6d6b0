"""Checks of runs that were carried out: when they are due, what opens a run again, what is an incident."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import revokers
import rules
from offboarding import cli, mirror
from offboarding.commands import verify as command
from offboarding.configuration import config
from offboarding.configuration.schema import SettingsError
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.ledger import chain
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.state import run_lock
from offboarding.verifying import checking, code, drift, incidents, schedule
from offboarding.verifying.checking import Checked, Desk
from offboarding.verifying.code import Code, Commit
from offboarding.verifying.record import record
from offboarding.verifying.schedule import Due
from offkey.errors import Exit
from offkey.model import (
    AccessPoint,
    Account,
    Action,
    AuditEvent,
    Check,
    Gap,
    Liveness,
    Outcome,
    Plan,
    Receipt,
    Step,
    to_json,
)  # fmt: skip
from tests import needs
from tests.builders import Repo
from tests.offboarding.cases import KEY, LEAVER, NOW, check, leaked, listed, place, plan_of
from tests.offboarding.cutting import Cut, CutLedger, Killed
from tests.offboarding.test_signatures import new_key, public

TIMES = ("1h", "24h", "7d", "30d", "90d")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(*events: tuple[timedelta, str, Any], run: str = "r") -> list[AuditEvent]:
    """Events of a run by (time since NOW, type, body)."""
    made: list[AuditEvent] = []
    for after, type_, body in events:
        made.append(
            chain.next_event(made[-1] if made else None, at=NOW + after, actor="x", type=type_, run=run, body=body)
        )
    return made


PLANNED = (timedelta(), "plan.made", {"digest": "d"})
APPLIED = (timedelta(), "apply.finished", {})
CLOSED = (timedelta(), "run.closed", {})


def checked(after: timedelta, *reasons: str) -> tuple[timedelta, str, Any]:
    return after, "run.verified", {"drift": list(reasons), "results": []}


@pytest.mark.parametrize(
    ("events", "after", "slot", "missed"),
    [
        ((PLANNED,), 400 * DAY, None, ()),
        ((PLANNED, APPLIED, CLOSED), HOUR - timedelta(seconds=1), None, ()),
        ((PLANNED, APPLIED, CLOSED), HOUR, "1h", ()),
        ((PLANNED, APPLIED, CLOSED), 31 * DAY, "30d", ("1h", "24h", "7d")),
        ((PLANNED, APPLIED, CLOSED, checked(2 * HOUR)), 23 * HOUR, None, ()),
        ((PLANNED, APPLIED, CLOSED, checked(2 * HOUR)), 8 * DAY, "7d", ("24h",)),
        ((PLANNED, APPLIED, CLOSED, checked(0.5 * HOUR)), HOUR, "1h", ()),
        ((PLANNED, APPLIED, CLOSED, checked(91 * DAY)), 4000 * DAY, None, ()),
        ((PLANNED, APPLIED), HOUR, "1h", ()),
        ((PLANNED, APPLIED, (HOUR, "apply.finished", {})), HOUR, "1h", ()),
        ((PLANNED, APPLIED, (DAY, "run.closed", {})), DAY + HOUR / 2, None, ()),
        ((PLANNED, APPLIED, checked(2 * HOUR), (DAY, "run.closed", {})), DAY + HOUR, "1h", ()),
        ((PLANNED, APPLIED, CLOSED, (HOUR, "plan.made", {"digest": "e"})), 9 * DAY, None, ()),
        ((PLANNED, APPLIED, CLOSED, (HOUR, "run.reopened", {"reasons": []})), HOUR, "reopened", ()),
        ((PLANNED, APPLIED, CLOSED, checked(2 * HOUR, "step:1")), 2 * HOUR, "reopened", ()),
        ((PLANNED, APPLIED, CLOSED, checked(2 * HOUR, "step:1"), checked(3 * HOUR)), 3 * HOUR, None, ()),
    ],
)
def test_a_check_is_due_once_its_time_has_come(
    events: tuple[Any, ...], after: timedelta, slot: str | None, missed: tuple[str, ...]
) -> None:
    assert schedule.due(told(*events), TIMES, NOW + after) == ([Due("r", slot, missed)] if slot else [])


def test_every_run_has_a_clock_of_its_own_and_the_next_time_is_told() -> None:
    events = [*told(PLANNED, APPLIED, CLOSED, run="a"), *told(PLANNED, APPLIED, (DAY, "run.closed", {}), run="b")]
    assert [one.run for one in schedule.due(events, TIMES, NOW + DAY)] == ["a"]
    assert schedule.upcoming(events, TIMES, NOW + DAY) == (NOW + DAY + HOUR, "b")
    assert schedule.upcoming(events, TIMES, NOW + 999 * DAY) is None


@pytest.mark.parametrize("words", ['["1h", "30m"]', '["1h", "1h"]', '["1w"]', "[]", '["0h"]'])
def test_a_schedule_that_cannot_be_is_refused(tmp_path: Path, words: str) -> None:
    file = tmp_path / "offkey.toml"
    file.write_text(f"[verify]\nschedule = {words}\n")
    with pytest.raises(SettingsError, match="verify"):
        config.load(file)


def receipt(step: Step, outcome: Outcome = Outcome.REVOKED, at: datetime = NOW) -> Receipt:
    dead = Check(liveness=Liveness.DEAD, reason="not listed", at=at, status="deleted")
    return Receipt(step=step.id, outcome=outcome, before=None, after=dead, exchanges=(), started_at=at, finished_at=at)


def done(plan: Plan, outcome: Outcome = Outcome.REVOKED, at: datetime = NOW) -> Past:
    return Past(plan=plan, receipts={step.id: receipt(step, outcome, at) for step in plan.steps}, started=True)


MINUTES = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("used", "later"),
    [
        (NOW - HOUR, False),
        (NOW + MINUTES, False),
        (NOW + MINUTES + timedelta(seconds=1), True),
        (NOW.replace(hour=0), False),
        (NOW.replace(hour=0) + DAY, True),
    ],
)
def test_a_use_is_later_only_beyond_every_doubt(used: datetime, later: bool) -> None:
    """NOW is noon: a midnight is a day without a time, and that day may have been before the end."""
    assert incidents.is_later(used, NOW, MINUTES) is later


def test_a_day_that_the_tolerance_reaches_may_have_been_before_the_end() -> None:
    late = NOW.replace(hour=23, minute=50)
    assert not incidents.is_later(NOW.replace(hour=0) + DAY, late, MINUTES)
    assert incidents.is_later(NOW.replace(hour=0) + 2 * DAY, late, MINUTES)


def test_a_use_after_the_end_is_an_incident_and_of_a_living_one_is_none() -> None:
    plan = plan_of(listed())
    used = listed(last_used=NOW + DAY)
    (found,) = incidents.find(done(plan), [used], [], MINUTES)
    assert (found.ended_at, found.used_at) == (NOW, NOW + DAY)
    assert "AKIAONE" in found.words
    assert not list(incidents.find(done(plan, Outcome.HANDED_OVER), [used], [], MINUTES))
    assert not list(incidents.find(done(plan, Outcome.UNDONE), [used], [], MINUTES))
    assert not list(incidents.find(done(plan), [listed("AKIAOTHER", last_used=NOW + DAY)], [], MINUTES))


def test_what_offkey_itself_asked_with_a_value_is_no_incident() -> None:
    by_value, by_id = plan_of(leaked()), plan_of(listed())
    used = listed(last_used=NOW + DAY)
    assert not list(incidents.find(done(by_value), [used], [NOW + DAY + MINUTES], MINUTES))
    assert list(incidents.find(done(by_value), [used], [NOW + 2 * DAY], MINUTES))
    assert list(incidents.find(done(by_id), [used], [NOW + DAY], MINUTES)), "without a value it cannot have been us"


def test_removal_from_code_is_no_end_of_the_credential() -> None:
    plan = plan_of(leaked())
    rewrite = next(step for step in plan.steps if step.action is Action.REWRITE)
    past_ = Past(plan=plan, receipts={rewrite.id: receipt(rewrite, Outcome.REMOVED)}, started=True)
    assert not list(incidents.find(past_, [listed(last_used=NOW + DAY)], [], MINUTES))


def test_new_living_access_is_drift_and_what_the_plan_knew_is_none() -> None:
    plan = plan_of(listed())
    dead = listed("AKIADEAD", check=check(Liveness.DEAD))
    assert not list(drift.of_lists(plan, [listed(), dead]))
    (reason,) = drift.of_lists(plan, [listed(), dead, listed("AKIANEW")])
    assert (reason.what, reason.key) == ("new", "new:aws:aws.access_key:AKIANEW")
    other = replace(listed(), provider="aws/other")
    assert [one.what for one in drift.of_lists(plan, [other])] == ["new"], "the same id elsewhere is another one"


def test_a_value_is_back_only_where_it_had_been_gone() -> None:
    plan = plan_of(leaked())
    mark, rewrite = leaked().fingerprint, next(step for step in plan.steps if step.action is Action.REWRITE)
    found = {mark: "app: settings.py:3"}
    open_still = Past(plan=plan, receipts={rewrite.id: receipt(rewrite, Outcome.PROPOSED)})
    assert not list(drift.of_values(open_still, found)), "its pull request still waits"
    (reason,) = drift.of_values(done(plan, Outcome.REMOVED), found)
    assert reason.key == f"value:{mark}"
    assert not list(drift.of_values(done(plan, Outcome.REMOVED), {}))
    hidden = plan_of(leaked(places=(place(present=False),)))
    assert [one.what for one in drift.of_values(done(hidden), found)] == ["value"]


@needs.OPENSSH
def test_a_commit_by_the_leavers_key_is_drift_and_by_his_name_a_note(tmp_path: Path) -> None:
    """The key is recognised though the organisation ended its validity when he left, and lists it as revoked."""
    repo, keys, file = Repo.create(tmp_path / "app"), tmp_path / "keys", tmp_path / "signers"
    sam, ann = new_key(keys, "sam"), new_key(keys, "ann")
    file.write_text(
        f'sam@example.com valid-before="20261119" {public(sam)}\nann@example.com namespaces="git" {public(ann)}\n'
    )
    file.with_name("signers.revoked").write_text(public(sam) + "\n")
    signers = drift.signatures.load(file)
    stranger = ("Stranger", "stranger@example.org")

    def commit(key: Path | None, author: tuple[str, str], at: datetime) -> str:
        repo.git("config", "gpg.format", "ssh")
        repo.git("config", "user.signingKey", str(key))
        repo.git("config", "commit.gpgSign", "true" if key else "false")
        return repo.commit("x", author=author, at=at)

    commit(sam, stranger, NOW - 3 * DAY)
    signed = commit(sam, stranger, NOW + DAY)
    commit(ann, stranger, NOW + DAY)
    commit(None, ("Sam Rivera", "sam@example.com"), NOW + DAY)
    commits = list(code.later(drift_git(repo), "app", NOW - 10 * DAY))
    assert len(commits) == 4
    reasons, notes = drift.of_commits(LEAVER, commits, signers, NOW)
    assert [reason.key for reason in reasons] == [f"commit:{signed}"]
    assert len(notes) == 1
    assert "1 commits" in notes[0]
    assert "sam@example.com" in notes[0]
    forged = replace(commits[0], content=commits[0].content.replace(b"\n\nx", b"\n\ny"))
    moved = [replace(one, content=one.content.replace(b"\n\nx", b"\n\ny")) for one in (*commits, forged)]
    assert not drift.of_commits(LEAVER, moved, signers, NOW)[0], "what the signature does not cover is not his"


def drift_git(repo: Repo) -> Any:
    return code.Git(repo.path)


def test_the_day_of_leaving_counts_to_its_end() -> None:
    at = lambda moment: drift.left(plan_of(listed(), person=replace(LEAVER, left_at=moment)))  # noqa: E731
    assert at(datetime(2026, 11, 19, tzinfo=UTC)) == datetime(2026, 11, 20, tzinfo=UTC)
    assert at(NOW) == NOW
    assert at(None) == NOW, "else the plan's own moment"


def test_a_commit_dated_out_of_all_time_is_read(tmp_path: Path) -> None:
    """A committer writes any number he likes."""
    repo = Repo.create(tmp_path / "app")
    tree = repo.git("write-tree")
    text = f"tree {tree}\nauthor S <sam@example.com> 1 +0000\ncommitter S <sam@example.com> 99999999999999 +0000\n\nx"
    oid = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text.encode())
    repo.git("update-ref", "refs/heads/main", oid)
    (commit,) = code.later(drift_git(repo), "app", NOW)
    assert commit.at > NOW
    assert commit.emails == {"sam@example.com"}


def test_values_at_tips_are_found_and_those_of_the_past_are_not(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    there, gone = tokens.github_classic("there"), tokens.github_classic("gone")
    excused = "  # pragma: allowlist secret"  # whoever brings a value back may well write that beside it
    repo.commit("both", {"a.py": f'token = "{there}"{excused}\n', "b.py": f'token = "{gone}"\n'})
    repo.commit("one", delete=("b.py",))
    (tmp_path / "state").mkdir(mode=0o700)
    paths = (str(repo.path), str(tmp_path / "missing"))
    found = code.read(paths, rules.load(), KEY, tmp_path / "state", NOW)
    marks = {value: KEY.fingerprint("github.pat.classic", {"secret": value.encode()}) for value in (there, gone)}
    assert found.values == {marks[there]: "app: a.py:1"}
    assert found.read == {str(repo.path)}
    assert [gap.where for gap in found.gaps] == [str(tmp_path / "missing")]


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsServer]:
    with AwsServer() as server:
        yield server


ACCOUNT = Account(provider="aws", id="", login="sam")


@dataclass
class Scene:
    """A leaver at AWS whose run was carried out: one key was deleted, one switched off."""

    aws: AwsServer
    folder: Path
    user: str
    deleted: str
    off: str
    plan: Plan
    now: datetime = NOW + HOUR
    cut: Cut | None = None
    looked: Code = field(default_factory=Code)

    @property
    def file(self) -> Path:
        return self.folder / "offkey.toml"

    def ledger(self) -> Ledger:
        store = Store.open(self.folder / "state")
        if self.cut:
            return CutLedger(store=store, now=lambda: self.now, actor="offkey", cut=self.cut)
        return Ledger(store, lambda: self.now, "offkey")

    def events(self) -> list[AuditEvent]:
        return self.ledger().events("run-1")

    def count(self, type_: str) -> int:
        return sum(event.type == type_ for event in self.events())

    def check(self, slot: str = "1h") -> Checked:
        settings = config.load(self.file)
        desk = Desk(
            config=settings,
            ledger=self.ledger(),
            state=self.folder / "state",
            key=KEY,
            code=lambda: self.looked,
            now=lambda: self.now,
        )
        with run_lock(self.folder / "state", "run-1", self.now):
            return checking.check(desk, "run-1", slot)


NAMES = iter(f"sam{number}" for number in range(10_000))


def made_scene(aws: AwsServer, folder: Path, *, open_step: bool = False) -> Scene:
    user = next(NAMES)
    aws.create_user(user)
    deleted, off = aws.create_key(user)[0], aws.create_key(user)[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state").mkdir(mode=0o700)
    key_id, secret = aws.admin
    for name, content in (("aws", f"{key_id},".encode() + secret.reveal()), ("key", KEY.key.reveal())):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    (folder / "offkey.toml").write_text(
        f'[organisation]\nkey = "file:key"\nstate = "state"\n[providers.aws]\nurl = "{aws.url}"\n'
        f'account = "{aws.account}"\nread = "file:aws"\n'
    )
    holder = replace(ACCOUNT, login=user)
    settings = config.load(folder / "offkey.toml").provider_settings("aws", write=False)
    reader = revokers.reader("aws", settings, now=lambda: NOW)
    points = [p for p in revokers.REGISTRY["aws"].inventory(reader, settings, holder) if isinstance(p, AccessPoint)]
    person = replace(LEAVER, accounts=(holder,))
    steps = []
    for point in points:
        if point.kind == "aws.access_key":
            action = Action.DISABLE if point.provider_id == off else Action.REVOKE
            steps.append(Step(id=f"{action}", point=point, action=action, reversible=False, reason="his"))
        else:
            steps.append(Step(id=point.id, point=point, action=Action.KEEP, reversible=True, reason="kept"))
    plan = replace(plan_of(points[0], person=person), steps=tuple(steps))
    scene = Scene(aws, folder, user, deleted, off, plan)
    iam(aws).delete_access_key(UserName=user, AccessKeyId=deleted)
    iam(aws).update_access_key(UserName=user, AccessKeyId=off, Status="Inactive")
    scene.now = NOW
    ledger = scene.ledger()
    ledger.append("plan.made", "run-1", {"digest": plan.digest, "plan": to_json(plan)})
    ledger.append("apply.started", "run-1", {"digest": plan.digest})
    for step in plan.steps:
        outcome = {Action.DISABLE: Outcome.DISABLED, Action.REVOKE: Outcome.REVOKED}.get(step.action, Outcome.SKIPPED)
        if open_step and step.action is Action.REVOKE:
            outcome = Outcome.HANDED_OVER
        ledger.append("step.receipt", "run-1", {"receipt": to_json(receipt(step, outcome))})
    ledger.append("apply.finished", "run-1", {"digest": plan.digest})
    if not open_step:
        ledger.append("run.closed", "run-1", {"digest": plan.digest})
    scene.now = NOW + HOUR
    return scene


def iam(aws: AwsServer) -> Any:
    import boto3

    key_id, secret = aws.admin
    given = {"aws_access_key_id": key_id, "aws_secret_access_key": secret.reveal().decode()}
    return boto3.client("iam", endpoint_url=aws.url, region_name="us-east-1", **given)


@pytest.fixture
def scene(aws: AwsServer, tmp_path: Path) -> Scene:
    return made_scene(aws, tmp_path / "office")


def test_what_is_still_dead_is_recorded_and_changes_nothing(scene: Scene) -> None:
    found = scene.check()
    assert found.code in (Exit.DONE, Exit.GAPS)
    assert {one.step.action: one.still for one in found.seen} == {Action.DISABLE: True, Action.REVOKE: True}
    last = scene.events()[-1]
    assert (last.type, last.body["slot"], last.body["drift"]) == ("run.verified", "1h", [])
    assert {one["liveness"] for one in last.body["results"]} == {"DEAD"}
    assert past(scene.events()).closed


def test_a_key_switched_on_again_opens_the_run_until_it_is_off(scene: Scene) -> None:
    iam(scene.aws).update_access_key(UserName=scene.user, AccessKeyId=scene.off, Status="Active")
    found = scene.check()
    assert found.code is Exit.OPEN
    assert [reason.key for reason in found.reasons] == ["step:DISABLE"]
    assert not past(scene.events()).closed
    scene.now += HOUR
    assert scene.check("reopened").code is Exit.OPEN
    assert scene.count("run.reopened") == 1, "the same reason is told once"
    iam(scene.aws).update_access_key(UserName=scene.user, AccessKeyId=scene.off, Status="Inactive")
    scene.now += HOUR
    assert scene.check("reopened").code in (Exit.DONE, Exit.GAPS)
    assert past(scene.events()).closed
    assert schedule.due(scene.events(), TIMES, scene.now) == []
    iam(scene.aws).update_access_key(UserName=scene.user, AccessKeyId=scene.off, Status="Active")
    scene.now += HOUR
    scene.check()
    assert scene.count("run.reopened") == 2, "it is a new event when it comes back once more"


def test_a_key_made_anew_opens_the_run(scene: Scene) -> None:
    made = scene.aws.create_key(scene.user)[0]
    found = scene.check()
    assert found.code is Exit.OPEN
    assert [reason.key for reason in found.reasons] == [f"new:aws:aws.access_key:{made}"]
    reopened = next(event for event in scene.events() if event.type == "run.reopened")
    assert made in reopened.body["reasons"][0]["words"]


def test_a_use_after_the_end_is_told_once_and_a_later_one_again(scene: Scene) -> None:
    scene.now = NOW + 2 * DAY
    scene.aws.use_key(scene.off, NOW + DAY)
    found = scene.check()
    assert found.code is Exit.OPEN
    assert [incident.used_at for incident in found.fresh] == [NOW + DAY]
    assert past(scene.events()).closed, "an incident alone leaves the run closed"
    scene.now += HOUR
    again = scene.check()
    assert again.code in (Exit.DONE, Exit.GAPS)
    assert (len(again.fresh), len(again.known)) == (0, 1)
    scene.aws.use_key(scene.off, NOW + DAY + 3 * HOUR)
    scene.now += HOUR
    assert scene.check().code is Exit.OPEN
    assert scene.count("incident.found") == 2


def test_without_the_value_and_without_an_id_it_is_unknown_with_the_last_proof(scene: Scene) -> None:
    """What is asked by its value alone cannot be asked when the run's copies are gone."""
    point = leaked("slack.user", holder=None)
    step = Step(id="slack", point=point, action=Action.REVOKE, reversible=False, reason="his")
    plan = replace(scene.plan, steps=(*scene.plan.steps, step))
    ledger = scene.ledger()
    ledger.append("plan.made", "run-1", {"digest": plan.digest, "plan": to_json(plan)})
    for one in plan.steps:
        outcome = Outcome.SKIPPED if one.action is Action.KEEP else Outcome.REVOKED
        ledger.append("step.receipt", "run-1", {"receipt": to_json(receipt(one, outcome, NOW + HOUR / 2))})
    found = scene.check()
    seen = next(one for one in found.seen if one.step.id == "slack")
    assert seen.check.liveness is Liveness.UNKNOWN
    assert "last proof 2026-11-20T12:30:00" in seen.check.reason
    assert found.code is Exit.NOT_ALL_CONFIRMED


@pytest.mark.parametrize(
    ("looked", "liveness"),
    [
        (Code(), Liveness.UNKNOWN),
        (Code(read=frozenset({"/repos/app"})), Liveness.UNKNOWN),
        (Code(read=frozenset({"/repos/app"}), kinds=frozenset({"aws.access_key"})), Liveness.DEAD),
        (
            Code(
                read=frozenset({"/repos/app"}),
                kinds=frozenset({"aws.access_key"}),
                gaps=(Gap(where="/repos/app: blob bbbb", why="damaged"),),
            ),
            Liveness.UNKNOWN,
        ),
        (
            Code(
                read=frozenset({"/repos/app"}),
                kinds=frozenset({"aws.access_key"}),
                gaps=(Gap(where="/repos/application", why="gone"),),
            ),
            Liveness.DEAD,
        ),
    ],
)
def test_removal_is_seen_in_the_configured_repositories_when_the_copies_are_gone(
    scene: Scene, looked: Code, liveness: Liveness
) -> None:
    scene.looked = looked
    scene.file.write_text(scene.file.read_text() + '[repositories]\npaths = ["/repos/app"]\n')
    step = Step(id="rewrite", point=leaked(), action=Action.REWRITE, reversible=True, reason="r")
    plan = replace(scene.plan, steps=(*scene.plan.steps, step))
    ledger = scene.ledger()
    ledger.append("plan.made", "run-1", {"digest": plan.digest, "plan": to_json(plan)})
    ledger.append("apply.started", "run-1", {"digest": plan.digest})
    ledger.append("step.receipt", "run-1", {"receipt": to_json(receipt(step, Outcome.REMOVED))})
    seen = next(one for one in scene.check().seen if one.step.id == "rewrite")
    assert seen.check.liveness is liveness
    if liveness is Liveness.DEAD:
        scene.looked = replace(looked, values={leaked().fingerprint: "app: a.py:1"})
        keys = {reason.key for reason in scene.check().reasons}
        assert keys == {f"value:{leaked().fingerprint}"}


def troubled(scene: Scene) -> None:
    """Something of every kind to be written: an incident, a reason, and an end that is seen only now."""
    scene.now = NOW + 2 * DAY
    scene.aws.use_key(scene.off, NOW + DAY)
    scene.aws.create_key(scene.user)


def test_a_check_cut_off_at_any_write_is_due_again_and_repeats_nothing(aws: AwsServer, tmp_path: Path) -> None:
    whole = made_scene(aws, tmp_path / "whole", open_step=True)
    troubled(whole)
    whole.cut = Cut()
    whole.check()
    points = whole.cut.names
    assert [name for name in points if name.startswith("before")] == [
        "before incident.found", "before run.reopened", "before step.receipt", "before run.verified",
    ]  # fmt: skip
    for number, name in enumerate(points):
        one = made_scene(aws, tmp_path / f"cut{number}", open_step=True)
        troubled(one)
        one.cut = Cut(at=number)
        with pytest.raises(Killed):
            one.check()
        one.cut = None
        one.now += timedelta(minutes=1)
        finished = name == "after run.verified"
        assert schedule.due(one.events(), TIMES, one.now), "what is not recorded, or is open again, is due"
        again = one.check()
        assert again.code is Exit.OPEN
        assert (len(again.fresh), len(again.known)) == ((0, 1) if finished else (1, 0)), name
        counts = {type_: one.count(type_) for type_ in ("incident.found", "run.reopened", "run.verified")}
        assert counts == {"incident.found": 1, "run.reopened": 1, "run.verified": 2 if finished else 1}, name
        assert one.count("step.receipt") == len(one.plan.steps) + 1, name


def test_copies_are_kept_as_long_as_asked_and_then_deleted(scene: Scene) -> None:
    scene.file.write_text(scene.file.read_text() + "[verify]\nkeep_mirror_days = 7\n")
    copy = mirror.folder(scene.folder / "state", "run-1", "/repos/app")
    copy.mkdir(parents=True)
    scene.now = NOW + 6 * DAY
    scene.check()
    assert copy.exists()
    scene.now = NOW + 7 * DAY
    scene.check()
    assert not copy.exists()


def offkey(scene: Scene, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(command, "_now", lambda: scene.now)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code_ = cli.main(["--config", str(scene.file), "verify", *words])
    return code_, out.getvalue()


def test_the_command_checks_what_is_due_and_says_so_by_its_exit_code(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    due: Callable[[], tuple[int, str]] = lambda: offkey(scene, monkeypatch, "--due", "--format", "json")  # noqa: E731
    scene.now = NOW + HOUR / 2
    exit_code, text = due()
    assert (exit_code, json.loads(text)["runs"]) == (Exit.DONE, [])
    assert json.loads(text)["next"] == {"at": "2026-11-20T13:00:00Z", "run": "run-1"}
    scene.now = NOW + HOUR
    exit_code, text = due()
    assert exit_code in (Exit.DONE, Exit.GAPS)
    assert [one["slot"] for one in json.loads(text)["runs"]] == ["1h"]
    assert json.loads(due()[1])["runs"] == [], "it was done"
    scene.aws.use_key(scene.off, NOW + DAY)
    made = scene.aws.create_key(scene.user)[0]
    scene.now = NOW + 8 * DAY
    exit_code, text = due()
    (one,) = json.loads(text)["runs"]
    assert exit_code == json.loads(text)["exit"] == one["exit"] == Exit.OPEN
    assert (one["slot"], len(one["incidents"]), len(one["reopened"])) == ("7d", 1, 1)
    exit_code, text = offkey(scene, monkeypatch, "run-1")
    assert exit_code == Exit.OPEN
    assert f"NEW SINCE THE RUN: aws.access_key {made}" in " ".join(text.split())
    assert "offkey plan sam" in text
    scene.aws.use_key(scene.off, NOW + 2 * DAY)
    assert offkey(scene, monkeypatch, "run-1")[1].startswith("INCIDENT: aws.access_key")


def test_a_run_that_another_process_holds_is_left_to_it_and_the_exit_code_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_lock(scene.folder / "state", "run-1", NOW):
        exit_code, text = offkey(scene, monkeypatch, "--due", "--format", "json")
        assert exit_code == Exit.GAPS
        assert [one["run"] for one in json.loads(text)["failed"]] == ["run-1"]
    assert scene.count("run.verified") == 0


@pytest.mark.parametrize("words", [(), ("--due", "run-1"), ("no-such-run",)])
def test_a_call_that_names_nothing_or_both_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    expected = Exit.NOTHING_EXAMINED if words == ("no-such-run",) else Exit.USAGE
    assert offkey(scene, monkeypatch, *words)[0] == expected


def test_the_record_knows_what_was_told_and_what_was_not() -> None:
    incident = to_json(
        incidents.Incident(key="k", provider="aws", kind="x", point="p", ended_at=NOW, used_at=NOW, words="w")
    )
    found = (HOUR, "incident.found", incident)
    assert record(told(PLANNED, found)).untold == {"k"}
    assert record(told(PLANNED, found, checked(HOUR))).untold == set()
    assert record(told(PLANNED, found, checked(HOUR))).incidents.keys() == {"k"}


def test_a_commit_is_read_whatever_its_bytes_are() -> None:
    made: Commit = code._commit("app", "0" * 40, b"tree x\nauthor \xff <\xfe@x> 1 +0000\ncommitter a <b@c> 2 +0000\n\n")
    assert made.at == datetime.fromtimestamp(2, UTC)
