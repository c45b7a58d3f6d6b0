"""What an event says, in one sentence and a degree of severity, for all forms alike. Pure."""

from offboarding.applying.outcomes import words as outcome_words
from offboarding.formats.context import Context
from offboarding.ledger.chain import erased
from offkey.model import AuditEvent, Outcome

INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL = range(1, 6)
"""As OCSF numbers severities."""

NAMES = {
    "run.opened": "A run was opened",
    "plan.made": "A plan was made",
    "plan.approved": "A plan was approved",
    "apply.started": "An apply began",
    "apply.finished": "An apply ended",
    "step.receipt": "A step came to its end",
    "run.closed": "A run was closed",
    "run.verified": "A run was checked again",
    "run.reopened": "A run was opened again: something came back",
    "incident.found": "A credential was used after its end",
    "undo.intent": "A step is taken back",
    "undo.done": "A step was taken back",
    "evidence.sealed": "Evidence was sealed",
}
_SEVERITIES = {"incident.found": CRITICAL, "run.reopened": HIGH, "undo.done": MEDIUM, "undo.intent": MEDIUM}
_OUTCOMES = {
    Outcome.FAILED: MEDIUM,
    Outcome.NOT_CONFIRMED: MEDIUM,
    Outcome.NOT_IDENTIFIED: MEDIUM,
    Outcome.HANDED_OVER: LOW,
    Outcome.ACKNOWLEDGED: LOW,
    Outcome.UNDONE: MEDIUM,
}


def name(event: AuditEvent) -> str:
    """The type in words; a type that has none here is named as it is."""
    return NAMES.get(event.type, event.type)


def severity(event: AuditEvent) -> int:
    """From INFORMATIONAL to CRITICAL."""
    outcome = outcome_of(event)
    if outcome is not None:
        return _OUTCOMES.get(outcome, INFORMATIONAL)
    return _SEVERITIES.get(event.type, INFORMATIONAL)


def outcome_of(event: AuditEvent) -> Outcome | None:
    """What became of a step, where the event is its receipt, and was not erased."""
    told = event.type == "step.receipt" and not erased(event)
    return Outcome(event.body["receipt"]["outcome"]) if told else None


def message(event: AuditEvent, context: Context) -> str:
    """One sentence, without values: the ledger holds none."""
    step, outcome = context.step(event), outcome_of(event)
    if step is not None and outcome is not None:
        return f"{step['action']} {target(step)}: {outcome_words(outcome)}"
    if erased(event):
        return f"{name(event)} (erased)"
    if event.type == "incident.found":
        return str(event.body["words"])
    if event.type == "run.reopened":
        return "; ".join(str(reason["words"]) for reason in event.body["reasons"])
    return f"{name(event)}{f': {target(step)}' if step else ''}"


def target(step: dict[str, object]) -> str:
    """The access point of a step: its kind, and its id or redacted value."""
    point = step["point"]
    assert isinstance(point, dict)
    return " ".join(filter(None, (point["kind"], point["provider_id"] or point["redacted"])))
