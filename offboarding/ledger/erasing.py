"""Erasing a person from the ledger: contents go, the chain stays whole (ADR 20).

What is erased is every body of the person's runs, and of any event that names them as `person` or `subject`. Numbers,
times, types, actors and run names stay, and what each body was committed to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offboarding.ledger.chain import ERASED, erased, spans
from offboarding.ledger.ledger import Ledger
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import AuditEvent

ABOUT = ""
NAMING = ("person", "subject")


class NothingToErase(OffkeyError):
    """Nothing in the ledger names this person."""

    exit_code = Exit.NOTHING_EXAMINED


class StillOpen(OffkeyError):
    """A run of this person's is not closed: without its contents it could not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """What names one person: the numbers of events with contents, those that can never be erased, and open runs."""

    names: frozenset[str]
    numbers: tuple[int, ...]
    fixed: tuple[int, ...]
    runs: tuple[str, ...]
    unfinished: tuple[str, ...]


def find(ledger: Ledger, person: str) -> Erasable:
    """What names the person: an id, an e-mail address, whatever a run was opened with. Raises LedgerError."""
    names, known, runs = {person.strip().casefold()}, 0, dict[str, bool]()
    while len(names) > known:  # one run may tell the address by which another one names the same person
        known = len(names)
        runs = _runs(ledger, names)
    numbers: list[int] = []
    fixed: list[int] = []
    for event in ledger.stream():
        if not erased(event) and (event.run in runs or names & set(_names(event))):
            (numbers if event.salt else fixed).append(event.seq)
    unfinished = tuple(run for run, is_open in runs.items() if is_open)
    return Erasable(
        names=frozenset(names), numbers=tuple(numbers), fixed=tuple(fixed), runs=tuple(runs), unfinished=unfinished
    )


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


def erase(ledger: Ledger, found: Erasable, reason: str) -> AuditEvent:
    """Record what is erased and why, then erase it. A kill in between: `again` ends it.

    Raises UsageError for a reason that is empty or names the person, NothingToErase, StillOpen.
    """
    if not reason.strip() or any(name in reason.casefold() for name in found.names):
        raise UsageError("a reason is needed that does not name the person", advice='--reason "request of 2 May"')
    if not found.numbers:
        raise NothingToErase("nothing here names that person", advice="give the id or address of their plan")
    if found.unfinished:
        raise StillOpen(
            f"the run {found.unfinished[0]} was begun and is not closed", advice="`offkey apply --resume`, then erase"
        )
    event = ledger.append(ERASED, ABOUT, {"spans": spans(found.numbers), "reason": reason.strip()})
    again(ledger)
    return event


def again(ledger: Ledger) -> int:
    """Erase whatever the ledger says was erased: after a kill in between, or after a copy was put back. How many."""
    said = [span for event in ledger.store.stream(ABOUT) if event.type == ERASED for span in event.body["spans"]]
    return ledger.store.erase(said)


def _names(event: AuditEvent) -> Iterator[str]:
    """Every name by which an event's body says whom it is about, in lower case."""
    if erased(event):
        return
    body = event.body
    plan = body.get("plan")
    for place in (body, plan, body.get("trigger")):
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
