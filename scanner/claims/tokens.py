"""Claims inside tokens: what the issuer put there."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from scanner.claims.said import ISSUED, WRITTEN, Said, Value, name_like, plain

_JWT = re.compile(rb"(eyJ[A-Za-z0-9_-]+)\.(eyJ[A-Za-z0-9_-]+)\.")
_KUBECONFIG = re.compile(rb"\bname:\s{0,8}[\"']?([^\s\"']{1,64})[\"']?\s+user:\s+token:\s{0,8}[\"']?\Z")
_NAMES = ("email", "upn", "preferred_username", "sub", "azp", "client_id", "appid", "iss", "aud")
_IDENTIFIER, _SIGNATURE = 2, 6


def unbase64(text: bytes) -> bytes:
    """The bytes in base64 of either alphabet, with or without padding; nothing for what is none."""
    text = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: Any) -> Iterator[str]:
    """A claim's text, or those of a list: `aud` may be either (RFC 7519, section 4.1.3)."""
    for one in value[:3] if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield one


def jwt(value: Value) -> Iterator[Said]:
    """RFC 7519's registered claims and those of OpenID Connect Core 1.0, section 5.1; `upn` and `appid` are Microsoft
    Entra's (learn.microsoft.com/entra/identity-platform/access-token-claims-reference); the names of a service account
    are Kubernetes' (kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin), and so is the form of a
    kubeconfig (kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig).

    A token with the algorithm `none` is signed by nobody (RFC 7519, section 6): written.
    """
    found = _JWT.search(value.secret)
    if not found:
        return
    head, body = _object(unbase64(found[1])), _object(unbase64(found[2]))
    grade = ISSUED if str(head.get("alg", "none")).lower() != "none" else WRITTEN
    for name in _NAMES:
        for text in _texts(body.get(name)):
            yield Said(f"JWT {name}", text, grade)
    yield from _kubernetes(body, grade)
    for text in _moment(body.get("exp")):
        yield Said("JWT expiry", text, grade)
    near = re.search(_KUBECONFIG, value.before[-300:])
    if near and name_like(plain(near[1])):
        yield Said("kubeconfig user", plain(near[1]), WRITTEN)


def _kubernetes(body: dict[str, Any], grade: str) -> Iterator[Said]:
    now = body.get("kubernetes.io")
    account = now.get("serviceaccount") if isinstance(now, dict) else None
    space = now.get("namespace") if isinstance(now, dict) else None
    name = account.get("name") if isinstance(account, dict) else None
    old = "kubernetes.io/serviceaccount/"
    space, name = space or body.get(old + "namespace"), name or body.get(old + "service-account.name")
    if isinstance(space, str) and isinstance(name, str):
        yield Said("Kubernetes service account", f"{space}/{name}", grade)


def _moment(seconds: Any) -> Iterator[str]:
    if isinstance(seconds, int | float):
        try:
            yield datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        except (ValueError, OverflowError, OSError):
            return


def aws_key_id(value: Value) -> Iterator[Said]:
    """The account that an access key id is of: 40 bits after the first one of its base32 part.

    AWS documents the prefix alone (docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html) and answers
    the account by `sts:GetAccessKeyInfo`; the bits are Tal Be'ery's finding ("A short note on AWS KEY ID", 2023).
    Only ids whose first bit is set carry it ("A bitwise analysis of AWS access key identifiers", WithSecure Labs).
    """
    key_id = value.parts.get("id", b"")
    if not re.fullmatch(rb"A[KS]IA[A-Z2-7]{16}", key_id):
        return
    bits = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    account = bits >> 7 & (1 << 40) - 1
    if bits >> 47 and account < 10**12:
        yield Said("AWS account", f"{account:012d}", ISSUED)


def pypi(value: Value) -> Iterator[Said]:
    """A version 2 macaroon (github.com/rescrv/libmacaroons/blob/master/doc/format.txt) with the caveats of PyPI
    (github.com/pypi/warehouse, warehouse/macaroons/caveats): `[3, user]`, `[1, names]`, `[2, ids]`, `[0, end, begin]`,
    and before 2022 `{"version": 1, "permissions": ...}`. Whoever holds a token can add caveats, which only narrow it
    (pypitoken's documentation): one that names another user makes a token that opens nothing.
    """
    for caveat in _caveats(unbase64(value.secret.removeprefix(b"pypi-"))):
        try:
            said = json.loads(caveat)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            permissions = said.get("permissions")
            if permissions == "user":
                yield Said("PyPI token for", "all projects of its user", ISSUED)
            elif isinstance(permissions, dict):
                yield from (Said("PyPI project", name, ISSUED) for name in _texts(permissions.get("projects")))
        elif isinstance(said, list) and len(said) > 1 and type(said[0]) is int:
            if said[0] == 0:
                yield from (Said("PyPI token expiry", text, ISSUED) for text in _moment(said[1]))
            elif source := {1: "PyPI project", 2: "PyPI project id", 3: "PyPI user id"}.get(said[0]):
                yield from (Said(source, text, ISSUED) for text in _texts(said[1]))


def _caveats(raw: bytes) -> Iterator[bytes]:
    """The identifiers of a macaroon's caveats. Fields are type, length, bytes; a zero ends the head and each caveat."""
    at, in_head = 1, True
    while at < len(raw) and raw[at] != _SIGNATURE:
        kind, at = raw[at], at + 1
        if kind == 0:
            in_head = False
            continue
        size, at = _varint(raw, at)
        if kind == _IDENTIFIER and not in_head:
            yield raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(raw) and shift < 28:
        number |= (raw[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if raw[at - 1] < 128:
            break
    return number, at


def basic(value: Value) -> Iterator[Said]:
    """`user:password` in base64: npm's `_auth` (docs.npmjs.com/cli/configuring-npm/npmrc) and Docker's `auth`
    (docs.docker.com/reference/cli/docker/login). Both are as their user wrote them.
    """
    user, colon, password = unbase64(value.secret).partition(b":")
    name = plain(user)
    if colon and name_like(name) and not (password and password in user):
        yield Said("login", name, WRITTEN)


def mapbox(value: Value) -> Iterator[Said]:
    """`u` in the payload is the token's owner (npmjs.com/package/@mapbox/parse-mapbox-token, Mapbox's own)."""
    payload = b"".join(value.secret.split(b".")[1:2])
    yield from (Said("Mapbox user", text, ISSUED) for text in _texts(_object(unbase64(payload)).get("u")))


def sentry(value: Value) -> Iterator[Said]:
    """`sntrys_` + base64 of JSON with `org` and `url` (github.com/getsentry/sentry, orgauthtoken_token.py)."""
    body = _object(unbase64(value.secret.removeprefix(b"sntrys_").rpartition(b"_")[0]))
    for name in ("org", "url"):
        yield from (Said(f"Sentry {name}", text, ISSUED) for text in _texts(body.get(name)))


def cloudflare_tunnel(value: Value) -> Iterator[Said]:
    """JSON in base64: `a` is the account, `t` the tunnel (github.com/cloudflare/cloudflared, TunnelToken)."""
    body = _object(unbase64(value.secret))
    for name, source in (("a", "Cloudflare account"), ("t", "Cloudflare tunnel")):
        yield from (Said(source, text, ISSUED) for text in _texts(body.get(name)))


def twilio(value: Value) -> Iterator[Said]:
    """The SID is the account's (`AC`) or the key's own (`SK`): twilio.com/docs/glossary/what-is-a-sid."""
    sid = plain(value.parts.get("id", b""))
    if sid.startswith("AC"):
        yield Said("Twilio account", sid, ISSUED)
