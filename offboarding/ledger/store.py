"""The ledger's events in one SQLite file or PostgreSQL database (SQLAlchemy Core).

The store holds addresses and fingerprints, never values. Writes are durable when they return (SQLite: WAL with
synchronous=FULL; PostgreSQL: synchronous_commit) and serialised by BEGIN IMMEDIATE or an advisory lock, so that two
processes appending at once keep one chain. Runs and opt-outs have no tables of their own: the ledger is the one truth
about them. What scans remember is in `offboarding/memory.py`.
"""

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
from offboarding.ledger import rows
from offboarding.ledger.chain import entry
from offboarding.ledger.rows import EVENTS, META, OPENINGS, Row
from offboarding.state import DATABASE
from offkey.model import AuditEvent

SCHEMA_VERSION = 2
"""1 had no openings: everything in it is covered by the hash as it stands."""
OLDER = frozenset({"1"})
CHUNK = 2000
_LOCK = 0x6F66666B6579  # "offkey": PostgreSQL's advisory lock of whoever appends
_FULL = "make room; then go on with --resume: nothing was half-written"
_DAMAGED = (
    "move it aside and restore it from a copy; `offkey ledger verify` with an outside checkpoint tells "
    "whether the copy is whole"
)


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
    last: tuple[AuditEvent, Row] | None = None


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
            url = _url(state)
        # Whatever the server's default: a stricter level sees what was there before its turn to append came.
        level = {"isolation_level": "READ COMMITTED"} if url.get_backend_name() == "postgresql" else {}
        engine = sql.create_engine(url, **level)
        if engine.dialect.name == "sqlite":
            sql.event.listen(engine, "connect", _prepare)
        sql.event.listen(engine, "begin", _BEGIN[engine.dialect.name])
        store = cls(engine, url.render_as_string(hide_password=True) if isinstance(state, str) else str(url.database))
        try:
            with store._writing() as connection:
                rows.TABLES.create_all(connection)
                store._check_version(connection)
        except BaseException:
            store.close()  # a connection left open would keep a server from shutting down
            raise
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
                made = [rows.row(last := each.made(last)) for each in batch]
                connection.execute(rows.ADD_EVENT, made)
                if openings := [row for row in made if row["salt"] is not None]:
                    connection.execute(rows.ADD_OPENING, openings)
            self._turns.last = (last, made[-1]) if last else None
        except BaseException as error:
            for each in batch:
                each.trouble = error
            raise
        finally:
            for each in batch:
                each.over = True

    def _end(self, connection: Connection) -> AuditEvent | None:
        """The last event. Read again every time, as another process may have appended; taken apart only when it has."""
        row = connection.execute(rows.LAST).mappings().first()
        ours = self._turns.last
        if row is None or ours is None or dict(row) != ours[1]:
            return self._checked(row)[0] if row else None
        return ours[0]

    def stream(self, run: str | None = None, *, backwards: bool = False) -> Iterator[AuditEvent]:
        """All events in order, or those of one run, one by one. Raises StoreCorrupt at a row that was changed."""
        query = rows.ALL if run is None else rows.ALL.where(EVENTS.c.run == run)
        if backwards:
            query = query.order_by(None).order_by(EVENTS.c.seq.desc())
        for event, _ in self._opened(query):
            yield event

    def hashed(self) -> Iterator[tuple[AuditEvent, bytes]]:
        """All events in order, each with its body as the hash covers it. Raises StoreCorrupt."""
        return self._opened(rows.ALL)

    def _opened(self, query: sql.Select[Any]) -> Iterator[tuple[AuditEvent, bytes]]:
        with self._reading() as connection:
            for row in connection.execute(query).mappings():
                yield self._checked(row)

    def events(self, run: str | None = None) -> list[AuditEvent]:
        """All events in order, or those of one run. Raises StoreCorrupt when a row is not as it was written."""
        return list(self.stream(run))

    def entries(self, size: int | None = None) -> Iterator[bytes]:
        """The Merkle tree's entries in order, the first `size` or all: hashes as they stand, nothing is checked."""
        query = sql.select(EVENTS.c.hash).order_by(EVENTS.c.seq)
        with self._reading() as connection:
            for hash in connection.scalars(query if size is None else query.where(EVENTS.c.seq <= size)):
                try:
                    yield entry(hash)
                except ValueError as error:
                    raise StoreCorrupt(f"{self.where}: {hash!r} is no hash", advice=_DAMAGED) from error

    def size(self) -> int:
        """The last event's number, 0 without any."""
        with self._reading() as connection:
            return int(connection.scalar(sql.select(sql.func.max(EVENTS.c.seq))) or 0)

    def newest(self, *, excepting: Sequence[str]) -> int:
        """The number of the last event that is of none of these types, 0 without any."""
        query = sql.select(EVENTS.c.seq).where(EVENTS.c.type.not_in(excepting))
        with self._reading() as connection:
            return int(connection.scalar(query.order_by(EVENTS.c.seq.desc()).limit(1)) or 0)

    def runs(self) -> list[str]:
        """The names of all runs in the order in which they began."""
        with self._reading() as connection:
            query = sql.select(EVENTS.c.run).group_by(EVENTS.c.run).order_by(sql.func.min(EVENTS.c.seq))
            return [run for run in connection.scalars(query) if run]

    def erase(self, spans: Sequence[Sequence[int]]) -> int:
        """Delete the openings of these stretches of events for good, and say of how many there were any.

        What is left of them in free pages and the journal goes, too (SQLite); PostgreSQL does that when it vacuums.
        """
        with self._writing() as connection:
            gone = 0
            for first, last in spans:
                found = connection.execute(OPENINGS.delete().where(OPENINGS.c.seq.between(first, last)))
                gone += found.rowcount
        self._turns.last = None
        if self.engine.dialect.name == "sqlite":
            with self._translated(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as bare:
                bare.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def latest(self) -> datetime | None:
        """The latest time that any event bears, to the second; None for an empty ledger."""
        with self._reading() as connection:
            text = connection.scalar(sql.select(sql.func.max(EVENTS.c.at)))
        return datetime.fromisoformat(text) if text else None

    def damage(self) -> str:
        """What the database engine itself finds wrong with the file, its indices included; empty when nothing."""
        if self.engine.dialect.name != "sqlite":
            return ""
        with self._reading() as connection:
            answer = "; ".join(str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check"))
        return "" if answer == "ok" else answer

    def _checked(self, row: sql.RowMapping) -> tuple[AuditEvent, bytes]:
        try:
            return rows.event(row)
        except (ValueError, TypeError, OverflowError, RecursionError, AttributeError) as error:
            raise StoreCorrupt(
                f"event {row['seq']} in {self.where} is not in the form in which it was written",
                advice="the file was changed from outside: restore it from a copy and compare with your checkpoints",
            ) from error

    def _check_version(self, connection: Connection) -> None:
        found = connection.scalar(sql.select(META.c.value).where(META.c.key == "schema"))
        if found is None:
            connection.execute(META.insert().values(key="schema", value=str(SCHEMA_VERSION)))
        elif found in OLDER:
            connection.execute(META.update().where(META.c.key == "schema").values(value=str(SCHEMA_VERSION)))
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
            yield connection.execution_options(yield_per=CHUNK)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sql.exc.DBAPIError as error:
            raise told(error.orig, self.where, full=_FULL, damaged=_DAMAGED) from error
        except UnicodeDecodeError as error:  # of a damaged file even the engine's own words may be no text
            raise StoreCorrupt(f"{self.where} is damaged or no database", advice=_DAMAGED) from error


def _url(text: str) -> URL:
    """An SQLAlchemy URL of a database that we know how to append to. Raises StoreError."""
    try:
        url = make_url(text)
        known = url.get_backend_name() in _BEGIN and url.get_dialect() is not None
    except (sql.exc.ArgumentError, sql.exc.NoSuchModuleError):
        known = False
    if not known:
        raise StoreError("the ledger's database is no URL that can be used", advice="postgresql+psycopg://USER@HOST/DB")
    return url


def _prepare(connection: Any, _: Any) -> None:
    # The driver must not open transactions of its own: we say BEGIN ourselves, in `_begin_sqlite`.
    connection.isolation_level = None
    wanted = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", *wanted):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("offkey_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("offkey_writes"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        # Durable means on the disk, whatever the server's default is; nothing that is stricter is loosened.
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
        )


_BEGIN = {"sqlite": _begin_sqlite, "postgresql": _begin_postgresql}
