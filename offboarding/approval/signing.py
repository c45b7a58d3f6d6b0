"""OpenSSH signatures (`ssh-keygen -Y`) over approval statements, and the register of who may approve.

The register is an OpenSSH allowed_signers file, made stricter: each line names exactly one approver by e-mail, for the
namespace `offkey-plan`, with one key that nobody else has:

    ann@example.com namespaces="offkey-plan",valid-before="20270101" ssh-ed25519 AAAA...

Who may also sign standing approvals or opt-outs has several: `namespaces="offkey-plan,offkey-standing,offkey-optout"`.
Who may approve may attest (`offkey-attest`). A line may be for one of them alone.


A key that must no longer count goes to `<register>.revoked`, one public key a line (or a KRL). offkey passes paths and
statements to ssh-keygen; it never opens a private key. https://man.openbsd.org/ssh-keygen.1#ALLOWED_SIGNERS
"""

import base64
import hashlib
import re
import shlex
import shutil
import subprocess  # noqa: TID251 - ssh-keygen is the one program started here
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from offboarding.evidence_kit import verify as verifier
from offkey.canonical import content_digest
from offkey.errors import OffkeyError

NAMESPACE = "offkey-plan"
STANDING = "offkey-standing"
OPT_OUTS = "offkey-optout"
ATTESTING = "offkey-attest"
NAMESPACES = frozenset({NAMESPACE, STANDING, OPT_OUTS, ATTESTING})
"""What a line of the register may be for. A signature counts for the namespace that it was made for, and no other."""
KEY_TYPES = ("ssh-", "ecdsa-", "sk-")
SECONDS = 60
_NAMESPACES = re.compile(r'(?:^|,)namespaces="([^"]*)"(?:,|$)')
ARMOUR = re.compile(r"-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+-----END SSH SIGNATURE-----\n?")


class SigningFailed(OffkeyError):
    """ssh-keygen made no signature."""


class SignatureRefused(OffkeyError):
    """The signature is not one of this approver over this statement, or does not count now."""


class RegisterBroken(OffkeyError):
    """The register of approvers cannot be read, or would let somebody approve who should not."""


@dataclass(frozen=True, slots=True)
class Approver:
    """One line of the register. `key` is type and base64, as in a public key file."""

    email: str
    options: str
    key: str

    @property
    def namespaces(self) -> frozenset[str]:
        """What the key may sign."""
        found = _NAMESPACES.search(self.options)
        return frozenset(found[1].split(",")) if found else frozenset()

    def may_sign(self, namespace: str) -> bool:
        """Whether the line is for this use. Who may approve plans may attest, too."""
        return namespace in self.namespaces or (namespace == ATTESTING and NAMESPACE in self.namespaces)

    def options_for(self, namespace: str) -> str:
        """The options with this one namespace, for a line that `may_sign` in it."""
        return _NAMESPACES.sub(lambda found: found[0].replace(found[1], namespace), self.options)


def read_register(register: Path) -> dict[str, Approver]:
    """The approvers by e-mail in lower case. Raises RegisterBroken, which names the line."""
    try:
        lines = register.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RegisterBroken(
            f"{register} cannot be read", advice="set `register` under [approvers] to an allowed_signers file"
        ) from error
    approvers: dict[str, Approver] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            _enter(approvers, _parsed(line.strip(), f"{register} line {number}"), f"{register} line {number}")
    return approvers


def register_digest(register: Path) -> str:
    """The digest of the register's file. Raises RegisterBroken."""
    try:
        return content_digest(register.read_bytes())
    except OSError as error:
        raise RegisterBroken(f"{register} cannot be read", advice="set `register` under [approvers]") from error


def key_of(register: Path, email: str) -> str:
    """The fingerprint of somebody's key in the register, as `ssh-keygen -l` prints it; "" for nobody's."""
    listed = read_register(register).get(email.casefold())
    if listed is None:
        return ""
    try:
        blob = base64.b64decode(listed.key.split()[1], validate=True)
    except ValueError as error:
        raise RegisterBroken(f"{register}: the key of {email} is none", advice="copy the .pub file's line") from error
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _enter(approvers: dict[str, Approver], found: Approver, where: str) -> None:
    name = found.email.casefold()
    for other in approvers.values():
        if other.key == found.key and other.email.casefold() != name:
            raise RegisterBroken(
                f"{where}: {found.email} has the same key as {other.email}",
                advice="each approver needs a key of their own",
            )
    if name in approvers:
        raise RegisterBroken(f"{where}: {found.email} stands there twice", advice="keep one line for each approver")
    approvers[name] = found


def _parsed(line: str, where: str) -> Approver:
    """One line, after the rules that make it safe: no patterns, no authorities, our namespace alone."""
    email, _, rest = line.partition(" ")
    if not re.fullmatch(r"[^\s@,*?!\"]+@[^\s@,*?!\"]+", email):
        raise RegisterBroken(
            f"{where}: {email!r} is not one plain e-mail address",
            advice="one approver a line, without patterns or commas",
        )
    options, key = _split_options(rest.strip())
    names = [option.casefold() for option in re.findall(r"(?:^|,)([A-Za-z-]+)", re.sub(r'"[^"]*"', "", options))]
    if "cert-authority" in names:
        raise RegisterBroken(f"{where}: certificate authorities are not accepted", advice="list the approver's own key")
    uses = Approver(email, options, "").namespaces
    if not uses or not uses <= NAMESPACES:
        raise RegisterBroken(
            f"{where}: the line is not for this use alone", advice=f'add namespaces="{NAMESPACE}" before the key'
        )
    words = key.split()
    if len(words) < 2 or not words[0].startswith(KEY_TYPES) or words[0].endswith("-cert-v01@openssh.com"):
        raise RegisterBroken(f"{where}: there is no public key", advice="copy the line of the approver's .pub file")
    return Approver(email=email, options=options, key=f"{words[0]} {words[1]}")


def _split_options(text: str) -> tuple[str, str]:
    """(options, key): options end at the first blank outside quotes; there are none when a key type comes first."""
    if text.startswith(KEY_TYPES):
        return "", text
    quoted = re.match(r'(?:[^\s"]|"[^"]*")*', text)
    end = quoted.end() if quoted else 0
    return text[:end], text[end:].strip()


def sign_command(key: Path, statement: Path, namespace: str = NAMESPACE) -> str:
    """The command by which an approver signs a statement file by hand; it writes `<statement>.sig`."""
    return shlex.join(["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(key), str(statement)])


def sign(statement: bytes, key: Path, namespace: str = NAMESPACE) -> str:
    """The armoured signature by the key file at `key`, or by an agent's key when `key` is a public key file.

    ssh-keygen itself reads the key and asks for its passphrase or a touch on the terminal. Raises SigningFailed.
    """
    done = ssh_keygen("-Y", "sign", "-n", namespace, "-f", str(key), statement=statement)
    signature = done.stdout.decode("ascii", errors="replace")
    if done.returncode or not ARMOUR.fullmatch(signature):
        raise SigningFailed(
            f"ssh-keygen did not sign with {key}: {_said(done)}",
            advice="give your key file, or the .pub file of a key in your agent, with --key",
        )
    return signature


def verify(
    statement: bytes, signature: str, approver: str, register: Path, now: datetime, *, namespace: str = NAMESPACE
) -> None:
    """Return when `signature` is the approver's over exactly `statement` and their key counts at `now`.

    A signature counts for its own namespace alone.
    Raises SignatureRefused; RegisterBroken when the register itself is not safe.
    """
    listed = read_register(register).get(approver.casefold())
    if listed is None:
        raise SignatureRefused(
            f"{approver} is not in the register of approvers",
            advice=f"let somebody else approve, or add them to {register}",
        )
    if not listed.may_sign(namespace):
        raise SignatureRefused(
            f"the register does not let {approver} sign for {namespace}",
            advice=f'add {namespace} to namespaces="..." of their line in {register}',
        )
    if shutil.which("ssh-keygen") is None:
        _verify_here(statement, signature, listed, register, now, namespace=namespace)
        return
    with tempfile.TemporaryDirectory(prefix="offkey-") as folder:
        file, signers = Path(folder, "signature"), Path(folder, "signers")
        file.write_text(signature, encoding="utf-8", errors="replace")
        # Only the line that was checked above: ssh-keygen reads lines by rules of its own.
        options = listed.options_for(namespace)
        signers.write_text(f"{listed.email} {options} {listed.key}\n", encoding="utf-8")
        revoked = register.with_name(register.name + ".revoked")
        done = ssh_keygen(
            "-Y", "verify", "-n", namespace, "-f", str(signers), "-I", listed.email, "-s", str(file),
            *(("-r", str(revoked)) if revoked.exists() else ()),
            "-O", f"verify-time={now.astimezone(UTC):%Y%m%d%H%M%S}",
            statement=statement,
            # ssh-keygen reads times, in the register too, by the local zone.
            environment={"TZ": "UTC", "LC_ALL": "C"},
        )  # fmt: skip
    if done.returncode:
        raise SignatureRefused(
            f"the signature of {approver} does not hold: {_said(done)}",
            advice="approve the plan as it is now, with the key that the register lists and that is still valid",
        )


def _verify_here(
    statement: bytes, signature: str, listed: Approver, register: Path, now: datetime, *, namespace: str
) -> None:
    """Where there is no OpenSSH: Ed25519 keys alone, by the very code that auditors get. Beyond it: refused."""
    if register.with_name(register.name + ".revoked").exists():
        raise SignatureRefused(
            "revoked approver keys can be told by ssh-keygen alone, which was not found", advice="install OpenSSH"
        )
    try:
        signer = verifier.ssh_verify(statement, signature, namespace)
        line = f"{listed.email} {listed.options_for(namespace)} {listed.key}"
        valid = verifier.registered(line, listed.email, now, namespace)
    except verifier.NotHere as error:
        raise SignatureRefused(
            f"the signature of {listed.email} cannot be judged without ssh-keygen ({error})", advice="install OpenSSH"
        ) from error
    except verifier.Bad as error:
        raise SignatureRefused(
            f"the signature of {listed.email} does not hold: {error}", advice="approve the plan as it is now"
        ) from error
    if signer not in valid:
        raise SignatureRefused(
            f"the signature is not by a key that the register gives {listed.email} now",
            advice="approve with the key that the register lists and that is still valid",
        )


def ssh_keygen(
    *arguments: str, statement: bytes, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run ssh-keygen with the statement on its standard input. Raises SigningFailed when there is none, or no end."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SigningFailed("ssh-keygen was not found", advice="install OpenSSH 8.9 or later")
    try:
        return subprocess.run(
            [program, *arguments],
            input=statement,
            capture_output=True,
            env=dict(environment) if environment else None,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SigningFailed(
            f"ssh-keygen did not end within {SECONDS} s", advice="unlock the agent or touch the key in time"
        ) from error


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
    # ssh-keygen says nothing at all about a key that is on the revocation list.
    said = next((line for line in lines if line.strip()), "ssh-keygen gives no reason; is the key revoked?")
    return re.sub(r"^.*?/signers:\d+: ", "", said).strip()


def try_out() -> None:
    """Sign and verify something with a key made for the purpose. Raises SigningFailed when that does not work here."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="offkey-") as folder:
        key, register = Path(folder, "key"), Path(folder, "register")
        made = ssh_keygen("-q", "-t", "ed25519", "-N", "", "-f", str(key), statement=b"")
        if made.returncode:
            raise SigningFailed(f"ssh-keygen makes no key: {_said(made)}", advice="install OpenSSH 8.9 or later")
        public = key.with_suffix(".pub").read_text("utf-8")
        register.write_text(f'try@offkey.invalid namespaces="{NAMESPACE}" {public}', encoding="utf-8")
        try:
            verify(b"try", sign(b"try", key), "try@offkey.invalid", register, now)
        except SignatureRefused as error:
            raise SigningFailed(str(error), advice="install OpenSSH 8.9 or later") from error
