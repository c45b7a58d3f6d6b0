"""Whether somebody's departure is certain, and its time has come, to contain it or to apply its plan. Pure."""

from dataclasses import replace
from datetime import datetime

from offboarding.identity.directory import Directory
from offboarding.planning import gather
from offboarding.planning.policy import Policy
from offkey.errors import Exit, OffkeyError
from offkey.model import Person, Trigger, timestamp

LEAVER = "leaver"


class TooEarly(OffkeyError):
    """The person has not left yet. Nothing was done."""

    exit_code = Exit.PLAN_REFUSED


class NotConfirmed(OffkeyError):
    """The directory does not bear out that this person leaves. Nothing was done."""

    exit_code = Exit.PLAN_REFUSED


def effective_at(person: Person, trigger: Trigger | None) -> datetime | None:
    """When the departure takes effect: by the trigger, else by the directory."""
    return trigger.effective_at if trigger else person.left_at


def refuse_before(person: Person, trigger: Trigger | None, now: datetime, *, early: bool = False) -> None:
    """Raise TooEarly before the departure's time, unless it is involuntary or somebody said `--early`."""
    at = effective_at(person, trigger)
    if at is not None and now < at and not early and not (trigger and trigger.involuntary):
        raise TooEarly(
            f"{person.id} leaves at {timestamp(at)}: nothing is ended before",
            advice="wait until then; --early goes ahead all the same, and is recorded",
        )


def refuse_put_off(planned: Person, trigger: Trigger | None, people: Directory, now: datetime) -> None:
    """Raise NotConfirmed or TooEarly where the directory has by now taken back or put off what a plan was made for.

    `planned` is the person as the plan has them. Who stands in the directory no more has not come back.
    """
    entry = next((one for one in people.entries if one.id == planned.id), None)
    if entry is None or not planned.confirmed_by_directory or entry.left_at == planned.left_at:
        return
    if entry.left_at is None:
        raise NotConfirmed(
            f"the directory does not say any more that {planned.id} leaves",
            advice="ask whether they stay; --early goes ahead all the same, and is recorded",
        )
    if not (trigger and trigger.involuntary):
        refuse_before(replace(planned, left_at=entry.left_at), None, now)


def check(person: Person, trigger: Trigger | None, limits: Policy, now: datetime, *, early: bool) -> None:
    """Raise NotConfirmed or TooEarly unless the person may be contained now.

    Of the trigger's time and the directory's the later one counts: two sources that differ are a doubt.
    """
    if trigger and trigger.kind != LEAVER:
        raise NotConfirmed(
            f"{person.id} does not leave ({trigger.kind}): containment is for leavers",
            advice="make a plan: `offkey plan`",
        )
    if not person.confirmed_by_directory or person.left_at is None:
        raise NotConfirmed(
            f"the directory does not confirm that {person.id} leaves",
            advice="enter left_at there, or make a plan and have it approved: `offkey plan`",
        )
    protected = next((account for account in gather.accounts(person) if limits.protects(account)), None)
    if protected is not None:
        raise NotConfirmed(
            f"{protected.provider}:{protected.login or protected.id} is a break-glass account",
            advice="break-glass accounts are never offboarded: name another person, or change [break_glass]",
        )
    refuse_before(person, trigger, now, early=early)
    if not (trigger and trigger.involuntary):
        refuse_before(person, None, now, early=early)
