"""Values made at run time of a shape such as `sk_live_{b24}`: random, of the right alphabet, length and checksum.

Nothing here is taken from offkey's rules: the corpus must not show merely that offkey finds what it was written for.
"""

import base64
import json
import random
import re
import string
import uuid
import zlib
from collections.abc import Callable

from benchmarks.detection import keys
from benchmarks.detection.passwords import passphrase, password

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
ALPHABETS = {
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "b": BASE62,
    "l": string.ascii_lowercase + string.digits,
    "L": string.ascii_lowercase + "234567",
    "u": string.ascii_uppercase + string.digits,
    "t": string.ascii_uppercase + "234567",
    "T": string.ascii_uppercase + "234567",
    "d": string.digits,
    "a": string.ascii_letters,
    "s": BASE62 + "-_",
    "B": BASE62 + "+/",
}
SLOT = re.compile(r"\{([a-zA-Z]+?)(\d+)?(?:-(\d+))?\}")
_DJANGO = string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)"


def made(shape: str, rng: random.Random) -> str:
    """The shape with its slots filled. Raises KeyError for a slot that is not known.

    `{h32}` is 32 characters of an alphabet above (`{b20-40}`: that many at random), `{E64}` base64 of 64 bytes, a word
    one of `MAKERS`.
    """

    def fill(slot: re.Match[str]) -> str:
        name, low, high = slot[1], slot[2], slot[3]
        if low is None or name == "crc":
            return MAKERS[name + (low or "")](rng)
        size = rng.randint(int(low), int(high)) if high else int(low)
        if name == "E":
            return base64.b64encode(rng.randbytes(size)).decode()
        return run(ALPHABETS[name], size, rng)

    return SLOT.sub(fill, shape)


def run(alphabet: str, size: int, rng: random.Random) -> str:
    """Random characters; a `-` or `_` stands neither first nor last, where people would cut it off."""
    text = "".join(rng.choices(alphabet, k=size))
    while text and (text[0] in "-_" or text[-1] in "-_"):
        text = "".join(rng.choices(alphabet, k=size))
    return text


def _digits(number: int, alphabet: str, width: int) -> str:
    out = ""
    while number:
        number, rest = divmod(number, len(alphabet))
        out = alphabet[rest] + out
    return out.rjust(width, alphabet[0])


def _crc(size: int) -> Callable[[random.Random], str]:
    """Random base62 and its CRC-32 in base62, six digits.

    Source: github.blog/engineering/behind-githubs-new-authentication-token-formats; npm's tokens have the same.
    """

    def make(rng: random.Random) -> str:
        body = run(BASE62, size, rng)
        return body + _digits(zlib.crc32(body.encode()), BASE62, 6)

    return make


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(bytes=rng.randbytes(16), version=4))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json64(value: object) -> str:
    return _url64(json.dumps(value, separators=(",", ":")).encode())


def _jwt(rng: random.Random) -> str:
    """A JWT with a signature of 32 bytes (RFC 7519)."""
    issued = rng.randint(1_600_000_000, 1_760_000_000)
    claims = {"sub": run("0123456789", 10, rng), "iat": issued, "jti": _uuid(rng)}
    return f"{_json64({'alg': 'HS256', 'typ': 'JWT'})}.{_json64(claims)}.{_url64(rng.randbytes(32))}"


def _jwt_long(rng: random.Random) -> str:
    issued = rng.randint(1_600_000_000, 1_760_000_000)
    head = {"typ": "JWT", "alg": "RS256", "kid": run(ALPHABETS["h"], 16, rng)}
    claims = {"iss": "https://acme.io", "aud": _uuid(rng), "iat": issued, "exp": issued + 31_536_000}
    return f"{_json64(head)}.{_json64(claims)}.{_url64(rng.randbytes(256))}"


def _discord(rng: random.Random) -> str:
    """A bot's token: its id in base64, a time, a signature (discord.com/developers/docs/reference)."""
    return f"{_url64(run('123456789', 18, rng).encode())}.{run(ALPHABETS['s'], 6, rng)}.{run(ALPHABETS['s'], 38, rng)}"


def _onepassword(rng: random.Random) -> str:
    inside = {
        "signInAddress": "my.1password.com",
        "userAuth": {"method": "SRPg-4096", "alg": "PBES2g-HS256", "iterations": 650000},
        "salt": _url64(rng.randbytes(16)),
        "email": f"{run(ALPHABETS['l'], 13, rng)}@1passwordserviceaccounts.com",
        "srpX": rng.randbytes(32).hex(),
        "muk": {"alg": "A256GCM", "ext": True, "k": _url64(rng.randbytes(32)), "kty": "oct"},
        "secretKey": made("A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}", rng),
        "deviceUuid": run(ALPHABETS["L"], 26, rng),
    }  # fmt: skip
    return "ops_" + _json64(inside)


def _mapbox(rng: random.Random) -> str:
    return f"sk.{_json64({'u': 'acme', 'a': made('cl{l23}', rng)})}.{run(ALPHABETS['s'], 22, rng)}"


def _intercom(rng: random.Random) -> str:
    return base64.b64encode(f"tok:{_uuid(rng).replace('-', '_')}:1:0".encode()).decode()


def _grafana(rng: random.Random) -> str:
    inside = {"k": run(BASE62, 32, rng), "n": "acme", "id": 1}
    return base64.b64encode(json.dumps(inside, separators=(",", ":")).encode()).decode()


def _grafana_cloud(rng: random.Random) -> str:
    inside = {"o": run("123456789", 6, rng), "n": "acme-push", "k": run(BASE62, 24, rng), "m": {"r": "eu"}}
    return "glc_" + base64.b64encode(json.dumps(inside, separators=(",", ":")).encode()).decode()


def _sentry(rng: random.Random) -> str:
    inside = {"iat": 1_700_000_000.5 + rng.randint(0, 10**7), "url": "https://sentry.io", "org": "acme"}
    body = base64.b64encode(json.dumps(inside, separators=(",", ":")).encode()).decode()
    return f"sntrys_{body}_{run(ALPHABETS['B'], 43, rng)}"


def _jfrog(rng: random.Random) -> str:
    return base64.b64encode(f"reftkn:01:{rng.randint(10**9, 2 * 10**9)}:{run(BASE62, 27, rng)}".encode()).decode()


def _gitlab(rng: random.Random) -> str:
    """A routable token: payload, version, length and CRC-32 in base36 (docs.gitlab.com, routable tokens)."""
    text = f"glpat-{run(ALPHABETS['s'], 36, rng)}.01.{run('01', 1, rng)}{run(ALPHABETS['l'], 1, rng)}"
    return text + _digits(zlib.crc32(text.encode()), string.digits + string.ascii_lowercase, 7)


def _django(rng: random.Random) -> str:
    """As `django-admin startproject` writes it, marked insecure or, as many replace it, not."""
    return rng.choice(("django-insecure-", "")) + "".join(rng.choices(_DJANGO, k=50))


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "uuid": _uuid,
    "UUID": lambda rng: _uuid(rng).upper(),
    "jwt": _jwt,
    "jwtlong": _jwt_long,
    "crc30": _crc(30),
    "crc70": _crc(70),
    "discord": _discord,
    "op": _onepassword,
    "mapbox": _mapbox,
    "intercom": _intercom,
    "grafana": _grafana,
    "glc": _grafana_cloud,
    "sntrys": _sentry,
    "jfrogref": _jfrog,
    "glrouted": _gitlab,
    "django": _django,
    "pypi": keys.macaroon,
    "age": keys.age,
    "rsa": keys.rsa,
    "pkcs": keys.pkcs8,
    "escaped": lambda rng: keys.pkcs8(rng).replace("\n", "\\n"),
    "ec": keys.ec,
    "openssh": keys.openssh,
    "pgp": keys.pgp,
    "encrypted": keys.encrypted,
    "putty": keys.putty,
    "pemdata": lambda rng: _base64(keys.rsa(rng) + "\n"),
    "pwdata": lambda rng: _base64(password(rng, "!_-.*+~")),
    "authdata": lambda rng: _base64(f"deploy:{password(rng, '!_-.*+~')}"),
    "pw": lambda rng: password(rng, "!_-.*+~"),
    "pwq": lambda rng: password(rng, "!_-.*+~@#%&^"),
    "phrase": passphrase,
    "w": lambda rng: rng.choice(("deploy", "etl", "report", "app", "batch", "sync")),
}
