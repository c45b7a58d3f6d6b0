"""One delivery, checked: who, when with its zone, why. Pure; the forms (JSON, CSV) bring the texts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from offkey.canonical import digest
from offkey.errors import UsageError
from offkey.model import Trigger, timestamp

KINDS = ("leaver", "mover", "leave")
KEYS = frozenset({"person", "effective_at", "source", "delivery_id", "type", "involuntary", "role"})
SOURCE = "trigger file"
"""The source of a delivery that names none."""
_DAY = len("2026-11-20")


def trigger(data: Mapping[str, Any], where: str, now: datetime) -> Trigger:
    """The Trigger in one delivery's keys, received at `now`. Raises UsageError, which begins with `where`.

    Without a `delivery_id` it is derived from who, when and what: the same delivery again is the same run.
    """
    _check_keys(data, where)
    kind, role = str(data.get("type") or KINDS[0]).casefold(), data.get("role") or ""
    if kind not in KINDS:
        raise UsageError(f"{where}: type is none of {', '.join(KINDS)}", advice="mend the file")
    if bool(role) != (kind == "mover"):
        raise UsageError(
            f"{where}: a mover has the `role` that they move to, and nobody else has one", advice="mend it"
        )
    source, subject = data.get("source") or SOURCE, data["person"].strip()
    at = moment(data["effective_at"], where)
    return Trigger(
        source=source,
        delivery_id=data.get("delivery_id") or _derived(source, subject, at, kind, role),
        subject=subject,
        effective_at=at,
        received_at=now,
        kind=kind,
        involuntary=data.get("involuntary", False),
        role=role,
    )


def _check_keys(data: Mapping[str, Any], where: str) -> None:
    if unknown := sorted(set(data) - KEYS):
        raise UsageError(f"{where}: unknown key {unknown[0]!r}", advice=f"known: {', '.join(sorted(KEYS))}")
    if missing := [key for key in ("person", "effective_at") if not data.get(key)]:
        raise UsageError(f"{where}: {missing[0]} is missing", advice="it needs person and effective_at")
    if not all(isinstance(value, str) for key, value in data.items() if key != "involuntary"):
        raise UsageError(f"{where}: all but involuntary are texts", advice="mend the file")
    if not isinstance(data.get("involuntary", False), bool):
        raise UsageError(f"{where}: involuntary is true or false", advice="mend the file")
    if not data["person"].strip():
        raise UsageError(f"{where}: person is missing", advice="an address, or the id in the directory")


def moment(text: str, where: str, zone: str = "") -> datetime:
    """A time in UTC. `zone` is the IANA name for a time that has none itself. Raises UsageError: nothing is guessed."""
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is None and zone and len(text.strip()) > _DAY:
            at = at.replace(tzinfo=ZoneInfo(zone))
            if at.utcoffset() != at.replace(fold=1).utcoffset():
                raise UsageError(
                    f"{where}: the clocks of {zone} change at that time, which comes twice or not at all",
                    advice="write the time with its offset: 2026-11-20T17:00:00+01:00",
                )
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{where}: effective_at is no time", advice="write 2026-11-20T17:00:00+01:00") from error
    except (ZoneInfoNotFoundError, OSError) as error:
        raise UsageError(f"{where}: there is no such zone", advice="an IANA name, such as Europe/Berlin") from error
    raise UsageError(
        f"{where}: effective_at has no time of day with its zone", advice="write 2026-11-20T17:00:00+01:00"
    )


def _derived(source: str, subject: str, at: datetime, kind: str, role: str) -> str:
    return "derived-" + digest([source, subject.casefold(), timestamp(at), kind, role])[7:23]
