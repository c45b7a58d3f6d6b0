"""What scans remember: findings already seen, and for each repository what the scanner knew of it (ADR 0008).

One SQLite file through the standard library: the ledger's store takes longer to import than a second scan takes.
Addresses and fingerprints, never values. What a call wrote is durable when it returns (WAL with synchronous=FULL), and
BEGIN IMMEDIATE lets several processes write in turn. Close it before worker processes start, or leave it alone in them.
"""

import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from offboarding.database import BUSY_SECONDS, StoreCorrupt, StoreError, private_file, told
from offboarding.state import DATABASE, SCANS
from offkey.found import Finding, timestamp

VERSION = 1
LARGEST = 100 << 20
"""Bytes of the largest piece that is kept for a repository."""
TOTAL = 1 << 30
"""Bytes that all pieces together may have; beyond that those not used for longest go."""
UNUSED_SECONDS = 180 * 86400
TOUCHED_SECONDS = 86400
"""How exactly it is known when a piece was last used: reading one shall not cost a write each time."""
_CHUNK = 500  # SQLite allows 999 variables in a statement on old builds
_PRAGMAS = ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL", f"journal_size_limit = {16 << 20}")

_SCHEMA = (
    "CREATE TABLE seen (fingerprint TEXT PRIMARY KEY, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, "
    "places TEXT NOT NULL, rules_digest TEXT NOT NULL)",
    # The pieces lie apart from their times, so that noting a time does not write a piece anew.
    "CREATE TABLE used (key TEXT PRIMARY KEY, at INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE kept (key TEXT PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL)",
)
_SEEN = (
    "INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET "
    "last_seen = excluded.last_seen, places = excluded.places, rules_digest = excluded.rules_digest"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScanMemory:
    """An open memory. Make one with `ScanMemory.open`; `close` it at the end. `clock` gives seconds since 1970."""

    _connection: sqlite3.Connection
    _where: Path
    _clock: Callable[[], float] = time.time

    @classmethod
    def open(cls, state: Path, clock: Callable[[], float] = time.time) -> "ScanMemory":
        """The memory in a state folder, made if need be with what the ledger's store remembered before there was one.

        Raises StoreError, and StateUnusable for the folder.
        """
        path = private_file(state, SCANS)
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        memory = cls(connection, path, clock)
        try:
            memory._prepare()
        except BaseException:
            connection.close()
            raise
        return memory

    def close(self) -> None:
        self._connection.close()

    def remember(self, findings: Sequence[Finding], now: datetime, rules_digest: str = "") -> list[Finding]:
        """The findings with `new` set by whether their fingerprint was ever seen before; all are seen from now on."""
        if not findings:
            return []
        moment = timestamp(now)
        rows = {one.fingerprint: (one.fingerprint, moment, moment, _text(one), rules_digest) for one in findings}
        with self._writing() as connection:
            known = _known(connection, list(rows))
            connection.executemany(_SEEN, rows.values())
        return [_marked(finding, finding.fingerprint not in known) for finding in findings]

    def load(self, key: str) -> bytes | None:
        """What was saved under a key, or None. Raises StoreCorrupt when it is not what was saved."""
        with self._translated():
            row = self._connection.execute(
                "SELECT at, crc, data FROM used JOIN kept USING (key) WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        at, crc, data = row
        if not isinstance(data, bytes) or zlib.crc32(data) != crc:
            raise StoreCorrupt(f"{self._where}: what is kept of a repository is damaged", advice=self._afresh)
        now = int(self._clock())
        if now - at > TOUCHED_SECONDS:
            with self._writing() as connection:
                connection.execute("UPDATE used SET at = ? WHERE key = ?", (now, key))
        return data

    def save(self, key: str, data: bytes) -> None:
        """Keep the data under a key in place of what was there; what is larger than LARGEST is not kept.

        What was not used for UNUSED_SECONDS goes, and beyond TOTAL bytes what was not used for longest.
        """
        if len(data) > LARGEST:
            log.info("%d bytes about a repository are too many to be kept; it will be scanned anew", len(data))
        now = int(self._clock())
        with self._writing() as connection:
            _drop(connection, [key])
            if len(data) <= LARGEST:
                connection.execute("INSERT INTO used VALUES (?, ?, ?)", (key, now, len(data)))
                connection.execute("INSERT INTO kept VALUES (?, ?, ?)", (key, zlib.crc32(data), data))
            if spare := _spare(connection, key, now):
                _drop(connection, spare)
        if spare:
            with self._translated():
                # `execute` would take a single step: the pragma has no result, and gives back one page a step.
                self._connection.executescript("PRAGMA incremental_vacuum")

    @property
    def _afresh(self) -> str:
        return f"move {self._where} aside: the next scan looks at everything again and calls all findings new"

    def _prepare(self) -> None:
        with self._translated():
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}").close()
            version = self._version()
        if version == 0:
            with self._writing() as connection:
                version = self._version()  # another process may have made the tables just now
                if version == 0:
                    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                        raise StoreCorrupt(f"{self._where} is another program's database", advice=self._afresh)
                    for statement in _SCHEMA:
                        connection.execute(statement)
                    connection.executemany(_SEEN, self._earlier())
                    connection.execute(f"PRAGMA user_version = {VERSION}")
        if version not in (0, VERSION):
            raise StoreCorrupt(
                f"{self._where} has schema version {version}; this offkey knows {VERSION}",
                advice="use the offkey that wrote it, or another state folder",
            )

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _earlier(self) -> list[tuple[str, ...]]:
        """The findings seen that offkey 0.1.0 kept beside the ledger."""
        old = self._where.with_name(DATABASE)
        if not old.is_file():
            return []
        try:
            source = sqlite3.connect(f"{old.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)
            try:
                if not source.execute("SELECT 1 FROM sqlite_master WHERE name = 'seen'").fetchone():
                    return []
                query = "SELECT fingerprint, first_seen, last_seen, places, rules_digest FROM seen"
                return source.execute(query).fetchall()
            finally:
                source.close()
        except sqlite3.Error as error:
            raise _told(error, str(old), "move it aside, and restore it from a copy") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after some errors SQLite has rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _told(error, str(self._where), self._afresh) from error


def _told(error: sqlite3.Error, where: str, damaged: str) -> StoreError:
    return told(error, where, full="make room, then scan again: nothing was half-written", damaged=damaged)


def _known(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(fingerprints), _CHUNK):
        part = fingerprints[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        query = f"SELECT fingerprint FROM seen WHERE fingerprint IN ({marks})"  # noqa: S608 - question marks alone
        found.update(row[0] for row in connection.execute(query, part))
    return found


def _spare(connection: sqlite3.Connection, present: str, now: int) -> list[str]:
    """Keys of the pieces that are too old or too many; never the present one."""
    spare = []
    total = 0
    for key, at, size in connection.execute(
        "SELECT key, at, size FROM used ORDER BY key = ? DESC, at DESC", (present,)
    ):
        total += size
        if key != present and (total > TOTAL or now - at > UNUSED_SECONDS):
            spare.append(key)
            total -= size
    return spare


def _drop(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    for table in ("used", "kept"):
        connection.executemany(f"DELETE FROM {table} WHERE key = ?", [(key,) for key in keys])  # noqa: S608 - ours


def _marked(finding: Finding, new: bool) -> Finding:
    return finding if finding.new is new else replace(finding, new=new)


def _text(finding: Finding) -> str:
    # Paths that are no UTF-8 stay what they are: ASCII with escapes. The whole conversion takes place in C.
    return json.dumps(finding.places, default=_fields, separators=(",", ":"))


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}
