"""The evidence folder: what an auditor can check without trusting us. Byte for byte the same for the same ledger.

report.html      for people                    plan.json        its SHA-256 is the digest that was approved
receipts/        one for each step             approvals/       with their SSH signatures
ledger.jsonl     the run's events              proofs.json      of their place in the Merkle tree (RFC 6962)
checkpoint.json  head and root of that tree    approvers        the register of keys
verify.py        checks all of it offline      manifest.json    the SHA-256 of every file

Other runs' events are not in it: the proofs show the run's place among them without showing them.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import cattrs

from offboarding import chain, evidence_kit, report
from offboarding.chain import Checkpoint
from offboarding.history import past
from offboarding.outcomes import words
from offkey.canonical import canonical, content_digest
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AuditEvent, from_json, to_json

SEALED = "evidence.sealed"
AFTERWARDS = frozenset({SEALED, "run.verified"})
"""Events about the evidence, or after it; they do not belong to what a run did."""

Files = dict[str, bytes]


class NothingToSeal(OffkeyError):
    """There is no such run, or no plan was made in it."""

    exit_code = Exit.NOTHING_EXAMINED


def build(ledger: Sequence[AuditEvent], run: str, register: bytes, checkpoint: Checkpoint | None = None) -> Files:
    """Every file of the folder by its name. Pure. `ledger` holds all events from the first on.

    `checkpoint` is one that is kept elsewhere and covers the run; without it the run's last event ends the tree.
    Raises NothingToSeal.
    """
    events = [event for event in ledger if event.run == run and event.type not in AFTERWARDS]
    told = past(events)
    if told.plan is None:
        raise NothingToSeal(f"no plan was made in a run {run!r}", advice="`offkey ledger export` lists the runs")
    tree = checkpoint or chain.checkpoint(ledger[: events[-1].seq], events[-1].at)
    if not events[-1].seq <= tree.seq <= len(ledger):
        raise UsageError(
            f"the checkpoint covers {tree.seq} events, and the run's last is number {events[-1].seq} of {len(ledger)}",
            advice="give a checkpoint that was taken after the run",
        )
    entries = chain.leaves(ledger[: tree.seq])
    proofs = {str(event.seq): [n.hex() for n in chain.inclusion_proof(entries, event.seq - 1)] for event in events}
    files = {
        "plan.json": canonical(to_json(told.plan)),
        "ledger.jsonl": b"".join(canonical(to_json(event)) + b"\n" for event in events),
        "proofs.json": canonical(proofs),
        "checkpoint.json": canonical(to_json(tree)),
        "approvers": register,
        "verify.py": (Path(evidence_kit.__file__).parent / "verify.py").read_bytes(),
        "report.html": report.render(told, events, tree, words).encode(),
    }
    for number, step in enumerate(told.plan.steps, start=1):
        if step.id in told.receipts:
            files[f"receipts/{number:03}-{step.id}.json"] = canonical(to_json(told.receipts[step.id]))
    approvals = [event.body["approval"] for event in events if event.type == "plan.approved"]
    files |= {f"approvals/{number:03}.json": canonical(given) for number, given in enumerate(approvals, start=1)}
    digests = {name: content_digest(content) for name, content in sorted(files.items())}
    manifest = {"version": 1, "run": run, "plan": digests["plan.json"], "files": digests}
    return {**files, "manifest.json": canonical(manifest)}


def seal(files: Files, folder: Path) -> str:
    """Write the folder (mode 0700); returns the manifest's digest. Raises UsageError when something else is there."""
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
            raise UsageError(f"{folder} is not empty", advice="name a new folder with -o")
        for old in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
            if old.is_file() and old.relative_to(folder).as_posix() not in files:
                old.unlink()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", advice="name a folder that you can write with -o") from error
    return content_digest(files["manifest.json"])


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint file. Raises UsageError."""
    try:
        return from_json(json.loads(path.read_bytes()), Checkpoint)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a file with a checkpoint") from error
    except (ValueError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path} is no checkpoint", advice="`offkey ledger export` writes one") from error
