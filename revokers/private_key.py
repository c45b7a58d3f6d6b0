"""Private keys: whoever has one signs in wherever its public half is authorised. The value itself is sent nowhere.

Nothing proves the death of a key pair: any server may trust it. What can be seen is where it is authorised, by the
public half's fingerprint: at GitHub, GitLab and AWS, whose modules list and end it there (ADR 16), and in the
authorized_keys files that the configuration names, which offkey reads and never writes. A line that is gone from such
a file proves that this file, as it lies here, authorises the key no more; sshd may read others.

https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers.parts import answered, by_hand, dead, live, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option
from revokers.public_keys import fingerprint

PROVIDER = "private_key"
URL = "https://nowhere.invalid"
"""Nobody's address (RFC 2606): this module sends nothing."""
HOSTS = frozenset({"nowhere.invalid"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

FILE = "private_key.authorized_key"
_PAIR = by_hand(
    "Make a new key pair and put its public half where the old one is trusted; then take the old public half out of "
    "every account, deploy key and server's authorized_keys (https://man.openbsd.org/sshd.8), or, where it is a "
    "certificate's key, have the authority revoke the certificate. `ssh-keygen -lf` shows the fingerprint to look for."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys((f"private_key.{name}" for name in ("dsa", "ec", "openssh", "pkcs8", "putty", "rsa")), _PAIR),
    "private_key.pkcs8_encrypted": _PAIR,
    FILE: by_hand(
        "Take the line out of the server's authorized_keys, and out of whatever writes that file (Ansible, cloud-init, "
        "an image); see https://man.openbsd.org/sshd.8. Then look that the account no longer accepts the key."
    ),
    "private_key.pgp": by_hand(
        "The owner publishes a revocation certificate (https://www.gnupg.org/gph/en/manual/c14.html) and makes a new "
        "key; take the old one out of GitHub, GitLab, package signing and whatever else trusts it."
    ),
    "private_key.age": by_hand(
        "Encrypt every file for the other recipients alone, with a new identity in this one's place, and change what "
        "was in them: https://github.com/FiloSottile/age."
    ),
    "private_key.jwk": by_hand(
        "Put a new key into the issuer's set, take this one's `kid` out of it (https://www.rfc-editor.org/rfc/rfc7517) "
        "and wait until the verifiers' caches have run out."
    ),
    "private_key.cosign": by_hand(
        "Make a new pair (https://docs.sigstore.dev/cosign/key_management/overview/), sign anew what is in use, and "
        "take the old public key out of every policy that trusts it."
    ),
    "private_key.openvpn_static": by_hand(
        "Make a new static key for server and clients alike: https://openvpn.net/community-docs/."
    ),
    "private_key.minisign": by_hand(
        "Make a new pair (https://jedisct1.github.io/minisign/), publish its public key, and take the old one out of "
        "whatever verifies with it."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`authorized_keys` are absolute paths of files in that form, or copies of servers' files. Nothing is sent."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    authorized_keys: tuple[str, ...] = ()


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


def check(http: Reader, credential: Credential) -> Check:
    return unknown(http, "a private key does not say where its public half is authorised")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: a file does not say whose a key is."""
    yield from ()


def authorised(http: Reader, settings: Settings, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    """The configured files that authorise any of these keys."""
    for name in settings.authorized_keys:
        try:
            found = _keys(name)
        except NotIdentified as error:
            yield Gap(where=name, why=str(error), advice=error.advice)
            continue
        for key in sorted(keys & found.keys()):
            lines = ", ".join(map(str, found[key]))
            yield AccessPoint(
                id=f"{FILE}:{name}:{key}",
                provider=PROVIDER,
                kind=FILE,
                bond=Bond.EXPOSED,
                provider_id=f"{name}:{key}",
                redacted=key,
                check=live(http, f"authorised by line {lines}"),
                evidence=(f"{name} authorises {key} in line {lines}",),
            )


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """Of a line in a file; of a key pair nobody knows."""
    if point.kind != FILE:
        return unknown(http, "nobody can list every place that trusts a key pair; those found have steps of their own")
    name, _, key = point.provider_id.partition(":SHA256:")
    if name not in settings.authorized_keys:
        return unknown(http, f"{name} is none of the configured authorized_keys")
    if f"SHA256:{key}" in _keys(name):
        return live(http, f"{name} authorises it")
    return dead(http, f"{name} authorises it no more", status="removed")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    raise NotAutomatic("private keys are ended by people", advice=_PAIR[0].how)


def _keys(name: str) -> dict[str, list[int]]:
    """The lines that authorise each key. Raises NotIdentified for a file that cannot be read whole."""
    path = Path(name).expanduser()
    if not path.is_absolute():
        raise NotIdentified("is no absolute path", advice="write it from / or ~ on")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NotIdentified(f"cannot be read: {error.strerror}", advice="name a file that offkey can read") from error
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = fingerprint(line)
        if not key:
            raise NotIdentified(f"line {number} is no public key", advice="is this an authorized_keys file?")
        found.setdefault(key, []).append(number)
    return found
