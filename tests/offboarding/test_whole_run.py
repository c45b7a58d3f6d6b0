"""The whole way on the command line: plan, approve, apply, report, verify, against the sample organisation."""

import base64
import hashlib
import io
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from offboarding import cli, ui
from offboarding.demo import organisation, services
from offboarding.demo.organisation import SAM
from offboarding.demo.services import Services
from offboarding.demo.simulators import tokens
from offboarding.demo.story import APPROVER, Story
from offboarding.evidence_kit import verify as kit
from offkey.canonical import content_digest
from offkey.errors import Exit
from offkey.secret import Secret
from tests import needs

pytestmark = needs.OPENSSH


@dataclass
class Office:
    """The sample organisation in a folder, its providers, and the command line as a user would call it."""

    folder: Path
    services: Services
    work: dict[str, Path]
    said: str = ""

    def offkey(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(list(words))
        self.said += out.getvalue() + err.getvalue()
        return code

    def plan(self, *more: str) -> int:
        return self.offkey("plan", SAM[1], "-o", "plan.json", "--jobs", "1", *more)

    def approve(self, *allow: str) -> int:
        yes = [word for need in allow for word in ("--allow", need)]
        return self.offkey("--yes", "approve", "plan.json", "--as", APPROVER, "--key", "private/approver", *yes)

    @property
    def run(self) -> str:
        return str(json.loads((self.folder / "plan.json").read_bytes())["run"])

    def secrets(self) -> list[bytes]:
        """Every planted value, without the public ids of keys."""
        keys = self.services.keys
        held = [getattr(keys, field.name) for field in fields(keys)]
        held += [self.services.github_admin, self.services.slack_admin, self.services.aws.admin]
        return [
            value.reveal() for entry in held for value in (entry if isinstance(entry, tuple) else (entry,))
            if isinstance(value, Secret)
        ]  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with services.running(seed=tmp_path.name) as running:
        work = organisation.build(tmp_path, running.keys, running.sam_github_id)
        for name in work:
            running.add_repository(name, tmp_path / "remotes" / f"{name}.git")
        Story(ui=ui.make(), folder=tmp_path, services=running, work=work).prepare()
        config = tmp_path / "offkey.toml"
        config.write_text(config.read_text() + "\n[policy]\nconfirm_seconds = 3\n")
        monkeypatch.chdir(tmp_path)
        yield Office(tmp_path, running, work)


def forms(value: bytes) -> Iterator[bytes]:
    """A value as it is, and as it could be written."""
    yield value
    yield quote(value, safe="").encode()
    yield value.hex().encode()
    for shift in range(3):
        # In a longer text base64 falls on any of three alignments; the ends mix with the neighbours.
        yield base64.b64encode(b"x" * shift + value)[4:-4]


def written(office: Office) -> dict[str, bytes]:
    """Everything that offkey wrote, but the run's own copies of repositories."""
    files = [p for p in (office.folder / "state").rglob("*") if p.is_file() and "mirrors" not in p.parts]
    files += [p for p in (office.folder / "evidence").rglob("*") if p.is_file()]
    files += [office.folder / "plan.json", *(office.folder / "plan.json.approvals").glob("*")]
    pulls = repr([list(repo.pulls) for repo in office.services.hub.state.repos.values()]).encode()
    return {str(p): p.read_bytes() for p in files} | {"output": office.said.encode(), "pulls": pulls}


def tree_digest(folder: Path) -> str:
    """One digest over every file's path and content."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        whole.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_a_leaver_is_offboarded_with_proof_and_without_a_trace_of_a_value(office: Office) -> None:
    before = {name: tree_digest(path) for name, path in office.work.items()}
    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    plan_file = office.folder / "plan.json"
    assert stat.S_IMODE(plan_file.stat().st_mode) == 0o600
    mirrors = office.folder / "state" / "runs" / office.run / "mirrors"
    assert {stat.S_IMODE(p.stat().st_mode) for p in (mirrors, *mirrors.iterdir())} == {0o700}
    assert all(alive for _, alive in office.services.alive().values())

    assert office.offkey("apply", "plan.json") == Exit.WAITS_FOR_APPROVAL
    assert all(alive for _, alive in office.services.alive().values())
    assert office.approve("github-public-revoke") == Exit.DONE
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    state = office.services.alive()
    assert {name: alive for name, (_, alive) in state.items()} == {name: not sams for name, (sams, _) in state.items()}

    assert office.offkey("report", office.run, "-o", "evidence") == Exit.DONE
    assert office.offkey("verify", "evidence") == Exit.DONE
    assert kit.verify(office.folder / "evidence").problems == []
    assert office.offkey("verify", office.run) == Exit.NOT_ALL_CONFIRMED
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    assert {name: tree_digest(path) for name, path in office.work.items()} == before

    everything = written(office)
    assert len(everything) > 20
    for value in office.secrets():
        for form in forms(value):
            assert [name for name, content in everything.items() if form in content] == []
    titles = everything["pulls"].lower()
    assert b"rivera" not in titles
    assert b"offboard" not in titles


def test_the_outcomes_name_what_was_done_and_what_came_back_is_found(office: Office) -> None:
    office.plan()
    office.approve()
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    events = office.folder / "ledger.json"
    office.offkey("report", office.run, "-o", "evidence")
    assert not events.exists()
    receipts = [json.loads(p.read_bytes()) for p in (office.folder / "evidence" / "receipts").iterdir()]
    steps = {s["id"]: s for s in json.loads((office.folder / "plan.json").read_bytes())["steps"]}
    outcomes = {(steps[r["step"]]["point"]["kind"], steps[r["step"]]["action"]): r["outcome"] for r in receipts}
    assert outcomes["aws.access_key", "DISABLE"] == "DISABLED"
    assert outcomes["aws.access_key", "REVOKE"] == "REVOKED"
    assert outcomes["github.membership", "REMOVE"] == "REMOVED"
    assert outcomes["slack.user", "REVOKE"] == "REVOKED"
    assert outcomes["github.pat.classic", "REVOKE"] == "HANDED_OVER"
    assert outcomes["github.pat.classic", "REWRITE"] == "HANDED_OVER"
    assert outcomes["aws.access_key", "REWRITE"] == "PROPOSED"
    assert not office.services.hub.is_dead(office.services.keys.github_classic)

    without_offkey = [sys.executable, "-I", "-S", "evidence/verify.py", "evidence"]
    assert subprocess.run(without_offkey, cwd=office.folder, check=False).returncode == 0

    office.services.hub.add_member(services.ORGANISATION, organisation.SAM_LOGIN)
    assert office.offkey("verify", office.run) == Exit.OPEN
    assert "ALIVE AGAIN: github.membership" in office.said


def test_two_plans_of_one_moment_are_the_same_bytes(office: Office) -> None:
    moment = datetime.now(UTC).isoformat()
    office.plan("--at", moment)
    first = (office.folder / "plan.json").read_bytes()
    office.plan("--at", moment)
    assert (office.folder / "plan.json").read_bytes() == first
    assert content_digest(first) in office.said.replace("\n", "")


def test_a_provider_in_trouble_is_a_gap_and_the_others_are_planned(office: Office) -> None:
    office.services.slack.fail("*", ".*", "garbage", times=99)
    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    plan = json.loads((office.folder / "plan.json").read_bytes())
    assert any("slack" in gap["where"] for gap in plan["gaps"])
    assert any(step["point"]["provider"] == "aws" for step in plan["steps"])
    slack = [s for s in plan["steps"] if s["point"]["kind"] == "slack.user" and s["action"] != "REWRITE"]
    assert [step["action"] for step in slack] == ["ROTATE"]


@pytest.mark.parametrize("trouble", [403, "reset"])
def test_a_provider_in_trouble_at_apply_leaves_its_step_open_and_the_rest_done(office: Office, trouble: Any) -> None:
    """What else may go wrong is tried on each provider's module in tests/revokers."""
    office.plan()
    office.approve()
    office.services.slack.fail("*", "auth.revoke", trouble, times=99)
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    state = office.services.alive()
    assert state["Sam's Slack token"] == (True, True)
    assert state["Sam's AWS key in the shop"] == (True, False)
    assert office.offkey("report", office.run, "-o", "evidence") == Exit.DONE
    assert kit.verify(office.folder / "evidence").problems == []


def test_a_merged_pull_request_is_seen_as_removed(office: Office) -> None:
    office.plan()
    office.approve()
    office.offkey("apply", "plan.json")
    office.offkey("verify", office.run)
    assert "REMOVED" not in rewrites(office).values()
    remote = office.folder / "remotes" / "chatbot.git"
    for branch in subprocess.check_output(
        ["git", "--git-dir", str(remote), "for-each-ref", "--format=%(refname:short)", "refs/heads/offkey/"], text=True
    ).split():
        subprocess.run(["git", "--git-dir", str(remote), "branch", "-f", "main", branch], check=True)
    office.offkey("verify", office.run)
    assert "REMOVED" not in rewrites(office).values(), "another branch still holds it"
    subprocess.run(["git", "--git-dir", str(remote), "branch", "-q", "-D", "threads"], check=True)
    office.offkey("verify", office.run)
    assert "REMOVED" in rewrites(office).values()


def rewrites(office: Office) -> dict[str, str]:
    """The outcome of each rewrite step, from a fresh evidence folder."""
    office.offkey("report", office.run, "-o", "evidence")
    steps = {s["id"]: s for s in json.loads((office.folder / "plan.json").read_bytes())["steps"]}
    receipts = [json.loads(p.read_bytes()) for p in (office.folder / "evidence" / "receipts").iterdir()]
    return {r["step"]: r["outcome"] for r in receipts if steps[r["step"]]["action"] == "REWRITE"}


def test_a_plan_edited_by_hand_is_neither_approved_nor_applied(office: Office) -> None:
    office.plan()
    path = office.folder / "plan.json"
    path.write_bytes(path.read_bytes().replace(b"Inactive", b"inactive"))
    assert office.approve() == Exit.PLAN_REFUSED
    assert office.offkey("apply", "plan.json") == Exit.PLAN_REFUSED
    assert all(alive for _, alive in office.services.alive().values())


def test_a_repository_that_is_not_there_is_a_gap(office: Office) -> None:
    config = office.folder / "offkey.toml"
    config.write_text(config.read_text().replace('paths = ["work/webshop"', 'paths = ["work/gone", "work/webshop"'))
    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    gaps = json.loads((office.folder / "plan.json").read_bytes())["gaps"]
    assert any("work/gone" in gap["where"] for gap in gaps)


def test_a_comment_that_excuses_a_line_keeps_no_credential_out_of_the_plan(office: Office) -> None:
    value = tokens.github_classic("excused")
    office.services.hub.add_token(organisation.SAM_LOGIN, value, scopes=["repo"])
    repo = office.work["chatbot"]
    (repo / "later.js").write_text(f"const token = '{value}'; // pragma: allowlist secret\n")
    sam = ["-c", f"user.name={SAM[0]}", "-c", f"user.email={SAM[1]}"]
    subprocess.run(["git", "-C", str(repo), "add", "later.js"], check=True)
    subprocess.run(["git", "-C", str(repo), *sam, "commit", "-qm", "Later"], check=True)
    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    steps = json.loads((office.folder / "plan.json").read_bytes())["steps"]
    assert [step for step in steps for place in step["point"]["places"] if place["path"] == "later.js"]


def test_the_plan_foretells_which_jobs_break_and_hands_the_leavers_schedules_over(office: Office) -> None:
    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    shown = " ".join(office.said.split())
    assert shown.index("What will break") < shown.index("Contain: can be undone")
    assert "workflow .github/workflows/deploy.yml of webshop, job ship" in shown
    steps = json.loads((office.folder / "plan.json").read_bytes())["steps"]
    (token,) = [step for step in steps if step["point"]["kind"] == "github.pat.classic" and step["action"] == "REVOKE"]
    assert any("job ship" in line and "schedule 17 2 * * *" in line for line in token["breaks"])
    (schedule,) = [step for step in steps if step["point"]["kind"] == "github-actions.schedule"]
    assert schedule["action"] == "HAND_OVER"
    assert schedule["point"]["provider_id"] == "webshop/.github/workflows/deploy.yml"


def test_a_stranger_is_a_usage_error(office: Office) -> None:
    assert office.offkey("plan", "nobody-at-all", "-o", "plan.json", "--jobs", "1") == Exit.USAGE
