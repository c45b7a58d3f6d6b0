"""Examples as templates, so that no live-looking token stands in a rule file.

`ghp_<base62:30><checksum>` becomes a valid token at run time, always the same one for a rule, index and template.
"""

import base64
import hashlib
import math
import re
import uuid
from collections.abc import Callable, Iterator

from rules import judging
from rules.checks import BASE62, bech32_checksum, crc32_base36, crc32_base62, entropy, placeholder
from rules.light import lighten
from rules.match import find
from rules.rule import Rule

_DIGITS, _LOWER = b"0123456789", b"abcdefghijklmnopqrstuvwxyz"
ALPHABETS = {
    "base62": BASE62,
    "alnum": BASE62,
    "letters": _LOWER + _LOWER.upper(),
    "lower": _LOWER + _DIGITS,
    "upper": _LOWER.upper() + _DIGITS,
    "hex": b"0123456789abcdef",
    "HEX": b"0123456789ABCDEF",
    "digits": _DIGITS,
    "base32": _LOWER.upper() + b"234567",
    "base64": BASE62 + b"+/",
    "b64url": BASE62 + b"-_",
    "lower32": _LOWER + b"234567",
    "bech32": b"qpzry9x8gf2tvdw0s3jn54khce6mua7l",
    "BECH32": b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
_SLOT = re.compile(
    r"<pem:(?P<pem>\d+)(?P<nl>[^>]*)>|<(?P<name>[A-Za-z0-9]+):(?P<size>\d+)>"
    r"|<(?P<word>checksum|pypi|uuid)>|<json:(?P<json>[^>]*)>"
)
_TOKEN = re.compile(rb"[A-Za-z0-9_.-]+\Z")
_TRIES = 200
_FEW = 16
_TINY = 2
_DIGIT_SET = frozenset(_DIGITS)


def expand(rule: Rule, template: str, index: int) -> bytes:
    """The text of the index-th example (or counterexample) of a rule. Deterministic.

    Slots: `<alphabet:n>` is n random characters of an alphabet, `<checksum>` the checksum of the token before it,
    `<pypi>` a macaroon, `<uuid>` a random UUID, `<pem:n>` n bytes as base64 lines (`<pem:n\\n>` with that text for
    line ends), `<json:text>` base64url of the text. Any other `<...>` stands for itself. Raises ValueError for an
    unknown alphabet.
    """
    out = bytearray()
    at = 0
    for i, slot in enumerate(_SLOT.finditer(template)):
        out += template[at : slot.start()].encode()
        out += _fill(rule, slot, bytes(out), f"{rule.kind}\0{index}\0{i}")
        at = slot.end()
    return bytes(out) + template[at:].encode()


def _fill(rule: Rule, slot: re.Match[str], before: bytes, seed: str) -> bytes:
    if slot["word"] == "pypi":
        return _macaroon(seed)
    if slot["word"] == "uuid":
        return str(uuid.UUID(bytes=_stream(seed, 16), version=4)).encode()
    if slot["word"]:
        return _checksum(rule, before)
    if slot["pem"]:
        return _pem(int(slot["pem"]), slot["nl"].encode() or b"\n", seed)
    if slot["json"] is not None:
        return base64.urlsafe_b64encode(slot["json"].encode()).rstrip(b"=")
    if slot["name"] not in ALPHABETS:
        raise ValueError(f"unknown alphabet {slot['name']!r}; known are {', '.join(sorted(ALPHABETS))}")
    wanted = max([rule.entropy, *(part.entropy for part in rule.parts)])
    return _run(ALPHABETS[slot["name"]], int(slot["size"]), wanted, seed)


def _run(alphabet: bytes, size: int, wanted: float, seed: str) -> bytes:
    """Random characters that no placeholder check or entropy floor would refuse; else the liveliest of many tries."""
    wanted = min(wanted, 0.85 * math.log2(max(2, min(size, len(alphabet)))))
    best = b""
    for attempt in range(_TRIES):
        stream = _stream(f"{seed}\0{attempt}", size)
        best = max(best, bytes(alphabet[byte % len(alphabet)] for byte in stream), key=entropy)
        if entropy(best) >= wanted and not placeholder(best) and (len(alphabet) <= _FEW or _likely(best, alphabet)):
            break
    return best


def _likely(value: bytes, alphabet: bytes) -> bool:
    """Whether a value of a length that is judged so would pass for one whose form nobody published."""
    if len(value) > _TINY and _DIGIT_SET & set(alphabet) and not _DIGIT_SET & set(value):
        return False
    return len(value) < judging.SHORTEST or judging.opaque(value)


def _stream(seed: str, size: int) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(size)


def _pem(size: int, newline: bytes, seed: str) -> bytes:
    text = base64.b64encode(_stream(seed, size))
    return newline.join(text[i : i + 64] for i in range(0, len(text), 64))


def _macaroon(seed: str) -> bytes:
    identifier = b"2" + _stream(seed, 16).hex().encode()
    raw = b"\x02\x01\x08pypi.org\x02" + bytes([len(identifier)]) + identifier
    raw += b'\x00\x02\x0d[3,"user-id"]\x00\x00\x06\x20' + _stream(seed + "signature", 32)
    return b"pypi-" + base64.urlsafe_b64encode(raw).rstrip(b"=")


def _checksum(rule: Rule, before: bytes) -> bytes:
    token = _TOKEN.search(before)
    text = token[0] if token else b""
    maker = _MAKERS.get(rule.checksum)
    if maker is None:
        raise ValueError(f"<checksum> needs one of {', '.join(sorted(_MAKERS))} as the rule's checksum")
    return maker(text)


def _after_prefix(token: bytes) -> bytes:
    return crc32_base62(token[token.index(b"_") + 1 :])


def _age_key(token: bytes) -> bytes:
    prefix, _, data = token.lower().rpartition(b"1")
    return bech32_checksum(prefix, data).upper()


_MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "github-crc32": _after_prefix,
    "npm-crc32": _after_prefix,
    "vercel-crc32": _after_prefix,
    "gitlab-routable": lambda token: crc32_base36(token[token.rindex(b"glpat-") :]),
    "age": _age_key,
}


def problems(rule: Rule) -> Iterator[str]:
    """What is wrong with a rule by its own examples, in words; nothing when all is well."""
    light = lighten(rule)
    cases = [*((text, True) for text in rule.examples), *((text, False) for text in rule.counterexamples)]
    for index, (template, wanted) in enumerate(cases):
        try:
            content = expand(rule, template, index)
        except ValueError as error:
            yield f"example {template!r}: {error}"
            continue
        found = bool(find(light, content))
        if wanted and not any(word in content.lower() for word in rule.keywords):
            yield f"no keyword stands in the example {template!r}"
        elif found is not wanted:
            yield f"the {'example' if wanted else 'counterexample'} {template!r} is {'' if found else 'not '}found"
