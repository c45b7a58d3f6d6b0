"""report.html: the run for people. Self-contained, without scripts, the same bytes for the same ledger.

Whatever comes from a repository or a provider is escaped; values are not in the ledger, so they cannot be here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from offboarding import evidence_kit
from offboarding.applying.outcomes import SETTLED
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.history import Past
from offboarding.optouts.scope import words as words_of_scope
from offkey.model import CLOSED, AccessPoint, Action, AuditEvent, Check, Outcome, Plan, Receipt, Step, timestamp
from scanner.output.words import brief

Words = Callable[[Outcome], str]

_SHADE = {
    **dict.fromkeys(CLOSED, "good"),
    Outcome.PROPOSED: "calm",
    Outcome.SKIPPED: "calm",
    Outcome.HANDED_OVER: "wait",
    Outcome.ACKNOWLEDGED: "wait",
}
_BOND = {
    "theirs": "tied to the person by evidence that no committer can write",
    "introduced": "brought in by the person; whose it is, nobody vouches for",
    "exposed": "lay where the person could read it",
    "none": "not tied to the person",
}
_PLACES_SHOWN = 6
_USES_SHOWN = 12


def render(told: Past, events: Sequence[AuditEvent], checkpoint: Checkpoint, words: Words) -> str:
    """The page. `told` is the run so far, `events` are the run's own."""
    plan = told.plan
    assert plan is not None
    css = (Path(evidence_kit.__file__).parent / "report.css").read_text(encoding="utf-8")
    title = f"Offboarding of {plan.person.id}"
    body = "".join(
        (
            _head(plan, title),
            _summary(plan, told),
            _open(plan, told, words),
            _done(plan, told, words),
            _exposed(plan),
            _gaps(plan),
            _optouts(plan),
            _approvals(told),
            _timeline(events),
            _verifying(plan, checkpoint),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{css}</style></head><body><main>{body}</main></body></html>\n"
    )


def _head(plan: Plan, title: str) -> str:
    person = plan.person
    names = ", ".join([*person.names[:3], *person.emails])
    left = f"Left on {_when(person.left_at)}." if person.left_at else "The directory gives no leaving date."
    return (
        f"<h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(names)}<br>{escape(left)} Asked for by {escape(plan.requester or "nobody named")}, '
        f"planned on {_when(plan.created_at)}. Run <code>{escape(plan.run)}</code></p>"
    )


def _summary(plan: Plan, told: Past) -> str:
    receipts = [told.receipts.get(step.id) for step in plan.steps]
    outcomes = [receipt.outcome for receipt in receipts if receipt]
    proven = sum(outcome in CLOSED for outcome in outcomes)
    people = sum(outcome is Outcome.HANDED_OVER for outcome in outcomes)
    unsure = sum(outcome not in SETTLED and outcome is not Outcome.HANDED_OVER for outcome in outcomes)
    unsure += sum(receipt is None for receipt in receipts)
    points = len({step.point.id for step in plan.steps})
    if people + unsure == 0 and not plan.gaps:
        shade, verdict = "good", "Everything that was found is ended and proven, kept by an opt-out, or proposed."
    elif people + unsure == 0:
        shade, verdict = "wait", "Everything that was found is done; what could not be looked at stands below."
    else:
        shade, verdict = (
            "wait",
            f"{people + unsure} of {len(plan.steps)} steps still need somebody. They come first below.",
        )
    tiles = (
        (points, "credentials and grants"),
        (proven, "steps proven done"),
        (sum(outcome is Outcome.PROPOSED for outcome in outcomes), "pull requests open"),
        (people + unsure, "steps that need somebody"),
        (len(plan.gaps), "places not looked at"),
    )
    boxes = "".join(f'<div class="tile"><b>{number}</b><span>{label}</span></div>' for number, label in tiles)
    return f'<p class="verdict {shade}">{escape(verdict)}</p><div class="tiles">{boxes}</div>'


def _open(plan: Plan, told: Past, words: Words) -> str:
    rows = []
    for step in plan.steps:
        receipt = told.receipts.get(step.id)
        if receipt is not None and receipt.outcome in SETTLED:
            continue
        why = receipt.note if receipt else "not begun"
        do = (receipt.advice if receipt else "") or step.how or "see the provider's answer, then plan again"
        due = f"{escape(receipt.assignee)}<br>by {receipt.due:%Y-%m-%d}" if receipt and receipt.due else ""
        rows.append((_what(step.point), _badge(receipt), escape(why), escape(do), due))
    table = _table(("What", "Outcome", "Why", "What to do", "Who, until when"), rows)
    return f"<h2>Needs somebody</h2>{table}" if rows else ""


def _done(plan: Plan, told: Past, words: Words) -> str:
    by_point: dict[str, list[Step]] = {}
    for step in plan.steps:
        by_point.setdefault(step.point.id, []).append(step)
    cards = "".join(_card(steps, told, words) for steps in by_point.values())
    return f"<h2>What was found, and what was done</h2>{cards or '<p>Nothing was found.</p>'}"


def _card(steps: Sequence[Step], told: Past, words: Words) -> str:
    # A rewrite step carries the places of one repository alone.
    point = max((step.point for step in steps), key=lambda point: len(point.places))
    kind = f'<span class="soft">{escape(point.kind)}</span>'
    whose = f"{_BOND[point.bond.value]}; {point.ownership.value.lower()}"
    parts = [f"<header><h3>{_name(point)}</h3>{kind}</header>", f"<p>{escape(whose[0].upper() + whose[1:])}.</p>"]
    parts.append(_list("Why", point.evidence))
    parts.append(_list("Where", _places(point)))
    parts.append(_list("Used by", brief(point.usage, _USES_SHOWN)))
    parts += [_step(step, told.receipts.get(step.id), words) for step in steps]
    return f'<section class="card">{"".join(parts)}</section>'


def _step(step: Step, receipt: Receipt | None, words: Words) -> str:
    what = f"{_action(step)}: {words(receipt.outcome) if receipt else 'not begun'}"
    where = f" in {Path(step.point.places[0].repo).name}" if step.action is Action.REWRITE and step.point.places else ""
    line = f'<p class="step">{_badge(receipt)} {escape(what + where)} <small>{escape(step.id)}</small></p>'
    if receipt is None or receipt.before is None or step.action is Action.REWRITE:
        return line
    proof = f"<div><b>Before</b>{_check(receipt.before)}</div><div><b>After</b>{_check(receipt.after)}</div>"
    return f'{line}<div class="proof">{proof}</div>'


def _check(check: Check | None) -> str:
    if check is None:
        return "not asked"
    status = f" ({check.status})" if check.status else ""
    return f"{escape(check.liveness.value + status)}: {escape(check.reason)}<br><small>{_when(check.at)}</small>"


def _exposed(plan: Plan) -> str:
    """What lay within the person's reach: nothing was done about it."""
    rows = [(_what(point), "<br>".join(map(escape, point.evidence))) for point in plan.exposed]
    if not rows:
        return ""
    lead = "<p>These lay within the person's reach. Nothing was done about them: whoever runs them may rotate them.</p>"
    return f"<h2>To rotate</h2>{lead}{_table(('What', 'Why, and where'), rows)}"


def _gaps(plan: Plan) -> str:
    rows = [(f"<code>{escape(gap.where)}</code>", escape(gap.why), escape(gap.advice)) for gap in plan.gaps]
    text = _table(("Where", "Why", "What to do"), rows) if rows else "<p>Nothing: every place was looked at.</p>"
    return f"<h2>What could not be looked at</h2>{text}"


def _optouts(plan: Plan) -> str:
    rows = [
        (escape(o.id), escape(words_of_scope(o.scope)), escape(o.reason), escape(o.approver), _when(o.expires_at))
        for o in plan.optouts
    ]
    return f"<h2>Opt-outs</h2>{_table(('Id', 'Scope', 'Reason', 'Approved by', 'Until'), rows)}" if rows else ""


def _approvals(told: Past) -> str:
    rows = [
        (escape(a.approver), _when(a.at), _when(a.expires_at), escape(", ".join(a.allows) or "nothing beyond the plan"))
        for a in told.approvals
    ]
    table = _table(("Approver", "Signed", "Valid until", "Extra yes"), rows) if rows else "<p>None yet.</p>"
    return f"<h2>Approvals</h2>{table}"


_TIMELINE = {
    "run.opened": "run opened",
    "plan.made": "plan made",
    "plan.approved": "plan approved",
    "apply.started": "apply began",
    "apply.finished": "apply ended",
    "run.closed": "run closed; the run's copies of repositories were deleted",
}


def _timeline(events: Sequence[AuditEvent]) -> str:
    rows = [
        (str(e.seq), _when(e.at), escape(_TIMELINE[e.type]), escape(e.actor)) for e in events if e.type in _TIMELINE
    ]
    return f"<h2>When</h2>{_table(('Event', 'Time', 'What', 'By'), rows)}"


def _verifying(plan: Plan, checkpoint: Checkpoint) -> str:
    return (
        "<h2>How to check this</h2><p>Nothing but Python 3.9 is needed, no network and no offkey. Take a checkpoint "
        "that was kept elsewhere; without one, nobody can exclude that the whole folder was replaced.</p>"
        "<pre><code>python3 verify.py . --checkpoint YOUR-COPY/checkpoint.json</code></pre>"
        f"<p>The plan's digest is the SHA-256 of plan.json:<br><code>{escape(plan.digest)}</code></p>"
        f"<p>The ledger's tree had {checkpoint.seq} events, with the root<br>"
        f"<code>{escape(checkpoint.merkle_root)}</code></p>"
        "<footer>Values of credentials are in no file of this folder. Fingerprints are keyed with organisation key "
        f"{escape(plan.key_id)}. Times are UTC.</footer>"
    )


def _what(point: AccessPoint) -> str:
    return f'<b>{_name(point)}</b><br><span class="soft">{escape(point.kind)}</span>'


def _name(point: AccessPoint) -> str:
    holder = point.holder.login or point.holder.email or point.holder.id if point.holder else ""
    told = " ".join(filter(None, (point.provider_id, point.redacted)))
    return escape(f"{point.provider} {told or point.id}{f', of {holder}' if holder else ''}")


def _places(point: AccessPoint) -> list[str]:
    shown = [
        f"{Path(place.repo).name}: {place.path or place.object_type}:{place.line}"
        f"{f', commit {place.commit[:12]}' if place.commit else ''} ({place.reach.value}"
        f"{', still in a branch tip' if place.present else ''})"
        for place in point.places
    ]
    shown = list(dict.fromkeys(shown))
    more = len(shown) - _PLACES_SHOWN
    return [*shown[:_PLACES_SHOWN], *([f"and {more} more places"] if more > 0 else [])]


def _action(step: Step) -> str:
    return {
        Action.REVOKE: "Revoke",
        Action.DISABLE: "Switch off",
        Action.REMOVE: "Remove",
        Action.ROTATE: "Rotate, by its owner",
        Action.REPLACE: "Make and store a successor",
        Action.REWRITE: "Take out of the code",
        Action.HAND_OVER: "Hand over",
        Action.KEEP: "Keep",
    }[step.action]


def _badge(receipt: Receipt | None) -> str:
    if receipt is None:
        return '<span class="badge wait">open</span>'
    shade = _SHADE.get(receipt.outcome, "bad")
    return f'<span class="badge {shade}">{receipt.outcome.value.replace("_", " ").lower()}</span>'


def _list(label: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<p class="label">{label}</p><ul>{items}</ul>' if items else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _when(moment: datetime | None) -> str:
    return timestamp(moment.replace(microsecond=0)).replace("T", " ").replace("Z", " UTC") if moment else ""
