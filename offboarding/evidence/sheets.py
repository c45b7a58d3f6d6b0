"""The case as tables for a spreadsheet: RFC 4180, UTF-8, one header line, times in UTC. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from offboarding.evidence.case import Case
from offboarding.evidence.frameworks import judge
from offkey.model import AccessPoint, Check, timestamp
from scanner.output.formats import cell

STEPS = (
    "plan", "step", "provider", "kind", "access", "holder", "action", "reversible", "outcome", "ended_at",
    "proven_at", "hours_after_leaving", "sla_hours", "promptness", "note", "assignee", "due",
)  # fmt: skip
INVENTORY = (
    "provider", "kind", "access", "holder", "ownership", "bond", "before", "before_at", "before_reason", "after",
    "after_at", "after_reason", "change",
)  # fmt: skip
COVERAGE = ("provider", "accesses", "complete", "where", "why", "advice")
FRAMEWORKS = ("framework", "number", "asks", "evidence", "exceptions")


def steps(case: Case) -> bytes:
    """Each step that ends access, against the clock."""
    return _table(
        STEPS,
        (
            {
                "plan": control.plan.digest,
                "step": control.step.id,
                **_named(control.step.point),
                "action": control.step.action.value,
                "reversible": _yes(control.step.reversible),
                "outcome": control.receipt.outcome.value if control.receipt else "not begun",
                "ended_at": _moment(control.ended_at),
                "proven_at": _moment(control.proven_at),
                "hours_after_leaving": _hours(control.after.total_seconds()) if control.after is not None else "",
                "sla_hours": _hours(case.sla.total_seconds()),
                "promptness": control.promptness.value,
                "note": control.receipt.note if control.receipt else "",
                "assignee": control.receipt.assignee if control.receipt else "",
                "due": _moment(control.receipt.due if control.receipt else None),
            }
            for control in case.controls
        ),
    )


def inventory(case: Case) -> bytes:
    """Each access before and after the run."""
    return _table(
        INVENTORY,
        (
            {
                **_named(change.point),
                "ownership": change.point.ownership.value,
                "bond": change.point.bond.value,
                **_seen("before", change.before),
                **_seen("after", change.after),
                "change": change.words,
            }
            for change in case.changes
        ),
    )


def coverage(case: Case) -> bytes:
    """Each provider, and a line for each part of it that could not be looked at."""
    return _table(
        COVERAGE,
        (
            {
                "provider": entry.provider,
                "accesses": entry.points,
                "complete": _yes(not entry.gaps),
                **({"where": gap.where, "why": gap.why, "advice": gap.advice} if gap else {}),
            }
            for entry in case.coverage
            for gap in entry.gaps or (None,)
        ),
    )


def frameworks(case: Case) -> bytes:
    """Each requirement, where its evidence stands, and what speaks against it."""
    return _table(
        FRAMEWORKS,
        (
            {
                "framework": found.requirement.framework,
                "number": found.requirement.number,
                "asks": found.requirement.asks,
                "evidence": " ".join(found.requirement.files),
                "exceptions": "; ".join(found.exceptions) or "none",
            }
            for found in judge(case)
        ),
    )


def summary(case: Case) -> dict[str, Any]:
    """The case in short, as JSON data. Hours are texts: canonical JSON here has no fractions."""
    counted = Counter(control.promptness.value for control in case.controls)
    return {
        "run": case.plan.run,
        "person": case.plan.person.id,
        "left_at": _moment(case.left_at) or None,
        "left_at_given_by": case.told_by,
        "told_at": _moment(case.received_at) or None,
        "planned_at": timestamp(case.planned_at),
        "approved_at": _moment(case.approved_at) or None,
        "first_proven_at": _moment(case.first_proven_at) or None,
        "last_proven_at": _moment(case.last_proven_at) or None,
        "closed_at": _moment(case.closed_at) or None,
        "sla_hours": _hours(case.sla.total_seconds()),
        "promptness": case.promptness.value,
        "accesses_to_end": len(case.controls),
        "by_promptness": dict(counted),
        "open_steps": [step.id for step in case.open_steps],
        "gaps": sum(len(entry.gaps) for entry in case.coverage),
    }


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})
    return text.getvalue().encode("utf-8")


def _named(point: AccessPoint) -> dict[str, str]:
    holder = point.holder
    return {
        "provider": point.provider,
        "kind": point.kind,
        "access": " ".join(filter(None, (point.provider_id, point.redacted))) or point.id,
        "holder": (holder.login or holder.email or holder.id) if holder else "",
    }


def _seen(when: str, check: Check | None) -> dict[str, str]:
    if check is None:
        return {when: "not asked", f"{when}_at": "", f"{when}_reason": ""}
    status = f" ({check.status})" if check.status else ""
    return {when: check.liveness.value + status, f"{when}_at": timestamp(check.at), f"{when}_reason": check.reason}


def _moment(moment: datetime | None) -> str:
    return timestamp(moment) if moment else ""


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f}".rstrip("0").rstrip(".")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
