"""`offkey approve` and `offkey ledger` as a user meets them: real files, real keys, the real command line."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from offboarding import cli
from offboarding.approval import approve, signing
from offboarding.approval.approvals import NotThePlan
from offboarding.commands import approve as command
from offboarding.commands import ledger as ledger_command
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning import plan as plans
from offboarding.ui import UI
from offkey.canonical import canonical
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AccessPoint, Action, Approval, Gap, Person, Plan, Step, from_json, timestamp, to_json
from tests import needs

pytestmark = needs.OPENSSH


ANN = "ann@example.com"


class Office:
    """A folder with configuration, a register with one approver, and a plan that the ledger knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        public = " ".join(self.key.with_suffix(".pub").read_text().split()[:2])
        (folder / "approvers").write_text(f'{ANN} namespaces="offkey-plan" {public}\n')
        (folder / "offkey.toml").write_text('[organisation]\nstate="state"\n[approvers]\nregister="approvers"\n')
        self.now = datetime.now(UTC)
        self.ledger = Ledger(Store.open(folder / "state"), lambda: self.now, "sec@example.com")
        self.plan = self.make()

    @property
    def file(self) -> Path:
        return self.folder / "plan.json"

    def make(self, steps: int = 2) -> Plan:
        points = [
            AccessPoint(id=f"p{n}", provider="github", kind="github.pat.classic", redacted="ghp_…(40)")
            for n in range(steps)
        ]
        made = Plan(
            run="r1", person=Person(id="lea"), requester="sec@example.com", created_at=self.now,
            expires_at=self.now + timedelta(hours=72), rules_digest="sha256:r", key_id="aaaa",
            steps=tuple(
                Step(id=f"s{n}", point=point, action=Action.REVOKE, reversible=n % 2 == 0, reason="theirs",
                     breaks=("the nightly build",), needs="github-public-revoke" if n else "")
                for n, point in enumerate(points)
            ),
            gaps=(Gap(where="repo x", why="it is not there"),),
        )  # fmt: skip
        plans.write(made, self.file)
        self.ledger.append("plan.made", "r1", {"digest": made.digest, "plan": to_json(made)})
        return made

    def call(self, *words: str, yes: bool = True) -> tuple[Exit, str]:
        """Run `offkey approve` in this process. Standard input is no terminal, so nothing is confirmed by itself."""
        out = io.StringIO()
        args = cli.parser("approve").parse_args(
            ["--config", str(self.folder / "offkey.toml"), "approve", str(self.file), "--as", ANN, *words]
        )
        return command.run(args, UI(Console(file=out, width=200), Console(file=io.StringIO()), yes)), out.getvalue()

    def approved(self) -> list[Approval]:
        events = [event for event in self.ledger.events("r1") if event.type == "plan.approved"]
        return [from_json(event.body["approval"], Approval) for event in events]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_an_approval_is_signed_recorded_and_laid_beside_the_plan(office: Office) -> None:
    code, out = office.call("--key", str(office.key), "--allow", "github-public-revoke")
    assert code is Exit.DONE
    (approval,) = office.approved()
    approve.accept(office.plan, approval, office.folder / "approvers", datetime.now(UTC))
    assert approval.allows == ("github-public-revoke",)
    beside = json.loads((office.folder / "plan.json.approvals" / f"{ANN}.json").read_text())
    assert from_json(beside, Approval) == approval
    assert office.ledger.verify().ok
    assert "approved until" in out


def test_the_approver_sees_what_matters_before_saying_yes(office: Office) -> None:
    _, out = office.call("--key", str(office.key))
    for words in (
        "cannot be undone", "can be undone", "2 REVOKE", "the nightly build", "repo x: it is not there",
        "NOT given: without --allow github-public-revoke", office.plan.digest, "asked by sec@example.com",
    ):  # fmt: skip
        assert words in out


def test_silence_is_no_yes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _ = office.call("--key", str(office.key), yes=False)
    assert code is Exit.WAITS_FOR_APPROVAL
    assert not office.approved()


def test_signing_elsewhere_goes_through_the_statement_file(office: Office) -> None:
    code, out = office.call("--allow", "github-public-revoke")
    assert code is Exit.WAITS_FOR_APPROVAL
    assert not office.approved()
    statement = office.folder / "plan.json.approvals" / f"{ANN}.statement"
    printed = next(line for line in out.splitlines() if "ssh-keygen" in line).strip()
    subprocess.run(printed.replace("YOUR_KEY", str(office.key)), shell=True, check=True, capture_output=True)
    code, _ = office.call("--signature", f"{statement}.sig")
    assert code is Exit.DONE
    assert office.approved()[0].allows == ("github-public-revoke",)


def test_a_statement_edited_after_signing_is_refused(office: Office) -> None:
    office.call()
    statement = office.folder / "plan.json.approvals" / f"{ANN}.statement"
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "offkey-plan", "-f", office.key, statement], check=True)
    statement.write_bytes(statement.read_bytes().replace(b'"allows":[]', b'"allows":["github-public-revoke"]'))
    with pytest.raises(OffkeyError, match="does not hold"):
        office.call("--signature", f"{statement}.sig")
    statement.write_text("{}")
    with pytest.raises(UsageError, match="was edited"):
        office.call("--signature", f"{statement}.sig")
    with pytest.raises(UsageError, match="No such file"):
        office.call("--signature", f"{statement}.none")
    assert not office.approved()


def test_a_plan_file_edited_by_hand_is_refused_with_advice(office: Office) -> None:
    text = office.file.read_text()
    assert '"reason":"theirs"' in text
    office.file.write_text(text.replace('"reason":"theirs"', '"reason":"harmless"', 1))
    with pytest.raises(NotThePlan, match="not the plan that was made") as caught:
        office.call("--key", str(office.key))
    assert "edited" in caught.value.advice
    assert not office.approved()


def test_an_older_plan_of_the_run_and_an_unknown_one_are_refused(office: Office) -> None:
    old = office.file.read_bytes()
    office.make(steps=1)
    office.file.write_bytes(old)
    with pytest.raises(NotThePlan, match="not the plan that was made"):
        office.call("--key", str(office.key))
    with pytest.raises(NotThePlan, match="has no plan of run r1"):
        office.call("--key", str(office.key), "--state", str(office.folder / "other"))


def test_a_file_that_is_no_plan_and_a_missing_register_are_wrong_calls(office: Office) -> None:
    office.file.write_text("{}")
    with pytest.raises(UsageError):
        office.call("--key", str(office.key))
    (office.folder / "offkey.toml").write_text("")
    with pytest.raises(UsageError, match="no register"):
        office.call("--key", str(office.key))


def ledger_call(office: Office, *words: str) -> tuple[Exit, str]:
    out = io.StringIO()
    args = cli.parser("ledger").parse_args(["--config", str(office.folder / "offkey.toml"), "ledger", *words])
    return ledger_command.run(args, UI(Console(file=out, width=60), Console(file=io.StringIO()))), out.getvalue()


def test_the_ledger_is_exported_checkpointed_and_verified_from_the_command_line(office: Office) -> None:
    code, out = ledger_call(office, "verify")
    assert (code, out.strip()) == (Exit.GAPS, "1 events: self-consistent; replacement cannot be excluded")
    code, lines = ledger_call(office, "export", "--run", "r1")
    assert [json.loads(line)["type"] for line in lines.splitlines()] == ["plan.made"]
    kept = office.folder / "checkpoint"
    kept.write_text(ledger_call(office, "checkpoint")[1])
    office.make(steps=3)
    code, out = ledger_call(office, "verify", "--checkpoint", str(kept))
    assert code is Exit.DONE
    assert "consistent with the checkpoint over 1 events" in out
    kept.write_text(kept.read_text().replace('"seq":1', '"seq":9'))
    code, out = ledger_call(office, "verify", "--checkpoint", str(kept))
    assert code is Exit.ERROR
    assert "cut off" in out
    kept.write_text("nonsense")
    with pytest.raises(UsageError, match="no checkpoint"):
        ledger_call(office, "verify", "--checkpoint", str(kept))


def test_an_approval_that_cannot_be_kept_does_not_count(office: Office) -> None:
    (office.folder / "plan.json.approvals").write_text("a file where the folder should be")
    with pytest.raises(OffkeyError):
        office.call("--key", str(office.key))
    assert office.approved() == []


def test_the_approver_sees_what_this_approval_lets_happen_and_what_it_does_not(office: Office) -> None:
    (office.folder / "offkey.toml").open("a").write('[policy]\nfour_eyes = "irreversible"\n')
    _, out = office.call("--key", str(office.key), "--allow", "github-public-revoke")
    assert "With this approval" in out
    assert "1 steps may be done (1)" in out
    assert "1 wait (2): 2 different people must approve it with --allow github-public-revoke, 1 did" in out
    assert "What cannot be undone (1)" in out
    assert "Without this approval" not in out


def test_a_register_that_changed_after_the_plan_is_said(office: Office) -> None:
    body = {"digest": office.plan.digest, "plan": to_json(office.plan)}
    older = {**body, "digest": "sha256:older", "register": signing.register_digest(office.folder / "approvers")}
    office.ledger.append("plan.made", "r1", older)
    office.ledger.append("plan.made", "r1", {**body, "register": older["register"]})
    assert "was changed after the plan" not in office.call("--key", str(office.key))[1]
    (office.folder / "approvers").open("a").write("# somebody was here\n")
    assert "The register of approvers was changed after the plan was made." in office.call("--key", str(office.key))[1]


def test_a_statement_for_longer_than_the_policy_allows_or_of_another_is_refused(office: Office) -> None:
    office.call()
    statement = office.folder / "plan.json.approvals" / f"{ANN}.statement"
    made = json.loads(statement.read_bytes())
    later = timestamp(office.plan.expires_at)
    for changes in ({"expires_at": later}, {"approver": "bob@example.com"}):
        statement.write_bytes(canonical({**made, **changes}))
        Path(f"{statement}.sig").write_text(signing.sign(statement.read_bytes(), office.key))
        with pytest.raises(UsageError, match="was edited"):
            office.call("--signature", f"{statement}.sig")
    assert office.approved() == []
