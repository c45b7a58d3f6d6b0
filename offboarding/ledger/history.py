"""What the ledger says of one run so far. Pure: the events are the one truth, everything else is read from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from offboarding.applying.outcomes import Act
from offboarding.approval.attestation import Attestation
from offboarding.ledger.chain import erased
from offkey.model import CLOSED, Approval, AuditEvent, Exchange, Liveness, Plan, Receipt, from_json


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The register of approvers when an approval was recorded, and the approver's key in it."""

    digest: str
    key: str


@dataclass
class Past:
    """A run so far. `plan_digest` is that of the newest plan; `acted` tells how each sent request went.

    `four_eyes` and `register` are the policy and the register's digest when that plan was made; `registers` tells by
    an approval's signature those of its moment; `held` says of a step why it was not begun yet. `proven` is when each
    step's end was last seen.
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
    proven: dict[str, datetime] = field(default_factory=dict)
    four_eyes: str = "none"
    register: str = ""
    registers: dict[str, Registered] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    attested: dict[str, Attestation] = field(default_factory=dict)
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
                made = {name: body[name] for name in ("four_eyes", "register") if name in body}
                # A successor whose making was cut off is nobody else's to find: it outlives the plan.
                lost = {step: one for step, one in told.rotations.items() if step not in told.receipts}
                told = Past(plan=from_json(body["plan"], Plan), plan_digest=body["digest"], rotations=lost, **made)
            case "plan.approved":
                told.approvals.append(from_json(body["approval"], Approval))
                if "register" in body:
                    told.registers[told.approvals[-1].signature] = from_json(body["register"], Registered)
            case "apply.started":
                told.started = True
                told.held.clear()
            case "step.intent" | "step.acting" | "step.waits" | "step.held" | "undo.intent":
                noted(told, event.type, body)
            case "step.acted":
                exchanges = tuple(from_json(exchange, Exchange) for exchange in body["exchanges"])
                told.acted[body["step"]] = (Act(body["act"]), body["note"], exchanges)
            case "step.receipt":
                _ended(told, from_json(body["receipt"], Receipt))
            case "step.attested":
                given = from_json(body["attestation"], Attestation)
                told.attested[given.step] = given
            case "rotation.listed" | "rotation.made" | "rotation.storing" | "rotation.stored" | "rotation.discarded":
                rotated(told, event.type, event.at, body)
            case "run.closed" | "run.reopened" | "run.verified":
                _afterwards(told, event)
    told.erased = any(map(erased, events))
    return told


def _ended(told: Past, receipt: Receipt) -> None:
    told.receipts[receipt.step] = receipt
    if receipt.outcome in CLOSED:
        told.proven[receipt.step] = receipt.finished_at


def _afterwards(told: Past, event: AuditEvent) -> None:
    """Take in what became of a run that was carried out."""
    if event.type == "run.verified":
        results = event.body.get("results", ())
        told.proven |= {one["step"]: event.at for one in results if one["liveness"] == Liveness.DEAD}
    else:
        told.closed = event.type == "run.closed"


def noted(told: Past, type: str, body: Mapping[str, Any]) -> None:
    """Take in one event that says of a step how far it is."""
    step = body["step"]
    match type:
        case "step.intent":
            told.attempts[step] += 1
        case "step.acting":
            told.acting.add(step)
        case "step.waits":
            told.waits[step] = datetime.fromisoformat(body["until"])
        case "step.held":
            told.held[step] = body["why"]
        case "undo.intent":
            told.undoing.add(step)


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
