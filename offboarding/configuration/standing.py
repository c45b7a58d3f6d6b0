"""The `[standing]` table: how far a standing approval may go, and the switch that stops all of them (DESIGN rule 1)."""

from typing import Annotated

from pydantic import Field

from offboarding.configuration.schema import Table


class Standing(Table):
    """`enabled = false` stops every containment before its next step, also one that is under way."""

    enabled: bool = True
    max_days: Annotated[int, Field(ge=1, le=366)] = 90
    most_per_person: Annotated[int, Field(ge=1)] = 50
    most_per_day: Annotated[int, Field(ge=1)] = 500
