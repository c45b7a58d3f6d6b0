"""Lines of the ledger for others: which events, in which form. Pure.

What was shipped to event N goes on with `--since N`: numbers have no gaps, so nothing is lost and nothing comes twice.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from offboarding.formats import cef, cloudevents, ocsf
from offboarding.formats.context import Context
from offkey.canonical import canonical
from offkey.errors import UsageError
from offkey.model import AuditEvent, to_json

FORMS = ("jsonl", "ocsf", "cef", "cloudevents")

Since = int | datetime
"""The number of the last event that is not wanted, or the moment from which on events are."""


def since(text: str) -> Since:
    """An event's number, or a time with its zone. Raises UsageError."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--since {text}: neither an event's number nor a time with its zone", advice=_ADVICE)
    return moment.astimezone(UTC)


_ADVICE = "give the number of the last event that you have, or 2026-11-20T17:00:00Z"


def lines(
    events: Iterable[AuditEvent],
    form: str = "jsonl",
    *,
    run: str | None = None,
    after: Since = 0,
    ocsf_version: str = ocsf.VERSIONS[0],
) -> Iterator[str]:
    """One line for each wanted event. `events` are all from the first on: earlier ones say what later ones mean."""
    context = Context()
    for event in events:
        context.take(event)
        late = event.seq > after if isinstance(after, int) else event.at >= after
        if late and run in (None, event.run):
            yield _line(event, context, form, ocsf_version)


def _line(event: AuditEvent, context: Context, form: str, version: str) -> str:
    match form:
        case "cef":
            return cef.line(event, context)
        case "ocsf":
            return canonical(ocsf.record(event, context, version)).decode()
        case "cloudevents":
            return canonical(cloudevents.record(event, context)).decode()
    return canonical(to_json(event)).decode()
