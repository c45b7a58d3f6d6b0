"""The ledger's mathematics, without I/O: a hash chain over canonical JSON (RFC 8785) and a Merkle tree (RFC 6962).

An event's hash is SHA-256 over the canonical JSON of everything else in it, `prev` included. The tree's leaves are
the 32 raw bytes of those hashes, in order. The chain finds changed events; a checkpoint kept elsewhere finds a cut
tail or a ledger that was replaced as a whole.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offkey.canonical import digest
from offkey.model import AuditEvent, timestamp, to_json

PREFIX = "sha256:"
GENESIS = PREFIX + "0" * 64
"""The `prev` of the first event."""

SELF_CONSISTENT = "self-consistent; replacement cannot be excluded"
EMPTY_ROOT = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is kept elsewhere: how many events there were (`seq`), the last one's hash and the tree's root."""

    seq: int
    head: str
    merkle_root: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`ok` means that nothing contradicts the ledger; only `anchored` excludes that it was replaced or cut."""

    ok: bool
    text: str
    events: int
    anchored: bool = False
    problems: tuple[str, ...] = ()


def event_hash(event: AuditEvent) -> str:
    """`sha256:` and the hash of everything in the event but its own hash field."""
    return digest(
        {
            "seq": event.seq,
            "at": timestamp(event.at),
            "actor": event.actor,
            "type": event.type,
            "run": event.run,
            "body": event.body,
            "prev": event.prev,
        }
    )


def next_event(
    last: AuditEvent | None, *, at: datetime, actor: str, type: str, run: str, body: Mapping[str, Any]
) -> AuditEvent:
    """The event that follows `last` (None: the first, number 1). `body` may hold records of offkey.model.

    Raises `offkey.secret.SecretLeak` when the body holds a Secret, `rfc8785.CanonicalizationError` for what is no JSON.
    """
    seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    plain = to_json(dict(body))
    bare = AuditEvent(seq=seq, at=at, actor=actor, type=type, run=run, body=plain, prev=prev, hash="")
    return AuditEvent(seq=seq, at=at, actor=actor, type=type, run=run, body=plain, prev=prev, hash=event_hash(bare))


def checkpoint(events: Sequence[AuditEvent], now: datetime) -> Checkpoint:
    """The checkpoint after the last of all `events`."""
    head = events[-1].hash if events else GENESIS
    return Checkpoint(seq=len(events), head=head, merkle_root=PREFIX + merkle_root(leaves(events)).hex(), at=now)


def verify_chain(events: Sequence[AuditEvent], checkpoint: Checkpoint | None = None) -> Verdict:
    """Whether all `events`, from the first on, form an unbroken chain that agrees with the outside checkpoint."""
    problems = list(_chain_problems(events))
    if checkpoint and not problems:
        problems += _checkpoint_problems(events, checkpoint)
    if problems:
        return Verdict(ok=False, text=problems[0], events=len(events), problems=tuple(problems))
    if checkpoint is None:
        return Verdict(ok=True, text=SELF_CONSISTENT, events=len(events))
    text = f"consistent with the checkpoint over {checkpoint.seq} events of {timestamp(checkpoint.at)}"
    return Verdict(ok=True, text=text, events=len(events), anchored=True)


def _chain_problems(events: Sequence[AuditEvent]) -> Iterable[str]:
    prev = GENESIS
    for seq, event in enumerate(events, start=1):
        if event.seq != seq:
            yield f"event {seq} is missing, repeated or out of order (found number {event.seq})"
            return
        if event.prev != prev:
            yield f"event {seq} does not follow the event before it"
        if event_hash(event) != event.hash:
            yield f"event {seq} was changed: its hash does not fit its content"
        prev = event.hash


def _checkpoint_problems(events: Sequence[AuditEvent], checkpoint: Checkpoint) -> list[str]:
    if checkpoint.seq > len(events):
        return [f"the end is cut off: the checkpoint knows {checkpoint.seq} events, the ledger has {len(events)}"]
    covered = events[: checkpoint.seq]
    head = covered[-1].hash if covered else GENESIS
    if head != checkpoint.head or PREFIX + merkle_root(leaves(covered)).hex() != checkpoint.merkle_root:
        return [f"the ledger was replaced: its first {checkpoint.seq} events are not those of the checkpoint"]
    return []


def leaves(events: Iterable[AuditEvent]) -> list[bytes]:
    """The tree's entries: the raw hash of each event."""
    return [bytes.fromhex(event.hash.removeprefix(PREFIX)) for event in events]


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x00 and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_root(entries: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962 section 2.1, in one pass with a stack of perfect subtrees."""
    stack: list[tuple[int, bytes]] = []
    for entry in entries:
        size, tree = 1, leaf_hash(entry)
        while stack and stack[-1][0] == size:
            tree = _node(stack.pop()[1], tree)
            size *= 2
        stack.append((size, tree))
    if not stack:
        return EMPTY_ROOT
    tree = stack.pop()[1]
    while stack:
        tree = _node(stack.pop()[1], tree)
    return tree


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(entries: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, entries) of RFC 6962 section 2.1.1: the siblings from leaf to root. `index` counts from 0."""
    if not 0 <= index < len(entries):
        raise IndexError(f"no entry {index} among {len(entries)}")
    if len(entries) == 1:
        return []
    split = _split(len(entries))
    if index < split:
        return [*inclusion_proof(entries[:split], index), merkle_root(entries[split:])]
    return [*inclusion_proof(entries[split:], index - split), merkle_root(entries[:split])]


def verify_inclusion(entry: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `entry` is number `index` of the tree of `size` entries with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, tree = index, size - 1, leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            tree = _node(sibling, tree)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            tree = _node(tree, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and tree == root


def consistency_proof(entries: Sequence[bytes], first: int) -> list[bytes]:
    """PROOF(first, entries) of RFC 6962 section 2.1.2: the first `first` entries are a prefix of all of them."""
    if not 0 < first <= len(entries):
        raise IndexError(f"no tree of {first} entries within {len(entries)}")
    return _subproof(entries, first, whole=True)


def _subproof(entries: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(entries):
        return [] if whole else [merkle_root(entries)]
    split = _split(len(entries))
    if first <= split:
        return [*_subproof(entries[:split], first, whole=whole), merkle_root(entries[split:])]
    return [*_subproof(entries[split:], first - split, whole=False), merkle_root(entries[:split])]


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` entries extends the one of `first` entries (RFC 9162 section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    # A perfect first tree is itself a node of the second, and the proof leaves it out.
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = _node(sibling, older), _node(sibling, newer)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            newer = _node(newer, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and older == first_root and newer == second_root
