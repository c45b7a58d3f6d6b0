"""Any OAuth or OpenID Connect server of a configured issuer: tokens that name it as theirs, by RFC 7009 revocation.

A token is sent only to the configured issuer, and only where its own `iss` claim names exactly that issuer: an opaque
token, or another's, is sent nowhere. The endpoints are the issuer's own, from its metadata (OpenID Connect Discovery;
RFC 8414 for an issuer without a path), which must name the same issuer; one that does not lie below the issuer's
address is not used.
What proves death: RFC 7662 introspection, asked as the token's client, says `active: false`; for an access token, where
there is no introspection, the userinfo endpoint's 401 with `error="invalid_token"` (RFC 6750). What does not: the 200
of the revocation itself, which is the answer to any token (RFC 7009, 2.2); any other 401. A refresh token can be asked
about by introspection alone. A service that reads a JWT by itself believes it until it expires.
Only the client that a token was issued to may revoke it; a refresh token takes its access tokens along.

https://www.rfc-editor.org/rfc/rfc7009 (revocation), rfc7662 (introspection), rfc8414 (metadata)
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from offkey.http import Answer, Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers.parts import (
    answered,
    basic,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    pair,
    refuse_unlisted,
    text,
    trouble,
    unexpected,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

PROVIDER = "oidc"
URL = ""
HOSTS: frozenset[str] = frozenset()
_DEEPEST = 8


def _template(depth: int, what: str) -> str:
    """A path of so many segments; what follows the # is never sent, and tells a question from a change."""
    return "".join(f"/{{s{number}}}" for number in range(depth)) + f"#{what}"


READS: frozenset[Operation] = frozenset(("POST", _template(n, "introspect")) for n in range(1, _DEEPEST + 1))
WRITES: frozenset[Operation] = frozenset(("POST", _template(n, "revoke")) for n in range(1, _DEEPEST + 1))
NEEDS: Mapping[str, str] = {"the id and secret of the tokens' client": "introspection; apply: revocation"}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

ACCESS, REFRESH = "oidc.access_token", "oidc.refresh_token"


def _revoke(proof: str) -> tuple[Option, ...]:
    return (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="value",
            proof=proof,
            reason="the issuer's revocation endpoint ends it; a refresh token takes its access tokens along",
            breaks=("what the client does for this user with it",),
        ),
    )


HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCESS: _revoke("introspection: active false, or userinfo: 401 invalid_token"),
    REFRESH: _revoke("introspection: active false"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the issuer, as in its metadata. `read` and `write` have two parts: the client's id and secret."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the subject that userinfo names, with the address where the issuer has verified it."""
    _own_claims(http, credential)
    if credential.kind != ACCESS:
        return unknown(http, "a refresh token is asked about by introspection, which needs the client")
    depth, path = _endpoint(http, "userinfo_endpoint")
    token = credential.secret
    answer = http.request("GET", _template(depth, "userinfo"), path=path, headers=bearer(token), hide=(token,))
    if answer.status == 401 and 'error="invalid_token"' in answer.headers.get("www-authenticate", ""):
        return dead(http, "401 invalid_token", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    user = fields(answer, "userinfo", "sub")
    email = str(user.get("email") or "") if user.get("email_verified") is True else ""
    name = str(user.get("preferred_username") or "")
    holder = Account(provider=PROVIDER, id=str(user["sub"]), login=name, email=email)
    return live(http, f"a token of {name or holder.id}", holder)


def _own_claims(http: Reader, credential: Credential) -> Mapping[str, Any]:
    """The claims of a JWT of this very issuer. Raises NotIdentified for any other value: it is sent nowhere."""
    try:
        middle = text(credential.secret).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        issuer = claims["iss"]
    except (IndexError, KeyError, TypeError, ValueError):
        raise NotIdentified("the token does not name its issuer", advice="ask who issued it") from None
    if str(issuer).rstrip("/") != http.base:
        raise NotIdentified("instance not configured: the token names another issuer", advice="see [providers.oidc]")
    return dict(claims)


def _endpoint(http: Reader, name: str) -> tuple[int, dict[str, str]]:
    """(number of segments, their values) of an endpoint in the issuer's metadata, below the issuer's own address.

    Raises Unclear where the metadata is not this issuer's, NotAutomatic where it has no such endpoint there.
    """
    metadata = _metadata(http)
    address = metadata.get(name)
    if not isinstance(address, str) or not address.startswith(f"{http.base}/"):
        raise Unclear(f"the issuer has no {name} below its own address", advice="its administrator ends the token")
    segments = address.removeprefix(f"{http.base}/").split("/")
    if len(segments) > _DEEPEST or any(mark in address for mark in "%?#"):
        raise Unclear(f"the issuer's {name} has a form that is not used", advice="its administrator ends the token")
    return len(segments), {f"s{number}": segment for number, segment in enumerate(segments)}


def _metadata(http: Reader) -> dict[str, Any]:
    answer = http.request("GET", "/.well-known/openid-configuration")
    if answer.status == 404:
        answer = http.request("GET", "/.well-known/oauth-authorization-server")
    metadata = fields(answer, "the issuer's metadata", "issuer")
    if str(metadata["issuer"]).rstrip("/") != http.base:
        raise Unclear("the metadata is another issuer's", advice="configure the issuer as its metadata names it")
    return metadata


def _as_client(http: Reader, what: str, place: tuple[int, dict[str, str]], client: Secret, token: Secret) -> Answer:
    """One form with the token, signed in as the client (RFC 6749, 2.3.1)."""
    ident, secret = pair(client)
    user, password = (quote_plus(text(part)) for part in (ident, secret))
    depth, path = place
    signed, form = basic(user, Secret(password.encode())), {"token": text(token)}
    hide = (token, secret, Secret(password.encode()))
    return http.request("POST", _template(depth, what), path=path, form=form, headers=signed, hide=hide)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: OAuth has no list of a user's tokens."""
    yield from ()


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    value = given(point, credential)
    _own_claims(http, value)
    if settings.read is None or not _metadata(http).get("introspection_endpoint"):
        return check(http, value)
    place = _endpoint(http, "introspection_endpoint")
    answer = _as_client(http, "introspect", place, configured(settings), value.secret)
    told = fields(answer, "introspection", "active")
    if told["active"] is True:
        return live(http, "introspection: active", point.holder)
    if told["active"] is False:
        return dead(http, "introspection: not active", point.holder, "inactive")
    return unexpected(http, answer.status)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    value = given(point, credential)
    claims = _own_claims(http, value)
    client = configured(settings, write=True)
    issued_to = claims.get("azp") or claims.get("client_id")
    if issued_to and issued_to != text(pair(client)[0]):
        raise NotAutomatic(f"the token is of the client {issued_to}", advice="that client revokes it, or its issuer")
    answer = _as_client(http, "revoke", _endpoint(http, "revocation_endpoint"), client, value.secret)
    if 200 <= answer.status < 300 and answer.status != 200:
        raise Unclear(f"revocation {trouble(answer.status)}", advice="see what answers in the issuer's place")
    return last(http)
