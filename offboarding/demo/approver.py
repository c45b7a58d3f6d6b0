"""Plays the approver of the demonstration: a key of their own, and a signature where OpenSSH is not installed.

Outside the demonstration offkey never makes, reads or holds an approver's key; this module is the other person.
The signature's form is PROTOCOL.sshsig of OpenSSH.
"""

import base64
import hashlib
import struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from offboarding.approval.signing import NAMESPACE


def make_key(path: Path) -> str:
    """A new Ed25519 key in OpenSSH's format at `path` (mode 0600). Returns its public half, type and base64."""
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def sign(statement: Path, key: Path) -> Path:
    """What `ssh-keygen -Y sign` does: leaves `<statement>.sig` and returns it."""
    private = load_ssh_private_key(key.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    hashed = hashlib.sha512(statement.read_bytes()).digest()
    frame = [NAMESPACE.encode(), b"", b"sha512"]
    signed = private.sign(b"SSHSIG" + _strings(*frame, hashed))
    blob = b"SSHSIG" + struct.pack(">I", 1) + _strings(_strings(b"ssh-ed25519", public), *frame)
    text = base64.b64encode(blob + _strings(_strings(b"ssh-ed25519", signed))).decode()
    lines = [text[i : i + 70] for i in range(0, len(text), 70)]
    target = Path(f"{statement}.sig")
    target.write_text("\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]))
    return target


def _strings(*values: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(value)) + value for value in values)
