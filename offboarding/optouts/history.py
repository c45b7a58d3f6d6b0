"""What the ledger says of opt-outs. Pure: the events are the one truth, everything else is read from them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cattrs

from offboarding.ledger.chain import erased, legible
from offkey.model import AuditEvent, OptOut, from_json

RUN = ""
"""The run under which the ledger has events of opt-outs: they belong to none."""
REQUESTED, APPROVED, CANCELLED = "optout.requested", "optout.approved", "optout.cancelled"
USED, EXPIRED, REFUSED = "optout.used", "optout.expired", "optout.refused"
PREFIX = "optout."


@dataclass
class Known:
    """One opt-out so far. `optout` is what was asked for; `broken` says why its events cannot be read."""

    id: str
    optout: OptOut | None = None
    approvals: list[OptOut] = field(default_factory=list)
    cancelled: str = ""
    expired: datetime | None = None
    used: list[tuple[datetime, str, str]] = field(default_factory=list)
    """When, where (plan, apply, verify), and in which run."""
    refused: list[tuple[datetime, str]] = field(default_factory=list)
    broken: str = ""


def known(events: Iterable[AuditEvent]) -> dict[str, Known]:
    """Every opt-out by its id, in the order in which they were asked for; those that were erased are left out."""
    found: dict[str, Known] = {}
    for event in legible(events):
        if not event.type.startswith(PREFIX):
            continue
        name = _id(event)
        one = found.setdefault(name, Known(name))
        try:
            _take(one, event)
        except (KeyError, TypeError, ValueError, AttributeError, cattrs.BaseValidationError):
            one.broken = f"event {event.seq} ({event.type}) is not in the form in which it was written"
    return {name: one for name, one in found.items() if not _is_rest(one)}


def number_erased(events: Iterable[AuditEvent]) -> int:
    """Of how many opt-outs the request was erased."""
    return sum(event.type == REQUESTED and erased(event) for event in events)


def _is_rest(one: Known) -> bool:
    """Whether nothing but its end is left of it: the request was erased with the person."""
    return one.optout is None and not one.broken and bool(one.cancelled or one.expired)


def _id(event: AuditEvent) -> str:
    told: Any = event.body.get("optout")
    return str(told.get("id", "") if isinstance(told, dict) else event.body.get("id", ""))


def _take(one: Known, event: AuditEvent) -> None:
    body = event.body
    match event.type:
        case "optout.requested" if one.optout is None:
            one.optout = from_json(body["optout"], OptOut)
        case "optout.requested":
            one.broken = one.broken or f"it was asked for twice, again in event {event.seq}"
        case "optout.approved":
            one.approvals.append(from_json(body["optout"], OptOut))
        case "optout.cancelled":
            one.cancelled = f"cancelled by {body['by']}: {body['why']}"
        case "optout.expired":
            one.expired = event.at
        case "optout.used":
            one.used.append((event.at, body["where"], body["run"]))
        case "optout.refused":
            one.refused.append((event.at, body["why"]))
