"""A folder, meant to be a mount that can be written once (WORM, append-only): a file for each checkpoint."""

import os
from datetime import datetime
from functools import partial
from pathlib import Path

from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.settings import FileSink
from offboarding.ledger.sinks.kept import Kept, SinkFailed, file_name, named


def put(sink: FileSink, state: Path, note: bytes, checkpoint: Checkpoint, now: datetime) -> str:
    """Write the file, once and durably; one that is there already stays. Returns its name. Raises SinkFailed."""
    name = file_name(checkpoint)
    path = sink.folder / name
    try:
        if path.exists():
            if path.read_bytes() != note:
                raise SinkFailed(f"{path} holds something else", advice="look at who else writes there")
            return name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        with os.fdopen(descriptor, "wb") as target:
            target.write(note)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        raise SinkFailed(f"{path}: {error.strerror}", advice="is it mounted, and may we write there?") from error
    return name


def kept(sink: FileSink, state: Path, now: datetime) -> list[Kept]:
    """Every checkpoint in the folder. Raises SinkFailed."""
    try:
        names = sorted(os.listdir(sink.folder))
    except OSError as error:
        raise SinkFailed(f"{sink.folder}: {error.strerror}", advice="is it mounted?") from error
    told = [(name, named(name)) for name in names]
    return [Kept(name, claims, partial(_read, sink.folder / name)) for name, claims in told if claims]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SinkFailed(f"{path}: {error.strerror}", advice="is it still mounted?") from error
