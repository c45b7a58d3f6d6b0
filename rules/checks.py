"""Checks on a value that a pattern cannot express. Pure and light: the pre-commit hook imports this module."""

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from rules import judging, passwords
from rules.published import published

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"

# Longer values are key material, whose encodings hold long runs of one character by nature (DER, OpenSSH framing).
_RUNS_UP_TO = 200
_RUN = re.compile(rb"(.)\1{5}", re.DOTALL)
_STAIRS = 8
_MARKS = (
    b"example",
    b"placeholder",
    b"your_",
    b"your-",
    b"yourtoken",
    b"insert_",
    b"replace_",
    b"changeme",
    b"redacted",
    b"dummy",
    b"fake",
    b"sample",
    b"qwerty",
    b"deadbeef",
    b"a1b2c3d4",
)
_TEMPLATE = re.compile(rb"\$\{|\$\(|\{\{|\}\}|#\{|%\(|%s|<[A-Za-z_ -]{1,40}>|\*\*\*|\.\.\.")


def entropy(value: bytes) -> float:
    """Shannon entropy of a value in bits per byte; 0 for an empty one."""
    if not value:
        return 0.0
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def placeholder(value: bytes) -> bool:
    """Whether a value is plainly no secret: a template, documentation's EXAMPLE, one character, `12345678`."""
    if len(value) > _RUNS_UP_TO:
        return False
    if _RUN.search(value) or _TEMPLATE.search(value):
        return True
    lower = value.lower()
    return any(mark in lower for mark in _MARKS) or _has_stairs(lower)


def _has_stairs(value: bytes) -> bool:
    """Whether eight characters in a row each follow the one before (`abcdefgh`, `12345678`, `87654321`)."""
    up = down = 1
    for left, right in pairwise(value):
        up = up + 1 if right - left == 1 else 1
        down = down + 1 if left - right == 1 else 1
        if up >= _STAIRS or down >= _STAIRS:
            return True
    return False


def accepts(value: bytes, *, entropy_min: float = 0.0, checksum: str = "", reject: tuple[bytes, ...] = ()) -> bool:
    """Whether a value that fits a pattern may be a real one.

    `entropy_min` is in bits per byte, `checksum` names an entry of `CHECKSUMS`, `reject` holds lower-case substrings
    of placeholders. An unknown checksum raises KeyError: the loader has refused it long before.
    """
    if reject and any(word in value.lower() for word in reject):
        return False
    if entropy_min and entropy(value) < entropy_min:
        return False
    if checksum not in _WITH_RUNS and placeholder(value):
        return False
    return (not checksum or CHECKSUMS[checksum](value)) and not published(value)


def digits(number: int, alphabet: bytes, width: int) -> bytes:
    """A number in the base of an alphabet, left-padded with its zero to a width."""
    out = bytearray()
    while number:
        number, rest = divmod(number, len(alphabet))
        out.append(alphabet[rest])
    return bytes(reversed(out)).rjust(width, alphabet[:1])


def crc32_base62(body: bytes) -> bytes:
    """Six characters: the base62 CRC-32 of a token's body (GitHub's and npm's format since 2021, Vercel's since 2025).

    Source: github.blog/engineering/behind-githubs-new-authentication-token-formats.
    """
    return digits(zlib.crc32(body), BASE62, 6)


def crc32_base36(text: bytes) -> bytes:
    """Seven characters: the base36 CRC-32 of all that stands before it (GitLab's routable tokens)."""
    return digits(zlib.crc32(text), BASE36, 7)


def _body_crc32(value: bytes) -> bool:
    body = value.partition(b"_")[2]
    return crc32_base62(body[:-6]) == body[-6:]


def _gitlab_routable(value: bytes) -> bool:
    return crc32_base36(value[:-7]) == value[-7:]


def _unbase64(text: bytes) -> bytes:
    text = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _pypi_macaroon(value: bytes) -> bool:
    """A version 2 macaroon of pypi.org or test.pypi.org that ends in its 32-byte signature (warehouse's format)."""
    raw = _unbase64(value.removeprefix(b"pypi-"))
    return (
        raw[:2] == b"\x02\x01"
        and raw[3 : 3 + raw[2]] in (b"pypi.org", b"test.pypi.org")
        and raw[-34:-32] == b"\x06\x20"
    )


def _jwt(value: bytes) -> bool:
    """A JWT whose header is JSON with `alg` other than none, and whose claims are a JSON object (RFC 7519)."""
    header, _, rest = value.partition(b".")
    try:
        head, claims = json.loads(_unbase64(header)), json.loads(_unbase64(rest.partition(b".")[0]))
    except (ValueError, RecursionError):
        return False
    return isinstance(head, dict) and isinstance(claims, dict) and str(head.get("alg", "none")).lower() != "none"


def _base64_json(value: bytes) -> bool:
    """A token whose payload after the public prefix is a base64 JSON object (`glc_…`, `sntrys_…`)."""
    payload = value.partition(b"_")[2].partition(b"_")[0]
    try:
        return isinstance(json.loads(_unbase64(payload)), dict)
    except (ValueError, RecursionError):
        return False


def _mixed_case(value: bytes) -> bool:
    """Both cases occur: a lower-case name such as `hf_model_loader` is an identifier, a hex digest no token."""
    return value != value.lower() and value != value.upper()


def _basic_auth(value: bytes) -> bool:
    """Base64 of a user with a password that someone chose, or of a key in the user's place (RFC 7617)."""
    user, colon, password = _unbase64(value).partition(b":")
    if not colon or any(not 32 <= byte < 127 for byte in user + password):
        return False
    return passwords.chosen(password) if password else _mixed(user) and len(user) >= 16


def _twitter_bearer(value: bytes) -> bool:
    """An app's bearer token: a number in base64, so a run of A, then what is drawn at random."""
    rest = value.lstrip(b"A")
    return len(rest) >= 50 and entropy(rest) > 4.0 and not _TEMPLATE.search(rest)


_BECH32 = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32_checksum(prefix: bytes, data: bytes) -> bytes:
    """The six characters of a Bech32 checksum (BIP-173) over a lower-case prefix and data part."""
    values = [c >> 5 for c in prefix] + [0] + [c & 31 for c in prefix] + [_BECH32.index(c) for c in data]
    polymod = _bech32_polymod([*values, 0, 0, 0, 0, 0, 0]) ^ 1
    return bytes(_BECH32[(polymod >> 5 * (5 - i)) & 31] for i in range(6))


def _bech32_polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


def _age(value: bytes) -> bool:
    prefix, _, data = value.lower().rpartition(b"1")
    return bech32_checksum(prefix, data[:-6]) == data[-6:]


def _mixed(value: bytes) -> bool:
    """Upper case, lower case and a digit all occur, as in nearly every random base62 value."""
    return value.lower() != value and value.upper() != value and any(48 <= c <= 57 for c in value)


def _pem_body(value: bytes) -> bool:
    """The body decodes from base64 to something of the size of a key; armour headers and escapes are left out."""
    text = re.sub(rb"\\r|\\n|\\t", b"\n", value)
    lines = [line.strip(b"\"'+,\\;#*|>") for line in text.split()]
    body = b"".join(line for line in lines if line and b":" not in line and not line.startswith(b"="))
    return len(_unbase64(body)) >= 32 or len(_unbase64(body[: len(body) // 4 * 4])) >= 32


CHECKSUMS: dict[str, Callable[[bytes], bool]] = {
    "github-crc32": _body_crc32,
    "npm-crc32": _body_crc32,
    "vercel-crc32": _body_crc32,
    "gitlab-routable": _gitlab_routable,
    "pypi-macaroon": _pypi_macaroon,
    "jwt": _jwt,
    "base64-json": _base64_json,
    "mixed-case": _mixed_case,
    "age": _age,
    "basic-auth": _basic_auth,
    "twitter-bearer": _twitter_bearer,
    "mixed": _mixed,
    "drawn": judging.drawn,
    "opaque": judging.opaque,
    "letters-and-digits": passwords.letters_and_digits,
    "pem-body": _pem_body,
    "password": passwords.chosen,
    "password-strong": passwords.strong,
}
"""What a rule's `checksum` may name. `mixed…`, `drawn`, `opaque` and `pem-body` are tests of shape rather than sums."""
_WITH_RUNS = frozenset({"twitter-bearer"})
"""Checks of values in which a run of one character is no sign of a placeholder."""
