"""The population report: everybody whom the directory says has left in a period, against the runs. Pure.

Auditors draw their sample from the list of leavers, not from the list of runs: who has no run stands first.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from offboarding import evidence_kit
from offboarding.evidence import page
from offboarding.evidence.leavers import Due, Status
from offkey.canonical import canonical, content_digest
from offkey.model import Gap, timestamp
from scanner.output.formats import cell

COLUMNS = (
    "status", "person", "names", "left_at", "deadline", "run", "contained_at", "planned_at", "closed_at",
    "hours_to_contained", "hours_to_closed",
)  # fmt: skip
RUN = "population"
"""Stands in the manifest in the place of a run's name."""
_SHADE = {
    Status.MISSING: "bad",
    Status.OVERDUE: "bad",
    Status.OPEN: "wait",
    Status.KEPT: "wait",
    Status.GAPS: "wait",
    Status.LATE: "wait",
    Status.DONE: "good",
    Status.COMING: "calm",
}
_MEANS = {
    Status.MISSING: "left, and no run of theirs is in the ledger",
    Status.OVERDUE: "a run is open after its deadline",
    Status.OPEN: "a run is open, and its deadline has not come",
    Status.KEPT: "a run was closed, and opt-outs keep something",
    Status.GAPS: "a run was closed, and not everything could be looked at",
    Status.LATE: "a run was closed after its deadline",
    Status.DONE: "a run was closed in time",
    Status.COMING: "has not left yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """`since` <= left_at < `until`; `made_at` is when the directory and the ledger were compared."""

    since: datetime
    until: datetime
    made_at: datetime
    sla: timedelta
    leavers: Sequence[Due]
    gaps: Sequence[Gap]
    directory: str
    """SHA-256 of the directory's files, so that the same list can be drawn again."""


def build(told: Population) -> dict[str, bytes]:
    """Every file of the report by its name."""
    counts = Counter(one.status.value for one in told.leavers)
    summary = {
        "since": timestamp(told.since),
        "until": timestamp(told.until),
        "made_at": timestamp(told.made_at),
        "sla_hours": f"{told.sla.total_seconds() / 3600:g}",
        "leavers": len(told.leavers),
        "by_status": dict(counts),
        "directory": told.directory,
        "gaps": [{"where": gap.where, "why": gap.why, "advice": gap.advice} for gap in told.gaps],
    }
    files = {
        "population.csv": _csv(told.leavers),
        "population.html": _html(told, counts).encode(),
        "population.json": canonical(summary),
    }
    digests = {name: content_digest(raw) for name, raw in sorted(files.items())}
    return files | {"manifest.json": canonical({"version": 1, "run": RUN, "plan": "", "files": digests})}


def _csv(found: Sequence[Due]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in found:
        row = _row(one)
        writer.writerow([cell(row[name]) for name in COLUMNS])
    return text.getvalue().encode()


def _row(one: Due) -> dict[str, str]:
    run = one.run
    return {
        "status": one.status.value,
        "person": one.person,
        "names": "; ".join(one.names),
        "left_at": timestamp(one.left_at),
        "deadline": timestamp(one.deadline),
        "run": run.run if run else "",
        "contained_at": _told(run.contained_at) if run else "",
        "planned_at": _told(run.planned_at) if run else "",
        "closed_at": _told(run.closed_at) if run else "",
        "hours_to_contained": _hours(one.left_at, run.contained_at) if run else "",
        "hours_to_closed": _hours(one.left_at, run.closed_at) if run else "",
    }


def _told(moment: datetime | None) -> str:
    return timestamp(moment) if moment else ""


def _hours(start: datetime, moment: datetime | None) -> str:
    return f"{(moment - start).total_seconds() / 3600:.2f}" if moment else ""


def _html(told: Population, counts: Counter[str]) -> str:
    css = (Path(evidence_kit.__file__).parent / "report.css").read_text(encoding="utf-8")
    tiles = "".join(
        f'<div class="tile"><b>{counts[status.value]}</b><span>{status.value}</span></div>' for status in Status
    )
    rows = [
        (
            f'<b>{escape(one.person)}</b><br><span class="soft">{escape("; ".join(one.names))}</span>',
            f'<span class="badge {_SHADE[one.status]}">{one.status.value}</span>',
            page.when(one.left_at),
            page.when(one.deadline),
            escape(one.run.run) if one.run else "none",
            page.when(one.run.contained_at) if one.run else "",
            page.when(one.run.closed_at) if one.run else "",
        )
        for one in told.leavers
    ]
    heads = ("Person", "Status", "Left", "Deadline", "Run", "Contained", "Closed")
    gaps = [(f"<code>{escape(gap.where)}</code>", escape(gap.why), escape(gap.advice)) for gap in told.gaps]
    unread = (
        f"<h2>What the directory leaves open</h2>{page.table(('Where', 'Why', 'What to do'), gaps)}" if gaps else ""
    )
    title = f"Leavers from {told.since:%Y-%m-%d} to before {told.until:%Y-%m-%d}"
    means = "".join(f"<li><b>{status.value}</b>: {escape(_MEANS[status])}</li>" for status in Status)
    listed = page.table(heads, rows) if rows else "<p>The directory names nobody who left in this period.</p>"
    body = (
        f'<h1>{escape(title)}</h1><p class="lead">Compared on {page.when(told.made_at)}; the promise is '
        f'{told.sla.total_seconds() / 3600:g} hours after leaving.</p><div class="tiles">{tiles}</div>'
        f"<h2>Leavers, the missing first</h2>{listed}{unread}<h2>What the words mean</h2><ul>{means}</ul>"
        f"<footer>Drawn from the directory <code>{escape(told.directory)}</code>. Times are UTC.</footer>"
    )
    return page.document(title, css, body)
