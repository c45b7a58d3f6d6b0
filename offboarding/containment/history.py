"""What the ledger says of a run's containment. Its steps have events of their own, `containment.intent` and so on.

So a full plan of the same run neither takes its receipts over nor loses its own: it asks again, and finds
ALREADY_DEAD. Pure but for `Containing`, which writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from offboarding.ledger.chain import legible
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offkey.model import DEATHS, AuditEvent, Plan, Receipt, Step, from_json

PLANNED = "containment.planned"
_OURS, _THEIRS = "containment.", "step."
_STEPS = frozenset(_OURS + word for word in ("intent", "acting", "acted", "receipt"))


@dataclass(frozen=True, slots=True)
class Containing(Ledger):
    """Writes the events of `apply`'s steps under their own names to `under`, and tells of each receipt."""

    under: Ledger
    told: Callable[[Receipt], None]

    def append(self, type: str, run: str, body: Mapping[str, Any]) -> AuditEvent:
        event = self.under.append(type.replace(_THEIRS, _OURS, 1), run, body)
        if type == "step.receipt":
            self.told(body["receipt"])
        return event


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """`plans` has the newest of each provider, `steps` every step that was planned, `made` its last plan, by its id."""

    plans: dict[str, Plan] = field(default_factory=dict)
    made: dict[str, Plan] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    past: Past = field(default_factory=Past)

    def begun(self, provider: str, now: datetime) -> tuple[Plan, tuple[Step, ...]] | None:
        """The provider's plan, and what of it was being sent when it was cut off: that is looked at first."""
        plan = self.plans.get(provider)
        if plan is None or now >= plan.expires_at:
            return None
        told = self.past
        steps = tuple(step for step in plan.steps if step.id in told.acting and step.id not in told.receipts)
        return (plan, steps) if steps else None

    def forget(self, plan: Plan) -> None:
        """Of the steps of a new plan nothing counts that was before it."""
        for step in plan.steps:
            self.past.receipts.pop(step.id, None)
            self.past.acted.pop(step.id, None)
            self.past.acting.discard(step.id)

    def is_dead(self, step: Step) -> bool:
        """Whether a receipt of this run's containment proves it."""
        receipt = self.past.receipts.get(step.id)
        return receipt is not None and receipt.outcome in DEATHS


def so_far(events: Sequence[AuditEvent]) -> SoFar:
    """The state of a run's containment. Of a step that was planned anew, only what came after counts."""
    plans: dict[str, Plan] = {}
    made: dict[str, Plan] = {}
    steps: dict[str, Step] = {}
    kept: list[AuditEvent] = []
    for event in legible(events):
        if event.type == PLANNED:
            plans[event.body["provider"]] = plan = from_json(event.body["plan"], Plan)
            anew = {step.id: step for step in plan.steps}
            steps |= anew
            made |= dict.fromkeys(anew, plan)
            kept = [one for one in kept if _step_of(one) not in anew]
        elif event.type in _STEPS:
            kept.append(replace(event, type=event.type.replace(_OURS, _THEIRS, 1)))
    return SoFar(plans=plans, made=made, steps=steps, past=past(kept))


def _step_of(event: AuditEvent) -> str:
    body = event.body
    return str(body["receipt"]["step"] if event.type == "step.receipt" else body["step"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A step that was seen to have ended, `seconds` after the trigger was received."""

    step: Step
    receipt: Receipt
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """`received_at` is when the trigger was, `proven` in the order of proof."""

    received_at: datetime
    proven: tuple[Proven, ...]

    @property
    def first(self) -> float | None:
        """Seconds from the trigger to the first proof; None while there is none."""
        return self.proven[0].seconds if self.proven else None


def times(events: Sequence[AuditEvent]) -> Times | None:
    """How long it took, from the events of a run; None for a run without containment."""
    began = next((event for event in legible(events) if event.type == "containment.started"), None)
    if began is None:
        return None
    received = datetime.fromisoformat(began.body["received_at"])
    told = so_far(events)
    found = [
        Proven(step=told.steps[ident], receipt=receipt, seconds=(receipt.finished_at - received).total_seconds())
        for ident, receipt in told.past.receipts.items()
        if receipt.outcome in DEATHS
    ]
    return Times(received_at=received, proven=tuple(sorted(found, key=lambda one: (one.seconds, one.step.id))))
