"""Which runs are to be checked now. Pure: events and the clock give the list.

The clock of a run starts when it closes, and anew at each closing. A run that waits for people has not closed: what
was ended in it is watched from the end of its first apply. A check at any time covers every slot before it, so of
slots that were missed one check is due. A run that was reopened is due at every call until a check finds nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from offboarding.configuration.verification import span
from offboarding.ledger.chain import legible
from offkey.model import AuditEvent

REOPENED = "reopened"
"""The slot of a run that was reopened, for which no time counts."""
BY_HAND = ""
"""The slot of a check that somebody asked for by the run's name."""


@dataclass(frozen=True, slots=True)
class Due:
    """A check that is due. `missed` are the slots before it that passed without one."""

    run: str
    slot: str
    missed: tuple[str, ...] = ()


@dataclass
class Clock:
    """`since` is when a run's clock started, None while nothing was applied; `checked` are the checks since."""

    since: datetime | None = None
    closed: datetime | None = None
    checked: tuple[datetime, ...] = ()
    reopened: bool = False


def due(events: Iterable[AuditEvent], schedule: Sequence[str], now: datetime) -> list[Due]:
    """The checks that are due, one a run at most, in the order in which the runs began."""
    return [found for run, clock in clocks(events).items() if (found := _due(run, clock, schedule, now)) is not None]


def upcoming(events: Iterable[AuditEvent], schedule: Sequence[str], now: datetime) -> tuple[datetime, str] | None:
    """(time, run) of the next check that is not due yet, if there is one."""
    later = [
        (clock.since + span(word), run)
        for run, clock in clocks(events).items()
        for word in schedule
        if clock.since is not None and clock.since + span(word) > now
    ]
    return min(later, default=None)


def clocks(events: Iterable[AuditEvent]) -> dict[str, Clock]:
    """The clock of each run."""
    found: dict[str, Clock] = {}
    digests: dict[str, str] = {}
    for event in legible(events):
        clock = found.setdefault(event.run, Clock())
        match event.type:
            case "plan.made" if event.body["digest"] != digests.get(event.run):
                digests[event.run] = event.body["digest"]
                found[event.run] = Clock()
            case "apply.finished" if clock.since is None:
                clock.since = event.at
            case "run.closed":
                clock.since = clock.closed = event.at
                clock.checked = ()
            case "run.reopened":
                clock.reopened, clock.closed = True, None
            case "run.verified":
                clock.reopened = bool(event.body.get("drift"))
                clock.checked += (event.at,)
    return {run: clock for run, clock in found.items() if run}


def _due(run: str, clock: Clock, schedule: Sequence[str], now: datetime) -> Due | None:
    if clock.reopened:
        return Due(run, REOPENED)
    since = clock.since
    if since is None:
        return None
    open_slots = [
        word
        for word in schedule
        if since + span(word) <= now and not any(at >= since + span(word) for at in clock.checked)
    ]
    return Due(run, open_slots[-1], tuple(open_slots[:-1])) if open_slots else None
