"""Credentials for tests and the demonstration, made at run time from a seed word.

The same seed gives the same value; nothing here was ever issued by a provider. Formats and checksums are those the
providers document or that their published examples bear out; where a checksum is not public there is none.
"""

import base64
import hashlib
import uuid
import zlib

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE62 = DIGITS + UPPER + UPPER.lower()
BASE36 = DIGITS + UPPER.lower()
HEX = "0123456789abcdef"
URL_SAFE = BASE62 + "-_"
BASE64 = BASE62 + "+/"


def pick(seed: str, purpose: str, length: int, alphabet: str = BASE62) -> str:
    """`length` characters of `alphabet`, fixed by seed and purpose (SHAKE-256; the slight bias does not matter)."""
    stream = hashlib.shake_256(f"{purpose}\0{seed}".encode()).digest(length * 2)
    return "".join(alphabet[int.from_bytes(stream[i : i + 2], "big") % len(alphabet)] for i in range(0, length * 2, 2))


def crc_tail(body: str, width: int, alphabet: str = BASE62) -> str:
    """CRC-32 of `body` written in the alphabet's base, left-padded with its zero to `width` characters."""
    number, tail = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, len(alphabet))
        tail = alphabet[rest] + tail
    return tail.rjust(width, alphabet[0])


def _checked(prefix: str, seed: str, length: int) -> str:
    body = pick(seed, prefix, length)
    return prefix + body + crc_tail(body, 6)


def github_classic(seed: str) -> str:
    return _checked("ghp_", seed, 30)


def github_oauth(seed: str) -> str:
    return _checked("gho_", seed, 30)


def github_app_user(seed: str) -> str:
    return _checked("ghu_", seed, 30)


def github_installation(seed: str) -> str:
    """A GitHub App's token for one organisation."""
    return _checked("ghs_", seed, 30)


def github_refresh(seed: str) -> str:
    return _checked("ghr_", seed, 70)


def github_fine_grained(seed: str) -> str:
    """22 and 59 characters; characters 44 to 51 of the second part follow the undocumented SHA-256/base32 rule."""
    head = "github_pat_" + pick(seed, "github_pat_ id", 22) + "_" + pick(seed, "github_pat_", 43)
    check = base64.b32encode(hashlib.sha256(head.encode()).digest()).decode()[:8]
    return head + check + pick(seed, "github_pat_ rest", 8)


def gitlab_personal(seed: str) -> str:
    return "glpat-" + pick(seed, "glpat-", 20, URL_SAFE)


def gitlab_routable(seed: str) -> str:
    """`glpat-<payload>.<2 characters of payload length><7 of CRC-32 in base 36 over all before>`."""
    payload = pick(seed, "glpat- payload", 27, URL_SAFE)
    head = f"glpat-{payload}.0{BASE36[len(payload)]}"
    return head + crc_tail(head, 7, BASE36)


def slack_bot(seed: str) -> str:
    return f"xoxb-{_number(seed, 'team', 12)}-{_number(seed, 'bot', 13)}-{pick(seed, 'xoxb', 24)}"


def slack_user(seed: str) -> str:
    numbers = "-".join(_number(seed, part, 12) for part in ("team", "user", "app"))
    return f"xoxp-{numbers}-{pick(seed, 'xoxp', 32, HEX)}"


def slack_app(seed: str) -> str:
    return f"xapp-1-A{pick(seed, 'app', 10, DIGITS + UPPER)}-{_number(seed, 'xapp', 13)}-{pick(seed, 'xapp', 64, HEX)}"


def npm(seed: str) -> str:
    return _checked("npm_", seed, 30)


def vercel_personal(seed: str) -> str:
    return _checked("vcp_", seed, 50)


def pypi(seed: str) -> str:
    """A real macaroon (version 2, binary): location pypi.org, a UUID as identifier, one caveat, a 32-byte signature."""
    raw = hashlib.shake_256(f"pypi\0{seed}".encode()).digest(48)
    identifier = str(uuid.UUID(bytes=raw[:16], version=4)).encode()
    caveat = b'[3,"' + identifier + b'"]'
    fields = _field(1, b"pypi.org") + _field(2, identifier) + b"\0" + _field(2, caveat) + b"\0\0" + _field(6, raw[16:])
    return "pypi-" + base64.urlsafe_b64encode(b"\x02" + fields).decode().rstrip("=")


def aws_pair(seed: str) -> tuple[str, str]:
    """Access key id and secret of a key that no account has."""
    return "AKIA" + pick(seed, "AKIA", 16, UPPER + "234567"), pick(seed, "AKIA secret", 40, BASE64)


def stripe_live(seed: str) -> str:
    return "sk_" + "live_" + pick(seed, "stripe", 24)


def openai_project(seed: str) -> str:
    mark = base64.b64encode(b"OpenAI").decode()
    return f"sk-proj-{pick(seed, 'openai', 74, URL_SAFE)}{mark}{pick(seed, 'openai end', 74, URL_SAFE)}"


def anthropic(seed: str) -> str:
    return f"sk-ant-api03-{pick(seed, 'anthropic', 93, URL_SAFE)}AA"


def huggingface(seed: str) -> str:
    return "hf_" + pick(seed, "hf_", 34, UPPER + UPPER.lower())


def sendgrid(seed: str) -> str:
    return f"SG.{pick(seed, 'sendgrid id', 22, URL_SAFE)}.{pick(seed, 'sendgrid', 43, URL_SAFE)}"


def digitalocean(seed: str) -> str:
    return "dop_v1_" + pick(seed, "dop_v1_", 64, HEX)


def docker_hub(seed: str) -> str:
    return "dckr_pat_" + pick(seed, "dckr_pat_", 27, URL_SAFE)


def google_api_key(seed: str) -> str:
    return "AIza" + pick(seed, "AIza", 35, URL_SAFE)


def twilio_key(seed: str) -> tuple[str, str]:
    """API key SID and its secret."""
    return "SK" + pick(seed, "twilio", 32, HEX), pick(seed, "twilio secret", 32)


def database_url(seed: str, user: str = "app", host: str = "db.example.com", name: str = "app") -> str:
    return f"postgresql://{user}:{pick(seed, 'database', 20)}@{host}:5432/{name}"


def private_key_pem(seed: str) -> str:
    """An Ed25519 private key as PKCS#8 PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"private key\0{seed}".encode()).digest())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def ssh_public(seed: str) -> str:
    """A public key's line as authorized_keys has it; nobody has its private half."""
    parts = (b"ssh-ed25519", hashlib.shake_256(f"ssh\0{seed}".encode()).digest(32))
    wire = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"ssh-ed25519 {base64.b64encode(wire).decode()}"


def _number(seed: str, purpose: str, length: int) -> str:
    return pick(seed, purpose + " first", 1, DIGITS[1:]) + pick(seed, purpose, length - 1, DIGITS)


def _field(kind: int, content: bytes) -> bytes:
    return bytes((kind, len(content))) + content
