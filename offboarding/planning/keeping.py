"""What of a point's steps stays undone, by opt-outs or by the role that the person moves to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from offboarding.planning.policy import opt_out_for
from offkey.model import Action, OptOut, Person, Step, timestamp

_NO_END = frozenset({Action.REWRITE, Action.REPLACE, Action.KEEP})


def kept(steps: Sequence[Step], person: Person, optouts: Iterable[OptOut], now: datetime) -> list[Step]:
    """One point's steps, each that an opt-out in force covers turned into a KEEP that names it and what it keeps.

    Where nothing ends the credential any more, its literal stays in the code, too.
    """
    active = tuple(optouts)
    by = {step.id: opt_out_for(step.point, step.action, person, active, now) for step in steps}
    ends = [step for step in steps if step.action not in _NO_END]
    if ends and all(by[step.id] for step in ends):
        first = by[ends[0].id]
        by |= {step.id: by[step.id] or first for step in steps if step.action is Action.REWRITE}
    return [_keep(step, found) if (found := by[step.id]) else step for step in steps]


def _keep(step: Step, optout: OptOut) -> Step:
    until = f"until {timestamp(optout.expires_at)}"
    then = f"then {step.action.value}" if optout.on_expiry == "run" else "then it waits for an approval"
    reason = f"opt-out {optout.id} ({optout.reason}) {until}, {then}: {step.reason}"
    return replace(step, action=Action.KEEP, keeps=step.action, how=optout.id, reason=reason, breaks=())
