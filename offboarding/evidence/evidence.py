"""The evidence folder: what an auditor can check without trusting us. Byte for byte the same for the same ledger.

README.txt       where to begin                report.html      for people
case.json        the run against the clock     steps.csv        each end of access, with its hours
inventory.csv    each access before and after  coverage.csv     what was looked at, and what could not be
frameworks.csv   which control it speaks to    plan.json        its SHA-256 is the digest that was approved
receipts/        one for each step             approvals/       with their SSH signatures
ledger.jsonl     the run's events              proofs.json      of their place in the Merkle tree (RFC 6962)
checkpoint.json  head and root of that tree    approvers        the register of keys
checkpoint       the same, signed (C2SP)       checkpoint.pub   its public key, where there is one
verify.py        checks all of it offline      manifest.json    the SHA-256 of every file

Other runs' events are not in it: the proofs show the run's place among them without showing them.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from offboarding import evidence_kit
from offboarding.applying.outcomes import words
from offboarding.evidence import archive, report, sheets
from offboarding.evidence.case import DEFAULT_SLA, case
from offboarding.evidence_kit import verify as kit
from offboarding.ledger import chain
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.history import Past, past
from offboarding.ledger.merkle import Tree
from offboarding.ledger.note import Signer
from offkey.canonical import canonical, content_digest
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AuditEvent, to_json

SEALED = "evidence.sealed"
AFTERWARDS = frozenset({SEALED, "run.verified"})
"""Events about the evidence, or after it; they do not belong to what a run did."""

Files = dict[str, bytes]


class NothingToSeal(OffkeyError):
    """There is no such run, or no plan was made in it."""

    exit_code = Exit.NOTHING_EXAMINED


def build(
    ledger: Sequence[AuditEvent],
    run: str,
    register: bytes,
    checkpoint: Checkpoint | None = None,
    *,
    signer: Signer | None = None,
    sla: timedelta = DEFAULT_SLA,
) -> Files:
    """Every file of the folder by its name. Pure. `ledger` holds all events from the first on.

    `checkpoint` is one that is kept elsewhere and covers the run; without it the run's last event ends the tree. With
    the checkpoint key there are also `checkpoint`, the signed note, and `checkpoint.pub`. Raises NothingToSeal.
    """
    events = [event for event in ledger if event.run == run and event.type not in AFTERWARDS]
    told = past(events)
    _check_told(told, events, run)
    assert told.plan is not None
    tree = checkpoint or chain.checkpoint(ledger[: events[-1].seq], events[-1].at)
    if not events[-1].seq <= tree.seq <= len(ledger):
        raise UsageError(
            f"the checkpoint covers {tree.seq} events, and the run's last is number {events[-1].seq} of {len(ledger)}",
            advice="give a checkpoint that was taken after the run",
        )
    tree = replace(tree, head=tree.head or ledger[tree.seq - 1].hash, at=tree.at or events[-1].at)
    prover = Tree(chain.leaves(ledger[: tree.seq]))
    proofs = {str(event.seq): [node.hex() for node in prover.inclusion(event.seq - 1)] for event in events}
    judged = case(told, events, sla)
    files = {
        "README.txt": (Path(evidence_kit.__file__).parent / "README.txt").read_bytes(),
        "case.json": canonical(sheets.summary(judged)),
        "steps.csv": sheets.steps(judged),
        "inventory.csv": sheets.inventory(judged),
        "coverage.csv": sheets.coverage(judged),
        "frameworks.csv": sheets.frameworks(judged),
        "plan.json": canonical(to_json(told.plan)),
        "ledger.jsonl": b"".join(canonical(to_json(event)) + b"\n" for event in events),
        "proofs.json": canonical(proofs),
        "checkpoint.json": canonical(to_json(tree)),
        "approvers": register,
        "verify.py": (Path(evidence_kit.__file__).parent / "verify.py").read_bytes(),
        "report.html": report.render(told, events, judged, tree, words).encode(),
    }
    for number, step in enumerate(told.plan.steps, start=1):
        if step.id in told.receipts:
            files[f"receipts/{number:03}-{step.id}.json"] = canonical(to_json(told.receipts[step.id]))
    approvals = [event.body["approval"] for event in events if event.type == "plan.approved"]
    files |= {f"approvals/{number:03}.json": canonical(given) for number, given in enumerate(approvals, start=1)}
    if signer:
        files |= {"checkpoint": signer.sign(tree), "checkpoint.pub": signer.verifier.vkey.encode() + b"\n"}
    digests = {name: content_digest(content) for name, content in sorted(files.items())}
    manifest = {"version": 1, "run": run, "plan": digests["plan.json"], "files": digests}
    return {**files, "manifest.json": canonical(manifest)}


def _check_told(told: Past, events: Sequence[AuditEvent], run: str) -> None:
    """Raise NothingToSeal for a run without a plan, or whose contents were erased."""
    if told.erased:
        raise NothingToSeal(
            f"the contents of run {run} were erased", advice="`offkey ledger export` shows what is left"
        )
    if told.plan is None and any(event.type == "containment.started" for event in events):
        raise NothingToSeal(
            f"run {run} was contained, and has no full plan yet: that says what else there is",
            advice=f"make it, evidence needs no approval of it: `offkey plan --run {run}`",
        )
    if told.plan is None:
        raise NothingToSeal(f"no plan was made in a run {run!r}", advice="`offkey ledger export` lists the runs")


def pack(files: Files, path: Path) -> str:
    """Write the folder as one zip file (mode 0600), replacing an older one; returns the manifest's digest.

    Raises UsageError when something else than evidence lies there.
    """
    path = path.absolute()
    try:
        if path.exists() and not _is_evidence(path):
            raise UsageError(f"{path} is there already, and is no evidence", advice="name a new file: -o")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(archive.zipped(files, path.stem))
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a file that you can write with -o") from error
    return content_digest(files["manifest.json"])


def _is_evidence(path: Path) -> bool:
    try:
        return "manifest.json" in kit.packed(path)
    except (kit.Bad, OSError):
        return False


def seal(files: Files, folder: Path) -> str:
    """Write the folder (mode 0700), all of it or nothing; returns the manifest's digest.

    Older evidence there is replaced. Raises UsageError when anything else is there.
    """
    folder = folder.absolute()
    try:
        _refuse_foreign(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))  # made with mode 0700
        old = draft.with_name(f"{draft.name}.old")
        try:
            for name, content in files.items():
                path = draft / name
                path.parent.mkdir(mode=0o700, exist_ok=True)
                path.write_bytes(content)
            if folder.exists():
                folder.rename(old)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", advice="name a folder that you can write with -o") from error
    return content_digest(files["manifest.json"])


def _refuse_foreign(folder: Path) -> None:
    """Raise UsageError unless the folder is absent, empty, or holds nothing but what its own manifest lists."""
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        ours = set(manifest["files"]) if manifest.keys() == {"version", "run", "plan", "files"} else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        ours = set()
    foreign = sorted(present - ours - ({"manifest.json"} if ours else set()))
    if foreign:
        raise UsageError(f"{folder} is not empty: {foreign[0]} is no part of evidence", advice="name a new folder: -o")
