"""How an event lies in the database: what the hash covers in `events`, which is only ever added to, and in `openings`
what may be erased: the salt and the body that the event commits to.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from offboarding.ledger.chain import commitment
from offkey.canonical import canonical
from offkey.model import AuditEvent, timestamp

TABLES = sql.MetaData()
META = sql.Table("meta", TABLES, sql.Column("key", sql.Text, primary_key=True), sql.Column("value", sql.Text))
EVENTS = sql.Table(
    "events",
    TABLES,
    sql.Column("seq", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("at", sql.Text, nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("type", sql.Text, nullable=False),
    sql.Column("run", sql.Text, nullable=False, index=True),
    sql.Column("body", sql.Text, nullable=False),
    sql.Column("prev", sql.Text, nullable=False),
    sql.Column("hash", sql.Text, nullable=False, unique=True),
)
OPENINGS = sql.Table(
    "openings",
    TABLES,
    sql.Column("seq", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("salt", sql.Text, nullable=False),
    sql.Column("opened", sql.Text, nullable=False),
)
# Made once: SQLAlchemy takes longer to make a statement than SQLite to carry it out.
ALL = (
    sql.select(EVENTS, OPENINGS.c.salt, OPENINGS.c.opened)
    .join(OPENINGS, OPENINGS.c.seq == EVENTS.c.seq, isouter=True)
    .order_by(EVENTS.c.seq)
)
LAST = ALL.order_by(None).order_by(EVENTS.c.seq.desc()).limit(1)
ADD_EVENT, ADD_OPENING = EVENTS.insert(), OPENINGS.insert()

Row = dict[str, Any]


def row(event: AuditEvent) -> Row:
    """The columns of both tables; `salt` and `opened` are None where nothing can be erased, or everything was."""
    body = canonical(event.body).decode()
    made: Row = {
        "seq": event.seq,
        "at": timestamp(event.at),
        "actor": event.actor,
        "type": event.type,
        "run": event.run,
        "body": body,
        "prev": event.prev,
        "hash": event.hash,
        "salt": None,
        "opened": None,
    }
    if event.salt:
        made |= {
            "body": canonical(commitment(event.salt, event.body)).decode(), "salt": event.salt, "opened": body,
        }  # fmt: skip
    return made


def event(row: Mapping[Any, Any]) -> AuditEvent:
    """The event in a row. Raises ValueError or TypeError for what is no event."""
    body = json.loads(row["body"] if row["salt"] is None else row["opened"])
    if not isinstance(body, dict):
        raise TypeError("a body is an object")
    return AuditEvent(
        seq=row["seq"],
        at=datetime.fromisoformat(row["at"]),
        actor=row["actor"],
        type=row["type"],
        run=row["run"],
        body=body,
        prev=row["prev"],
        hash=row["hash"],
        salt=row["salt"] or "",
    )
