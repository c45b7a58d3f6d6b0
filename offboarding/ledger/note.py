"""Signed checkpoints as transparency logs publish them, without I/O: C2SP signed-note and tlog-checkpoint.

    origin                                  who signs: the ledger's own name, which is the key's name, too
    size                                    how many events
    base64(root)                            the root of the Merkle tree over them

    — name base64(key id, signature)        Ed25519 over the three lines

Keys are in the form of Go's sumdb/note, so that other tools read them: the public one is `name+id+base64`, the private
one `PRIVATE+KEY+name+id+base64`. https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from offboarding.ledger.chain import PREFIX, Checkpoint
from offkey.errors import OffkeyError
from offkey.secret import Secret

ED25519 = b"\x01"
LARGEST = 1 << 16
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


class NoteRefused(OffkeyError):
    """This is no checkpoint that one of the known keys signed."""


class KeyRefused(OffkeyError):
    """This is no checkpoint key."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and its name."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes: SHA-256 over name, line end, kind of signature and key, cut off."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """`name+id+base64`, to be given to everybody who verifies."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name."""

    name: str
    seed: Secret

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, _private(self.seed).public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The signed note of a checkpoint. The same checkpoint gives the same bytes (RFC 8032)."""
        text = body(self.name, checkpoint)
        signature = base64.b64encode(self.verifier.id + _private(self.seed).sign(text)).decode()
        return text + f"\n— {self.name} {signature}\n".encode()

    def private(self) -> Secret:
        """`PRIVATE+KEY+name+id+base64`, to be kept by the ledger's host alone."""
        held = base64.b64encode(ED25519 + self.seed.reveal())
        return Secret(f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+".encode() + held)


def make(name: str, seed: bytes) -> Signer:
    """A key pair of the 32 random bytes in `seed`. Raises KeyRefused for a name with blanks or a plus in it."""
    if not _NAME.fullmatch(name):
        raise KeyRefused(f"{name!r} cannot be a ledger's name", advice="choose one without blanks and plus signs")
    return Signer(name, Secret(seed))


def read_private(text: Secret) -> Signer:
    """The key that `Signer.private` wrote. Raises KeyRefused, which shows nothing of it."""
    words = text.reveal().decode("utf-8", "replace").strip().split("+", 4)
    if words[:2] != ["PRIVATE", "KEY"] or len(words) != 5:
        raise KeyRefused("this is no private checkpoint key", advice="`offkey ledger init` makes one")
    held = _decoded(words[4])
    if len(held) != 33 or held[:1] != ED25519 or not _NAME.fullmatch(words[2]):
        raise KeyRefused("this is no private Ed25519 checkpoint key", advice="`offkey ledger init` makes one")
    made = Signer(words[2], Secret(held[1:]))
    if made.verifier.id.hex() != words[3]:
        raise KeyRefused("the private checkpoint key's id is not its own", advice="restore it from a copy")
    return made


def read_public(vkey: str) -> Verifier:
    """The key in `name+id+base64`. Raises KeyRefused."""
    name, _, rest = vkey.strip().partition("+")
    shown, _, encoded = rest.partition("+")
    held = _decoded(encoded)
    if not _NAME.fullmatch(name) or len(held) != 33 or held[:1] != ED25519:
        raise KeyRefused("this is no public checkpoint key", advice="give name+id+base64, as `offkey ledger init` said")
    made = Verifier(name, held[1:])
    if made.id.hex() != shown:
        raise KeyRefused("the public checkpoint key's id is not its own", advice="copy the whole line again")
    return made


def body(origin: str, checkpoint: Checkpoint) -> bytes:
    """The three lines that are signed."""
    root = base64.b64encode(bytes.fromhex(checkpoint.merkle_root.removeprefix(PREFIX))).decode()
    return f"{origin}\n{checkpoint.seq}\n{root}\n".encode()


def claimed(note: bytes) -> tuple[str, Checkpoint]:
    """Origin and checkpoint that a note claims, unverified. Raises NoteRefused for what is no checkpoint."""
    text, _ = _parts(note)
    lines = text.split("\n")
    root = _decoded(lines[2]) if len(lines) > 3 else b""
    if not lines[0] or "" in lines[:-1] or len(root) != 32 or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("the note's text is no checkpoint", advice="give what `offkey ledger checkpoint` printed")
    return lines[0], Checkpoint(seq=int(lines[1]), merkle_root=PREFIX + root.hex())


def opened(note: bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint in a note that a known key signed, under an origin that is that key's name.

    Signatures by unknown keys are ignored. Raises NoteRefused when a known key's does not verify, or there is none.
    """
    text, lines = _parts(note)
    known = {(one.name, one.id): one for one in verifiers}
    signers = set()
    for line in lines:
        match = re.fullmatch(r"— (\S+) (\S+)", line)
        held = _decoded(match[2]) if match else b""
        if match is None or len(held) < 5:
            raise NoteRefused("a signature line of the note is malformed", advice="take the note from its source again")
        signer = known.get((match[1], held[:4]))
        if signer is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(signer.public).verify(held[4:], text.encode())
        except InvalidSignature:
            raise NoteRefused(
                f"the signature of {signer.name} does not hold", advice="the note was changed: take another copy"
            ) from None
        signers.add(signer.name)
    origin, checkpoint = claimed(note)
    if origin not in signers:
        raise NoteRefused("no known key signed this note", advice="give the ledger's public key with --key")
    return checkpoint


def _parts(note: bytes) -> tuple[str, list[str]]:
    """The text with its last line end, and the signature lines."""
    try:
        whole = note.decode("utf-8") if len(note) <= LARGEST else ""
    except UnicodeDecodeError:
        whole = ""
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not signatures.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise NoteRefused("this is no signed note", advice="give what `offkey ledger checkpoint` printed")
    return text + "\n", signatures[:-1].split("\n")


def _decoded(text: str) -> bytes:
    """What base64 says, or nothing where it is not in its one right form."""
    try:
        held = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return held if base64.b64encode(held).decode() == text else b""


def _private(seed: Secret) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed.reveal())
