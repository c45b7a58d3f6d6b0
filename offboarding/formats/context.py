"""What an event leaves to those before it: a receipt names its step by id, and the plan says what that is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from offkey.model import AuditEvent


@dataclass
class Context:
    """Plain JSON data: steps by (run, id), the person of each run, and the ledger by the hash of its first event."""

    steps: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledger: str = ""

    def step(self, event: AuditEvent) -> dict[str, Any] | None:
        """The plan's step that the event is about, if it is about one."""
        receipt = event.body.get("receipt")
        ident = receipt.get("step") if isinstance(receipt, dict) else event.body.get("step")
        return self.steps.get((event.run, str(ident)))

    def person(self, event: AuditEvent) -> str:
        """Whom the run is about; empty where it is about nobody."""
        return str(self.people.get(event.run, {}).get("id", ""))

    def take(self, event: AuditEvent) -> None:
        """Take in an event: what follows it may be about it."""
        self.ledger = self.ledger or event.hash
        plan = event.body.get("plan")
        if event.type == "plan.made" and isinstance(plan, dict):
            self.people[event.run] = plan["person"]
            self.steps |= {(event.run, step["id"]): step for step in plan["steps"]}
        elif event.type == "run.opened" and "person" in event.body:
            self.people.setdefault(event.run, {"id": event.body["person"]})


def context(events: Iterable[AuditEvent]) -> Context:
    """The context that all the events give."""
    made = Context()
    for event in events:
        made.take(event)
    return made
