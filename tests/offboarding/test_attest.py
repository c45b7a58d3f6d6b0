"""`offkey attest`: a person's signed word ends a hand-over, unless it is seen to live."""

import io
import json
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from offboarding import cli
from offboarding.applying import wiring
from offboarding.approval import approve, attesting, signing
from offboarding.approval.attestation import Attestation
from offboarding.approval.duties import Duties, Role
from offboarding.commands import attest as command
from offboarding.commands import verify as verify_command
from offboarding.evidence import evidence
from offboarding.evidence_kit import verify as kit
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning import plan as plans
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AccessPoint, Check, Gap, Liveness, Outcome, Ownership, Plan, Receipt, Step, to_json
from tests import needs
from tests.offboarding.cases import KEY, LEAVER, approver, leaked, listed, plan_of

pytestmark = needs.OPENSSH

ANN = "ann@example.com"


@dataclass
class Told:
    """A provider's module that says one thing of every point."""

    liveness: Liveness
    HANDLES: Any = None

    def state(self, http: Any, settings: Any, point: AccessPoint, credential: Any) -> Check:
        return Check(liveness=self.liveness, reason=f"said {self.liveness.value}", at=datetime.now(UTC))


class Office:
    """A run in which one step was handed over: configuration, register, plan, ledger."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.who = approver(folder)
        (folder / "organisation.key").write_bytes(KEY.key.reveal())
        (folder / "organisation.key").chmod(0o600)
        (folder / "offkey.toml").write_text(
            '[organisation]\nstate="state"\nkey="file:organisation.key"\n[approvers]\nregister="approvers"\n'
        )
        self.ledger = Ledger(Store.open(folder / "state"), lambda: datetime.now(UTC), "offkey")
        shared = listed(ownership=Ownership.SHARED, kind="slack.user", provider_id="U1")
        self.plan = plan_of(shared, now=datetime.now(UTC) - timedelta(hours=1))
        (self.step,) = self.plan.steps
        plans.write(self.plan, self.file)
        self.ledger.append("plan.made", self.plan.run, {"digest": self.plan.digest, "plan": to_json(self.plan)})
        approval = self.who.sign(self.plan, now=datetime.now(UTC))
        self.ledger.append("plan.approved", self.plan.run, {"approval": to_json(approval)})
        self.ledger.append("apply.started", self.plan.run, {"digest": self.plan.digest})
        self.ledger.append("step.intent", self.plan.run, {"step": self.step.id, "attempt": 1})
        self.ledger.append("step.receipt", self.plan.run, {"receipt": to_json(self.receipt())})
        self.says(None)

    @property
    def file(self) -> Path:
        return self.folder / "plan.json"

    def receipt(self, **changes: Any) -> Receipt:
        now = datetime.now(UTC)
        made = Receipt(
            step=self.step.id, outcome=Outcome.HANDED_OVER, before=None, after=None, exchanges=(), started_at=now,
            finished_at=now, note="shared", advice="ask", assignee="boss@example.com", due=now - timedelta(days=1),
        )  # fmt: skip
        return replace(made, **changes)

    def says(self, liveness: Liveness | None) -> None:
        """What the provider answers when it is looked at; None: nothing can ask it."""
        ask = {"slack": (Told(liveness, {}), None, None)} if liveness else {}
        self.monkeypatch.setattr(wiring, "askers", lambda config, plan, now: (ask, []))
        gap = Gap(where="code", why="not looked at")
        self.monkeypatch.setattr(wiring, "watcher", lambda config, plan, state, now: gap)

    def call(self, *words: str, module: Any = command) -> tuple[Exit, str]:
        out = io.StringIO()
        args = cli.parser(words[0]).parse_args(["--config", str(self.folder / "offkey.toml"), *words])
        ui = UI(Console(file=out, width=200), Console(file=io.StringIO()), False)
        return module.run(args, ui), out.getvalue()

    def attest(self, *words: str, note: str = "changed it in the console") -> tuple[Exit, str]:
        given = ["--plan", str(self.file), "--as", ANN, *(["--note", note] if note else [])]
        return self.call("attest", "1", *given, *(words or ("--key", str(self.who.key))))

    def outcome(self) -> Outcome:
        return past(self.ledger.events(self.plan.run)).receipts[self.step.id].outcome

    def events(self) -> list[str]:
        return [event.type for event in self.ledger.events(self.plan.run)]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def test_what_nobody_can_look_at_ends_on_a_signed_word_and_closes_the_run(office: Office) -> None:
    code, out = office.attest()
    assert (code, office.outcome()) == (Exit.DONE, Outcome.ATTESTED)
    assert "ATTESTED" in out
    told = past(office.ledger.events(office.plan.run))
    assert (told.attested[office.step.id].signer, told.closed) == (ANN, True)
    assert "changed it in the console" in told.receipts[office.step.id].note


def test_what_is_seen_to_live_cannot_be_attested_away(office: Office) -> None:
    office.says(Liveness.LIVE)
    code, out = office.attest()
    assert (code, office.outcome()) == (Exit.NOT_ALL_CONFIRMED, Outcome.HANDED_OVER)
    assert "stays open" in out
    assert "LIVE: said LIVE" in past(office.ledger.events(office.plan.run)).receipts[office.step.id].note
    assert "run.closed" not in office.events()
    office.says(Liveness.DEAD)
    assert office.attest()[0] is Exit.DONE
    assert office.outcome() is Outcome.ALREADY_DEAD


def test_only_what_was_handed_over_can_be_attested(office: Office) -> None:
    office.attest()
    with pytest.raises(UsageError, match="is ATTESTED: only what was handed over"):
        office.attest()
    with pytest.raises(UsageError, match="no step 7"):
        office.call("attest", "7", "--plan", str(office.file), "--as", ANN, "--note", "x")


def test_a_statement_says_what_was_done(office: Office) -> None:
    for note in ("", "  "):
        with pytest.raises(UsageError, match="does not say what was done"):
            office.attest("--key", str(office.who.key), note=note)
    assert "step.attested" not in office.events()


def test_signing_by_hand_goes_through_the_statement_file(office: Office) -> None:
    code, out = office.attest("--state", str(office.folder / "state"))
    assert (code, office.outcome()) == (Exit.WAITS_FOR_APPROVAL, Outcome.HANDED_OVER)
    assert "-n offkey-attest" in out
    statement = attesting.place(office.file, office.step.id, ANN)
    line = signing.sign_command(office.who.key, statement, signing.ATTESTING)
    subprocess.run(line, shell=True, check=True, capture_output=True)
    assert office.attest("--signature", f"{statement}.sig", note="")[0] is Exit.DONE
    assert office.outcome() is Outcome.ATTESTED


def test_a_word_that_was_seen_to_be_wrong_is_not_taken_a_second_time(office: Office) -> None:
    office.attest("--state", str(office.folder / "state"))
    statement = attesting.place(office.file, office.step.id, ANN)
    line = signing.sign_command(office.who.key, statement, signing.ATTESTING)
    subprocess.run(line, shell=True, check=True, capture_output=True)
    office.says(Liveness.LIVE)
    assert office.attest("--signature", f"{statement}.sig", note="")[0] is Exit.NOT_ALL_CONFIRMED
    office.says(None)
    with pytest.raises(attesting.AttestationRefused, match="older than"):
        office.attest("--signature", f"{statement}.sig", note="")
    assert office.outcome() is Outcome.HANDED_OVER
    assert office.attest()[0] is Exit.DONE


def test_who_has_left_attests_nothing(office: Office) -> None:
    gone = Directory(entries=(Entry(id="ann", emails=(ANN,), left_at=datetime.now(UTC) - timedelta(days=1)),))
    with pytest.raises(attesting.AttestationRefused, match="has left"):
        accepted(office, given(office), people=gone)


def test_an_edited_statement_does_not_count(office: Office) -> None:
    office.attest("--state", str(office.folder / "state"))
    statement = attesting.place(office.file, office.step.id, ANN)
    signing_line = signing.sign_command(office.who.key, statement, signing.ATTESTING)
    subprocess.run(signing_line, shell=True, check=True, capture_output=True)
    data = json.loads(statement.read_bytes())
    statement.write_text(json.dumps({**data, "note": "something else"}))
    with pytest.raises(attesting.AttestationRefused, match="does not hold"):
        office.attest("--signature", f"{statement}.sig", note="")
    assert office.outcome() is Outcome.HANDED_OVER


def given(office: Office, **changes: Any) -> Attestation:
    made = Attestation(
        plan_digest=office.plan.digest, step=office.step.id, signer=ANN, at=datetime.now(UTC), note="done"
    )
    return attesting.sign(replace(made, **changes), office.who.key)


def accepted(office: Office, attestation: Attestation, people: Directory = approve.NOBODY, **roles: Any) -> None:
    attesting.accept(
        office.plan, office.step, attestation, office.who.register, datetime.now(UTC), people=people,
        duties=Duties(roles=roles), since=office.receipt().finished_at - timedelta(minutes=1),
    )  # fmt: skip


def test_a_statement_counts_for_its_own_plan_step_and_time_alone(office: Office) -> None:
    accepted(office, given(office))
    for changes in (
        {"plan_digest": "sha256:other"}, {"step": "s-other"}, {"note": " "}, {"signer": "eve@example.com"},
        {"at": datetime.now(UTC) + timedelta(hours=1)},
    ):  # fmt: skip
        with pytest.raises(attesting.AttestationRefused) as caught:
            accepted(office, given(office, **changes))
        assert caught.value.advice


def test_an_approval_is_no_attestation_and_an_attestation_no_approval(office: Office) -> None:
    made = given(office)
    passed_off = replace(made, signature=signing.sign(made.statement, office.who.key))
    with pytest.raises(attesting.AttestationRefused, match="does not hold"):
        accepted(office, passed_off)
    approval = approve.approve(office.plan, ANN, datetime.now(UTC))
    signature = signing.sign(approve.statement(approval), office.who.key, signing.ATTESTING)
    with pytest.raises(OffkeyError, match="does not hold"):
        approve.accept(office.plan, replace(approval, signature=signature), office.who.register, datetime.now(UTC))


def test_the_person_attests_nothing_by_any_address_nor_does_who_has_no_role(office: Office) -> None:
    also_sam = Directory(entries=(Entry(id=LEAVER.id, emails=(ANN,)),))
    with pytest.raises(attesting.AttestationRefused, match="is the person"):
        accepted(office, given(office), people=also_sam)
    with pytest.raises(attesting.AttestationRefused, match="has no role"):
        accepted(office, given(office), **{"bob@example.com": frozenset({Role.SECURITY})})
    accepted(office, given(office), **{ANN: frozenset({Role.SECURITY})})


def test_the_evidence_holds_the_attestation_and_its_forgery_is_found(office: Office, tmp_path: Path) -> None:
    office.attest()
    register = office.who.register.read_bytes()
    files = evidence.build(office.ledger.events(), office.plan.run, register)
    evidence.seal(files, tmp_path / "evidence")
    verdict = kit.verify(tmp_path / "evidence")
    assert verdict.problems == []
    assert any("attestation of step" in line and "signature verified" in line for line in verdict.passed)
    other = approver(tmp_path / "other").register.read_bytes()
    evidence.seal(evidence.build(office.ledger.events(), office.plan.run, other), tmp_path / "forged")
    assert kit.verify(tmp_path / "forged").problems


def test_a_receipt_of_an_attestation_that_nobody_gave_is_found(office: Office, tmp_path: Path) -> None:
    forged = office.receipt(outcome=Outcome.ATTESTED)
    office.ledger.append("step.receipt", office.plan.run, {"receipt": to_json(forged)})
    files = evidence.build(office.ledger.events(), office.plan.run, office.who.register.read_bytes())
    evidence.seal(files, tmp_path / "evidence")
    assert kit.verify(tmp_path / "evidence").problems == ["a receipt says that somebody attested it, and nobody did"]


def test_verify_says_what_is_overdue_and_what_lives_although_it_was_attested(office: Office) -> None:
    code, out = office.call("verify", office.plan.run, module=verify_command)
    assert code is Exit.NOT_ALL_CONFIRMED
    assert "OVERDUE" in out
    office.attest()
    code, out = office.call("verify", office.plan.run, module=verify_command)
    assert (code, "OVERDUE" in out) == (Exit.DONE, False)
    office.says(Liveness.LIVE)
    code, out = office.call("verify", office.plan.run, module=verify_command)
    assert code is Exit.OPEN
    assert "ALIVE AGAIN" in out


def test_a_kill_between_the_two_records_leaves_the_step_open_and_the_same_call_ends_it(office: Office) -> None:
    office.ledger.append("step.attested", office.plan.run, {"attestation": to_json(given(office)), "open": False})
    assert office.outcome() is Outcome.HANDED_OVER
    assert office.attest()[0] is Exit.DONE
    assert office.events().count("step.receipt") == 2


def test_a_removal_from_code_that_nobody_can_look_into_ends_on_a_word(office: Office) -> None:
    rewrite: Step = plan_of(leaked("npm.token")).steps[0]
    before = office.receipt()
    plan: Plan = replace(office.plan, steps=(rewrite,))
    from offboarding.evidence import verify
    from offboarding.ledger.history import Past

    seen = verify.look(rewrite, Past(plan=plan), {}, lambda point: None, lambda: datetime.now(UTC))  # type: ignore[arg-type,return-value]
    assert seen.still is None
    made = attesting.settled(rewrite, before, given(office), seen.check, seen.still, now=datetime.now(UTC))
    assert made.outcome is Outcome.ATTESTED
