"""What the ledger says of one run so far. Pure: the events are the one truth, everything else is read from them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from offboarding.outcomes import Act
from offkey.model import Approval, AuditEvent, Exchange, Plan, Receipt, from_json


@dataclass
class Past:
    """A run so far. `plan_digest` is that of the newest plan; `acted` tells how each sent request went."""

    plan: Plan | None = None
    plan_digest: str = ""
    approvals: list[Approval] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    acting: set[str] = field(default_factory=set)
    acted: dict[str, tuple[Act, str, tuple[Exchange, ...]]] = field(default_factory=dict)
    undoing: set[str] = field(default_factory=set)
    started: bool = False
    closed: bool = False


def past(events: Sequence[AuditEvent]) -> Past:
    """The state of a run from its events; of several plans, or receipts of a step, the last counts."""
    told = Past()
    for event in events:
        body = event.body
        match event.type:
            case "plan.made" if body["digest"] != told.plan_digest:
                told = Past(plan=from_json(body["plan"], Plan), plan_digest=body["digest"])
            case "plan.approved":
                told.approvals.append(from_json(body["approval"], Approval))
            case "apply.started":
                told.started = True
            case "step.intent":
                told.attempts[body["step"]] += 1
            case "step.acting":
                told.acting.add(body["step"])
            case "step.acted":
                exchanges = tuple(from_json(exchange, Exchange) for exchange in body["exchanges"])
                told.acted[body["step"]] = (Act(body["act"]), body["note"], exchanges)
            case "step.receipt":
                receipt = from_json(body["receipt"], Receipt)
                told.receipts[receipt.step] = receipt
            case "undo.intent":
                told.undoing.add(body["step"])
            case "run.closed":
                told.closed = True
    return told
