"""Tells of every event of an opt-out at once: a line of JSON in a file, and a signed post to a configured URL.

The ledger is the truth; a small file beside it says up to which event each has been told. What could not be delivered
is said, and tried again the next time; after a kill an event may be told twice, never not at all. A line and a post are
the same CloudEvent (https://github.com/cloudevents/spec, 1.0), signed as https://www.standardwebhooks.com/ says:
HMAC-SHA-256 over id, time and body.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from offboarding.configuration import references
from offboarding.ledger.ledger import Ledger
from offboarding.optouts import history
from offboarding.optouts.settings import OptOuts, checked_url
from offboarding.state import PRIVATE_FILE
from offkey.canonical import canonical
from offkey.errors import OffkeyError
from offkey.http import Gate, Reader
from offkey.model import AuditEvent, to_json
from offkey.secret import Secret

POSITION = "optouts.told.json"
Told = dict[str, int]


def tell(
    settings: OptOuts,
    state: Path,
    ledger: Ledger,
    now: Callable[[], datetime],
    *,
    transport: httpx.BaseTransport | None = None,
) -> list[str]:
    """Tell everybody configured of each event that they have not been told of. Returns what went wrong, in words."""
    if not (settings.stream or settings.notify):
        return []
    trouble: list[str] = []
    with _position(state) as (told, save):
        events = [event for event in ledger.events(history.RUN) if event.type.startswith(history.PREFIX)]
        if settings.stream:
            _try(lambda: _append(settings.stream, _new(events, told, "stream")), "the stream", trouble)
            told["stream"] = events[-1].seq if events and not trouble else told.get("stream", 0)
            save()
        if settings.notify and (new := _new(events, told, "notify")):

            def post_all() -> None:
                post = _poster(settings, now, transport)
                for event in new:
                    post(event)
                    told["notify"] = event.seq
                    save()

            _try(post_all, "the webhook", trouble)
    return trouble


def cloud_event(event: AuditEvent) -> bytes:
    """The bytes told of one event: canonical JSON. The id is the event's hash, the same each time it is told."""
    return canonical(
        {
            "specversion": "1.0",
            "id": event.hash,
            "source": "offkey",
            "type": f"offkey.{event.type}",
            "time": to_json(event)["at"],
            "datacontenttype": "application/json",
            "data": {"seq": event.seq, "actor": event.actor, **event.body},
        }
    )


def signature(key: Secret, ident: str, at: str, body: bytes) -> str:
    """The value of `webhook-signature`."""
    mac = hmac.new(key.reveal(), f"{ident}.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def _new(events: Sequence[AuditEvent], told: Told, who: str) -> list[AuditEvent]:
    return [event for event in events if event.seq > told.get(who, 0)]


def _try(act: Callable[[], None], who: str, trouble: list[str]) -> None:
    try:
        act()
    except OffkeyError as error:
        trouble.append(f"{who} was not told of every opt-out: {error}")
    except OSError as error:
        trouble.append(f"{who} was not told of every opt-out: {error.strerror or type(error).__name__}")


def _append(file: Path | None, events: Sequence[AuditEvent]) -> None:
    if file is None or not events:
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as target:
        target.write(b"".join(cloud_event(event) + b"\n" for event in events))
        target.flush()
        os.fsync(target.fileno())


class NotTold(OffkeyError):
    """The webhook did not take an event. Never names more of its URL than the host: the rest may be a secret."""


def _poster(
    settings: OptOuts, now: Callable[[], datetime], transport: httpx.BaseTransport | None
) -> Callable[[AuditEvent], None]:
    """Posts one event, once. Raises NotTold, ReferenceBroken."""
    try:
        url = checked_url(references.token(settings.notify).reveal().decode("utf-8"))
    except ValueError:
        raise NotTold("the reference leads to no URL of a webhook", advice="mend `notify` under [optouts]") from None
    key = references.token(settings.notify_key)
    parts = urlsplit(url)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
    # A notice changes nobody's access, so it needs no approval: one host, one path, the configured one.
    gate = Gate(provider="optouts", hosts=frozenset({parts.hostname or ""}), reads=frozenset({("POST", path)}))

    def post(event: AuditEvent) -> None:
        body, at = cloud_event(event), str(int(now().timestamp()))
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": event.hash,
            "webhook-timestamp": at,
            "webhook-signature": signature(key, event.hash, at, body),
        }
        try:
            reader = Reader(gate, base, instance=base, transport=transport, now=now)
            reader.permit(("POST", path))
            answer = reader.send_raw("POST", url, headers, body)
        except OffkeyError as error:
            raise NotTold(f"{parts.hostname} did not answer ({type(error).__name__})") from None
        if not 200 <= answer.status_code < 300:
            raise NotTold(f"{parts.hostname} answered {answer.status_code}")

    return post


@contextmanager
def _position(state: Path) -> Iterator[tuple[Told, Callable[[], None]]]:
    """How far each was told, held by one process at a time; a file that cannot be read means: from the beginning."""
    descriptor = os.open(state / POSITION, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        told = _read(descriptor)

        def save() -> None:
            text = json.dumps(told).encode()
            os.pwrite(descriptor, text.ljust(200), 0)  # one length always: no kill leaves half of an older one
            os.fsync(descriptor)

        yield told, save
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Told:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return {name: told[name] for name in ("stream", "notify") if isinstance(told.get(name), int)}
    except (ValueError, AttributeError):
        return {}
