"""The ledger's events in one SQLite file (SQLAlchemy Core). What scans remember is in `offboarding/memory.py`.

The store holds addresses and fingerprints, never values. Writes are durable when they return (WAL with
synchronous=FULL) and serialised by BEGIN IMMEDIATE, so that two processes appending at once keep one chain.
Runs and opt-outs have no tables of their own: the ledger is the one truth about them.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import URL, Connection, Engine, make_url

from offboarding.database import BUSY_SECONDS, StoreCorrupt, StoreError, private_file, told
from offboarding.state import DATABASE
from offkey.canonical import canonical
from offkey.model import AuditEvent, timestamp

SCHEMA_VERSION = 1
_FULL = "make room; then go on with --resume: nothing was half-written"
_DAMAGED = (
    "move it aside and restore it from a copy; `offkey ledger verify` with an outside checkpoint tells "
    "whether the copy is whole"
)

_tables = sql.MetaData()
_meta = sql.Table("meta", _tables, sql.Column("key", sql.Text, primary_key=True), sql.Column("value", sql.Text))
_events = sql.Table(
    "events",
    _tables,
    sql.Column("seq", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("at", sql.Text, nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("type", sql.Text, nullable=False),
    sql.Column("run", sql.Text, nullable=False, index=True),
    sql.Column("body", sql.Text, nullable=False),
    sql.Column("prev", sql.Text, nullable=False),
    sql.Column("hash", sql.Text, nullable=False, unique=True),
)
# Made once: SQLAlchemy takes longer to make a statement than SQLite to carry it out.
_LAST = sql.select(_events).order_by(_events.c.seq.desc()).limit(1)
_INSERT = _events.insert()


@dataclass(eq=False)
class _Append:
    """One event on its way: made in its turn, over when its transaction is."""

    make: Callable[[AuditEvent | None], AuditEvent]
    event: AuditEvent | None = None
    trouble: BaseException | None = None
    over: bool = False

    def made(self, last: AuditEvent | None) -> AuditEvent:
        self.event = self.make(last)
        return self.event


@dataclass
class _Turns:
    """Whoever holds `lock` writes for all who wait. `last` is the event written last, with its row."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[_Append] = field(default_factory=deque)
    last: tuple[AuditEvent, dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Make one with `Store.open`; `close` it at the end."""

    engine: Engine
    where: str
    _turns: _Turns = field(default_factory=_Turns)

    @classmethod
    def open(cls, state: Path | str) -> "Store":
        """The store in a state folder (made private if need be), or at an SQLAlchemy URL. Raises StoreError."""
        if isinstance(state, Path):
            url = URL.create("sqlite+pysqlite", database=str(private_file(state, DATABASE)))
        else:
            url = make_url(state)
        engine = sql.create_engine(url)
        if engine.dialect.name == "sqlite":
            sql.event.listen(engine, "connect", _prepare)
            sql.event.listen(engine, "begin", _begin)
        store = cls(engine, url.render_as_string(hide_password=True) if isinstance(state, str) else str(url.database))
        with store._writing() as connection:
            _tables.create_all(connection)
            store._check_version(connection)
        return store

    def close(self) -> None:
        self.engine.dispose()

    def append(self, make: Callable[[AuditEvent | None], AuditEvent]) -> AuditEvent:
        """Add the event that `make` returns for the present last event; durable when this returns.

        The transaction holds the only write lock, so nobody can append in between. Threads that append at once share
        one transaction, and so one wait for the disk. Raises StoreError.
        """
        mine = _Append(make)
        self._turns.waiting.append(mine)
        try:
            with self._turns.lock:
                if not mine.over:
                    self._write([self._turns.waiting.popleft() for _ in range(len(self._turns.waiting))])
        except BaseException:
            with suppress(ValueError):  # broken off before its turn: nobody writes it later
                self._turns.waiting.remove(mine)
            raise
        if mine.trouble is not None:
            raise mine.trouble
        if mine.event is None:
            raise StoreError(f"{self.where}: the event was not written", advice=_FULL)
        return mine.event

    def _write(self, batch: "Sequence[_Append]") -> None:
        """All events of the batch in one transaction, in their order; where it fails, each of them has failed."""
        try:
            with self._writing() as connection:
                last = self._end(connection)
                rows = [_row(last := each.made(last)) for each in batch]
                connection.execute(_INSERT, rows)
            self._turns.last = (last, rows[-1]) if last else None
        except BaseException as error:
            for each in batch:
                each.trouble = error
            raise
        finally:
            for each in batch:
                each.over = True

    def _end(self, connection: Connection) -> AuditEvent | None:
        """The last event. Read again every time, as another process may have appended; taken apart only when it has."""
        row = connection.execute(_LAST).mappings().first()
        ours = self._turns.last
        if row is None or ours is None or dict(row) != ours[1]:
            return self._checked(row) if row else None
        return ours[0]

    def events(self, run: str | None = None) -> list[AuditEvent]:
        """All events in order, or those of one run. Raises StoreCorrupt when a row is not as it was written."""
        return [self._checked(row) for row in self._rows(run)]

    def runs(self) -> list[str]:
        """The names of all runs in the order in which they began."""
        with self._reading() as connection:
            query = sql.select(_events.c.run).group_by(_events.c.run).order_by(sql.func.min(_events.c.seq))
            return [run for run in connection.scalars(query) if run]

    def latest(self) -> datetime | None:
        """The latest time that any event bears, to the second; None for an empty ledger."""
        with self._reading() as connection:
            text = connection.scalar(sql.select(sql.func.max(_events.c.at)))
        return datetime.fromisoformat(text) if text else None

    def damage(self) -> str:
        """What the database engine itself finds wrong with the file; empty when nothing."""
        if self.engine.dialect.name != "sqlite":
            return ""
        with self._reading() as connection:
            answer = "; ".join(str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check"))
        return "" if answer == "ok" else answer

    def _rows(self, run: str | None) -> Iterator[sql.RowMapping]:
        query = sql.select(_events).order_by(_events.c.seq)
        with self._reading() as connection:
            yield from connection.execute(query if run is None else query.where(_events.c.run == run)).mappings()

    def _checked(self, row: sql.RowMapping) -> AuditEvent:
        try:
            event = _event(row)
            same = _row(event) == dict(row)
        except (ValueError, TypeError, OverflowError):
            same = False
        if not same:
            raise StoreCorrupt(
                f"event {row['seq']} in {self.where} is not in the form in which it was written",
                advice="the file was changed from outside: restore it from a copy and compare with your checkpoints",
            )
        return event

    def _check_version(self, connection: Connection) -> None:
        found = connection.scalar(sql.select(_meta.c.value).where(_meta.c.key == "schema"))
        if found is None:
            connection.execute(_meta.insert().values(key="schema", value=str(SCHEMA_VERSION)))
        elif found != str(SCHEMA_VERSION):
            raise StoreCorrupt(
                f"{self.where} has schema version {found}; this offkey knows {SCHEMA_VERSION}",
                advice="use the offkey that wrote it, or another state folder",
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        writer = self.engine.execution_options(offkey_writes=True)
        with self._translated(), writer.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sql.exc.DBAPIError as error:
            raise told(error.orig, self.where, full=_FULL, damaged=_DAMAGED) from error


def _prepare(connection: Any, _: Any) -> None:
    # The driver must not open transactions of its own: we say BEGIN ourselves, in `_begin`.
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("offkey_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": timestamp(event.at),
        "actor": event.actor,
        "type": event.type,
        "run": event.run,
        "body": canonical(event.body).decode(),
        "prev": event.prev,
        "hash": event.hash,
    }


def _event(row: sql.RowMapping) -> AuditEvent:
    return AuditEvent(**{**dict(row), "at": datetime.fromisoformat(row["at"]), "body": json.loads(row["body"])})
