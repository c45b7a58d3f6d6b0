"""CloudEvents 1.0 in its JSON format (github.com/cloudevents/spec), one event an object. Pure.

`id` is the event's hash and `source` the ledger, so that an event which is shipped twice is known to be the same.
`sequence` is the attribute of the Sequence extension: its order as text is the ledger's.
"""

from typing import Any

from offboarding.formats.context import Context
from offkey.model import AuditEvent, timestamp

_SHORT = 16


def record(event: AuditEvent, context: Context) -> dict[str, Any]:
    """One event with the whole of what the ledger holds of it."""
    ledger = context.ledger.rpartition(":")[2][:_SHORT]
    made = {
        "specversion": "1.0",
        "id": event.hash,
        "source": f"urn:offkey:ledger:{ledger}",
        "type": f"offkey.{event.type}",
        "time": timestamp(event.at),
        "datacontenttype": "application/json",
        "sequence": f"{event.seq:020}",
        "data": {
            "seq": event.seq,
            "actor": event.actor,
            "run": event.run,
            "body": dict(event.body),
            "prev": event.prev,
            "hash": event.hash,
        },
    }
    return made | ({"subject": event.run} if event.run else {})
