"""The ledger against what is kept elsewhere: files that somebody names, and whatever the sinks hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cattrs

from offboarding.configuration.config import Config
from offboarding.ledger import note
from offboarding.ledger.chain import SELF_CONSISTENT, Checkpoint, Verdict
from offboarding.ledger.ledger import PUBLISHED, Ledger
from offboarding.ledger.note import Verifier
from offboarding.ledger.publishing import ABOUT, SINKS, genuine
from offboarding.ledger.sinks.kept import Kept, SinkFailed
from offkey.errors import UsageError
from offkey.model import Gap, from_json


def read(path: Path, known: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint in a file: a signed note, or the JSON of former times. Raises UsageError, NoteRefused."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a file with a checkpoint") from error
    if b"\n\n" in content and not content.lstrip().startswith(b"{"):
        return note.opened(content, known)
    try:
        return from_json(json.loads(content), Checkpoint)
    except (ValueError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path} is no checkpoint", advice="`offkey ledger checkpoint` prints one") from error


@dataclass
class Found:
    """What the sinks hold, with the sink's name to each, and what could not be read or is of no worth."""

    held: list[tuple[str, Kept]] = field(default_factory=list)
    readable: set[str] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(
    ledger: Ledger, settings: Config, state: Path, known: Sequence[Verifier], given: Sequence[Checkpoint] = ()
) -> tuple[Verdict, Found]:
    """The verdict on the whole ledger by all checkpoints kept elsewhere, `given` ones and the sinks'.

    Problems name the sink and the place in it. What no known key signed counts for nothing, and is said.
    """
    found = gather(ledger, settings, state)
    _drop_worthless_heads(found, known)
    verdict = ledger.verify(*given, *(kept.claims for _, kept in found.held))
    if verdict.contradicted and _drop_forged(found, verdict, known):
        verdict = ledger.verify(*given, *(kept.claims for _, kept in found.held))
    if verdict.ok:
        _missing(ledger, found)
    return _named(verdict, found), found


def gather(ledger: Ledger, settings: Config, state: Path) -> Found:
    """Everything that the sinks hold, unverified."""
    found = Found()
    for sink in settings.ledger.sink:
        try:
            kept = SINKS[sink.kind].kept(sink, state, ledger.now())
        except SinkFailed as error:
            found.gaps.append(Gap(where=sink.name, why=str(error), advice=error.advice))
            continue
        if kept is None:
            found.notes.append(f"{sink.name} cannot be read from here: compare with --checkpoint")
            continue
        found.readable.add(sink.name)
        found.held += [(sink.name, one) for one in kept]
    return found


def _drop_worthless_heads(found: Found, known: Sequence[Verifier]) -> None:
    """Of each sink the newest checkpoint that counts must be signed; unsigned ones above it are dropped."""
    for name in sorted(found.readable):
        for _, kept in sorted((one for one in found.held if one[0] == name), key=lambda one: -one[1].claims.seq):
            if _counts(name, kept, known, found):
                break
            found.held.remove((name, kept))


def _drop_forged(found: Found, verdict: Verdict, known: Sequence[Verifier]) -> bool:
    """Take out what contradicts the ledger and bears no signature that counts; whether there was any."""
    forged = [
        (name, kept)
        for name, kept in found.held
        if kept.claims in verdict.contradicted and not _counts(name, kept, known, found)
    ]
    found.held = [one for one in found.held if one not in forged]
    return bool(forged)


def _counts(name: str, kept: Kept, known: Sequence[Verifier], found: Found) -> bool:
    try:
        if genuine(kept, known):
            return True
        found.notes.append(f"{name} {kept.where}: no known key signed it; it counts for nothing")
    except SinkFailed as error:
        found.gaps.append(Gap(where=name, why=str(error), advice=error.advice))
    return False


def _missing(ledger: Ledger, found: Found) -> None:
    """What the ledger says that a sink took, and is not there any more."""
    held = {(name, kept.claims.seq, kept.claims.merkle_root) for name, kept in found.held}
    lost: dict[str, list[int]] = {}
    for event in ledger.store.stream(ABOUT):
        body = event.body
        if event.type != PUBLISHED or body["sink"] not in found.readable:
            continue
        if (body["sink"], body["size"], body["root"]) not in held:
            lost.setdefault(body["sink"], []).append(body["size"])
    for name, sizes in lost.items():
        why = f"{len(sizes)} checkpoints that it took are not there any more (over {sizes[0]} events, for one)"
        found.gaps.append(Gap(where=name, why=why, advice="find out who may delete there; is the right place mounted?"))


def _named(verdict: Verdict, found: Found) -> Verdict:
    """The verdict with the sinks' names in it."""
    if verdict.ok:
        if not verdict.anchored:
            return replace(verdict, text=SELF_CONSISTENT)
        newest = max((kept.claims.seq for _, kept in found.held), default=0)
        where = sorted({name for name, kept in found.held if kept.claims.seq == newest})
        more = f"; {len(found.held)} checkpoints in sinks, the newest in {' and '.join(where)}" if where else ""
        return replace(verdict, text=verdict.text + more)
    against = [(name, kept) for name, kept in found.held if kept.claims in verdict.contradicted]
    if not against:
        return verdict
    told = [
        f"{name} holds a checkpoint over {kept.claims.seq} events ({kept.where}) that this ledger does not extend"
        for name, kept in sorted(against, key=lambda one: one[1].claims.seq)
    ]
    problems = (*told, *verdict.problems)
    return replace(verdict, text=problems[0], problems=problems)
