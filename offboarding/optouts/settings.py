"""The table [optouts] of `offkey.toml`: who may approve what, for how long, and who is told."""

from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from offboarding.configuration.schema import Beside, Table
from offboarding.configuration.sections import Reference
from offboarding.identity.addresses import normal_email
from offkey.model import OptOut

LEGAL_HOLD = "legal_hold"
REASONS = ("phased_role_change", "temporary_leave", "permission_debugging", LEGAL_HOLD, "service_continuity")


def _address(value: str) -> str:
    if "@" not in value:
        raise ValueError("must be an e-mail address")
    return value


Owners = tuple[Annotated[str, AfterValidator(_address)], ...]


class OptOuts(Table):
    owners: Owners = ()
    """Who may approve opt-outs at systems that have no owners of their own."""
    systems: dict[str, Owners] = {}
    """By instance: its own owners, in place of `owners`."""
    max_days: Annotated[int, Field(ge=1, le=365)] = 30
    legal_hold_days: Annotated[int, Field(ge=1, le=3650)] = 180
    stream: Beside | None = None
    """A file that each event is appended to, as a line of JSON."""
    notify: Reference = ""
    """By reference, the URL that each event is posted to."""
    notify_key: Reference = ""
    """By reference, the key that the posts are signed with (HMAC-SHA-256)."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.notify and not self.notify_key:
            raise ValueError("notify needs notify_key: who is told must be able to tell who told it")
        return self

    def longest(self, reason: str) -> timedelta:
        """How long after it was asked for an opt-out of this reason may end."""
        return timedelta(days=self.legal_hold_days if reason == LEGAL_HOLD else self.max_days)

    def may_approve(self, address: str, optout: OptOut) -> bool:
        """Whether this address is an owner of every system that the opt-out names."""
        name = normal_email(address)
        return all(name in map(normal_email, self.systems.get(system, self.owners)) for system in optout.scope.systems)


def checked_url(text: str) -> str:
    """A webhook's URL, or ValueError without it: it may hold a token."""
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("the reference leads to no URL of a webhook")
    return text
