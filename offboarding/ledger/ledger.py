"""The ledger: what happened, in order, durable before the next thing happens. The one truth of a run."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.database import StoreCorrupt, StoreError
from offboarding.ledger import chain
from offboarding.ledger.chain import ERASED, GENESIS, PREFIX, Checkpoint, Verdict
from offboarding.ledger.merkle import Frontier
from offboarding.ledger.store import Store
from offkey.errors import OffkeyError
from offkey.model import AuditEvent

PUBLISHED, FAILED = "checkpoint.published", "checkpoint.failed"
ABOUT_ITSELF = frozenset({PUBLISHED, FAILED, ERASED})
"""Events about the ledger alone. They name no person, so that nothing in them is ever erased."""
TAKING_BACK = frozenset({"standing.revoked", "optout.cancelled", "optout.expired"})
"""They take a permission back. Without their contents it would hold again, so that these are never erased either."""
SALT = 32


class LedgerError(OffkeyError):
    """The ledger cannot be written or read. What could not be recorded must not be done."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Events of all runs in one store. `now` is the clock, `actor` who is named in each event."""

    store: Store
    now: Callable[[], datetime]
    actor: str

    def append(self, type: str, run: str, body: Mapping[str, Any]) -> AuditEvent:
        """Record one event. It is on the disk when this returns; raises LedgerError when it is not.

        Its hash covers a salted commitment to the body, which `erase` can therefore take out later.
        """
        salt = "" if type in ABOUT_ITSELF | TAKING_BACK else secrets.token_hex(SALT)

        def make(last: AuditEvent | None) -> AuditEvent:
            return chain.next_event(last, at=self.now(), actor=self.actor, type=type, run=run, body=body, salt=salt)

        try:
            return self.store.append(make)
        except StoreError as error:
            raise LedgerError(f"the event {type} was not recorded: {error}", advice=error.advice) from error

    def events(self, run: str | None = None) -> list[AuditEvent]:
        """All events in order, or those of one run. Raises LedgerError."""
        with _readable():
            return self.store.events(run)

    def stream(self) -> Iterator[AuditEvent]:
        """All events in order, one by one. Raises LedgerError."""
        with _readable():
            yield from self.store.stream()

    def latest(self) -> datetime | None:
        """The latest time that any event bears, to the second; None for an empty ledger. Raises LedgerError."""
        try:
            return self.store.latest()
        except (StoreError, ValueError) as error:
            raise LedgerError(f"the ledger cannot be read: {error}") from error

    def runs(self) -> list[str]:
        """The names of all runs in the order in which they began."""
        return self.store.runs()

    def verify(self, *outside: Checkpoint) -> Verdict:
        """What can be said about the whole ledger, given checkpoints kept elsewhere or none.

        A damaged file is a verdict, not an error; raises LedgerError only when it cannot be read at all.
        """
        try:
            damage = self.store.damage()
            if damage:
                return Verdict(ok=False, text=f"the database is damaged: {damage}", events=0, problems=(damage,))
            return chain.verify_hashed(self.store.hashed(), *outside)
        except StoreCorrupt as error:
            return Verdict(ok=False, text=str(error), events=0, problems=(str(error),))
        except StoreError as error:
            raise LedgerError(f"the ledger cannot be read: {error}", advice=error.advice) from error

    def checkpoint(self) -> Checkpoint:
        """The present checkpoint, to be kept where this machine cannot rewrite it. Raises LedgerError."""
        edge, head = Frontier(), b""
        with _readable():
            for head in self.store.entries():
                edge.add(head)
        last = PREFIX + head.hex() if head else GENESIS
        return Checkpoint(seq=edge.size, head=last, merkle_root=PREFIX + edge.root().hex(), at=self.now())


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise LedgerError(f"the ledger cannot be read: {error}", advice=error.advice) from error
