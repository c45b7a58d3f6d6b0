"""The checkpoint key: whose signature stands under what the sinks keep. Never one of the approvers'."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from offboarding.approval import signing
from offboarding.configuration import references
from offboarding.configuration.config import Config
from offboarding.ledger import note
from offboarding.ledger.note import KeyRefused, Signer, Verifier
from offkey.errors import UsageError

SEED = 32


def signer(settings: Config) -> Signer | None:
    """The configured checkpoint key, or None.

    Raises ReferenceBroken, RegisterBroken, and KeyRefused for no such key or one that an approver has: whoever holds
    the ledger's host could then approve.
    """
    reference = settings.ledger.key
    if not reference:
        return None
    made = note.read_private(references.resolve(reference))
    register = settings.approvers.register_file
    if register is not None and register.exists():
        for listed in signing.read_register(register).values():
            if made.verifier.public in _raw(listed.key):
                raise KeyRefused(
                    f"the checkpoint key is also the key of the approver {listed.email}",
                    advice="make one of its own with `offkey ledger init`, and have the approver's key replaced",
                )
    return made


def verifiers(settings: Config, given: str = "") -> tuple[Verifier, ...]:
    """The public keys whose checkpoints count: `given` alone (a vkey, or a file with one a line), or the configured.

    Raises KeyRefused, UsageError, and what `signer` raises.
    """
    if given:
        return tuple(map(note.read_public, _lines(given)))
    own = signer(settings)
    return (*([own.verifier] if own else []), *map(note.read_public, settings.ledger.verifiers))


def write(path: Path, origin: str) -> Signer:
    """A new key in a new file with mode 0600, its public half beside it (`.pub`). Raises UsageError, KeyRefused."""
    made = note.make(origin, secrets.token_bytes(SEED))
    public = path.with_name(path.name + ".pub")
    try:
        for place, content, mode in (
            (path, made.private().reveal() + b"\n", 0o600),
            (public, made.verifier.vkey.encode() + b"\n", 0o644),
        ):
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
    except FileExistsError as error:
        raise UsageError(f"{error.filename} exists already", advice="a key is never replaced; name another") from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}", advice="name a folder that you can write") from error
    return made


def _raw(key: str) -> bytes:
    """The bytes of a public key line, `ssh-ed25519 AAAA...`."""
    try:
        return base64.b64decode(key.split()[1])
    except (IndexError, binascii.Error):
        return b""


def _lines(given: str) -> list[str]:
    if given.count("+") >= 2 and not Path(given).exists():
        return [given]
    try:
        found = [line for line in Path(given).read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{given} cannot be read", advice="give name+id+base64, or a file with it") from error
    if not found:
        raise UsageError(f"{given} holds no key", advice="give name+id+base64, or a file with it")
    return found
