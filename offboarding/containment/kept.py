"""Standing approvals in the ledger: made, signed, revoked, used. And the switches that stop them all.

Their events belong to no run. A revocation needs no signature: whoever has the state folder may stop
what is dangerous.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from offboarding.containment.standing import Standing, StandingRefused, Yes
from offboarding.ledger.chain import erased
from offboarding.ledger.ledger import Ledger
from offboarding.state import PRIVATE_FILE
from offkey.errors import UsageError
from offkey.model import AuditEvent, from_json, to_json

NO_RUN = ""
ALL = "*"
USED = "standing.used"
STOP = "standing.stop"
"""A file of this name in the state folder stops every standing approval, whatever stands in it."""
_LOCK = "standing.lock"
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A step that was, or is to be, begun under a standing approval."""

    person: str
    run: str
    step: str


@dataclass(kw_only=True)
class Kept:
    """One standing approval. `yeses` by approver, in lower case; `revoked` says why it does not hold any more."""

    standing: Standing
    yeses: dict[str, Yes] = field(default_factory=dict)
    revoked: str = ""
    used: dict[Use, datetime] = field(default_factory=dict)


def kept(events: Iterable[AuditEvent]) -> dict[str, Kept]:
    """Every standing approval by its digest, in the order of making. Pure."""
    found: dict[str, Kept] = {}
    for event in events:
        body = event.body
        if erased(event):
            _count_erased(found, event)
            continue
        match event.type:
            case "standing.made":
                standing = from_json(body["standing"], Standing)
                found.setdefault(standing.digest, Kept(standing=standing))
            case "standing.approved" if body["yes"]["standing"] in found:
                yes = from_json(body["yes"], Yes)
                found[yes.standing].yeses[yes.approver.casefold()] = yes
            case "standing.revoked":
                for digest in found if body["standing"] == ALL else found.keys() & {body["standing"]}:
                    found[digest].revoked = found[digest].revoked or body["reason"] or "no reason was given"
            case "standing.used" if body["standing"] in found:
                use = Use(person=body["person"], run=body["run"], step=body["step"])
                found[body["standing"]].used.setdefault(use, event.at)
    return found


def _count_erased(found: dict[str, Kept], event: AuditEvent) -> None:
    """Whose use it was, and of which, is gone; that there was one counts against the limit a day of each."""
    if event.type == USED:
        for one in found.values():
            one.used.setdefault(Use(person="", run="", step=str(event.seq)), event.at)


def every(ledger: Ledger) -> dict[str, Kept]:
    """Every standing approval that the ledger has."""
    return kept(ledger.events(NO_RUN))


def named(ledger: Ledger, name: str) -> Kept:
    """The one of this id or digest. Raises UsageError."""
    found = [one for one in every(ledger).values() if name in (one.standing.id, one.standing.digest)]
    if len(found) != 1:
        raise UsageError(f"there is no standing approval {name}", advice="`offkey standing list` shows them")
    return found[0]


def record(ledger: Ledger, standing: Standing) -> None:
    """Keep it; without signatures it allows nothing."""
    ledger.append("standing.made", NO_RUN, {"digest": standing.digest, "standing": to_json(standing)})


def record_yes(ledger: Ledger, yes: Yes) -> None:
    """Keep an approver's signature, which was verified."""
    ledger.append("standing.approved", NO_RUN, {"yes": to_json(yes)})


def revoke(ledger: Ledger, digest: str, reason: str) -> None:
    """End one for good, or all that there are (`ALL`)."""
    ledger.append("standing.revoked", NO_RUN, {"standing": digest, "reason": reason})


def stopped(state: Path, ledger: Ledger, digest: str) -> str:
    """Why nothing may be done under it now, or "". Asked before every step and every request; a doubt stops."""
    if os.path.lexists(state / STOP):
        return f"{state / STOP} is there"
    found = every(ledger).get(digest)
    if found is None:
        return "the ledger does not know it"
    return found.revoked and f"revoked: {found.revoked}"


def reserve(state: Path, ledger: Ledger, standing: Standing, use: Use) -> None:
    """Count a step before it is begun; it counts once, however often it is taken up. Raises StandingRefused."""
    with _alone(state):
        used, now = every(ledger)[standing.digest].used, ledger.now()
        if use in used:
            return
        mine = sum(one.person == use.person for one in used)
        today = sum(now - at < _DAY for at in used.values())
        limits = ((mine, standing.most_per_person, "a person"), (today, standing.most_per_day, "a day"))
        for number, limit, what in limits:
            if number >= limit:
                raise StandingRefused(
                    f"{number} steps were begun under {standing.id}; the limit for {what} is {limit}",
                    advice="make the full plan and have it approved: `offkey plan`",
                )
        ledger.append(USED, NO_RUN, {"standing": standing.digest, **asdict(use)})


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One at a time counts: several runs, and several providers of one run, share the limits."""
    descriptor = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
