"""What became of a successor whose making was cut off: it is in the store, or it is deleted and made again.

Its value lived in memory alone. It is known by its id where the ledger has it, else as the one key that the holder did
not have before, was made within the minutes after, and has never been used: anything else is left to people.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from offboarding.applying.deed import Told, said
from offboarding.applying.outcomes import Act, act_of
from offboarding.applying.step import FIRST_WAIT, LONGEST_WAIT, Run
from offboarding.ledger.history import Rotating
from offboarding.ledger.history import rotated as take_in
from offboarding.rotation.rotator import Rotator
from offkey.errors import OffkeyError
from offkey.http import Expired
from offkey.model import Outcome, Step

T = TypeVar("T")

BEFORE, AFTER = timedelta(minutes=5), timedelta(minutes=10)
"""How far from the ledger's moment a lost successor may have been made, as its provider says: clocks differ."""


class Ended(OffkeyError):
    """The step ends here, with this outcome."""

    def __init__(self, outcome: Outcome, note: str, advice: str = "") -> None:
        super().__init__(note, advice=advice)
        self.told = Told(outcome, note, advice)


def note(run: Run, step: Step, type: str, **body: object) -> Rotating | None:
    """Write it down, before anything else is done, and take it in. Returns how far the making has got."""
    run.note(type, step=step.id, **body)
    take_in(run.past, type, run.now(), {"step": step.id, **body})
    return run.past.rotations.get(step.id)


def until(run: Run, ask: Callable[[], T], done: Callable[[T], bool], seconds: float | None = None) -> T:
    """Ask until the answer is the one that is waited for, or the time is up. Returns the last answer."""
    waited, pause = 0.0, FIRST_WAIT
    while True:
        answer = ask()
        if done(answer) or waited >= (run.confirm_seconds if seconds is None else seconds):
            return answer
        run.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT)


def recover(run: Run, step: Step, rotator: Rotator) -> Rotating | None:
    """The successor of an earlier attempt where the store has it; else None, and there is none any more.

    Raises Ended where nobody can tell, and Expired.
    """
    made = run.past.rotations.get(step.id)
    if made is None or made.stored:
        return made
    if not made.successor:
        stray = _stray(run, step, rotator, made)
        made = replace(made, successor=stray) if stray else None
    elif made.before and _arrived(run, step, rotator, made):
        return run.past.rotations[step.id]
    if made is not None:
        discard(run, step, rotator, made.successor)
    return None


def _arrived(run: Run, step: Step, rotator: Rotator, made: Rotating) -> bool:
    try:
        now = rotator.look()
    except OffkeyError as error:
        raise Ended(
            Outcome.NOT_CONFIRMED,
            f"cut off while storing the successor {made.successor}, and the store does not answer: {error}",
            f"look whether the store has it; if not, delete {made.successor}, and plan again",
        ) from error
    if not rotator.holds(run.key, step.point.kind, made, now):
        return False
    note(run, step, "rotation.stored", versions=list(now.versions))
    return True


def _stray(run: Run, step: Step, rotator: Rotator, made: Rotating) -> str:
    """The id of what an earlier attempt made and could not write down, or "". New keys may be listed late."""
    left = run.confirm_seconds - (run.now() - made.at).total_seconds()
    listed = until(run, rotator.listed, lambda listed: bool(listed.keys() - made.known), left)
    new = sorted(listed.keys() - made.known)
    if not new or rotator.kind.by_name:
        return "".join(new[:1])
    in_time = made.at - BEFORE <= listed[new[0]] <= made.at + AFTER
    if len(new) > 1 or not in_time or _used(rotator, new[0]):
        raise Ended(
            Outcome.HANDED_OVER,
            f"cut off while making a successor, and {', '.join(new)} may be it, or somebody else's",
            "delete what nobody knows of, then plan again",
        )
    return new[0]


def _used(rotator: Rotator, identity: str) -> bool:
    """Whether it was ever used, or nobody can tell. What was lost never was: nobody knows its value."""
    use = rotator.used(identity)
    return use.at is not None or not use.tells


def discard(run: Run, step: Step, rotator: Rotator, identity: str) -> None:
    """Delete a successor that no store got, and see that it is gone. Raises Ended, Expired."""
    why = ""
    try:
        if identity in rotator.listed():
            exchange = rotator.discard(identity)
            why = f"answered {exchange.status}" if act_of(exchange) is not Act.ACCEPTED else ""
        gone = identity not in until(run, rotator.listed, lambda listed: identity not in listed)
    except Expired:
        raise
    except Exception as error:  # noqa: BLE001 - a provider's garbage must not end the run; it is in the receipt
        gone, why = False, said(error)
    if not gone:
        raise Ended(
            Outcome.NOT_CONFIRMED,
            "; ".join(filter(None, (f"the successor {identity} is in no store, and not seen deleted", why))),
            f"delete {identity} by hand; {step.point.provider_id} is as it was",
        )
    note(run, step, "rotation.discarded", successor=identity)
