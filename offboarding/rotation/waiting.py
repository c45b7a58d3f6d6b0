"""When the old credential may be switched off: once its successor is in use and it is not, or nobody used it at all.

The successor's use alone says little: of two programs one may have taken it up. What is still used when the time is up
is handed to people, never silently killed.
"""

from datetime import datetime, timedelta

from offboarding.applying.deed import Told, said
from offboarding.applying.step import Run
from offboarding.ledger.history import Rotating
from offboarding.planning.policy import goes_first
from offboarding.rotation.rotator import Rotator
from offkey.model import Action, Outcome, Rotation, Step, timestamp
from revokers.rotation import LastUse

SKEW = timedelta(minutes=5)
"""offkey itself uses the successor once, before it is stored: its clock and the provider's may differ by so much."""


def verdict(run: Run, step: Step) -> datetime | Told | None:
    """Until when a step waits at the longest, why it is not done at all, or None where it may begin now."""
    first = next((other for other in run.plan.steps if other.id == step.after), None)
    if first is None or goes_first(step, run.allows):
        return None
    receipt = run.past.receipts.get(first.id)
    if receipt is None:
        return run.past.waits.get(first.id)
    made, rotator = run.past.rotations.get(first.id), run.rotators.get(first.id)
    if first.action is not Action.REPLACE or receipt.outcome is not Outcome.REPLACED or first.rotation is None:
        return None
    uses = _uses(step, made, rotator)
    if not isinstance(uses, str):
        return decide(first.rotation, receipt.finished_at, *uses, run.now())
    deadline = receipt.finished_at + timedelta(hours=first.rotation.deadline_hours)
    if run.now() < deadline:
        return deadline
    return Told(Outcome.HANDED_OVER, f"nobody can tell whether it is still used: {uses}", _ADVICE)


_ADVICE = "give what still uses it the successor from the store, then end the old one by hand or plan again"


def _uses(step: Step, made: Rotating | None, rotator: Rotator | None) -> tuple[LastUse, LastUse] | str:
    """The last use of the old one and of its successor, or why nobody can tell."""
    if made is None or rotator is None:
        return "the provider or the store is not configured any more"
    try:
        return rotator.used(step.point.provider_id), rotator.used(made.successor)
    except Exception as error:  # noqa: BLE001 - a provider's garbage must not end the run; it is in the receipt
        return said(error)


def decide(rotation: Rotation, since: datetime, old: LastUse, new: LastUse, now: datetime) -> datetime | Told | None:
    """The verdict from what the provider tells; `since` is when the successor was in place. Pure.

    Where the provider tells nothing, only the hours count.
    """
    deadline = since + timedelta(hours=rotation.deadline_hours)
    if not old.tells:
        return deadline if now < deadline else None
    used_since = old.at is not None and old.at > since
    taken_up = new.at is not None and new.at > since + SKEW
    quiet = max(since, old.at or since) + timedelta(hours=rotation.quiet_hours)
    if taken_up and now >= quiet:
        return None
    if now < deadline:
        return min(quiet, deadline) if taken_up else deadline
    if not used_since:
        return None
    last = f"{timestamp(old.at)}{f' by {old.by}' if old.by else ''}" if old.at else ""
    return Told(Outcome.HANDED_OVER, f"still used after its successor was in place, last at {last}", _ADVICE)
