"""Evidence made by whoever holds the whole ledger: what would be left out, withheld or said better than it was."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from offboarding.approval import attesting, signing
from offboarding.approval.attestation import Attestation
from offboarding.evidence import archive, evidence
from offboarding.ledger import note
from offboarding.ledger.chain import commitment
from offkey.model import AccessPoint, Action, Outcome, to_json
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, leaked, plan_of
from tests.offboarding.test_evidence import Run, kit, problems, receipt, reseal

pytestmark = needs.OPENSSH


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


@pytest.fixture(scope="module")
def bob(ann: Approver) -> Approver:
    return approver(ann.register.parent, "bob@example.com")


@pytest.fixture
def run(tmp_path: Path, ann: Approver) -> Iterator[Run]:
    made = Run.create(tmp_path, ann)
    yield made
    made.ledger.store.close()


def planned(run: Run, points: Iterable[AccessPoint], **policy: str) -> Run:
    run.plan = plan_of(*points)
    body = {"digest": run.plan.digest, "plan": to_json(run.plan), **policy}
    run.ledger.append("plan.made", run.plan.run, body)
    return run


def test_a_folder_without_a_signed_checkpoint_does_not_pass_where_a_key_was_given(run: Run, ann: Approver) -> None:
    folder = run.approve(ann).do().folder(run.register.parent / "unsigned")
    vkey = note.make("example.com/ledger", b"k" * 32).verifier.vkey
    assert kit.verify(folder).problems == []
    assert kit.verify(folder, None, vkey).problems == [
        "nothing here is signed by the key that was given: the folder has no signed checkpoint"
    ]


def test_contents_that_are_withheld_are_found(run: Run, ann: Approver, tmp_path: Path) -> None:
    """The hash of an event fits its commitment alone, too: an erased ledger verifies, evidence does not."""
    run.approve(ann).do().ledger.append("run.reopened", run.plan.run, {"reasons": [{"key": "x", "what": "alive"}]})
    folder = run.folder(tmp_path / "evidence")
    assert problems(folder) == []
    lines = (folder / "ledger.jsonl").read_bytes().splitlines()
    event = json.loads(lines[-1])
    event |= {"body": commitment(event["salt"], event["body"]), "salt": ""}
    (folder / "ledger.jsonl").write_bytes(b"".join(one + b"\n" for one in [*lines[:-1], kit.canonical(event)]))
    reseal(folder)
    assert problems(folder) == ["the contents of event {} are withheld".format(event["seq"])]


@pytest.mark.parametrize("policy", ["irreversible", "all"])
def test_one_approval_is_not_enough_where_the_policy_of_the_run_wants_two(
    run: Run, ann: Approver, bob: Approver, tmp_path: Path, policy: str
) -> None:
    planned(run, [leaked()], four_eyes=policy).approve(ann).do()
    assert any("without the two approvers" in text for text in problems(run.folder(tmp_path / "one")))
    run.approve(bob)
    assert any("without the two approvers" in text for text in problems(run.folder(tmp_path / "late")))
    planned(run, [leaked()]).do()  # planned again and the same, under no policy: the first one's counts
    assert any("without the two approvers" in text for text in problems(run.folder(tmp_path / "again")))


def test_two_approvals_are_enough(run: Run, ann: Approver, bob: Approver, tmp_path: Path) -> None:
    planned(run, [leaked()], four_eyes="all").approve(ann).approve(bob).do()
    assert problems(run.folder(tmp_path / "evidence")) == []


def test_an_act_without_the_extra_yes_that_its_step_wants_is_found(run: Run, ann: Approver, tmp_path: Path) -> None:
    planned(run, [leaked("github.pat.classic")])
    assert any(step.needs == "public-revoke" for step in run.plan.steps)
    run.approve(ann).do()
    assert any("extra yes for public-revoke" in text for text in problems(run.folder(tmp_path / "evidence")))


def test_an_act_with_the_extra_yes_passes(run: Run, ann: Approver, tmp_path: Path) -> None:
    planned(run, [leaked("github.pat.classic")])
    given = ann.sign(run.plan, allows=["public-revoke"])
    run.ledger.append("plan.approved", run.plan.run, {"approval": to_json(given)})
    assert problems(run.do().folder(tmp_path / "evidence")) == []


@pytest.mark.parametrize(
    ("before", "after"), [(b",open,", b",in time,"), (b",in time,", b",dead before,"), (b",late,", b",in time,")]
)
def test_a_table_that_tells_better_times_is_found(
    run: Run, ann: Approver, tmp_path: Path, before: bytes, after: bytes
) -> None:
    sla = 1 if before == b",late," else 48
    run.approve(ann).do()
    events = run.ledger.events()
    files = evidence.build(events, run.plan.run, run.register.read_bytes(), sla=timedelta(hours=sla))
    folder = tmp_path / "evidence"
    evidence.seal(files, folder)
    assert problems(folder) == []
    assert before in files["steps.csv"]
    (folder / "steps.csv").write_bytes(files["steps.csv"].replace(before, after, 1))
    reseal(folder)
    assert any("steps.csv says something else" in text for text in problems(folder))


def test_a_file_that_evidence_does_not_have_is_found_though_the_manifest_lists_it(
    run: Run, ann: Approver, tmp_path: Path
) -> None:
    for name in ("report2.html", "hashlib.py", "receipts/more/1.json"):
        folder = run.approve(ann).do().folder(tmp_path / "evidence")
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"{}")
        reseal(folder)
        assert problems(folder) == [f"{name} is no file of evidence"]
        (folder / name).unlink()


def test_no_module_is_taken_from_the_folder_that_is_checked(run: Run, ann: Approver, tmp_path: Path) -> None:
    folder = run.approve(ann).do().folder(tmp_path / "evidence")
    (folder / "argparse.py").write_text("print('INTACT')\nraise SystemExit(0)\n")
    for options in ((), ("-I",)):
        command = [sys.executable, *options, str(folder / "verify.py"), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "NOT INTACT"), options


def test_who_may_only_attest_has_a_word_that_counts(run: Run, ann: Approver, tmp_path: Path) -> None:
    sue = approver(tmp_path / "sue", "sue@example.com")
    listed = sue.register.read_text().replace("offkey-plan", "offkey-attest")
    run.register = tmp_path / "register"
    run.register.write_text(ann.register.read_text() + listed)
    run.approve(ann).do()
    step = next(one for one in run.plan.steps if one.action is Action.HAND_OVER)
    given = Attestation(plan_digest=run.plan.digest, step=step.id, signer=sue.email, at=NOW, note="done")
    signed = attesting.sign(given, sue.key)
    signing.verify(given.statement, signed.signature, sue.email, run.register, NOW, namespace=signing.ATTESTING)
    attesting.record(run.ledger, run.plan.run, signed, replace(receipt(step.id, step.action), outcome=Outcome.ATTESTED))
    folder = run.folder(tmp_path / "evidence")
    assert problems(folder) == []
    # a key that had run out when the word was recorded is none, whatever time the statement gives
    old = listed.replace('"offkey-attest"', '"offkey-attest",valid-before="20261120115959"')
    given_then = replace(given, at=NOW.replace(hour=1))
    attesting.record(
        run.ledger, run.plan.run, attesting.sign(given_then, sue.key),
        replace(receipt(step.id, step.action), outcome=Outcome.ATTESTED),
    )  # fmt: skip
    run.register.write_text(ann.register.read_text() + old)
    assert any("not in the register for sue" in text for text in problems(run.folder(tmp_path / "late")))


def test_no_name_in_the_folder_speaks_to_the_terminal(run: Run, ann: Approver, tmp_path: Path) -> None:
    folder = run.approve(ann).do().folder(tmp_path / "evidence")
    (folder / "a\x1b[2K\rINTACT\n\x1b[8m\u202e").write_bytes(b"")
    done = subprocess.run([sys.executable, str(folder / "verify.py"), str(folder)], capture_output=True, check=False)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, lines[-1]) == (1, "NOT INTACT")
    assert "INTACT" not in lines
    assert all(line.isprintable() for line in lines)


def test_a_zip_with_files_that_its_directory_does_not_list_is_found(run: Run, ann: Approver, tmp_path: Path) -> None:
    """Some programs unpack whatever comes, and never look at the directory."""
    files = run.approve(ann).do().files()
    whole, other = archive.zipped(files, "evidence"), archive.zipped({"report.html": b"all is well"}, "evidence")
    alone = other[: other.index(b"PK\1\2")]
    kept = tmp_path / "kept.zip"
    kept.write_bytes(whole)
    assert problems(kept) == []
    at, end = whole.index(b"PK\1\2"), whole.rindex(b"PK\5\6")
    behind = whole[end : end + 16] + struct.pack("<L", at + len(alone)) + whole[end + 20 :]
    for forged in (alone + whole, whole[:at] + alone + whole[at:end] + behind):
        kept.write_bytes(forged)
        assert problems(kept) == ["the zip holds more than its directory lists"]


def test_a_zip_that_somebody_packed_anew_is_as_good(run: Run, ann: Approver, tmp_path: Path) -> None:
    folder = run.approve(ann).do().folder(tmp_path / "evidence")
    kept = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path, "evidence")
    assert problems(Path(kept)) == []
    assert folder.is_dir()
