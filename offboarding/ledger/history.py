"""What the ledger says of one run so far. Pure: the events are the one truth, everything else is read from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from offboarding.applying.outcomes import Act
from offboarding.ledger.chain import erased
from offkey.model import Approval, AuditEvent, Exchange, Plan, Receipt, from_json


@dataclass(frozen=True, kw_only=True)
class Rotating:
    """How far the making of a successor got. Empty where it did not get so far.

    `known` are the ids that the holder had at `at`, right before; `before` and `stored` the store's versions.
    """

    known: frozenset[str]
    at: datetime
    successor: str = ""
    fingerprint: str = ""
    redacted: str = ""
    before: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()


@dataclass
class Past:
    """A run so far. `plan_digest` is that of the newest plan; `acted` tells how each sent request went.

    Of a run whose contents were erased only that is known: `erased`.
    """

    plan: Plan | None = None
    plan_digest: str = ""
    approvals: list[Approval] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    acting: set[str] = field(default_factory=set)
    acted: dict[str, tuple[Act, str, tuple[Exchange, ...]]] = field(default_factory=dict)
    undoing: set[str] = field(default_factory=set)
    waits: dict[str, datetime] = field(default_factory=dict)
    rotations: dict[str, Rotating] = field(default_factory=dict)
    started: bool = False
    closed: bool = False
    erased: bool = False


def past(events: Sequence[AuditEvent]) -> Past:
    """The state of a run from its events; of several plans, or receipts of a step, the last counts."""
    told = Past()
    for event in (one for one in events if not erased(one)):
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
            case "step.waits":
                told.waits[body["step"]] = datetime.fromisoformat(body["until"])
            case "rotation.listed" | "rotation.made" | "rotation.storing" | "rotation.stored" | "rotation.discarded":
                rotated(told, event.type, event.at, body)
            case "undo.intent":
                told.undoing.add(body["step"])
            case "run.closed":
                told.closed = True
    told.erased = any(map(erased, events))
    return told


def rotated(told: Past, type: str, at: datetime, body: Mapping[str, Any]) -> None:
    """Take in one event of the making of a successor."""
    step, so_far = body["step"], told.rotations.get(body["step"])
    if type == "rotation.listed":
        told.rotations[step] = Rotating(known=frozenset(body["known"]), at=at)
    elif type == "rotation.discarded":
        told.rotations.pop(step, None)
    elif so_far is not None:
        versions = tuple(body.get("versions", ()))
        changes: dict[str, dict[str, Any]] = {
            "rotation.made": {name: body.get(name) for name in ("successor", "fingerprint", "redacted")},
            "rotation.storing": {"before": versions},
            "rotation.stored": {"stored": versions},
        }
        told.rotations[step] = replace(so_far, **changes[type])
