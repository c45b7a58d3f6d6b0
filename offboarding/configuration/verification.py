"""`[verify]` of offkey.toml: when closed runs are looked at again, and how."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from offboarding.configuration.schema import Table

_SPAN = re.compile(r"([1-9]\d{0,3})([mhd])")
_UNIT = {"m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    """`90m`, `24h` or `7d`. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError('a time is a number with m, h or d, such as "24h"')
    return timedelta(**{_UNIT[found[2]]: int(found[1])})


def _ascending(words: tuple[str, ...]) -> tuple[str, ...]:
    spans = [span(word) for word in words]
    if any(one >= other for one, other in pairwise(spans)):
        raise ValueError("each time must be later than the one before")
    return words


class Verification(Table):
    """`schedule` counts from the run's closing, `keep_mirror_days` too; 0 deletes the run's copies at its closing."""

    schedule: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_ascending)] = (
        "1h", "24h", "7d", "30d", "90d",
    )  # fmt: skip
    keep_mirror_days: Annotated[int, Field(ge=0, le=365)] = 0
    tolerance_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 15
    """How far a provider's clock, and its record of uses, may be off."""
    code: bool = True
    """Whether the configured repositories are looked through for values that came back and for later commits."""
