"""A signed yes to exactly one plan: who may give it, for how long, and every reason for which it does not count."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from offboarding.approval import signing
from offboarding.approval.duties import Duties, Role
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory
from offkey.canonical import canonical
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import Approval, Person, Plan, timestamp

NOBODY = Directory()
ANYBODY = Duties()


class ApprovalRefused(OffkeyError):
    """There is no approval, or it does not count for this plan now. Nothing may be changed."""

    exit_code = Exit.WAITS_FOR_APPROVAL


def statement(approval: Approval) -> bytes:
    """The bytes that the signature covers: the canonical JSON of the approval without its signature."""
    return canonical(approval.statement)


def needed(plan: Plan) -> tuple[str, ...]:
    """The extra yeses that steps of the plan want beyond the approval itself."""
    return tuple(sorted({step.needs for step in plan.steps if step.needs}))


def missing(plan: Plan, approvals: Iterable[Approval]) -> tuple[str, ...]:
    """The extra yeses that no approval gives. Their steps must not run."""
    given = {allowed for approval in approvals for allowed in approval.allows}
    return tuple(need for need in needed(plan) if need not in given)


def approve(
    plan: Plan,
    approver: str,
    now: datetime,
    *,
    allows: Iterable[str] = (),
    valid: timedelta = timedelta(hours=24),
    people: Directory = NOBODY,
    duties: Duties = ANYBODY,
) -> Approval:
    """An approval that still has to be signed; it ends after `valid` or with the plan, whichever is first.

    Raises ApprovalRefused when this approver may not, or the plan has expired; UsageError for a yes nobody asked for.
    """
    check_approver(plan, approver, people, duties)
    check_there(approver, now, people)
    if now >= plan.expires_at:
        raise ApprovalRefused(
            f"the plan expired at {timestamp(plan.expires_at)}", advice="make a new one: `offkey plan`"
        )
    chosen = tuple(sorted(set(allows)))
    unasked = sorted(set(chosen) - set(needed(plan)))
    if unasked:
        asked = ", ".join(needed(plan)) or "none"
        raise UsageError(f"no step of the plan needs {unasked[0]!r}", advice=f"extra yeses this plan asks for: {asked}")
    return Approval(
        plan_digest=plan.digest, approver=approver, at=now, expires_at=min(now + valid, plan.expires_at), allows=chosen
    )


def sign(approval: Approval, key: Path) -> Approval:
    """The approval with a signature by the approver's key file, or by their agent's key when `key` is a public key."""
    return replace(approval, signature=signing.sign(statement(approval), key))


def accept(
    plan: Plan,
    approval: Approval | None,
    register: Path,
    now: datetime,
    people: Directory = NOBODY,
    *,
    duties: Duties = ANYBODY,
) -> None:
    """Return when the approval counts for exactly this plan at `now`; otherwise raise ApprovalRefused, saying why.

    `people` tells which other addresses are the requester's or the person's, `duties` who may approve at all.
    """
    if approval is None:
        raise ApprovalRefused("the plan has no approval", advice="`offkey approve PLAN --as E-MAIL`")
    if approval.plan_digest != plan.digest:
        raise ApprovalRefused(
            "the approval is of another plan, or the plan was changed after it", advice="approve the plan as it is now"
        )
    if now < approval.at:
        raise ApprovalRefused(f"the approval counts from {timestamp(approval.at)}", advice="check this machine's clock")
    end = min(approval.expires_at, plan.expires_at)
    if now >= end:
        raise ApprovalRefused(f"the approval or its plan expired at {timestamp(end)}", advice="plan and approve again")
    check_approver(plan, approval.approver, people, duties)
    check_there(approval.approver, now, people)
    if not approval.signature:
        raise ApprovalRefused("the approval is not signed", advice="`offkey approve PLAN --as E-MAIL --key KEY`")
    try:
        signing.verify(statement(approval), approval.signature, approval.approver, register, now)
    except (signing.SignatureRefused, signing.RegisterBroken, signing.SigningFailed) as error:
        raise ApprovalRefused(str(error), advice=error.advice) from error


def check_approver(plan: Plan, approver: str, people: Directory, duties: Duties = ANYBODY) -> None:
    """Raise ApprovalRefused for who asked for the plan, the person whom it is about, and who may not approve."""
    name = normal_email(approver)
    if "@" not in name:
        raise ApprovalRefused(f"{approver!r} is no e-mail address", advice="approvers are named as in the register")
    if not duties.may(name, Role.APPROVER):
        raise ApprovalRefused(
            f"{approver} does not have the role of an approver", advice="see [approvers.roles] in offkey.toml"
        )
    owner = people.owner_of(name)
    if name == normal_email(plan.requester) or (owner and owner == people.owner_of(plan.requester)):
        raise ApprovalRefused(
            f"{approver} asked for this plan", advice="a second person must approve: four eyes see more than two"
        )
    if is_person(plan, name, people):
        raise ApprovalRefused(f"{approver} is the person whom the plan is about", advice="somebody else must approve")


def check_there(approver: str, now: datetime, people: Directory) -> None:
    """Raise ApprovalRefused for who has left, by the directory: their line in the register may outlive them."""
    if has_left(approver, now, people):
        raise ApprovalRefused(f"{approver} has left, by the directory", advice="let somebody else approve")


def has_left(email: str, now: datetime, people: Directory) -> bool:
    """Whether the directory says that whose address this is has left."""
    entry = people.owner_of(email)
    return entry is not None and entry.left_at is not None and entry.left_at <= now


def is_person(plan: Plan, email: str, people: Directory) -> bool:
    """Whether an address is, or may be, that of the person whom the plan is about."""
    name, owner = normal_email(email), people.owner_of(email)
    return name in _addresses(plan.person) or bool(owner and owner.id == plan.person.id)


def _addresses(person: Person) -> set[str]:
    """Every address that is, or may be, the person's; probable ones count here, since a doubt refuses."""
    identities = (*person.certain, *person.probable)
    accounts = (*person.accounts, *(identity.account for identity in identities if identity.account))
    every = (person.id, *person.emails, *(i.email for i in identities), *(account.email for account in accounts))
    return {normal_email(address) for address in every if address}
