"""Whether a standing approval holds for this person now: signatures, approvers, time, switches. A doubt refuses.

The one place that makes a Warrant, after both signatures were verified (`offkey/warrant.py`).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import cattrs

from offboarding.approval import approve, signing
from offboarding.approval.approve import ApprovalRefused
from offboarding.approval.duties import Duties, Role
from offboarding.containment.kept import Kept
from offboarding.containment.standing import Standing, StandingRefused, Yes, uncovered
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory
from offkey.errors import OffkeyError, UsageError
from offkey.model import Plan, from_json, timestamp
from offkey.warrant import LEAST_APPROVERS, Warrant

_ADVICE = "`offkey standing list` shows who signed; `offkey standing approve ID --as E-MAIL` signs"


def sign(yes: Yes, key: Path) -> Yes:
    """The yes with a signature by the approver's key file, or their agent's key. Raises SigningFailed."""
    return replace(yes, signature=signing.sign(yes.statement, key, signing.STANDING))


def read_yes(statement: Path, signature: Path) -> Yes:
    """The yes whose statement was written to a file, with the signature of `ssh-keygen`. Raises UsageError."""
    try:
        return from_json({**json.loads(statement.read_bytes()), "signature": signature.read_text("utf-8")}, Yes)
    except OSError as error:
        raise UsageError(
            f"{error.filename}: {error.strerror}", advice="write the statement and sign it first"
        ) from error
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{statement} was edited", advice="write it again with --statement") from error


def check_yes(
    standing: Standing, yes: Yes, register: Path, now: datetime, people: Directory, *, duties: Duties
) -> None:
    """Return when this one signature counts now. Raises StandingRefused, which says why it does not."""
    if yes.standing != standing.digest:
        raise StandingRefused("the signature is of another standing approval", advice=_ADVICE)
    if "@" not in yes.approver:
        raise StandingRefused(f"{yes.approver!r} is no e-mail address", advice="approvers are named as in the register")
    if not duties.may(yes.approver, Role.APPROVER):
        raise StandingRefused(
            f"{yes.approver} does not have the role of an approver", advice="see [approvers.roles] in offkey.toml"
        )
    if now < yes.at:
        raise StandingRefused(f"{yes.approver} signed at {timestamp(yes.at)}", advice="check this machine's clock")
    if _same(yes.approver, standing.requester, people):
        raise StandingRefused(
            f"{yes.approver} made this standing approval", advice="two others must sign: nobody approves their own"
        )
    if approve.has_left(yes.approver, now, people):
        raise StandingRefused(f"{yes.approver} has left, by the directory", advice="let somebody else sign")
    if not yes.signature:
        raise StandingRefused(f"{yes.approver} has not signed", advice=_ADVICE)
    try:
        signing.verify(yes.statement, yes.signature, yes.approver, register, now, namespace=signing.STANDING)
    except (signing.SignatureRefused, signing.RegisterBroken, signing.SigningFailed) as error:
        raise StandingRefused(str(error), advice=error.advice) from error


def _same(one: str, other: str, people: Directory) -> bool:
    """Whether two addresses are one person's, as far as the directory shows."""
    owner = people.owner_of(one)
    return normal_email(one) == normal_email(other) or (owner is not None and owner == people.owner_of(other))


def check_holds(kept: Kept, now: datetime, key_id: str) -> None:
    """Raise StandingRefused when it is revoked, before it was made, from its end on, and for another organisation's."""
    standing = kept.standing
    if not key_id or standing.key_id != key_id:
        raise StandingRefused(
            f"{standing.id} was made under another organisation key", advice="make and sign one here: `offkey standing`"
        )
    if kept.revoked:
        raise StandingRefused(f"{standing.id} is revoked: {kept.revoked}", advice=_ADVICE)
    if now < standing.made_at:
        raise StandingRefused(
            f"{standing.id} holds from {timestamp(standing.made_at)}", advice="check this machine's clock"
        )
    if now >= standing.expires_at:
        raise StandingRefused(
            f"{standing.id} expired at {timestamp(standing.expires_at)}",
            advice="make and sign a new one: `offkey standing make`",
        )


def holding(
    kept: Kept, register: Path, now: datetime, people: Directory, *, key_id: str, duties: Duties
) -> dict[str, Yes]:
    """The signatures that count now, by the person who gave them. Raises StandingRefused without two persons' ones."""
    check_holds(kept, now, key_id)
    standing = kept.standing
    good: dict[str, Yes] = {}
    refused: OffkeyError | None = None
    for _, yes in sorted(kept.yeses.items()):
        try:
            check_yes(standing, yes, register, now, people, duties=duties)
        except StandingRefused as error:
            refused = error
        else:
            owner = people.owner_of(yes.approver)
            good.setdefault(owner.id if owner else normal_email(yes.approver), yes)
    if len(good) < LEAST_APPROVERS:
        why = f"; {refused}" if refused else ""
        raise StandingRefused(
            f"{standing.id} is signed by {len(good)} approvers, and needs {LEAST_APPROVERS}{why}", advice=_ADVICE
        )
    return good


def warrant(
    kept: Kept,
    plan: Plan,
    register: Path,
    people: Directory,
    *,
    now: datetime,
    duties: Duties,
    stopped: Callable[[], str],
) -> Warrant:
    """What a Writer needs for exactly this plan, every step of which the standing approval covers.

    Raises StandingRefused where anything is in doubt: see `_doubts`, `holding`.
    """
    if why := stopped():
        raise StandingRefused(f"{kept.standing.id} was stopped: {why}", advice=_ADVICE)
    yeses = holding(kept, register, now, people, key_id=plan.key_id, duties=duties)
    for doubt in _doubts(kept.standing, plan, list(yeses.values()), people, now):
        raise StandingRefused(doubt, advice="make the full plan and have it approved: `offkey plan`")
    return Warrant(
        plan_digest=plan.digest,
        standing=kept.standing.digest,
        signatures=tuple((yes.approver, yes.signature) for yes in yeses.values()),
        expires_at=min(kept.standing.expires_at, plan.expires_at),
        stopped=stopped,
    )


def _doubts(standing: Standing, plan: Plan, yeses: list[Yes], people: Directory, now: datetime) -> Iterator[str]:
    """Sentences for whatever is not as it must be for this person and these steps."""
    person = plan.person
    if not person.confirmed_by_directory or person.left_at is None:
        yield f"the directory does not confirm that {person.id} leaves"
    elif now < person.left_at and not standing.early:
        yield f"{person.id} leaves at {timestamp(person.left_at)}, and {standing.id} covers nothing before"
    for yes in yeses:
        try:
            approve.check_approver(plan, yes.approver, people)
        except ApprovalRefused as error:
            yield f"{standing.id} does not hold here: {error}"
    for step in plan.steps:
        if why := uncovered(standing, step):
            yield f"{standing.id} does not cover step {step.id}: {why}"
