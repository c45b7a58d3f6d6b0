"""The directory against the ledger's runs: who should have been offboarded, and was not. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.chain import legible
from offkey.errors import UsageError
from offkey.model import AuditEvent, Trigger, from_json

SLA = timedelta(hours=24)
LEAVER, MOVER = "leaver", "mover"


class Status(StrEnum):
    """In the order in which they are shown. `late` is done, after its time; `overdue` is not done, after its time.

    `kept` and `gaps` are done but for what opt-outs keep, and for what could not be looked at.
    """

    MISSING = "missing"
    OVERDUE = "overdue"
    OPEN = "open"
    KEPT = "kept"
    GAPS = "gaps"
    LATE = "late"
    DONE = "done"
    COMING = "coming"


URGENT = frozenset({Status.MISSING, Status.OVERDUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """One run as the ledger has it. `person` is the id at its opening, `left_at` what its newest plan says.

    `contained_at` is the first proof under a standing approval, `last_at` the run's newest event. `kept` are the steps
    that opt-outs keep undone, `gaps` how many places the newest plan could not look at.
    """

    run: str
    person: str
    subject: str
    opened_at: datetime
    last_at: datetime
    kind: str = LEAVER
    effective_at: datetime | None = None
    left_at: datetime | None = None
    contained_at: datetime | None = None
    planned_at: datetime | None = None
    closed_at: datetime | None = None
    kept: frozenset[str] = frozenset()
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One departure. `deadline` is its time and the SLA; `run` is None where it is missing, or still to come."""

    person: str
    names: tuple[str, ...]
    left_at: datetime
    deadline: datetime
    status: Status
    run: RunState | None = None


def runs(events: Iterable[AuditEvent]) -> list[RunState]:
    """Every run that was opened, in the order of opening."""
    found: dict[str, RunState] = {}
    for event in legible(events):
        if event.type == "run.opened":
            told = from_json(event.body["trigger"], Trigger) if event.body["trigger"] else None
            found[event.run] = RunState(
                run=event.run,
                person=event.body["person"],
                subject=event.body["subject"],
                opened_at=event.at,
                last_at=event.at,
                kind=told.kind if told else LEAVER,
                effective_at=told.effective_at if told else None,
            )
        elif event.run in found:
            found[event.run] = _after(found[event.run], event)
    return list(found.values())


def _after(state: RunState, event: AuditEvent) -> RunState:
    state, body = replace(state, last_at=event.at), event.body
    match event.type:
        case "plan.made":
            return _planned(state, event.at, body["plan"])
        case "step.receipt":
            step, optout = body["receipt"]["step"], body["receipt"].get("optout")
            return replace(state, kept=state.kept | {step} if optout else state.kept - {step})
        case "containment.receipt" if body["receipt"]["outcome"] in ("DISABLED", "REMOVED", "REVOKED"):
            return replace(state, contained_at=state.contained_at or event.at)
        case "run.closed":
            return replace(state, closed_at=event.at)
        case "run.reopened":
            return replace(state, closed_at=None)
    return state


def _planned(state: RunState, at: datetime, plan: Mapping[str, Any]) -> RunState:
    """A plan that keeps what a role has ends nobody's access, whatever opened the run."""
    left = plan["person"]["left_at"]
    return replace(
        state,
        kind=MOVER if plan.get("role") else LEAVER,
        planned_at=at,
        left_at=datetime.fromisoformat(left) if left else None,
        closed_at=None,
        kept=frozenset(),
        gaps=len(plan["gaps"]),
    )


def due(
    directory: Directory,
    runs: Sequence[RunState],
    now: datetime,
    *,
    sla: timedelta = SLA,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Due]:
    """Everybody of whom the directory says when they leave, the most urgent first; `since` <= left_at < `until`."""
    by_person: dict[str, list[RunState]] = {}
    for state in runs:
        if state.kind == LEAVER:
            by_person.setdefault(_person(directory, state), []).append(state)
    found = [
        _judged(entry, entry.left_at, by_person.get(entry.id, ()), now, sla)
        for entry in directory.entries
        if entry.left_at is not None and not entry.shared
        if (since is None or since <= entry.left_at) and (until is None or entry.left_at < until)
    ]
    return sorted(found, key=lambda one: (list(Status).index(one.status), one.left_at, one.person))


def _person(directory: Directory, state: RunState) -> str:
    """Whose run it is by the directory's present ids; an id that it has no more stays what it was.

    A bare word is an id and nothing else: somebody may have a login that was another's id.
    """
    for name in (state.person, state.subject):
        try:
            entry = directory.find(name)
            if entry is not None and not {"@", ":"} & set(name) and name.casefold() != entry.id.casefold():
                continue
        except UsageError:  # it names two by now
            continue
        if entry is not None:
            return entry.id
    return state.person


def _judged(entry: Entry, left_at: datetime, mine: Sequence[RunState], now: datetime, sla: timedelta) -> Due:
    deadline = left_at + sla
    state = max((one for one in mine if _is_of(one, left_at)), key=lambda one: one.opened_at, default=None)
    if state is None:
        status = Status.COMING if now < left_at else Status.MISSING
    elif state.closed_at is None:
        status = Status.OVERDUE if now >= deadline else Status.OPEN
    elif state.kept:
        status = Status.KEPT
    elif state.gaps:
        status = Status.GAPS
    else:
        status = Status.LATE if state.closed_at > deadline else Status.DONE
    return Due(person=entry.id, names=entry.names, left_at=left_at, deadline=deadline, status=status, run=state)


def _is_of(state: RunState, left_at: datetime) -> bool:
    """Whether a run is of this departure, and not of an earlier one: what was closed before it must name its time."""
    if state.closed_at is None or state.closed_at >= left_at:
        return True
    return left_at in (state.left_at, state.effective_at)
