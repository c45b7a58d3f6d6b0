"""Attacks on the part that can do harm, each written down when it had worked once."""

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.approval import approve
from offboarding.configuration.config import Config, Provider, Remedy
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Trouble
from offboarding.evidence import evidence, verify
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger, LedgerError
from offboarding.ledger.store import Store
from offboarding.remedy import branch, locating
from offboarding.remedy.forge import NothingToPropose
from offboarding.remedy.github import GATE
from offboarding.remedy.locating import Where
from offboarding.verifying import checking
from offkey.canonical import canonical, content_digest
from offkey.errors import Exit, UsageError
from offkey.http import Expired, Writer
from offkey.model import Approval, Liveness, to_json
from offkey.secret import Secret
from tests import needs
from tests.builders import Repo
from tests.offboarding.cases import NOW, approver, check, leaked, listed, plan_of, ticking
from tests.offboarding.test_apply import Provider as Script
from tests.offboarding.test_apply import Scene as Desk
from tests.offboarding.test_evidence import Run as EvidenceRun
from tests.offboarding.test_evidence import kit
from tests.offboarding.test_remedy import Scene
from tests.offboarding.test_remedy import scene as scene  # noqa: PLC0414 - a fixture

pytestmark = needs.OPENSSH


@dataclass
class Clock:
    """A clock that is set by hand."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(tmp_path / "state")
    yield Desk(Ledger(store, ticking(), "offkey"), approver(tmp_path / "approvers"))
    store.close()


TOKEN = Secret(b"the write credential")


def place_of(tmp_path: Path, origin: str, *, url: str = "", named: str = "") -> Where | None:
    """Where the pull request for a repository with this origin would go."""
    repo = Repo.create(tmp_path / "app").config("remote.origin.url", origin).path
    config = Config(
        providers={"github": Provider(url=url)}, remedy=Remedy(repositories={str(repo): named} if named else {})
    )
    return locating.find(config, str(repo))


@pytest.mark.parametrize(
    "origin",
    [
        "https://notgithub.com/corp/app.git",
        "https://evil.example/github.com/corp/app.git",
        "https://evil.example:443/x@github.com/corp/app",
        "https://github.com@evil.example/corp/app.git",
        "git@evil.example:github.com/corp/app.git",
        "ext://sh -c whoami/github.com/corp/app",
        "ext::sh -c whoami #github.com/corp/app",
        "--upload-pack=whoami #github.com/corp/app",
        "http://github.com/corp/app.git",
    ],
)
@pytest.mark.parametrize("named", ["", "corp/app"])
def test_a_repositorys_own_configuration_cannot_lead_the_write_credential_elsewhere(
    tmp_path: Path, origin: str, named: str
) -> None:
    assert place_of(tmp_path, origin, named=named) is None


@pytest.mark.parametrize(
    ("origin", "remote"),
    [
        ("https://github.com/corp/app.git", "https://github.com/corp/app.git"),
        ("https://GitHub.com/corp/app", "https://github.com/corp/app"),
        ("git@github.com:corp/app.git", "ssh://git@github.com/corp/app.git"),
        ("ssh://git@github.com/corp/app.git", "ssh://git@github.com/corp/app.git"),
    ],
)
def test_a_repository_at_github_is_recognised_by_its_host(tmp_path: Path, origin: str, remote: str) -> None:
    assert place_of(tmp_path, origin) == Where("github", remote, "corp/app")


def test_a_repository_at_the_configured_server_is_recognised_and_one_elsewhere_is_not(tmp_path: Path) -> None:
    url = "https://code.corp.example/api/v3"
    found = place_of(tmp_path / "1", "https://code.corp.example/corp/app.git", url=url)
    assert found
    assert found.name == "corp/app"
    assert place_of(tmp_path / "2", "https://github.com/corp/app.git", url=url) is None


def test_a_credential_in_the_origins_address_goes_no_further(tmp_path: Path) -> None:
    found = place_of(tmp_path, "https://sam:s3cr3t-of-sam@github.com/corp/app.git")
    assert found
    assert found.remote == "https://github.com/corp/app.git"


def test_git_gets_a_token_for_the_providers_own_host_alone() -> None:
    hub = branch.Remote(address="https://github.com/corp/app.git", token=TOKEN, host="github.com")
    given = branch.authorization(hub)
    assert base64.b64encode(b"x-access-token:" + TOKEN.reveal()).decode() in given["GIT_CONFIG_VALUE_0"]
    for remote in ("https://evil.example/corp/app.git", "http://github.com/corp/app.git", "/srv/git/app.git"):
        assert branch.authorization(replace(hub, address=remote)) == {}


def test_a_folder_of_somebody_elses_with_a_manifest_is_not_taken_for_evidence(tmp_path: Path) -> None:
    """A browser extension has a manifest.json, too."""
    (tmp_path / "manifest.json").write_text('{"name": "my extension", "version": "1"}')
    (tmp_path / "precious.js").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        evidence.seal({"plan.json": b"{}", "manifest.json": b"{}"}, tmp_path)
    assert (tmp_path / "precious.js").read_text() == "years of work"


def test_a_file_that_was_added_to_evidence_is_not_deleted_by_writing_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    first = files_of("report.html", "receipts/001-a.json")
    evidence.seal(first, folder)
    evidence.seal(first, folder)
    (folder / "notes.txt").write_text("the auditor's")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        evidence.seal(files_of("report.html"), folder)
    (folder / "notes.txt").unlink()
    evidence.seal(files_of("report.html"), folder)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["manifest.json", "report.html"]


def test_evidence_is_there_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "evidence"
    write = Path.write_bytes

    def cut_off(path: Path, content: bytes) -> int:
        if path.name == "second":
            raise KeyboardInterrupt
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut_off)
        with pytest.raises(KeyboardInterrupt):
            evidence.seal(files_of("first", "second"), folder)
    evidence.seal(files_of("first", "second"), folder)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["first", "manifest.json", "second"]
    assert folder.stat().st_mode & 0o077 == 0


def files_of(*names: str) -> dict[str, bytes]:
    """Files with a manifest in evidence's form."""
    files = {name: name.encode() for name in names}
    listed = {name: content_digest(content) for name, content in files.items()}
    return {**files, "manifest.json": canonical({"version": 1, "run": "r", "plan": "p", "files": listed})}


def test_a_run_of_which_nothing_was_applied_is_not_called_done() -> None:
    """Nothing is UNKNOWN, and nothing came back to life, since nothing was ever ended."""
    plan = plan_of(listed())
    told = Past(plan=plan, plan_digest=plan.digest)
    seen = tuple(verify.Rechecked(step=step, before=None, check=check(), still=False) for step in plan.steps)
    nothing: dict[str, Any] = dict.fromkeys(("reasons", "fresh", "known", "lapsed", "notes", "gaps"), ())
    checked = checking.Checked(run=plan.run, slot="", at=NOW, plan=plan, told=told, seen=seen, **nothing)
    assert checked.code == Exit.NOT_ALL_CONFIRMED


@pytest.mark.parametrize("trouble", [500, 403, 429, "garbage", "reset"])
def test_a_github_in_trouble_does_not_end_a_verification(scene: Scene, trouble: Trouble) -> None:
    told = Past(plan=replace(plan_of(listed()), steps=(scene.step,)))
    scene.hub.fail("*", "/repos/", trouble, times=99)
    (seen,) = verify.recheck(told, {}, lambda _: scene.credential, lambda: NOW, scene.remedy)
    assert seen.still is None
    assert scene.value not in seen.check.reason


def test_an_approval_that_runs_out_stops_the_run_before_the_next_step_and_a_new_one_goes_on(desk: Desk) -> None:
    plan = desk.made(plan_of(listed("AKIAONE"), listed("AKIATWO")))
    inactive, deleted = (check(Liveness.DEAD, status=status) for status in ("Inactive", "deleted"))
    provider, clock = Script(looks=[check(), inactive] * 2 + [inactive, deleted] * 2), Clock()
    short = replace(approve.approve(plan, desk.who.email, NOW), expires_at=NOW + timedelta(minutes=1))
    short = approve.sign(short, desk.who.key)

    def slowly() -> int:
        clock.moment += timedelta(hours=1)
        return 200

    provider.answer = slowly
    with pytest.raises(approve.ApprovalRefused, match="ran out") as caught:
        desk.run(plan, provider, approvals=[short], now=clock)
    assert caught.value.exit_code is Exit.WAITS_FOR_APPROVAL
    assert len(provider.sent) == 1
    assert len(past(desk.ledger.events(plan.run)).receipts) == 1
    fresh = approve.sign(approve.approve(plan, desk.who.email, clock()), desk.who.key)
    desk.run(plan, provider, approvals=[short, fresh], now=clock)
    assert sorted(provider.sent) == sorted(step.id for step in plan.steps)


def test_a_writer_sends_nothing_once_its_approval_has_run_out() -> None:
    clock = Clock()
    approval = Approval(
        plan_digest="d", approver="a@example.com", at=NOW, expires_at=NOW + timedelta(minutes=1), signature="signed"
    )
    http = Writer(GATE, "https://api.github.com", approval=approval, plan_digest="d", now=clock)
    http.permit(("POST", "/repos/{owner}/{repo}/pulls"))
    clock.moment += timedelta(minutes=1)
    with pytest.raises(Expired):
        http.permit(("POST", "/repos/{owner}/{repo}/pulls"))
    http.permit(("GET", "/repos/{owner}/{repo}"))


@pytest.fixture
def run(desk: Desk, tmp_path: Path) -> EvidenceRun:
    return EvidenceRun.create(tmp_path / "run", desk.who)


def test_evidence_of_a_run_that_was_planned_anew_is_intact(run: EvidenceRun, desk: Desk, tmp_path: Path) -> None:
    run.approve(desk.who).do()
    run.plan = replace(plan_of(leaked("slack.user", "three")), created_at=NOW + timedelta(milliseconds=1))
    run.ledger.append("plan.made", run.plan.run, {"digest": run.plan.digest, "plan": to_json(run.plan)})
    run.approve(desk.who).do()
    verdict = kit.verify(run.folder(tmp_path / "evidence"))
    assert verdict.problems == []
    assert sum("signature verified" in line for line in verdict.passed) == 2


def test_an_approval_that_was_recorded_after_the_act_does_not_cover_it(
    run: EvidenceRun, desk: Desk, tmp_path: Path
) -> None:
    """Signed late, and dated early: only its place in the ledger tells."""
    run.do().approve(desk.who)
    assert any("without an approval" in p for p in kit.verify(run.folder(tmp_path / "evidence")).problems)


def test_an_approval_of_the_older_plan_does_not_cover_the_newer_one(
    run: EvidenceRun, desk: Desk, tmp_path: Path
) -> None:
    run.approve(desk.who).do()
    run.plan = replace(run.plan, created_at=NOW + timedelta(seconds=1))
    run.ledger.append("plan.made", run.plan.run, {"digest": run.plan.digest, "plan": to_json(run.plan)})
    run.do()
    assert any("without an approval" in p for p in kit.verify(run.folder(tmp_path / "evidence")).problems)


def test_a_step_that_was_begun_after_its_approval_had_run_out_is_found(
    run: EvidenceRun, desk: Desk, tmp_path: Path
) -> None:
    start = run.ledger.now() + timedelta(milliseconds=5)
    short = replace(approve.approve(run.plan, desk.who.email, NOW), expires_at=start)
    run.ledger.append("plan.approved", run.plan.run, {"approval": to_json(approve.sign(short, desk.who.key))})
    run.do()
    assert any("without an approval" in p for p in kit.verify(run.folder(tmp_path / "evidence")).problems)


def test_the_verifier_says_what_it_cannot_know(run: EvidenceRun, desk: Desk, tmp_path: Path) -> None:
    run.approve(desk.who).do()
    said = " ".join(kit.verify(run.folder(tmp_path / "evidence")).notes)
    assert "report.html, approvers and verify.py" in said
    assert "numbers 1, 4 of the ledger are not in this folder" in said


def test_a_value_in_utf_16_is_not_called_removed_while_it_stands_there(scene: Scene) -> None:
    """`git grep` does not see it; the scan did, and said how it is written."""
    repo, value = scene.repo, scene.value
    first = repo.commit("in utf-16", {"set.ps1": f'$t = "{value}"\r\n'.encode("utf-16")}, delete=("app.py",))
    repo.commit("nothing else", delete=("deploy.sh", "conf.lua"))
    (old,) = scene.step.point.places
    found = replace(old, object=repo.blob("set.ps1", first), path="set.ps1", decoding=("utf-16",))
    step = replace(scene.step, point=replace(scene.step.point, places=(found,)))
    for name in ("set.ps1", "moved.ps1"):
        repo.git("push", "-q", str(scene.remote.path), "main")
        assert scene.remedy.before(step, scene.credential).liveness is Liveness.LIVE
        with pytest.raises(NothingToPropose, match=f"{name}: written in UTF-16"):
            scene.remedy.act(step, scene.credential)
        if name == "set.ps1":
            repo.commit("renamed", rename={name: "moved.ps1"})
    repo.commit("gone", delete=("moved.ps1",))
    repo.git("push", "-q", str(scene.remote.path), "main")
    assert scene.remedy.before(step, scene.credential).liveness is Liveness.DEAD


@pytest.mark.parametrize(("settings", "code"), [("max_steps = 1", Exit.PLAN_REFUSED), ("", Exit.NOTHING_EXAMINED)])
def test_no_copy_of_a_repository_outlives_a_run_that_comes_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, code: Exit
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = Repo.create(tmp_path / "app")
    if settings:
        lines = "".join(f'key{seed} = "{tokens.npm(str(seed))}"\n' for seed in range(2))
        repo.commit("keys", {"keys.py": lines}, author=("Sam", "sam@example.com"))
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    (tmp_path / "offkey.toml").write_text(
        f'[organisation]\nkey = "file:key"\nstate = "state"\nrequester = "boss@example.com"\n'
        f'[repositories]\npaths = ["app"]\n[policy]\n{settings}\n'
    )
    assert cli.main(["plan", "sam@example.com", "--jobs", "1"]) == code
    assert not list((tmp_path / "state").rglob("mirrors"))


@pytest.mark.parametrize(("requester", "said"), [("boss@example.com", "asked for this"), ("x@example.com", "person")])
def test_nobody_approves_through_another_address_of_theirs(desk: Desk, requester: str, said: str) -> None:
    """The register lists it; the plan does not, since only the directory knows whose it is."""
    plan = desk.made(replace(plan_of(listed()), requester=requester))
    entry = "boss" if requester.startswith("boss") else "sam"
    people = Directory(
        entries=(Entry(id=entry, emails=("Ann@Example.com", *([requester] if entry == "boss" else []))),)
    )
    provider = Script()
    with pytest.raises(approve.ApprovalRefused, match=said):
        desk.run(plan, provider, people=people)
    with pytest.raises(approve.ApprovalRefused, match=said):
        approve.approve(plan, "ann@example.com", NOW, people=people)
    assert provider.sent == []


def test_nothing_is_applied_by_a_ledger_that_was_changed(desk: Desk, tmp_path: Path) -> None:
    """A changed receipt would have a step left out, and called done."""
    plan = desk.made(plan_of(listed()))
    approval, provider = desk.who.sign(plan), Script(looks=[check()])
    desk.run(plan, provider, approvals=[approval])
    with closing(sqlite3.connect(tmp_path / "state" / "offkey.db")) as database, database:
        database.execute("UPDATE openings SET opened = replace(opened, 'NOT_CONFIRMED', 'REVOKED')")
    with pytest.raises(LedgerError, match="not in the form in which it was written"):
        desk.run(plan, provider, approvals=[approval])


def test_a_key_under_which_anybody_can_sign_is_refused() -> None:
    """RFC 8032's equation holds for the neutral point, any message and no secret at all."""
    neutral = (1).to_bytes(32, "little")
    assert not kit.ed25519_verify(neutral, b"anything", neutral + bytes(32))
