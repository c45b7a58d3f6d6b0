"""Each checkpoint goes to every configured sink, and the ledger records that it did. What a sink misses is tried again.

Never over a contradiction: where a sink's newest checkpoint is not one of this ledger, nothing is published there.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from offboarding.configuration.config import Config
from offboarding.ledger import keys, note
from offboarding.ledger.chain import PREFIX, Checkpoint
from offboarding.ledger.ledger import FAILED, PUBLISHED, Ledger
from offboarding.ledger.merkle import Frontier
from offboarding.ledger.note import NoteRefused, Signer, Verifier
from offboarding.ledger.settings import Sink
from offboarding.ledger.sinks import file, git, mail, s3
from offboarding.ledger.sinks.kept import Kept, SinkFailed
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError
from offkey.model import Gap

SINKS: dict[str, Any] = {"git": git, "s3": s3, "mail": mail, "file": file}
ABOUT = ""
"""The run of events that are about the ledger alone."""


def finish(ledger: Ledger, settings: Config, state: Path, ui: UI, code: Exit = Exit.DONE) -> Exit:
    """Publish at the end of a command and say loudly what failed: `code`, or GAPS where it would have been DONE."""
    gaps = publish(ledger, settings, state)
    tell(gaps, ui)
    return Exit.GAPS if gaps and code is Exit.DONE else code


def tell(gaps: Sequence[Gap], ui: UI) -> None:
    """Say loudly which sinks have not got the newest checkpoint."""
    for gap in gaps:
        ui.err.print(
            f"CHECKPOINT NOT PUBLISHED: {gap.where}: {gap.why}", style="bold red", markup=False, soft_wrap=True
        )
        ui.err.print(f"  {gap.advice}", markup=False, highlight=False, soft_wrap=True)


def publish(ledger: Ledger, settings: Config, state: Path) -> tuple[Gap, ...]:
    """Bring every sink up to date; a Gap for each that is not. Never raises for a sink or a key."""
    if not settings.ledger.sink:
        return ()
    try:
        signer = keys.signer(settings)
        due = _due(ledger, settings.ledger.sink)
        if signer is None or not due:
            return ()
        known = (signer.verifier, *map(note.read_public, settings.ledger.verifiers))
        return tuple(_published(ledger, signer, known, due, state))
    except OffkeyError as error:
        return (Gap(where="the ledger's sinks", why=str(error), advice=error.advice or _AGAIN),)


_AGAIN = "the next command tries again, or `offkey ledger publish`"


def _due(ledger: Ledger, sinks: Sequence[Sink]) -> list[Sink]:
    """The sinks whose newest checkpoint, by the ledger's own word, is older than something that happened."""
    newest = ledger.store.newest(excepting=(PUBLISHED, FAILED))
    covered: dict[str, int] = {}
    for event in ledger.store.stream(ABOUT, backwards=True):
        if event.type == PUBLISHED:
            covered.setdefault(event.body["sink"], event.body["size"])
        if all(sink.name in covered for sink in sinks):
            break
    return [sink for sink in sinks if covered.get(sink.name, 0) < newest]


def _published(
    ledger: Ledger, signer: Signer, known: Sequence[Verifier], due: Sequence[Sink], state: Path
) -> list[Gap]:
    now, gaps = ledger.now(), []
    latest: dict[str, Checkpoint | None] = {}
    for sink in due:
        try:
            latest[sink.name] = newest_signed(SINKS[sink.kind].kept(sink, state, now) or (), known)
        except SinkFailed as error:
            gaps.append(_failed(ledger, sink, ledger.store.size(), error))
    size = ledger.store.size()
    roots = _roots(ledger, size, [one.seq for one in latest.values() if one])
    current = Checkpoint(seq=size, merkle_root=roots[size])
    for sink in due:
        if sink.name not in latest:
            continue
        before = latest[sink.name]
        if before and roots.get(before.seq) != before.merkle_root:
            why = f"it holds a checkpoint over {before.seq} events that this ledger does not extend"
            refused = SinkFailed(why, advice="run `offkey ledger verify`: the ledger was replaced or cut")
            gaps.append(_failed(ledger, sink, size, refused))
            continue
        try:
            where = SINKS[sink.kind].put(sink, state, signer.sign(current), current, now)
            told = {"sink": sink.name, "size": size, "root": current.merkle_root, "key": signer.verifier.id.hex()}
            ledger.append(PUBLISHED, ABOUT, {**told, "where": where})
        except SinkFailed as error:
            gaps.append(_failed(ledger, sink, size, error))
    return gaps


def newest_signed(kept: Sequence[Kept], known: Sequence[Verifier]) -> Checkpoint | None:
    """The checkpoint over the most events that a known key signed, or None. Raises SinkFailed."""
    for one in sorted(kept, key=lambda one: one.claims.seq, reverse=True):
        if genuine(one, known):
            return one.claims
    return None


def genuine(kept: Kept, known: Sequence[Verifier]) -> bool:
    """Whether a known key signed exactly what it claims. Raises SinkFailed."""
    try:
        return note.opened(kept.read(), known) == kept.claims
    except NoteRefused:
        return False


def _roots(ledger: Ledger, size: int, wanted: Sequence[int]) -> Mapping[int, str]:
    """The tree's roots over the first `size` and the wanted numbers of events, in one pass."""
    edge, sizes = Frontier(), {size, *wanted}
    roots = {0: PREFIX + edge.root().hex()}
    for entry in ledger.store.entries(size):
        edge.add(entry)
        if edge.size in sizes:
            roots[edge.size] = PREFIX + edge.root().hex()
    return roots


def _failed(ledger: Ledger, sink: Sink, size: int, error: SinkFailed) -> Gap:
    ledger.append(FAILED, ABOUT, {"sink": sink.name, "size": size, "why": str(error)})
    return Gap(where=sink.name, why=str(error), advice=error.advice or _AGAIN)
