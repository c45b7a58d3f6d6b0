"""What survives a run, and why: every step whose end is not proven, with who must do what by when. Pure.

Nothing partially revoked goes unsaid: what was kept, proposed or attested stands here, too, though nobody need act.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from offboarding.applying.outcomes import SETTLED, words
from offkey.model import CLOSED, Outcome, Plan, Receipt, Step, timestamp

NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A step by its number from 1. `outcome` is None where it was not done yet; `open` while somebody must act."""

    number: int
    step: Step
    outcome: Outcome | None
    why: str
    do: str = ""
    who: str = ""
    due: datetime | None = None
    open: bool = True
    overdue: bool = False

    @property
    def words(self) -> str:
        """What became of it, in a few words."""
        return words(self.outcome) if self.outcome else "not done yet"

    def data(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "number": self.number,
            "step": self.step.id,
            "provider": self.step.point.provider,
            "kind": self.step.point.kind,
            "action": self.step.action.value,
            "outcome": self.outcome.value if self.outcome else "",
            "why": self.why,
            "do": self.do,
            "who": self.who,
            "due": timestamp(self.due) if self.due else "",
            "open": self.open,
            "overdue": self.overdue,
        }


def survivors(
    plan: Plan, receipts: Mapping[str, Receipt], now: datetime, held: Mapping[str, str] = NONE
) -> tuple[Survivor, ...]:
    """In the plan's order. `held` says of steps without a receipt why they wait."""
    return tuple(_survivors(plan, receipts, now, held))


def _survivors(
    plan: Plan, receipts: Mapping[str, Receipt], now: datetime, held: Mapping[str, str]
) -> Iterator[Survivor]:
    for number, step in enumerate(plan.steps, start=1):
        receipt = receipts.get(step.id)
        if receipt is None:
            why = held.get(step.id) or "it was not begun, or waits for the end of an observation"
            yield Survivor(
                number=number, step=step, outcome=None, why=why, do="`offkey apply PLAN --resume`", who=plan.requester
            )
        elif receipt.outcome not in CLOSED:
            settled = receipt.outcome in SETTLED
            yield Survivor(
                number=number,
                step=step,
                outcome=receipt.outcome,
                why=receipt.note or words(receipt.outcome),
                do=receipt.advice or ("" if settled else step.how),
                who=receipt.assignee or ("" if settled else plan.requester),
                due=receipt.due,
                open=not settled,
                overdue=not settled and receipt.due is not None and receipt.due < now,
            )
