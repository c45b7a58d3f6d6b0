"""References to credentials: where a value lies, never the value. Resolved only when it is needed.

env:NAME            an environment variable (env:ID,SECRET for a pair)
file:PATH           a file of ours with mode 0600
cmd:PROGRAM ARGS    what a program prints; started without a shell
keyring:SERVICE/USER
profile:NAME        a profile of the AWS configuration (AWS alone)
"""

import base64
import binascii
import json
import os
import re
import shlex
import stat
import subprocess  # noqa: TID251 - `cmd:` references start the user's own secret manager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offkey.errors import OffkeyError
from offkey.fingerprint import KEY_BYTES, KeyUnusable, OrgKey
from offkey.secret import Secret

if TYPE_CHECKING:
    from offkey.boto import AwsCredentials

SCHEMES = ("env", "file", "cmd", "keyring", "profile")
COMMAND_SECONDS = 30
LARGEST = 1 << 16

_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(,[A-Za-z_][A-Za-z0-9_]*){0,2}")
_LITERAL_REFUSED = (
    "must be a reference to a credential, never the credential itself; write env:NAME, file:PATH, cmd:PROGRAM, "
    "keyring:SERVICE/USER or profile:NAME. If a real value stood here, it has leaked: replace it"
)


class ReferenceBroken(OffkeyError):
    """A reference leads to nothing usable. Names the reference, never a value."""


def checked(text: str, folder: Path | None) -> str:
    """A reference as it is written, or empty; a relative `file:` path is meant from `folder`. Raises ValueError."""
    scheme, colon, rest = text.partition(":")
    if not text:
        return text
    if not colon or scheme not in SCHEMES or not rest.strip():
        raise ValueError(_LITERAL_REFUSED)
    if scheme == "env" and not _NAMES.fullmatch(rest):
        raise ValueError("env: takes the name of an environment variable. " + _LITERAL_REFUSED)
    if scheme == "keyring" and "/" not in rest:
        raise ValueError("keyring: takes SERVICE/USER")
    return f"file:{folder / Path(rest).expanduser()}" if scheme == "file" and folder else text


def organisation_key(reference: str) -> OrgKey:
    """The organisation key: exactly 32 raw bytes, or base64 as `offkey doctor --init` writes it.

    Raises ReferenceBroken, KeyUnusable.
    """
    held = resolve(reference)
    raw = held.reveal()
    if len(raw) == KEY_BYTES:
        return OrgKey(held)
    try:
        return OrgKey(Secret(base64.b64decode(raw.strip(), validate=True)))
    except binascii.Error:
        raise KeyUnusable(
            f"the organisation key is neither base64 nor {KEY_BYTES} bytes", advice="run `offkey doctor --init`"
        ) from None


def resolve(reference: str) -> Secret:
    """The bytes behind a reference, exactly as they lie there. Raises ReferenceBroken."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env":
            return Secret(_from_environment(rest))
        case "file":
            return Secret(_from_file(Path(rest)))
        case "cmd":
            return Secret(_from_command(rest))
        case "keyring":
            return Secret(_from_keyring(rest))
    raise ReferenceBroken(
        f"{scheme}: is of no use here", advice="use env:, file:, cmd: or keyring:; profile: is for AWS alone"
    )


def token(reference: str) -> Secret:
    """A token behind a reference, without the line end that editors and programs add."""
    value = resolve(reference).reveal().strip()
    if not value:
        raise ReferenceBroken(f"{_shown(reference)} is empty", advice="put the credential there")
    return Secret(value)


def aws(reference: str) -> "AwsCredentials":
    """AWS credentials behind a reference.

    `profile:NAME` stays with boto3. Anything else holds the id, the secret and perhaps a session token, one a line or
    with commas, or the JSON of `credential_process`
    (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
    """
    from offkey.boto import AwsCredentials

    scheme, _, rest = reference.partition(":")
    if scheme == "profile":
        return AwsCredentials(profile=rest)
    text = resolve(reference).reveal().decode("utf-8", errors="replace")
    try:
        words = (
            _process_output(json.loads(text)) if text.lstrip().startswith("{") else re.split(r"[\s,]+", text.strip())
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        words = []
    if len(words) not in (2, 3):
        raise ReferenceBroken(
            f"{_shown(reference)} holds no AWS credentials",
            advice="it must hold key id, secret and perhaps session token, one a line (or env:ID_VAR,SECRET_VAR)",
        )
    parts = [Secret(word.encode()) for word in words[1:]]
    return AwsCredentials(
        access_key_id=words[0], secret_access_key=parts[0], session_token=parts[1] if parts[1:] else Secret(b"")
    )


def _process_output(data: dict[str, Any]) -> list[str]:
    words = [data["AccessKeyId"], data["SecretAccessKey"], data.get("SessionToken")]
    return [str(word) for word in words if word]


def _shown(reference: str) -> str:
    """A reference as it may be shown: of a command only the program, since its arguments may say too much."""
    scheme, _, rest = reference.partition(":")
    return f"cmd:{shlex.split(rest)[0]} ..." if scheme == "cmd" else reference


def _from_environment(names: str) -> bytes:
    values = [os.environ.get(name, "") for name in names.split(",")]  # noqa: TID251 - the configuration's own references
    missing = [name for name, value in zip(names.split(","), values, strict=True) if not value]
    if missing:
        raise ReferenceBroken(
            f"the environment variable {missing[0]} is not set", advice="set it, or use file: or cmd:"
        )
    return "\n".join(values).encode("utf-8", errors="surrogateescape")


def _from_file(path: Path) -> bytes:
    try:
        # One descriptor for check and read, so that the file cannot be changed in between.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ReferenceBroken(f"{path}: {error.strerror}", advice="name a readable file of yours") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReferenceBroken(f"{path} is no plain file", advice="name a plain file")
        if status.st_uid not in (os.geteuid(), 0):
            raise ReferenceBroken(f"{path} belongs to another user", advice="make a copy of your own with mode 0600")
        if status.st_mode & 0o077:
            raise ReferenceBroken(
                f"{path} can be reached by other users (mode {stat.S_IMODE(status.st_mode):04o})",
                advice=f"run `chmod 600 {path}`, and replace the credential if others use this machine",
            )
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)


def _from_command(line: str) -> bytes:
    try:
        words = shlex.split(line)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ReferenceBroken(
            f"cmd:{words[0]} did not end within {COMMAND_SECONDS} s", advice="unlock the secret manager first"
        ) from error
    except (OSError, ValueError) as error:
        raise ReferenceBroken(
            f"the program of a cmd: reference cannot be started: {error}", advice="mend it"
        ) from error
    if done.returncode:
        raise ReferenceBroken(
            f"cmd:{words[0]} ended with code {done.returncode}",
            advice="run it by hand to see why; it must print the value",
        )
    return done.stdout[:LARGEST]


def _from_keyring(place: str) -> bytes:
    import keyring
    import keyring.errors

    service, _, user = place.rpartition("/")
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ReferenceBroken(
            f"the keyring cannot be read: {error}", advice="unlock it, or use file: or cmd:"
        ) from error
    if not value:
        raise ReferenceBroken(f"the keyring holds nothing at {place}", advice=f"run `keyring set {service} {user}`")
    return value.encode()
