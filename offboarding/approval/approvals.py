"""Where approvals lie: beside the plan for people, in the ledger for `apply`.

`plan.json.approvals/<approver>.json` holds a signed approval, `<approver>.statement` the exact bytes to sign for those
who sign elsewhere (another machine, a hardware key without an agent).
"""

import json
import re
from pathlib import Path

import cattrs

from offboarding.approval import approve, signing
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.state import PRIVATE_FOLDER
from offkey.canonical import canonical
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import Approval, Plan, from_json, to_json


class NotThePlan(OffkeyError):
    """The plan file is not the one that the ledger recorded when it was made."""

    exit_code = Exit.PLAN_REFUSED


def check_made(plan: Plan, ledger: Ledger) -> None:
    """Raise NotThePlan unless the ledger's newest plan of this run is exactly this one."""
    told = past(ledger.events(plan.run))
    made = told.plan_digest
    if told.erased:
        raise NotThePlan(
            f"the contents of run {plan.run} were erased: nothing of it can be gone on with",
            advice="make a new plan with `offkey plan`",
        )
    if not made:
        raise NotThePlan(
            f"the ledger here has no plan of run {plan.run}",
            advice="use the state folder (--state, $OFFKEY_STATE) in which `offkey plan` made it",
        )
    if made != plan.digest:
        raise NotThePlan(
            f"this is not the plan that was made (its digest is {plan.digest}, recorded is {made})",
            advice="the file was edited, or a newer plan of this run exists; make it again with `offkey plan`",
        )


def folder(plan_file: Path) -> Path:
    """The folder of a plan's approvals, beside the plan."""
    return plan_file.with_name(plan_file.name + ".approvals")


def write_statement(plan_file: Path, approval: Approval) -> Path:
    """Write the bytes to sign beside the plan. Returns the file."""
    return _write(_place(plan_file, approval.approver, "statement"), approve.statement(approval))


def read_statement(plan_file: Path, approver: str, signature: Path) -> Approval:
    """The approval whose statement was written before, with the signature that `ssh-keygen` left in a file."""
    place = _place(plan_file, approver, "statement")
    try:
        return from_json({**json.loads(place.read_bytes()), "signature": signature.read_text("utf-8")}, Approval)
    except OSError as error:
        raise UsageError(
            f"{error.filename}: {error.strerror}",
            advice="run `offkey approve` without --signature first, sign, then this",
        ) from error
    except (ValueError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{place} was edited", advice="run `offkey approve` without --signature again") from error


def keep(plan_file: Path, plan: Plan, approval: Approval, ledger: Ledger, register: Path) -> Path:
    """Keep an accepted approval beside the plan, then record it in the ledger with the register of the moment.

    Returns the file. Only what the ledger holds counts: when the file cannot be written, nothing was approved.
    """
    kept = _write(_place(plan_file, approval.approver, "json"), canonical(to_json(approval)))
    entered = {"digest": signing.register_digest(register), "key": signing.key_of(register, approval.approver)}
    ledger.append("plan.approved", plan.run, {"approval": to_json(approval), "register": entered})
    return kept


def check_register(approval: Approval, told: Past, register: Path) -> None:
    """Raise ApprovalRefused when the register has changed since the approval and its approver's key with it.

    A register in which others came or went is fine: who approved still stands there, with the key that signed.
    """
    entered = told.registers.get(approval.signature)
    if entered is None:
        return
    try:
        if entered.digest == signing.register_digest(register):
            return
        key = signing.key_of(register, approval.approver)
    except signing.RegisterBroken as error:
        raise approve.ApprovalRefused(str(error), advice=error.advice) from error
    if key != entered.key:
        what = "another key" if key else "none at all"
        raise approve.ApprovalRefused(
            f"the register of approvers was changed after {approval.approver} approved, who has {what} there now",
            advice="put the register back, or let somebody who stands there approve again",
        )


def _place(plan_file: Path, approver: str, kind: str) -> Path:
    return folder(plan_file) / f"{re.sub(r'[^A-Za-z0-9@._+-]', '_', approver).lstrip('.')}.{kind}"


def _write(place: Path, content: bytes) -> Path:
    try:
        place.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}", advice="the plan's folder must be writable") from error
    return place
