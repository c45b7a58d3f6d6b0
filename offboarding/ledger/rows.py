"""How an event lies in the database: what the hash covers in `events`, which is only ever added to, and in `openings`
what may be erased: the salt and the body that the event commits to.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from offboarding.ledger.chain import SALT, committed
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
        hashed = canonical(committed(event.salt, body.encode())).decode()
        made |= {"body": hashed, "salt": event.salt, "opened": body}
    return made


def event(row: Mapping[Any, Any]) -> tuple[AuditEvent, bytes]:
    """The event in a row, and its body as the hash covers it.

    Raises ValueError or TypeError unless every column is exactly as `row` writes it.
    """
    salt, at = row["salt"], datetime.fromisoformat(row["at"])
    text = row["body"] if salt is None else row["opened"]
    body, hashed = _body(text), text.encode()
    if salt is not None:
        hashed = canonical(committed(salt, hashed)) if SALT.fullmatch(salt) else b""
    words = [row[name] for name in ("actor", "type", "run", "prev", "hash")]
    if type(row["seq"]) is not int or not all(type(word) is str for word in words):
        raise TypeError("a column is of another type")
    if hashed.decode() != row["body"] or timestamp(at) != row["at"]:
        raise ValueError("not in the form in which it was written")
    actor, kind, run, prev, hash = words
    made = AuditEvent(
        seq=row["seq"], at=at, actor=actor, type=kind, run=run, body=body, prev=prev, hash=hash, salt=salt or ""
    )
    return made, hashed


def _exact(digits: str) -> int:
    number = int(digits)
    if abs(number) >= 2**53:
        raise ValueError("no integer of JSON")
    return number


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is nothing that we write")


_READ = json.JSONDecoder(parse_int=_exact, parse_float=_no_number, parse_constant=_no_number).decode
_WRITE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True).encode


def _body(text: str) -> dict[str, Any]:
    """The object in canonical JSON. Raises ValueError for any other text."""
    body = _READ(text)
    # Of pure ASCII without fractions, Python's own encoder writes the canonical form, in a fifth of the time.
    same = _WRITE(body) == text if text.isascii() else canonical(body).decode() == text
    if not same or not isinstance(body, dict):
        raise ValueError("no canonical JSON of an object")
    return body
