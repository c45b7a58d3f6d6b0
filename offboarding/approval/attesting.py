"""The end of a hand-over: a person's signed word, looked after where a check exists.

The signature's namespace is `offkey-attest`, so that no approval can be passed off as an attestation, nor the other way
round. What is seen to live stays open, whatever anybody signs.
"""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import cattrs

from offboarding.applying.outcomes import DONE
from offboarding.approval import signing
from offboarding.approval.approve import has_left, is_person
from offboarding.approval.attestation import Attestation
from offboarding.approval.duties import Duties
from offboarding.identity.directory import Directory
from offboarding.ledger.ledger import Ledger
from offboarding.state import PRIVATE_FOLDER
from offkey.errors import OffkeyError, UsageError
from offkey.model import Check, Outcome, Plan, Receipt, Step, from_json, timestamp, to_json

OPEN = frozenset({Outcome.HANDED_OVER})


class AttestationRefused(OffkeyError):
    """The statement does not count: nothing is recorded, and the step stays open."""


def require_open(step: Step, receipt: Receipt | None) -> Receipt:
    """The receipt of a step that waits for a person. Raises UsageError for any other."""
    if receipt is None or receipt.outcome not in OPEN:
        is_now = receipt.outcome.value if receipt else "not begun"
        raise UsageError(
            f"step {step.id} is {is_now}: only what was handed over can be attested",
            advice="`offkey report` lists the steps and what became of them",
        )
    return receipt


def sign(given: Attestation, key: Path) -> Attestation:
    """The attestation with a signature by the signer's key file, or by their agent's key."""
    return replace(given, signature=signing.sign(given.statement, key, signing.ATTESTING))


def accept(
    plan: Plan,
    step: Step,
    given: Attestation,
    register: Path,
    now: datetime,
    *,
    since: datetime,
    people: Directory,
    duties: Duties,
) -> None:
    """Return when the attestation counts for this step now; else raise AttestationRefused, saying why.

    `since` is when the step was last seen to be open: an older word was given before that, and has been refuted.
    """
    if (given.plan_digest, given.step) != (plan.digest, step.id):
        raise AttestationRefused("the statement is of another plan or step", advice="run `offkey attest` again")
    if not given.note.strip():
        raise AttestationRefused("the statement does not say what was done", advice="say it with --note")
    if is_person(plan, given.signer, people):
        raise AttestationRefused(f"{given.signer} is the person whom the plan is about", advice="somebody else must")
    if has_left(given.signer, now, people):
        raise AttestationRefused(f"{given.signer} has left, by the directory", advice="somebody else must")
    if not duties.knows(given.signer):
        raise AttestationRefused(f"{given.signer} has no role", advice="see [approvers.roles] in offkey.toml")
    if now < given.at:
        raise AttestationRefused("the statement is of a later time than now", advice="check this machine's clock")
    if given.at < since:
        raise AttestationRefused(
            f"the statement is older than {timestamp(since)}, when the step was seen to be open",
            advice="look again, and make a new statement: run `offkey attest` again",
        )
    try:
        signing.verify(given.statement, given.signature, given.signer, register, now, namespace=signing.ATTESTING)
    except (signing.SignatureRefused, signing.RegisterBroken, signing.SigningFailed) as error:
        raise AttestationRefused(str(error), advice=error.advice) from error


def settled(
    step: Step, before: Receipt, given: Attestation, check: Check, still: bool | None, *, now: datetime
) -> Receipt:
    """The step's new receipt: proven where its end is seen, open where it is seen not to be, else on the word given."""
    words = f"{given.signer} attests: {given.note.strip()}"
    made = replace(before, after=check, finished_at=now)
    if still:
        return replace(made, outcome=DONE[step.action], note=f"{words}; seen: {check.reason}", advice="", due=None)
    if still is False:
        return replace(made, note=f"{words}; but it was looked at, and {check.liveness.value}: {check.reason}")
    return replace(made, outcome=Outcome.ATTESTED, note=f"{words}; not seen: {check.reason}", advice="", due=None)


def record(ledger: Ledger, run: str, given: Attestation, receipt: Receipt) -> None:
    """Both in the ledger. After a kill between them the step is open, and the same statement may be given again."""
    ledger.append("step.attested", run, {"attestation": to_json(given), "open": receipt.outcome in OPEN})
    ledger.append("step.receipt", run, {"receipt": to_json(receipt)})


def place(plan_file: Path, step: str, signer: str) -> Path:
    """Where a statement lies that is to be signed by hand."""
    name = re.sub(r"[^A-Za-z0-9@._+-]", "_", f"{step}.{signer}").lstrip(".")
    return plan_file.with_name(plan_file.name + ".attestations") / f"{name}.statement"


def write_statement(plan_file: Path, given: Attestation) -> Path:
    """Write the bytes to sign beside the plan. Returns the file. Raises UsageError."""
    file = place(plan_file, given.step, given.signer)
    try:
        file.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        file.write_bytes(given.statement)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", advice="the plan's folder must be writable") from error
    return file


def read_statement(plan_file: Path, step: str, signer: str, signature: Path) -> Attestation:
    """The attestation whose statement was written before, with the signature that `ssh-keygen` left in a file."""
    file = place(plan_file, step, signer)
    try:
        return from_json({**json.loads(file.read_bytes()), "signature": signature.read_text("utf-8")}, Attestation)
    except OSError as error:
        raise UsageError(
            f"{error.filename}: {error.strerror}",
            advice="run `offkey attest` without --signature first, sign, then this",
        ) from error
    except (ValueError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{file} was edited", advice="run `offkey attest` without --signature again") from error
