"""report.html: the run for people. Self-contained, without scripts, the same bytes for the same ledger.

Whatever comes from a repository or a provider is escaped; values are not in the ledger, so they cannot be here.
"""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from offboarding import evidence_kit
from offboarding.applying.outcomes import SETTLED
from offboarding.evidence import page, report_case
from offboarding.evidence.case import Case
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.history import Past
from offboarding.optouts.scope import words as words_of_scope
from offkey.model import CLOSED, AccessPoint, Action, AuditEvent, Check, Outcome, Plan, Receipt, Step
from scanner.output.words import brief

Words = Callable[[Outcome], str]

_SHADE = {
    **dict.fromkeys(CLOSED, "good"),
    Outcome.PROPOSED: "calm",
    Outcome.SKIPPED: "calm",
    Outcome.ATTESTED: "calm",
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


def render(told: Past, events: Sequence[AuditEvent], case: Case, checkpoint: Checkpoint, words: Words) -> str:
    """The page. `told` is the run so far, `events` are the run's own, `case` the run against the clock."""
    plan = told.plan
    assert plan is not None
    css = (Path(evidence_kit.__file__).parent / "report.css").read_text(encoding="utf-8")
    title = f"Offboarding of {plan.person.id}"
    body = "".join(
        (
            _head(plan, title),
            _summary(plan, told),
            report_case.clock(case),
            _open(plan, told, words),
            _left(plan, told),
            _done(plan, told, words),
            report_case.changes(case),
            _exposed(plan),
            _gaps(plan),
            report_case.coverage(case),
            _optouts(plan),
            _approvals(told),
            report_case.standing(events),
            _timeline(events),
            report_case.frameworks(case),
            _verifying(plan, checkpoint),
        )
    )
    return page.document(title, css, body)


def _head(plan: Plan, title: str) -> str:
    person = plan.person
    names = ", ".join([*person.names[:3], *person.emails])
    left = f"Left on {page.when(person.left_at)}." if person.left_at else "The directory gives no leaving date."
    return (
        f"<h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(names)}<br>{escape(left)} Asked for by {escape(plan.requester or "nobody named")}, '
        f"planned on {page.when(plan.created_at)}. Run <code>{escape(plan.run)}</code></p>"
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
        (sum(outcome is Outcome.PROPOSED for outcome in outcomes), "changes proposed"),
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
        why = receipt.note if receipt else told.held.get(step.id, "not begun")
        do = (receipt.advice if receipt else "") or step.how or "see the provider's answer, then plan again"
        due = f"{escape(receipt.assignee)}<br>by {receipt.due:%Y-%m-%d}" if receipt and receipt.due else ""
        rows.append((page.what(step.point), _badge(receipt), escape(why), escape(do), due))
    table = page.table(("What", "Outcome", "Why", "What to do", "Who, until when"), rows)
    return f"<h2>Needs somebody</h2>{table}" if rows else ""


def _left(plan: Plan, told: Past) -> str:
    """What survives without being open: kept, proposed, or ended on a person's word alone."""
    given = [(step, told.receipts[step.id]) for step in plan.steps if step.id in told.receipts]
    rows = [
        (page.what(step.point), _badge(receipt), escape(receipt.note))
        for step, receipt in given
        if receipt.outcome in SETTLED - CLOSED
    ]
    table = page.table(("What", "Outcome", "Why"), rows)
    return f"<h2>Kept, proposed, or ended on a person's word</h2>{table}" if rows else ""


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
    parts = [f"<header><h3>{page.name(point)}</h3>{kind}</header>", f"<p>{escape(whose[0].upper() + whose[1:])}.</p>"]
    parts.append(page.bullets("Why", point.evidence))
    parts.append(page.bullets("Where", _places(point)))
    parts.append(page.bullets("Used by", brief(point.usage, _USES_SHOWN)))
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
    return f"{escape(check.liveness.value + status)}: {escape(check.reason)}<br><small>{page.when(check.at)}</small>"


def _exposed(plan: Plan) -> str:
    """What lay within the person's reach: nothing was done about it."""
    rows = [(page.what(point), "<br>".join(map(escape, point.evidence))) for point in plan.exposed]
    if not rows:
        return ""
    lead = "<p>These lay within the person's reach. Nothing was done about them: whoever runs them may rotate them.</p>"
    return f"<h2>To rotate</h2>{lead}{page.table(('What', 'Why, and where'), rows)}"


def _gaps(plan: Plan) -> str:
    rows = [(f"<code>{escape(gap.where)}</code>", escape(gap.why), escape(gap.advice)) for gap in plan.gaps]
    text = page.table(("Where", "Why", "What to do"), rows) if rows else "<p>Nothing: every place was looked at.</p>"
    return f"<h2>What could not be looked at</h2>{text}"


def _optouts(plan: Plan) -> str:
    rows = [
        (escape(o.id), escape(words_of_scope(o.scope)), escape(o.reason), escape(o.approver), page.when(o.expires_at))
        for o in plan.optouts
    ]
    return f"<h2>Opt-outs</h2>{page.table(('Id', 'Scope', 'Reason', 'Approved by', 'Until'), rows)}" if rows else ""


def _approvals(told: Past) -> str:
    rows = [
        (
            escape(a.approver),
            page.when(a.at),
            page.when(a.expires_at),
            escape(", ".join(a.allows) or "nothing beyond the plan"),
        )
        for a in told.approvals
    ]
    table = page.table(("Approver", "Signed", "Valid until", "Extra yes"), rows) if rows else "<p>None yet.</p>"
    return f"<h2>Approvals</h2>{table}"


_TIMELINE = {
    "run.opened": "run opened",
    "containment.started": "containment began",
    "containment.finished": "containment ended",
    "plan.made": "plan made",
    "plan.approved": "plan approved",
    "apply.started": "apply began",
    "apply.finished": "apply ended",
    "run.closed": "run closed",
    "run.reopened": "run opened again: something came back, or came anew",
    "incident.found": "a credential was used after its end",
}


def _timeline(events: Sequence[AuditEvent]) -> str:
    rows = [
        (str(e.seq), page.when(e.at), escape(_TIMELINE[e.type]), escape(e.actor)) for e in events if e.type in _TIMELINE
    ]
    return f"<h2>When</h2>{page.table(('Event', 'Time', 'What', 'By'), rows)}"


def _verifying(plan: Plan, checkpoint: Checkpoint) -> str:
    return (
        "<h2>How to check this</h2><p>Nothing but Python 3.9 is needed, no network and no offkey. Take a checkpoint "
        "that was kept elsewhere; without one, nobody can exclude that the whole folder was replaced.</p>"
        "<pre><code>python3 -I verify.py . --checkpoint YOUR-COPY/checkpoint.json</code></pre>"
        f"<p>The plan's digest is the SHA-256 of plan.json:<br><code>{escape(plan.digest)}</code></p>"
        f"<p>The ledger's tree had {checkpoint.seq} events, with the root<br>"
        f"<code>{escape(checkpoint.merkle_root)}</code></p>"
        "<footer>Values of credentials are in no file of this folder. Fingerprints are keyed with organisation key "
        f"{escape(plan.key_id)}. Times are UTC.</footer>"
    )


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
