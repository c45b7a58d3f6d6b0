"""KEEP steps at apply: whether an opt-out still holds, and what becomes of a step when it does not."""

from collections.abc import Callable, Collection, MutableMapping
from dataclasses import replace
from datetime import datetime

from offboarding.applying.deed import Told
from offboarding.planning.policy import opt_out_for
from offkey.errors import OffkeyError
from offkey.model import Action, OptOut, Outcome, Plan, Receipt, Step

WhyNot = Callable[[OptOut], str]
"""Why an opt-out does not hold now; empty when it does."""


class SilentSkip(OffkeyError):
    """A step was left out without an opt-out in force: that must not be."""


def unverified(optout: OptOut) -> str:
    """The answer where nobody can verify opt-outs."""
    return "nothing here can verify opt-outs"


def named(plan: Plan, step: Step) -> OptOut | None:
    """The opt-out of the plan that a KEEP step names."""
    return next((one for one in plan.optouts if one.id == step.how), None) if step.keeps else None


def fault(plan: Plan, step: Step, why_not: WhyNot, now: datetime) -> str:
    """Why a step that an opt-out kept is not kept any more; empty while it is."""
    optout = named(plan, step)
    if optout is None or step.keeps is None:
        return "no such opt-out stands in the plan"
    why = why_not(optout)
    covered = opt_out_for(step.point, step.keeps, plan.person, (optout,), now, with_its_end=True)
    return why or ("" if covered else "it does not cover this now")


def told(plan: Plan, step: Step, why_not: WhyNot, now: datetime) -> tuple[Told | None, str]:
    """What a KEEP step comes to, and why its opt-out does not hold.

    None where the approved plan says what is to be done at the end of the opt-out, and the end has come.
    """
    if step.keeps is None:
        return Told(Outcome.SKIPPED, step.reason), ""
    why = fault(plan, step, why_not, now)
    optout = named(plan, step)
    if not why:
        return Told(Outcome.SKIPPED, step.reason), ""
    if optout is not None and optout.on_expiry == "run":
        return None, why
    advice = f"plan again and have it approved: `offkey plan --resume-optout {step.how}`"
    return Told(Outcome.HANDED_OVER, f"opt-out {step.how} does not hold any more: {why}", advice), why


def as_it_is(
    plan: Plan, receipts: MutableMapping[str, Receipt], begun: Collection[str], why_not: WhyNot, now: datetime
) -> Plan:
    """The plan with what the ends of opt-outs have made steps again; receipts that say otherwise are taken out.

    Only what the approved plan has named as being done then is done. What was `begun` (by its step's id) stays a step.
    """

    def now_so(step: Step) -> Step:
        optout, before = named(plan, step), receipts.get(step.id)
        if step.keeps is None:
            return step
        ended = step.id in begun or (before is not None and before.outcome is not Outcome.SKIPPED)
        if not ended and (ended := bool(fault(plan, step, why_not, now))):
            receipts.pop(step.id, None)
        runs = ended and optout is not None and optout.on_expiry == "run"
        return replace(step, action=step.keeps, keeps=None, how="") if runs else step

    return replace(plan, steps=tuple(map(now_so, plan.steps)))


def checked(step: Step, receipt: Receipt) -> Receipt:
    """The receipt, with the opt-out that it rests on. Raises SilentSkip where a step is left out without one."""
    if receipt.outcome is not Outcome.SKIPPED:
        return receipt
    if step.action is not Action.KEEP or (step.keeps is not None and not step.how):
        raise SilentSkip(f"step {step.id} would be left out without an opt-out", advice="report this")
    return replace(receipt, optout=step.how if step.keeps else "")


def may_still_run(plan: Plan, step: Step, receipt: Receipt) -> bool:
    """Whether what was left out may be done under this very plan, at the end of its opt-out."""
    optout = named(plan, step)
    ends = optout is not None and optout.on_expiry == "run" and optout.expires_at < plan.expires_at
    return receipt.outcome is Outcome.SKIPPED and ends
