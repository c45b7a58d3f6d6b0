"""The parts of report.html for an auditor: the clock, before and after, what was looked at, and the frameworks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from offboarding.evidence import page
from offboarding.evidence.case import Case, Control, Promptness
from offboarding.evidence.frameworks import judge
from offkey.model import AuditEvent, Check

_SHADE = {
    Promptness.IN_TIME: "good",
    Promptness.DEAD_BEFORE: "good",
    Promptness.LATE: "bad",
    Promptness.OPEN: "wait",
    Promptness.NOT_MEASURED: "calm",
}


def clock(case: Case) -> str:
    """From the hour of leaving to the last proof, and each end of access against the promised time."""
    moments = (
        (f"The person left, said {case.told_by}" if case.left_at else "The person left", case.left_at),
        ("offkey was told", case.received_at),
        ("The plan was made", case.planned_at),
        ("It was approved first", case.approved_at),
        ("The first access was seen dead", case.first_proven_at),
        ("The last access was seen dead", case.last_proven_at),
        ("The run was closed", case.closed_at),
    )
    rows = [(escape(label), _moment(when), _since(case.left_at, when)) for label, when in moments]
    steps = [
        (page.what(control.step.point), _badge(control), _moment(control.proven_at), _after(control))
        for control in case.controls
    ]
    lead = f"<h2>Against the clock</h2><p>{escape(_verdict(case))}</p>"
    each = page.table(("Access", "Promptness", "Seen dead", "After leaving"), steps) if steps else ""
    return f"{lead}{page.table(('', 'When', 'After leaving'), rows)}{each}"


def standing(events: Sequence[AuditEvent]) -> str:
    """Under what the person was contained before the plan was made, and who had signed it."""
    begun = [event for event in events if event.type == "containment.started"]
    lines = [
        f"{page.when(event.at)}: contained under a standing approval signed by "
        f"{escape(', '.join(yes['approver'] for yes in event.body['yeses']))}, asked for by "
        f"{escape(event.body['standing']['requester'])}"
        for event in begun
    ]
    return "".join(f"<p>{line}.</p>" for line in lines)


def _verdict(case: Case) -> str:
    promised = f"The promise is {_span(case.sla)} after leaving."
    counts = [f"{case.counted(one)} {one.value}" for one in Promptness if case.counted(one)]
    told = ", ".join(counts) or "there was no access to end"
    lost = case.received_at - case.left_at if case.received_at and case.left_at else timedelta(0)
    late = f" offkey was told {_span(lost)} after the person had left." if lost > timedelta(minutes=1) else ""
    return f"{promised} Of {len(case.controls)} accesses to end: {told}.{late}"


def changes(case: Case) -> str:
    """Each access before and after."""
    rows = [
        (page.what(one.point), _seen(one.before), _seen(one.after), escape(one.words[:1].upper() + one.words[1:]))
        for one in case.changes
    ]
    if not rows:
        return ""
    return f"<h2>Before and after</h2>{page.table(('Access', 'Before', 'After', 'Change'), rows)}"


def coverage(case: Case) -> str:
    """What was looked at, and how much of it is missing."""
    rows = [
        (
            f"<code>{escape(entry.provider)}</code>",
            str(entry.points),
            "complete" if not entry.gaps else f"{len(entry.gaps)} gaps, above",
        )
        for entry in case.coverage
    ]
    return page.table(("Looked at", "Accesses", "Lists"), rows) if rows else ""


def frameworks(case: Case) -> str:
    """Which requirement this evidence speaks to. What is met is for the auditor to say."""
    rows = [
        (
            f"<b>{escape(found.requirement.framework)}</b><br>{escape(found.requirement.number)}",
            escape(found.requirement.asks),
            "<br>".join(f"<code>{escape(file)}</code>" for file in found.requirement.files),
            "<br>".join(map(escape, found.exceptions)) or "none in this run",
        )
        for found in judge(case)
    ]
    lead = "<p>Where the evidence for each stands, and what in this run speaks against it.</p>"
    return f"<h2>Frameworks</h2>{lead}{page.table(('Requirement', 'It asks', 'Evidence', 'Exceptions'), rows)}"


def _badge(control: Control) -> str:
    return f'<span class="badge {_SHADE[control.promptness]}">{escape(control.promptness.value)}</span>'


def _seen(check: Check | None) -> str:
    if check is None:
        return "not asked"
    return f"{escape(check.liveness.value)}<br><small>{_moment(check.at)}</small>"


def _moment(moment: datetime | None) -> str:
    return page.when(moment) or "&ndash;"


def _since(start: datetime | None, moment: datetime | None) -> str:
    return escape(_span(moment - start)) if start and moment and moment != start else ""


def _after(control: Control) -> str:
    return escape(_span(control.after)) if control.after is not None else ""


def _span(time: timedelta) -> str:
    """A length of time in its two largest units; one before the start has a word for it."""
    seconds = abs(int(time.total_seconds()))
    parts = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    shown = [f"{number} {unit}" for number, unit in parts if number][:2] or ["0 s"]
    return " ".join(shown) + (" before" if time < timedelta(0) else "")
