"""The ledger: what happened, in order, durable before the next thing happens. The one truth of a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.database import StoreCorrupt, StoreError
from offboarding.ledger import chain
from offboarding.ledger.chain import Checkpoint, Verdict
from offboarding.ledger.store import Store
from offkey.errors import OffkeyError
from offkey.model import AuditEvent


class LedgerError(OffkeyError):
    """The ledger cannot be written or read. What could not be recorded must not be done."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Events of all runs in one store. `now` is the clock, `actor` who is named in each event."""

    store: Store
    now: Callable[[], datetime]
    actor: str

    def append(self, type: str, run: str, body: Mapping[str, Any]) -> AuditEvent:
        """Record one event. It is on the disk when this returns; raises LedgerError when it is not."""

        def make(last: AuditEvent | None) -> AuditEvent:
            return chain.next_event(last, at=self.now(), actor=self.actor, type=type, run=run, body=body)

        try:
            return self.store.append(make)
        except StoreError as error:
            raise LedgerError(f"the event {type} was not recorded: {error}", advice=error.advice) from error

    def events(self, run: str | None = None) -> list[AuditEvent]:
        """All events in order, or those of one run. Raises LedgerError."""
        try:
            return self.store.events(run)
        except StoreError as error:
            raise LedgerError(f"the ledger cannot be read: {error}", advice=error.advice) from error

    def latest(self) -> datetime | None:
        """The latest time that any event bears, to the second; None for an empty ledger. Raises LedgerError."""
        try:
            return self.store.latest()
        except (StoreError, ValueError) as error:
            raise LedgerError(f"the ledger cannot be read: {error}") from error

    def runs(self) -> list[str]:
        """The names of all runs in the order in which they began."""
        return self.store.runs()

    def verify(self, checkpoint: Checkpoint | None = None) -> Verdict:
        """What can be said about the whole ledger, given a checkpoint kept elsewhere or none.

        A damaged file is a verdict, not an error; raises LedgerError only when it cannot be read at all.
        """
        try:
            damage = self.store.damage()
            if damage:
                return Verdict(ok=False, text=f"the database is damaged: {damage}", events=0, problems=(damage,))
            return chain.verify_chain(self.store.events(), checkpoint)
        except StoreCorrupt as error:
            return Verdict(ok=False, text=str(error), events=0, problems=(str(error),))
        except StoreError as error:
            raise LedgerError(f"the ledger cannot be read: {error}", advice=error.advice) from error

    def checkpoint(self) -> Checkpoint:
        """The present checkpoint, to be kept where this machine cannot rewrite it."""
        return chain.checkpoint(self.events(), self.now())
