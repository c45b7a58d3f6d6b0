"""Moments as people write them in files."""

from datetime import UTC, date, datetime, time
from typing import Any


def moment(value: Any) -> Any:
    """A date alone is its midnight in UTC; a time without a zone is refused rather than guessed."""
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == len("2026-11-01") else datetime.fromisoformat(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs its zone, such as 2026-11-01T17:00:00+01:00")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise ValueError("a time that far away has no equal in UTC") from None
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else value
