"""The ledger's chain of events, without I/O: canonical JSON (RFC 8785), each event with the hash of the one before.

An event's hash is SHA-256 over the canonical JSON of everything else in it, `prev` included; of a body that may have to
be erased, a salted commitment stands for it there. The Merkle tree's leaves are the 32 raw bytes of those hashes, in
order. The chain finds changed events; a checkpoint kept elsewhere finds a cut tail or a ledger replaced as a whole.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.ledger.merkle import Frontier
from offkey.canonical import canonical, content_digest
from offkey.model import AuditEvent, timestamp, to_json

PREFIX = "sha256:"
GENESIS = PREFIX + "0" * 64
"""The `prev` of the first event."""

COMMITTED = "committed"
"""The one key of a body that was erased: its value commits to what stood there."""

ERASED = "ledger.erased"
"""The event that says which events' bodies were erased: `spans`, first and last number of each stretch."""

SELF_CONSISTENT = "self-consistent; replacement cannot be excluded"
MOST_PROBLEMS = 100
SALT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is kept elsewhere: how many events there were (`seq`), the tree's root, and in our own JSON also the last
    event's hash and the time.
    """

    seq: int
    merkle_root: str
    head: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`ok` means that nothing contradicts the ledger; only `anchored` excludes that it was replaced or cut.

    `erased` is the number of events whose contents are gone; `contradicted` are the outside checkpoints that this
    ledger does not extend.
    """

    ok: bool
    text: str
    events: int
    erased: int = 0
    anchored: bool = False
    problems: tuple[str, ...] = ()
    contradicted: tuple[Checkpoint, ...] = ()


def commitment(salt: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What stands for a body in the hash: HMAC-SHA-256 with the salt (hex) as key over its canonical JSON."""
    return committed(salt, canonical(body))


def committed(salt: str, raw: bytes) -> dict[str, str]:
    """The commitment to a body whose canonical JSON is at hand."""
    return {COMMITTED: "hmac-sha256:" + hmac.digest(bytes.fromhex(salt), raw, "sha256").hex()}


def hashed_body(event: AuditEvent) -> Mapping[str, Any]:
    """The body as the hash covers it."""
    return commitment(event.salt, event.body) if event.salt else event.body


def erased(event: AuditEvent) -> bool:
    """Whether only the commitment to the event's body is left."""
    return not event.salt and event.body.keys() == {COMMITTED}


def legible(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """The events whose bodies were not erased."""
    return [event for event in events if not erased(event)]


def erased_runs(events: Iterable[AuditEvent]) -> tuple[str, ...]:
    """The runs of which contents were erased, in the order in which they began."""
    return tuple(dict.fromkeys(event.run for event in events if event.run and erased(event)))


def erasure(event: AuditEvent) -> list[list[int]] | None:
    """The stretches of earlier events whose contents an event says are erased; None where it names anything else."""
    told = event.body.get("spans")
    if not isinstance(told, list) or not all(isinstance(span, list) and len(span) == 2 for span in told):
        return None
    right = all(type(n) is int for span in told for n in span) and all(0 < a <= b < event.seq for a, b in told)
    return told if right else None


def event_hash(event: AuditEvent, hashed: bytes | None = None) -> str:
    """`sha256:` and the hash of everything in the event but its own hash and the salt.

    `hashed` is the canonical JSON of `hashed_body`, where it is at hand.
    """
    body = canonical(hashed_body(event)) if hashed is None else hashed
    before = canonical({"actor": event.actor, "at": timestamp(event.at)})
    after = canonical({"prev": event.prev, "run": event.run, "seq": event.seq, "type": event.type})
    return content_digest(before[:-1] + b',"body":' + body + b"," + after[1:])


def next_event(
    last: AuditEvent | None,
    *,
    at: datetime,
    actor: str,
    type: str,
    run: str,
    body: Mapping[str, Any],
    salt: str = "",
) -> AuditEvent:
    """The event that follows `last` (None: the first, number 1). `body` may hold records of offkey.model.

    `salt` is 32 random bytes in hex, or empty for a body that is never to be erased. Raises
    `offkey.secret.SecretLeak` when the body holds a Secret, `rfc8785.CanonicalizationError` for what is no JSON.
    """
    seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    fields: dict[str, Any] = {"seq": seq, "at": at, "actor": actor, "type": type, "run": run, "prev": prev}
    fields |= {"body": to_json(dict(body)), "salt": salt}
    return AuditEvent(**fields, hash=event_hash(AuditEvent(**fields, hash="")))


def leaf(event: AuditEvent) -> bytes:
    """The event's entry in the Merkle tree: its raw hash."""
    return entry(event.hash)


def entry(hash: str) -> bytes:
    """The 32 raw bytes of a hash."""
    return bytes.fromhex(hash.removeprefix(PREFIX))


def leaves(events: Iterable[AuditEvent]) -> list[bytes]:
    """The tree's entries: the raw hash of each event."""
    return [leaf(event) for event in events]


def checkpoint(events: Iterable[AuditEvent], now: datetime) -> Checkpoint:
    """The checkpoint after the last of all `events`."""
    edge, head = Frontier(), GENESIS
    for event in events:
        edge.add(leaf(event))
        head = event.hash
    return Checkpoint(seq=edge.size, head=head, merkle_root=PREFIX + edge.root().hex(), at=now)


class _Walk:
    """What was seen of a chain so far."""

    def __init__(self, outside: Iterable[Checkpoint]) -> None:
        self.edge = Frontier()
        self.head = GENESIS
        self.problems: list[str] = []
        self.gone: list[list[int]] = []
        self.said: list[list[int]] = []
        self.contradicted: list[Checkpoint] = []
        self.held: list[Checkpoint] = []
        self.waiting: dict[int, list[Checkpoint]] = {}
        for one in outside:
            self.waiting.setdefault(one.seq, []).append(one)
        self.compare()

    def step(self, event: AuditEvent, hashed: bytes | None) -> bool:
        """Take in the next event. False where nothing after it can be judged."""
        seq = self.edge.size + 1
        if event.seq != seq:
            self.problem(f"event {seq} is missing, repeated or out of order (found number {event.seq})")
            return False
        if event.prev != self.head:
            self.problem(f"event {seq} does not follow the event before it")
        right = event_hash(event, hashed)
        if (event.salt and not SALT.fullmatch(event.salt)) or right != event.hash:
            self.problem(f"event {seq} was changed: its hash does not fit its content")
        if erased(event):
            _extend(self.gone, seq)
        elif event.type == ERASED and (named := erasure(event)) is not None:
            self.said += named
        elif event.type == ERASED:
            self.problem(f"event {seq} erases what was not there before it")
        self.head = event.hash
        self.edge.add(entry(right))
        self.compare()
        return True

    def compare(self) -> None:
        """Hold the outside checkpoints over so many events against the tree."""
        for one in self.waiting.pop(self.edge.size, ()):
            same = one.merkle_root == PREFIX + self.edge.root().hex() and one.head in ("", self.head)
            (self.held if same else self.contradicted).append(one)

    def end(self) -> None:
        """Say what only shows at the end."""
        if self.problems:
            return
        for one in self.contradicted:
            self.problem(f"the ledger was replaced: its first {one.seq} events are not those of the checkpoint")
        for size, beyond in sorted(self.waiting.items()):
            self.contradicted += beyond
            self.problem(f"the end is cut off: the checkpoint knows {size} events, the ledger has {self.edge.size}")
        for first, last in _uncovered(self.gone, self.said):
            self.problem(f"the contents of events {first} to {last} are gone, and no {ERASED} event says so")

    def problem(self, text: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(text)


def verify_chain(events: Iterable[AuditEvent], *outside: Checkpoint) -> Verdict:
    """Whether all `events`, from the first on, form an unbroken chain that extends every outside checkpoint."""
    return verify_hashed(((event, None) for event in events), *outside)


def verify_hashed(events: Iterable[tuple[AuditEvent, bytes | None]], *outside: Checkpoint) -> Verdict:
    """The same, each event with the canonical JSON of its `hashed_body` where it is known to be just that.

    Reads them once and keeps none, however many there are.
    """
    walk = _Walk(outside)
    for event, hashed in events:
        if not walk.step(event, hashed):
            break
    walk.end()
    size = walk.edge.size
    if walk.problems:
        told, against = tuple(walk.problems), tuple(walk.contradicted)
        return Verdict(ok=False, text=told[0], events=size, problems=told, contradicted=against)
    gone = sum(last - first + 1 for first, last in walk.gone)
    if not outside:
        return Verdict(ok=True, text=SELF_CONSISTENT, events=size, erased=gone)
    newest = max(walk.held, key=lambda one: one.seq)
    of = f" of {timestamp(newest.at)}" if newest.at else ""
    return Verdict(
        ok=True,
        text=f"consistent with the checkpoint over {newest.seq} events{of}",
        events=size,
        erased=gone,
        anchored=True,
    )


def _extend(spans: list[list[int]], seq: int) -> None:
    """Add a number at the end of ascending stretches."""
    if spans and spans[-1][1] == seq - 1:
        spans[-1][1] = seq
    else:
        spans.append([seq, seq])


def spans(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as stretches: first and last number of each."""
    made: list[list[int]] = []
    for number in numbers:
        _extend(made, number)
    return made


def _uncovered(gone: list[list[int]], said: list[list[int]]) -> list[list[int]]:
    """The stretches of `gone` that do not lie within those of `said` altogether."""
    covered: list[list[int]] = []
    for first, last in sorted(said):
        if covered and first <= covered[-1][1] + 1:
            covered[-1][1] = max(covered[-1][1], last)
        else:
            covered.append([first, last])
    return [span for span in gone if not any(low <= span[0] and span[1] <= high for low, high in covered)]
