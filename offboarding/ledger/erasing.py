"""Erasing a person from the ledger: contents go, the chain stays whole (ADR 20).

What is erased is every body of the person's runs and opt-outs, and of any event that names them as `person` or
`subject`. Numbers, times, types, actors and run names stay, what each body was committed to, and the events that take
a permission back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offboarding.ledger.chain import ERASED, erased, erasure, spans
from offboarding.ledger.ledger import TAKING_BACK, Ledger
from offboarding.optouts.history import Known, known
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AuditEvent

ABOUT = ""
NAMING = ("person", "subject")
SHOWN = 20


class NothingToErase(OffkeyError):
    """Nothing in the ledger names this person."""

    exit_code = Exit.NOTHING_EXAMINED


class StillOpen(OffkeyError):
    """A run of this person's is not closed, or an opt-out still holds: without its contents it could not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """What names one person: the numbers of events with contents, those that can never be erased, and open runs.

    `holding` are the opt-outs for them that were approved and have not ended.
    """

    names: frozenset[str]
    numbers: tuple[int, ...]
    fixed: tuple[int, ...]
    runs: tuple[str, ...]
    unfinished: tuple[str, ...]
    holding: tuple[str, ...] = ()


def find(ledger: Ledger, person: str) -> Erasable:
    """What names the person: an id, an e-mail address, whatever a run was opened with. Raises LedgerError."""
    names, before, runs = {person.strip().casefold()}, 0, dict[str, bool]()
    while len(names) > before:  # one run may tell the address by which another one names the same person
        before = len(names)
        runs = _runs(ledger, names)
    theirs = _optouts(ledger, names)
    numbers: list[int] = []
    fixed: list[int] = []
    for event in ledger.stream():
        if erased(event) or event.type in TAKING_BACK:
            continue
        if event.run in runs or names & set(_names(event)) or event.body.get("id") in theirs:
            (numbers if event.salt else fixed).append(event.seq)
    return Erasable(
        names=frozenset(names),
        numbers=tuple(numbers),
        fixed=tuple(fixed),
        runs=tuple(runs),
        unfinished=tuple(run for run, is_open in runs.items() if is_open),
        holding=tuple(one.id for one in theirs.values() if _holds(one, ledger)),
    )


def _optouts(ledger: Ledger, names: set[str]) -> dict[str, Known]:
    """The opt-outs for somebody of these names, by id."""
    every = known(ledger.events(ABOUT))
    return {name: one for name, one in every.items() if one.optout and one.optout.subject.strip().casefold() in names}


def _holds(one: Known, ledger: Ledger) -> bool:
    over = one.cancelled or one.expired or one.optout is None or one.optout.expires_at <= ledger.now()
    return bool(one.approvals) and not over


def _runs(ledger: Ledger, names: set[str]) -> dict[str, bool]:
    """The runs about somebody of these names, and whether each was begun and not closed. Adds the names they tell."""
    runs: dict[str, bool] = {}
    for event in ledger.stream():
        said = set(_names(event))
        if event.run != ABOUT and names & said:
            runs.setdefault(event.run, False)
            if event.type in ("run.opened", "plan.made"):
                names |= said
        if event.run in runs and event.type in ("apply.started", "run.closed"):
            runs[event.run] = event.type == "apply.started"
    return runs


def check(found: Erasable, reason: str) -> None:
    """Raise NothingToErase, StillOpen, or UsageError for a reason that is empty or names the person."""
    if not found.numbers:
        raise NothingToErase("nothing here names that person", advice="give the id or address of their plan")
    if found.unfinished:
        raise StillOpen(
            f"the run {found.unfinished[0]} was begun and is not closed", advice="`offkey apply --resume`, then erase"
        )
    if found.holding:
        raise StillOpen(
            f"the opt-out {found.holding[0]} still holds",
            advice=f'`offkey optout cancel {found.holding[0]} --why "..."`, then erase',
        )
    if not reason.strip() or any(name in reason.casefold() for name in found.names):
        raise UsageError("a reason is needed that does not name the person", advice='--reason "request of 2 May"')


def erase(ledger: Ledger, found: Erasable, reason: str) -> AuditEvent:
    """Record what is erased and why, then erase it. A kill in between: `again` ends it.

    Raises what `check` raises.
    """
    check(found, reason)
    event = ledger.append(ERASED, ABOUT, {"spans": spans(found.numbers), "reason": reason.strip()})
    again(ledger)
    return event


def again(ledger: Ledger) -> int:
    """Erase whatever the ledger says was erased: after a kill in between, or after a copy was put back. How many."""
    said = [span for event in ledger.store.stream(ABOUT) if event.type == ERASED for span in erasure(event) or ()]
    return ledger.store.erase(said)


def note(runs: Sequence[str]) -> str:
    """A sentence for whoever asks what runs know: of which nothing is known any more; empty when of none."""
    if not runs:
        return ""
    shown = ", ".join(runs[:SHOWN]) + (f" and {len(runs) - SHOWN} more" if runs[SHOWN:] else "")
    return f"erased, so that nothing is known of it any more: {'run' if len(runs) == 1 else 'runs'} {shown}"


def _names(event: AuditEvent) -> Iterator[str]:
    """Every name by which an event's body says whom it is about, in lower case."""
    if erased(event):
        return
    body = event.body
    for place in (body, body.get("plan"), body.get("trigger"), body.get("optout")):
        if isinstance(place, Mapping):
            yield from _folded(value for key in NAMING for value in _texts(place.get(key)))


def _texts(value: Any) -> Iterator[str]:
    """A name, or the id and addresses of a Person."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for text in (value.get("id"), *value.get("emails", ())) if isinstance(text, str))


def _folded(texts: Iterable[str]) -> Iterator[str]:
    return (text.strip().casefold() for text in texts if text.strip())
