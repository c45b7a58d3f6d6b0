"""Trigger files: JSON (one object, a list of them, or one a line) or CSV with a line of column names.

JSON has the keys of `entry.KEYS`. CSV has the columns that personnel systems export: COLUMNS here for what is about
the event, the directory's own (`directory_csv.HEADERS`) for who it is.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from offboarding.identity import directory_csv
from offboarding.triggers import entry
from offkey.errors import UsageError
from offkey.model import Trigger, timestamp

COLUMNS = {
    "person": "person", "subject": "person",
    "effectiveat": "effective_at", "effectivetime": "effective_at", "effectivedate": "effective_at",
    "type": "type", "event": "type", "eventtype": "type", "change": "type",
    "involuntary": "involuntary", "terminationtype": "involuntary",
    "source": "source", "sourcesystem": "source",
    "deliveryid": "delivery_id", "eventid": "delivery_id", "transactionid": "delivery_id",
    "role": "role", "newrole": "role", "targetrole": "role",
    "timezone": "zone", "zone": "zone",
}  # fmt: skip
_WORDS = {
    "leaver": "leaver", "termination": "leaver", "terminated": "leaver", "leaving": "leaver",
    "mover": "mover", "transfer": "mover", "rolechange": "mover",
    "leave": "leave", "leaveofabsence": "leave", "temporaryleave": "leave",
}  # fmt: skip
_YES = {"true": True, "yes": True, "1": True, "involuntary": True}
_NO = {"": False, "false": False, "no": False, "0": False, "voluntary": False}


def read(path: Path, now: datetime) -> tuple[Trigger, ...]:
    """Every delivery in a file, each once. Raises UsageError naming file, place and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a JSON or CSV file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8", advice="save it as UTF-8") from error
    rows = _csv(path, text) if path.suffix.casefold() == ".csv" else _json(path, text)
    found: dict[tuple[str, str], Trigger] = {}
    for where, data in rows:
        one = entry.trigger(data, where, now)
        if found.setdefault((one.source, one.delivery_id), one) != one:
            raise UsageError(
                f"{where}: delivery {one.delivery_id!r} stands there twice, and says different things",
                advice="give each delivery an id of its own, or none",
            )
    if not found:
        raise UsageError(f"{path} holds no delivery", advice="one JSON object with person and effective_at")
    return tuple(found.values())


def one(path: Path, now: datetime, person: str = "") -> Trigger:
    """The only delivery in a file, or the only one of the person whom `--person` names. Raises UsageError."""
    every = read(path, now)
    chosen = [each for each in every if not person or each.subject.casefold() == person.strip().casefold()]
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(f"{each.subject} ({each.kind}, {timestamp(each.effective_at)})" for each in chosen or every)
    if not chosen:
        raise UsageError(f"{path}: nothing in it is about {person!r}", advice=f"it is about: {listed}")
    raise UsageError(
        f"{path} holds {len(chosen)} deliveries{' of ' + person if person else ''}",
        advice=f"name one with --person: {listed}",
    )


def _json(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        data = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        yield from _lines(path, text)
        return
    for number, each in enumerate(data if isinstance(data, list) else [data], 1):
        where = f"{path}: delivery {number}" if isinstance(data, list) else str(path)
        yield where, _object(each, where)


def _lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}: line {number}"
        if line.strip():
            try:
                data = json.loads(line, object_pairs_hook=_each_once)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{where} is no JSON", advice="one object, a list of them, or one a line") from error
            yield where, _object(data, where)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's keys. Of two that are the same, each reader takes another: nobody is guessed. Raises UsageError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UsageError("a key stands twice in one delivery of the trigger file", advice="mend the file")
    return found


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UsageError(f"{where}: is no JSON object", advice=f"known keys: {', '.join(sorted(entry.KEYS))}")
    return data


def _csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = [_column(path, name) for name in next(reader, [])]
        for cells in reader:
            where = f"{path}: line {reader.line_num}"
            if any(map(str.strip, cells)):
                if len(cells) != len(columns):
                    raise UsageError(
                        f"{where}: {len(cells)} columns, but the first line has {len(columns)}", advice="mend it"
                    )
                yield where, _row(where, columns, cells)
    except csv.Error as error:
        raise UsageError(f"{path}: line {reader.line_num}: {error}", advice="mend the file") from None


def _column(path: Path, header: str) -> str:
    """What a column holds: a key of a delivery, `zone`, `id`, `emails`; empty for what is left out."""
    bare = re.sub(r"[\s_-]+", "", header.strip().casefold())
    known = COLUMNS.get(bare) or directory_csv.column(path, header)
    return "effective_at" if known == "left_at" else known


def _row(where: str, columns: list[str], cells: list[str]) -> dict[str, Any]:
    told: dict[str, str] = {}
    for column, cell in zip(columns, map(str.strip, cells), strict=True):
        if not column or not cell:
            continue
        if column == "emails":
            told.setdefault(column, cell)
        elif told.setdefault(column, cell) != cell:
            raise UsageError(f"{where}: two columns say different things of {column}", advice="mend the file")
    data: dict[str, Any] = {key: told[key] for key in ("source", "delivery_id", "role") if key in told}
    data["person"] = told.get("person") or told.get("emails") or told.get("id", "")
    if "effective_at" in told:
        data["effective_at"] = timestamp(entry.moment(told["effective_at"], where, told.get("zone", "")))
    data["type"] = _word(where, told.get("type", ""))
    data["involuntary"] = _yes(where, told.get("involuntary", ""))
    return data


def _word(where: str, cell: str) -> str:
    kind = _WORDS.get(re.sub(r"[\s_-]+", "", cell.casefold())) if cell else entry.KINDS[0]
    if kind is None:
        raise UsageError(f"{where}: type is none of {', '.join(entry.KINDS)}", advice="mend the file")
    return kind


def _yes(where: str, cell: str) -> bool:
    said = (_YES | _NO).get(cell.casefold())
    if said is None:
        raise UsageError(f"{where}: involuntary is yes or no", advice="mend the file")
    return said
