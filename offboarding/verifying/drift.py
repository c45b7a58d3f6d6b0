"""What came back, or came anew, after a run: each a reason to open it again. Pure.

A reason has a key that stays the same from check to check, so that it is recorded once. Author fields of a commit are
a note and no reason: any committer can write them. A signature by the leaver's key is one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from offboarding.evidence.verify import Rechecked
from offboarding.identity.addresses import normal_email
from offboarding.ledger.history import Past
from offboarding.ownership import signatures
from offboarding.ownership.signatures import Signers
from offboarding.planning import gather
from offboarding.verifying.code import Commit
from offkey.model import CLOSED, AccessPoint, Action, Outcome, Person, Plan, timestamp


@dataclass(frozen=True, slots=True)
class Reason:
    """`what` is alive (a step's end is undone), new (access that the plan does not have), value or commit."""

    key: str
    what: str
    words: str


def of_steps(seen: Iterable[Rechecked]) -> Iterator[Reason]:
    """Steps that had come to their end and have not any more."""
    for one in seen:
        if one.before is not None and one.before.outcome in CLOSED | {Outcome.ATTESTED} and one.still is False:
            words = f"{_named(one.step.point)}: {one.before.outcome.value} then, alive again: {one.check.reason}"
            yield Reason(f"step:{one.step.id}", "alive", words)


def of_lists(plan: Plan, listed: Iterable[AccessPoint]) -> Iterator[Reason]:
    """Living access of the person that the plan knew nothing of: made since, or switched on again."""
    known = {identity(point) for point in (*(step.point for step in plan.steps), *plan.exposed)}
    for point in sorted(listed, key=lambda point: point.id):
        if gather.is_alive(point) and identity(point) not in known:
            told = point.evidence[0] if point.evidence else "listed"
            yield Reason(
                f"new:{point.provider}:{point.id}", "new", f"{_named(point)}: not in the plan, and not dead: {told}"
            )


def identity(point: AccessPoint) -> tuple[str, str, str]:
    """By what an access point is known again in a later list."""
    return point.provider, point.kind, point.provider_id or point.id


def of_values(told: Past, found: Mapping[str, str], elsewhere: Collection[str] = ()) -> Iterator[Reason]:
    """Values of the run that stand in a branch tip again: taken out by it, or at no tip when it was planned.

    `elsewhere` are steps of which the remote itself has just told: a clone here may lag behind it.
    """
    assert told.plan is not None
    rewrites = {step.point.fingerprint: step.id for step in told.plan.steps if step.action is Action.REWRITE}
    points = {step.point.fingerprint: step.point for step in told.plan.steps if step.point.fingerprint}
    for fingerprint, point in sorted(points.items()):
        step = rewrites.get(fingerprint)
        if step in elsewhere:
            continue
        done = told.receipts.get(step) if step else None
        gone = done is not None and done.outcome in CLOSED if step else not any(p.present for p in point.places)
        if gone and fingerprint in found:
            words = f"{_named(point)}: its value is back in {found[fingerprint]}"
            yield Reason(f"value:{fingerprint}", "value", words)


def left(plan: Plan) -> datetime:
    """When the person had left: the directory's moment, of a mere date its end, else the plan's own moment."""
    moment = plan.person.left_at
    if moment is None:
        return plan.created_at
    return moment + timedelta(days=1) if moment.time() == time() else moment


def of_commits(
    person: Person, commits: Sequence[Commit], signers: Signers, after: datetime
) -> tuple[list[Reason], list[str]]:
    """(reasons, notes): commits after the moment that the person's key signed, and those that only name the person."""
    mine, reasons = gather.commit_emails(person), []
    named: Counter[tuple[str, str]] = Counter()
    for commit in commits:
        if commit.at <= after:
            continue
        signer = _signer(commit, signers, gather.certain_emails(person))
        if signer:
            words = (
                f"{Path(commit.repo).name}: commit {commit.oid[:12]} of {timestamp(commit.at)} is signed by {signer}"
            )
            reasons.append(Reason(f"commit:{commit.oid}", "commit", words))
        elif theirs := mine & {normal_email(email) for email in commit.emails}:
            named[commit.repo, min(theirs)] += 1
    notes = [
        f"{Path(repo).name}: {count} commits after {timestamp(after)} name {email}, which any committer can write"
        for (repo, email), count in sorted(named.items())
    ]
    return reasons, notes


def _signer(commit: Commit, signers: Signers, mine: frozenset[str]) -> str:
    """The person's address whose key verifiably signed the commit; empty where none did.

    A key that counts no more since the person left is theirs all the same, so no period of validity is asked for.
    """
    parts = signatures.split(commit.content)
    named = signers.named_by(parts[1][0]) if parts and len(parts[1]) == 1 else None
    if named is None or (named in signers.keys and normal_email(signers.keys[named].email) not in mine):
        return ""
    signed = signatures.check(commit.content, _whenever(signers))
    return signed.by if signed and normal_email(signed.by) in mine else ""


def _whenever(signers: Signers) -> Signers:
    """The same keys without options, and without the list of revoked ones that lies beside their file."""
    keys = {key: replace(signer, options="") for key, signer in signers.keys.items()}
    return replace(signers, source=f"{signers.source} (at any time)" if signers.source else "", keys=keys)


def _named(point: AccessPoint) -> str:
    who = point.holder.login or point.holder.email or point.holder.id if point.holder else ""
    return " ".join(filter(None, (point.kind, point.provider_id or point.redacted, f"of {who}" if who else "")))
