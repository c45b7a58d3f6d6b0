"""What earlier checks of a run have recorded: which reasons stand, which incidents are known. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from offboarding.ledger.chain import legible
from offboarding.verifying.incidents import Incident
from offkey.model import AuditEvent, from_json


@dataclass
class Record:
    """`standing` are the reasons of which a reopening told. `incidents` gives each by key with its event's number.

    `untold` incidents were recorded by a check that did not come to its end. `checked` are the times of all checks.
    """

    standing: set[str] = field(default_factory=set)
    incidents: dict[str, tuple[int, Incident]] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    checked: list[datetime] = field(default_factory=list)
    closed: datetime | None = None


def record(events: Iterable[AuditEvent]) -> Record:
    """The record of one run's events."""
    told, digest = Record(), ""
    for event in legible(events):
        match event.type:
            case "plan.made" if event.body["digest"] != digest:
                digest = event.body["digest"]
                told.standing.clear()
            case "run.closed":
                told.closed = event.at
            case "run.reopened":
                told.closed = None
                told.standing |= {reason["key"] for reason in event.body["reasons"]}
            case "incident.found":
                told.incidents[event.body["key"]] = event.seq, from_json(dict(event.body), Incident)
                told.untold.add(event.body["key"])
            case "run.verified":
                told.standing = set(event.body.get("drift", ()))
                told.untold.clear()
                told.checked.append(event.at)
    return told
