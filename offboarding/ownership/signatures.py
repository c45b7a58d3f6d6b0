"""Whose signature a commit bears, by keys that the organisation lists: never by a file of the repository's own.

A commit's signature stands in its `gpgsig` header and covers the commit without it (git-scm.com/docs/signature-format).
SSH signatures are verified by `ssh-keygen -Y verify` in the namespace `git` against an allowed_signers file, OpenPGP's
by `gpgv` against a keyring. As git does, a key's validity is asked for the commit's own date, which the signer writes.

    ann@example.com,ann@old.example.com namespaces="git" ssh-ed25519 AAAA...

A line of patterns, or of a certificate authority, names no one person: signatures by it stay unverified. An OpenPGP
key's user id is its owner's word: whoever puts a key in the keyring must have looked at it.
"""

import base64
import binascii
import re
import shutil
import subprocess  # noqa: TID251 - gpgv is the one program started here
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from offboarding.approval.signing import SigningFailed, ssh_keygen
from offboarding.configuration.schema import SettingsError
from offboarding.ownership.keyring import ids as keyring_ids
from offkey.errors import UsageError
from scanner.claims import openpgp

NAMESPACE = "git"
SECONDS = 30
_ADDRESS = re.compile(r"[^\s@,*?!\"]+@[^\s@,*?!\"]+")
_LINE = re.compile(
    r"(?P<who>[^\s#]+)\s+(?:(?P<options>(?:[^\s\"]|\"[^\"]*\")+)\s+)??"
    r"(?P<type>(?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+(?P<key>[A-Za-z0-9+/]+={0,2})(?:\s.*)?"
)
_ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END SSH SIGNATURE-----\s*")
_COMMITTER = re.compile(rb"^committer .*> (\d{1,11}) [+-]\d{4}$", re.MULTILINE)
_ADVICE = "one line a key, as in an allowed_signers file: addresses, options, type, key"


@dataclass(frozen=True, slots=True)
class Signer:
    """One usable line: the first address stands for the person."""

    email: str
    options: str
    key: str


@dataclass(frozen=True, slots=True)
class Signers:
    """What verifies: SSH keys by their bytes, and a keyring for gpgv with the ids of its keys, as far as they could be
    read. `source` is the file, for people.
    """

    source: str = ""
    keys: Mapping[bytes, Signer] = field(default_factory=dict)
    keyring: Path | None = None
    ids: frozenset[bytes] = frozenset()

    @property
    def configured(self) -> bool:
        return bool(self.source) or self.keyring is not None

    def named_by(self, signature: bytes) -> bytes | None:
        """The listed key that a signature says it is by: SSH's key itself, OpenPGP's id.

        None for a key that nobody lists; empty where the signature names none, or the ids in the keyring are not known.
        """
        if key := key_in(signature):
            return key if key in self.keys else None
        named = [
            one
            for kind, content in openpgp.packets(openpgp.dearmoured(signature))
            if kind == openpgp.SIGNATURE
            for one in openpgp.issuers(content)
        ]
        if not named or not self.ids:
            return b""
        return next((one for one in named if one in self.ids), None)

    def called(self, key: bytes) -> str:
        """What to call a listed key to people."""
        return f"the key of {self.keys[key].email}" if key in self.keys else f"the OpenPGP key {key.hex().upper()}"


@dataclass(frozen=True, slots=True)
class Signed:
    """`by` is the signer's address, empty where nothing was verified; `words` say which, and why not."""

    by: str
    words: str


def load(allowed_signers: Path | None, keyring: Path | None = None) -> Signers:
    """The organisation's signers. Raises SettingsError naming the line; UsageError when a file cannot be read."""
    if keyring is not None and not keyring.is_file():
        raise UsageError(f"{keyring}: no such file", advice="set `gpg_keyring` under [directory] to a keyring for gpgv")
    ids = keyring_ids(keyring) if keyring is not None else frozenset()
    if allowed_signers is None:
        return Signers(keyring=keyring, ids=ids)
    try:
        lines = allowed_signers.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        advice = "set `allowed_signers` under [directory] to an allowed_signers file"
        raise UsageError(f"{allowed_signers} cannot be read", advice=advice) from error
    keys: dict[bytes, Signer] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            _enter(keys, line.strip(), f"{allowed_signers} line {number}")
    return Signers(str(allowed_signers), keys, keyring, ids)


def _enter(keys: dict[bytes, Signer], line: str, where: str) -> None:
    found = _LINE.fullmatch(line)
    if found is None:
        raise SettingsError(f"{where} is no line of allowed signers", advice=_ADVICE)
    options = found["options"] or ""
    who, raw = found["who"].split(","), _unbase64(found["key"].encode())
    named = dict(re.findall(r'(?:^|,)([A-Za-z-]+)(?:="([^"]*)")?', options))
    names = {name.lower(): value for name, value in named.items()}
    if not all(_ADDRESS.fullmatch(one) for one in who) or "cert-authority" in names:
        return
    if "namespaces" in names and NAMESPACE not in names["namespaces"].split(","):
        return
    if raw in keys and keys[raw].email.casefold() != who[0].casefold():
        raise SettingsError(f"{where}: {who[0]} has the same key as {keys[raw].email}", advice="a key is one person's")
    keys[raw] = Signer(who[0], options, f"{found['type']} {found['key']}")


def check(commit: bytes, signers: Signers) -> Signed | None:
    """Whose signature a commit (as git stores it) bears; None where it bears none."""
    parts = split(commit)
    if parts is None:
        return None
    payload, signatures = parts
    if len(signatures) > 1:
        return Signed("", "its commit bears more than one signature: not verified")
    if signatures[0].startswith(b"-----BEGIN SSH SIGNATURE-----"):
        return _ssh(payload, signatures[0], signers)
    if signatures[0].startswith(b"-----BEGIN PGP SIGNATURE-----"):
        return _gpg(payload, signatures[0], signers)
    return Signed("", "its commit bears a signature of a kind that is not verified here")


def split(commit: bytes) -> tuple[bytes, list[bytes]] | None:
    """What a commit's signature covers, and the signatures; None where there is none."""
    head, blank, message = commit.partition(b"\n\n")
    kept: list[bytes] = []
    found: list[list[bytes]] = []
    inside = False
    for line in head.split(b"\n"):
        if line.startswith((b"gpgsig ", b"gpgsig-sha256 ")):
            found.append([line.partition(b" ")[2]])
            inside = True
        elif inside and line.startswith(b" "):
            found[-1].append(line[1:])
        else:
            inside = False
            kept.append(line)
    return (b"\n".join(kept) + blank + message, [b"\n".join(one) + b"\n" for one in found]) if found else None


def _ssh(payload: bytes, signature: bytes, signers: Signers) -> Signed:
    if not signers.source:
        return _not("SSH", "no allowed_signers file of the organisation is configured")
    signer = signers.keys.get(key_in(signature))
    if signer is None:
        return _not("SSH", f"{signers.source} gives its key to nobody by address")
    dated = _COMMITTER.search(payload)
    when = datetime.fromtimestamp(int(dated[1]) if dated else 0, UTC)
    with tempfile.TemporaryDirectory(prefix="offkey-") as folder:
        file, listed = Path(folder, "signature"), Path(folder, "signers")
        file.write_bytes(signature)
        listed.write_text(f"{signer.email} {signer.options} {signer.key}\n", encoding="utf-8")
        revoked = Path(signers.source + ".revoked")
        try:
            done = ssh_keygen(
                "-Y", "verify", "-n", NAMESPACE, "-f", str(listed), "-I", signer.email, "-s", str(file),
                *(("-r", str(revoked)) if revoked.exists() else ()), "-O", f"verify-time={when:%Y%m%d%H%M%S}",
                statement=payload, environment={"TZ": "UTC", "LC_ALL": "C"},
            )  # fmt: skip
        except SigningFailed as error:
            return _not("SSH", str(error))
    if done.returncode:
        return _not("SSH", f"it does not hold for {signer.email}, or their key did not count then")
    return Signed(signer.email, f"its commit is signed by {signer.email}: SSH signature verified by {signers.source}")


def _gpg(payload: bytes, signature: bytes, signers: Signers) -> Signed:
    program = shutil.which("gpgv")
    if signers.keyring is None:
        return _not("OpenPGP", "no keyring of the organisation is configured")
    if program is None:
        return _not("OpenPGP", "gpgv was not found")
    with tempfile.TemporaryDirectory(prefix="offkey-") as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        command = [program, "--homedir", folder, "--keyring", str(signers.keyring.absolute()), "--status-fd", "1"]
        try:
            done = subprocess.run(
                [*command, str(file), "-"],
                input=payload,
                capture_output=True,
                env={"LC_ALL": "C", "HOME": folder},
                timeout=SECONDS,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError):
            return _not("OpenPGP", "gpgv gave no answer")
    said = done.stdout.decode("utf-8", "replace")
    named = re.findall(r"^\[GNUPG:\] GOODSIG \S+ (.*)$", said, re.MULTILINE)
    who = re.findall(r"[^\s<>()]+@[^\s<>()]+", named[0]) if len(named) == 1 else []
    if done.returncode or "[GNUPG:] VALIDSIG " not in said:
        return _not("OpenPGP", f"{signers.keyring} does not vouch for it")
    if len(who) != 1:
        return _not("OpenPGP", "its key's user id is not one of one address")
    return Signed(who[0], f"its commit is signed by {who[0]}: OpenPGP signature verified by {signers.keyring}")


def _not(kind: str, why: str) -> Signed:
    return Signed("", f"its commit bears an {kind} signature that was not verified: {why}")


def key_in(signature: bytes) -> bytes:
    """The public key in an SSH signature, after `SSHSIG` and a version (openssh's PROTOCOL.sshsig); or empty."""
    armour = _ARMOUR.fullmatch(signature)
    blob = _unbase64(b"".join(armour[1].split())) if armour else b""
    if not blob.startswith(b"SSHSIG"):
        return b""
    size = int.from_bytes(blob[10:14], "big")
    return blob[14 : 14 + size]


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
