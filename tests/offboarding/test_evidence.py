"""The evidence folder: the same bytes each time, a verifier that stands alone, and no byte that can be changed."""

import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from offboarding import tables
from offboarding.evidence import evidence
from offboarding.ledger import chain, merkle, note
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.ui import UI
from offkey.errors import UsageError
from offkey.model import Action, Bond, Check, Gap, Liveness, Outcome, Plan, Receipt, to_json
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, check, leaked, plan_of, ticking

pytestmark = needs.OPENSSH


KIT = Path(evidence.evidence_kit.__file__).parent / "verify.py"


def standalone() -> ModuleType:
    """The verifier as an auditor has it: one file, without our packages."""
    spec = importlib.util.spec_from_file_location("evidence_verify", KIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


kit = standalone()


@dataclass
class Run:
    """A run in a ledger between events of other runs, and how to make it go on."""

    ledger: Ledger
    plan: Plan
    register: Path

    @classmethod
    def create(cls, folder: Path, who: Approver) -> "Run":
        ledger = Ledger(Store.open(folder / "state"), ticking(), "offkey")
        ledger.append("run.opened", "another", {"person": "eve", "trigger": None})
        plan = plan_of(leaked(), leaked("npm.token", "two"), gaps=(Gap(where="<b>github</b>", why="no credential"),))
        ledger.append("run.opened", plan.run, {"person": "sam", "trigger": None})
        ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
        ledger.append("run.opened", "a third", {"person": "zoe", "trigger": None})
        return cls(ledger, plan, who.register)

    def approve(self, who: Approver) -> "Run":
        self.ledger.append("plan.approved", self.plan.run, {"approval": to_json(who.sign(self.plan))})
        return self

    def do(self) -> "Run":
        run = self.plan.run
        self.ledger.append("apply.started", run, {"digest": self.plan.digest})
        for step in self.plan.steps:
            self.ledger.append("step.intent", run, {"step": step.id, "attempt": 1})
            if step.action in (Action.DISABLE, Action.REVOKE):
                self.ledger.append("step.acting", run, {"step": step.id})
                self.ledger.append("step.acted", run, {"step": step.id, "act": "accepted", "note": "", "exchanges": []})
            self.ledger.append("step.receipt", run, {"receipt": to_json(receipt(step.id, step.action))})
        self.ledger.append("apply.finished", run, {"digest": self.plan.digest})
        return self

    def files(self, checkpoint: chain.Checkpoint | None = None) -> dict[str, bytes]:
        return evidence.build(self.ledger.events(), self.plan.run, self.register.read_bytes(), checkpoint)

    def folder(self, where: Path) -> Path:
        evidence.seal(self.files(), where)
        return where


def receipt(step: str, action: Action) -> Receipt:
    outcome = {Action.DISABLE: Outcome.DISABLED, Action.REVOKE: Outcome.REVOKED, Action.REWRITE: Outcome.PROPOSED}
    return Receipt(
        step=step,
        outcome=outcome.get(action, Outcome.HANDED_OVER),
        before=check(),
        after=Check(liveness=Liveness.DEAD, reason="<script>alert(1)</script>", at=NOW),
        exchanges=(),
        started_at=NOW,
        finished_at=NOW,
    )


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Approver:
    return approver(tmp_path_factory.mktemp("approvers"))


@pytest.fixture
def run(tmp_path: Path, ann: Approver) -> Iterator[Run]:
    made = Run.create(tmp_path, ann).approve(ann)
    yield made.do()
    made.ledger.store.close()


def problems(folder: Path, checkpoint: Path | None = None) -> list[str]:
    return list(kit.verify(folder, checkpoint).problems)


def test_a_whole_folder_is_intact(run: Run, tmp_path: Path) -> None:
    verdict = kit.verify(run.folder(tmp_path / "evidence"))
    assert verdict.problems == []
    assert any("signature verified" in text for text in verdict.passed)
    assert any("replacement cannot be excluded" in text for text in verdict.passed)


def test_it_runs_alone_with_the_standard_library_and_no_network(run: Run, tmp_path: Path) -> None:
    folder = run.folder(tmp_path / "evidence")
    bare = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder)]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "INTACT"), done.stdout + done.stderr
    (folder / "report.html").write_text("all is well")
    assert subprocess.run(bare, capture_output=True, check=False).returncode == 1


def test_the_verifier_imports_the_standard_library_alone() -> None:
    lines = [line for line in KIT.read_text().splitlines() if line.startswith(("import ", "from "))]
    modules = {line.split()[1].split(".")[0] for line in lines}
    assert modules <= sys.stdlib_module_names
    assert not modules & {"socket", "urllib", "http", "ssl", "subprocess"}


def test_the_same_ledger_gives_the_same_bytes_also_after_it_was_sealed(run: Run) -> None:
    first = run.files()
    run.ledger.append(evidence.SEALED, run.plan.run, {"manifest": "sha256:0"})
    run.ledger.append("run.opened", "later", {"person": "x", "trigger": None})
    assert run.files() == first


def test_any_changed_byte_in_any_file_is_found(run: Run, tmp_path: Path) -> None:
    folder = run.folder(tmp_path / "evidence")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        original = path.read_bytes()
        stride = max(1, len(original) // 12)
        for at in {0, len(original) - 1, *range(0, len(original), stride)}:
            path.write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
            assert problems(folder), f"{path.name} byte {at}"
        for changed in (original[:-1], original + b"\n", b""):
            path.write_bytes(changed)
            assert problems(folder), f"{path.name} cut or longer"
        path.write_bytes(original)
    assert problems(folder) == []


def test_missing_added_and_linked_files_are_found(run: Run, tmp_path: Path) -> None:
    folder = run.folder(tmp_path / "evidence")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        moved = tmp_path / "moved"
        shutil.move(path, moved)
        assert problems(folder), f"{path.name} missing"
        path.symlink_to(moved)
        assert problems(folder), f"{path.name} a link"
        path.unlink()
        shutil.move(moved, path)
    (folder / "receipts" / "999-extra.json").write_bytes(b"{}")
    assert problems(folder)


def reseal(folder: Path) -> None:
    """What a forger would do next: make the manifest fit again."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    digests = {n: kit.sha256((folder / n).read_bytes()) for n in names if n != "manifest.json"}
    old = json.loads((folder / "manifest.json").read_bytes())
    old |= {"files": digests, "plan": digests["plan.json"]}
    (folder / "manifest.json").write_bytes(rfc8785.dumps(old))


@pytest.mark.parametrize("name", ["plan.json", "approvals/001.json", "receipts", "ledger.jsonl", "proofs.json"])
def test_a_forger_who_mends_the_manifest_is_found_by_the_ledger(run: Run, tmp_path: Path, name: str) -> None:
    folder = run.folder(tmp_path / "evidence")
    path = min(folder.glob("receipts/*")) if name == "receipts" else folder / name
    data = path.read_bytes()
    forged = data.replace(b"2026", b"2025", 1) if b"2026" in data else data.replace(b"a", b"b", 1)
    assert forged != data
    path.write_bytes(forged)
    reseal(folder)
    assert problems(folder)


def test_a_folder_made_from_another_ledger_is_found_with_an_outside_checkpoint(
    run: Run, tmp_path: Path, ann: Approver
) -> None:
    outside = tmp_path / "kept.json"
    outside.write_bytes(run.files()["checkpoint.json"])
    assert problems(run.folder(tmp_path / "true"), outside) == []
    other = Run.create(tmp_path / "other", ann).approve(ann)
    other.ledger.append("run.opened", "smuggled", {"person": "y", "trigger": None})
    forged = other.do().folder(tmp_path / "forged")
    assert problems(forged) == []
    assert problems(forged, outside)


def test_proofs_can_be_made_for_a_later_checkpoint(run: Run, tmp_path: Path) -> None:
    run.ledger.append("run.opened", "later", {"person": "x", "trigger": None})
    later = run.ledger.checkpoint()
    outside = tmp_path / "kept.json"
    outside.write_bytes(rfc8785.dumps(to_json(later)))
    assert problems(run.folder(tmp_path / "early"), outside)
    evidence.seal(run.files(later), tmp_path / "fitting")
    assert problems(tmp_path / "fitting", outside) == []
    with pytest.raises(UsageError):
        run.files(replace(later, seq=2))


def test_an_act_without_an_approval_is_found(tmp_path: Path, ann: Approver) -> None:
    folder = Run.create(tmp_path, ann).do().folder(tmp_path / "evidence")
    assert any("without an approval" in text for text in problems(folder))


@pytest.mark.parametrize("name", ["sam@example.com", "boss@example.com"])
def test_an_approval_by_the_person_or_the_requester_is_found(tmp_path: Path, ann: Approver, name: str) -> None:
    run = Run.create(tmp_path, ann)
    given = replace(ann.sign(run.plan), approver=name)
    run.ledger.append("plan.approved", run.plan.run, {"approval": to_json(given)})
    assert any("the approver is" in text for text in problems(run.do().folder(tmp_path / "evidence")))


def test_a_signature_of_somebody_else_is_found(tmp_path: Path, ann: Approver) -> None:
    eve = approver(tmp_path / "eve", "eve@example.com")
    run = Run.create(tmp_path, ann)
    given = replace(ann.sign(run.plan), signature=eve.sign(run.plan).signature)
    run.ledger.append("plan.approved", run.plan.run, {"approval": to_json(given)})
    assert problems(run.do().folder(tmp_path / "evidence"))


def test_a_key_that_it_cannot_judge_counts_as_not_verified(tmp_path: Path) -> None:
    rita = approver(tmp_path / "rita", "rita@example.com", kind="rsa")
    folder = Run.create(tmp_path, rita).approve(rita).do().folder(tmp_path / "evidence")
    verdict = kit.verify(folder)
    assert verdict.problems == ["the approvals could not be verified here"]
    assert any("ssh-keygen -Y verify" in note for note in verdict.notes)


def test_a_receipt_without_an_announcement_is_found(tmp_path: Path, ann: Approver) -> None:
    run = Run.create(tmp_path, ann).approve(ann)
    run.ledger.append("apply.started", run.plan.run, {"digest": run.plan.digest})
    step = run.plan.steps[0]
    run.ledger.append("step.receipt", run.plan.run, {"receipt": to_json(receipt(step.id, step.action))})
    assert any("was not announced" in text for text in problems(run.folder(tmp_path / "evidence")))


def test_a_folder_with_other_things_in_it_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        run.folder(tmp_path / "mine")


def test_no_such_run_is_said(run: Run) -> None:
    with pytest.raises(evidence.NothingToSeal):
        evidence.build(run.ledger.events(), "no-run", b"")


def test_the_report_is_one_file_without_scripts_and_escapes_what_strangers_wrote(run: Run) -> None:
    page = run.files()["report.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;github" in page
    assert "default-src 'none'" in page
    assert "src=" not in page
    assert "needs somebody" in page.lower()


# --- the verifier's own small implementations, against published vectors and the real programs ---

# RFC 8032 section 7.1: secret key, public key, message, signature
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_verify_and_nothing_near_them(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert kit.ed25519_verify(key, text, signed)
    assert not kit.ed25519_verify(key, text + b"x", signed)
    for at in (0, 31, 32, 63):
        assert not kit.ed25519_verify(key, text, signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    assert not kit.ed25519_verify(key, text, signed[:63])
    assert not kit.ed25519_verify(b"\xff" * 32, text, signed)


def test_a_signature_with_a_scalar_beyond_the_group_order_is_refused() -> None:
    public, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
    larger = int.from_bytes(signature[32:], "little") + kit.L
    assert not kit.ed25519_verify(public, message, signature[:32] + larger.to_bytes(32, "little"))


def test_signatures_of_the_real_ssh_keygen_verify(tmp_path: Path, ann: Approver) -> None:
    for number in range(5):
        message = tmp_path / str(number)
        message.write_bytes(b"text %d" % number * number)
        for namespace in ("offkey-plan", "file"):
            command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(ann.key), str(message)]
            subprocess.run(command, check=True, capture_output=True)
            signature = message.with_suffix(".sig")
            armored = signature.read_text()
            signature.unlink()
            if namespace == "file":
                with pytest.raises(kit.Bad, match="another purpose"):
                    kit.ssh_verify(message.read_bytes(), armored)
            else:
                key = kit.ssh_verify(message.read_bytes(), armored)
                assert key in kit.registered(ann.register.read_text(), "ANN@example.com", NOW)
                with pytest.raises(kit.Bad, match="wrong"):
                    kit.ssh_verify(message.read_bytes() + b"!", armored)


def test_a_register_line_counts_only_in_its_time_and_for_its_purpose() -> None:
    line = "ann@example.com {} ssh-ed25519 AAAA"
    for options, counts in (
        ('namespaces="offkey-plan"', 1),
        ('namespaces="file,offkey-plan"', 1),
        ('namespaces="file"', 0),
        ('namespaces="offkey-plan",valid-before="20270101"', 1),
        ('namespaces="offkey-plan",valid-before="20260101Z"', 0),
        ('namespaces="offkey-plan",valid-after="20270101"', 0),
    ):
        assert len(kit.registered(line.format(options), "ann@example.com", NOW)) == counts, options
    with pytest.raises(kit.NotHere):
        kit.registered(line.format('cert-authority,namespaces="offkey-plan"'), "ann@example.com", NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_its_canonical_json_is_that_of_the_rfc8785_package(data: object) -> None:
    assert kit.canonical(data) == rfc8785.dumps(data)  # type: ignore[arg-type]
    assert kit.parse(kit.canonical(data), "it") == data


@pytest.mark.parametrize(
    "raw", [b'{"a":1,"a":1}', b"{ }", b'{"b":1,"a":1}', b"1.5", b"NaN", b'"\\u0061"', b"\xff", b"["]
)
def test_what_is_not_canonical_is_refused(raw: bytes) -> None:
    with pytest.raises(kit.Bad):
        kit.parse(raw, "it")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.data())
def test_its_merkle_proofs_are_those_of_the_ledger(size: int, data: st.DataObject) -> None:
    entries = [hashlib.sha256(bytes([number])).digest() for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.Tree(entries).inclusion(index)
    assert kit.merkle_root(entries[index], index, size, proof) == merkle.merkle_root(entries)
    assert kit.merkle_root(entries[index], index, size, [*proof, b"x" * 32]) is None


def test_the_page_and_the_screen_list_what_was_within_reach_and_the_verifier_accepts_it(
    tmp_path: Path, ann: Approver
) -> None:
    run = Run.create(tmp_path / "run", ann)
    reach = [leaked("npm.token", str(n), bond=Bond.EXPOSED, evidence=("<i>was there</i>",)) for n in range(25)]
    run.plan = plan_of(leaked(), *reach)
    run.ledger.append("plan.made", run.plan.run, {"digest": run.plan.digest, "plan": to_json(run.plan)})
    run.approve(ann).do()
    folder = run.folder(tmp_path / "evidence")
    page = (folder / "report.html").read_text()
    assert "<h2>To rotate</h2>" in page
    assert page.count("&lt;i&gt;was there&lt;/i&gt;<br>app:settings.py:3") == 25
    assert kit.verify(folder).problems == []
    out = io.StringIO()
    tables.show_plan(run.plan, UI(Console(file=out, width=200), Console(file=io.StringIO())))
    assert "Within their reach (25)" in out.getvalue()
    assert out.getvalue().count("app:settings.py:3\n") >= 20
    assert "and 5 more, all in the plan file" in out.getvalue()


def test_a_signed_checkpoint_lies_in_the_folder_and_is_verified_without_us(run: Run, tmp_path: Path) -> None:
    signer, stranger = note.make("example.com/ledger", b"k" * 32), note.make("example.com/ledger", b"s" * 32)
    files = evidence.build(run.ledger.events(), run.plan.run, run.register.read_bytes(), signer=signer)
    assert note.opened(files["checkpoint"], [signer.verifier]).seq == len(run.ledger.events())
    folder = tmp_path / "evidence"
    evidence.seal(files, folder)
    vkey = signer.verifier.vkey
    assert kit.verify(folder).problems == []
    kept = tmp_path / "kept"
    kept.write_bytes(files["checkpoint"])
    assert kit.verify(folder, kept, vkey).problems == []
    assert any("consistent with the given" in text for text in kit.verify(folder, kept, vkey).passed)
    assert "another key" in kit.verify(folder, None, stranger.verifier.vkey).problems[0]
    kept.write_bytes(stranger.sign(note.opened(files["checkpoint"], [signer.verifier])))
    assert "not signed by" in kit.verify(folder, kept, vkey).problems[0]


def test_another_checkpoint_in_the_folder_with_a_manifest_made_to_fit_is_found(run: Run, tmp_path: Path) -> None:
    signer = note.make("example.com/ledger", b"k" * 32)
    files = evidence.build(run.ledger.events(), run.plan.run, run.register.read_bytes(), signer=signer)
    other = signer.sign(chain.checkpoint(run.ledger.events()[:2], NOW))
    manifest = json.loads(files["manifest.json"])
    manifest["files"]["checkpoint"] = "sha256:" + hashlib.sha256(other).hexdigest()
    evidence.seal({**files, "checkpoint": other, "manifest.json": rfc8785.dumps(manifest)}, tmp_path / "evidence")
    assert kit.verify(tmp_path / "evidence").problems == ["the signed checkpoint is not the one of this evidence"]


def test_the_verifier_and_the_ledger_agree_on_an_events_hash_with_and_without_its_salt(run: Run) -> None:
    for event in run.ledger.events():
        assert event.salt
        assert kit.event_hash(to_json(event)) == chain.event_hash(event) == event.hash
        bare = replace(event, salt="")
        assert kit.event_hash(to_json(bare)) == chain.event_hash(bare) != event.hash
