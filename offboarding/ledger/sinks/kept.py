"""What a sink holds, and how it is called there."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from offboarding.ledger.chain import PREFIX, Checkpoint
from offkey.errors import OffkeyError

_NAME = re.compile(r"(\d{16})-([0-9a-f]{64})\.checkpoint")


class SinkFailed(OffkeyError):
    """A sink did not take a checkpoint, or could not be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One checkpoint in a sink: what it claims to cover, before its signature is looked at; `read` gives the note."""

    where: str
    claims: Checkpoint
    read: Callable[[], bytes]


def file_name(checkpoint: Checkpoint) -> str:
    """The name under which a checkpoint lies: size and root stand in it, so that a list of names tells them."""
    return f"{checkpoint.seq:016}-{checkpoint.merkle_root.removeprefix(PREFIX)}.checkpoint"


def named(name: str) -> Checkpoint | None:
    """What a name says, or None for what is no checkpoint's."""
    match = _NAME.fullmatch(name)
    return Checkpoint(seq=int(match[1]), merkle_root=PREFIX + match[2]) if match else None
