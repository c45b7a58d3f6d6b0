"""How a run begins: its name, and the event that says whose it is and why. The same delivery twice is the same run."""

from datetime import datetime

from offboarding.ledger.chain import erased, legible
from offboarding.ledger.ledger import Ledger
from offkey.canonical import digest
from offkey.errors import UsageError
from offkey.model import Trigger, from_json, timestamp, to_json


def name_of(subject: str, trigger: Trigger | None, now: datetime) -> str:
    """The run's name; a plan made by hand is a run of its moment."""
    told = [trigger.source, trigger.delivery_id] if trigger else ["by hand", timestamp(now)]
    return f"{now:%Y%m%d}-{digest([subject.lower(), *told])[7:19]}" if not trigger else f"t-{digest(told)[7:23]}"


def trigger_of(ledger: Ledger, run: str) -> Trigger | None:
    """What opened the run; None for one begun by hand, or not yet."""
    opened = next((event for event in legible(ledger.events(run)) if event.type == "run.opened"), None)
    return from_json(opened.body["trigger"], Trigger) if opened is not None and opened.body["trigger"] else None


def open_run(ledger: Ledger, run: str, person: str, subject: str, trigger: Trigger | None) -> None:
    """Record the run's beginning, once.

    Raises UsageError where the same delivery said something else before, or where the run was erased.
    """
    events = ledger.events(run)
    if any(map(erased, events)):
        raise UsageError(
            f"the contents of run {run} were erased: it does not begin again",
            advice="for a new departure of the same person give the delivery an id of its own",
        )
    opened = next((event for event in events if event.type == "run.opened"), None)
    if opened is None:
        told = to_json(trigger) if trigger else None
        ledger.append("run.opened", run, {"person": person, "subject": subject, "trigger": told})
        return
    before = from_json(opened.body["trigger"], Trigger) if opened.body["trigger"] else None
    if trigger is None:
        return
    if opened.body["person"] != person or _content(before) != _content(trigger):
        raise UsageError(
            f"run {run} was opened for {opened.body['person']} by a delivery of the same id that said something else",
            advice="give the new delivery an id of its own",
        )


def _content(trigger: Trigger | None) -> tuple[object, ...]:
    return (trigger.effective_at, trigger.kind, trigger.role, trigger.involuntary) if trigger else ()
