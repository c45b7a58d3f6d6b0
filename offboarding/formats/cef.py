"""ArcSight's Common Event Format, version 0 ("Implementing ArcSight Common Event Format", header and extension).

    CEF:0|vendor|product|version|event class id|name|severity|key=value key=value

In the header `\\` and `|` are escaped, in values `\\` and `=`; a line break in a value is written `\\n` or `\\r`. A
header cannot hold one: there it becomes a blank.
Other control characters, for which CEF has no form, become U+FFFD: they could drive a terminal or end a line.
"""

import re

from offboarding.formats import words
from offboarding.formats.context import Context
from offkey import __version__
from offkey.model import AuditEvent

_SEVERITY = {words.INFORMATIONAL: 1, words.LOW: 3, words.MEDIUM: 5, words.HIGH: 8, words.CRITICAL: 10}
_CONTROLS = {chr(code): "\ufffd" for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029)}
_IN_VALUES = str.maketrans({**_CONTROLS, "\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_IN_HEADERS = str.maketrans({**_CONTROLS, "\\": "\\\\", "|": "\\|", "\n": " ", "\r": " "})
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def line(event: AuditEvent, context: Context) -> str:
    """One event as one line, without its line break."""
    head = ("offkey", "offkey", __version__, event.type, words.name(event), str(_SEVERITY[words.severity(event)]))
    return f"CEF:0|{'|'.join(header(part) for part in head)}|{extension(_fields(event, context))}"


def header(text: str) -> str:
    """One field of the header."""
    return text.translate(_IN_HEADERS)


def extension(fields: dict[str, str]) -> str:
    """The pairs, without those whose value is empty. Raises ValueError for a key that CEF cannot have."""
    for key in fields:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of CEF")
    return " ".join(f"{key}={value.translate(_IN_VALUES)}" for key, value in fields.items() if value)


def _fields(event: AuditEvent, context: Context) -> dict[str, str]:
    """With the keys of CEF's dictionary; what it has no key for stands in labelled strings."""
    step = context.step(event)
    point = step["point"] if step else {}
    outcome = words.outcome_of(event)
    labelled = {
        "cs1": ("run", event.run),
        "cs2": ("hash", event.hash),
        "cs3": ("kind", str(point.get("kind", event.body.get("kind", "")))),
        "cs4": ("providerId", str(point.get("provider_id", ""))),
        "cs5": ("fingerprint", str(point.get("fingerprint", ""))),
    }
    fields = {
        "rt": str(int(event.at.timestamp() * 1000)),
        "externalId": str(event.seq),
        "suser": event.actor,
        "duser": context.person(event),
        "destinationServiceName": str(point.get("provider", event.body.get("provider", ""))),
        "act": str(step["action"]) if step else "",
        "outcome": outcome.value if outcome else "",
        "msg": words.message(event, context),
    }
    for key, (label, value) in labelled.items():
        if value:
            fields |= {f"{key}Label": label, key: value}
    return fields
