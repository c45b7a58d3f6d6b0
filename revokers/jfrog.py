"""JFrog Platform (Artifactory): reference tokens and API keys by value, access tokens and accounts by id.

What proves death: `GET /access/api/v1/tokens/me` (Artifactory 7.53.1 and later), asked as the token, answers 401 with
JFrog's own list of errors, after it has answered for the token before: another platform's token gets the same; of a
token's id, 404 with that list, when an administrator asks (others get 403).
What does not: 401 and 404 in any other form (a proxy before the platform), 403, and the 204 of a revocation, which is
also the answer about a token that never was.
Of API keys JFrog documents no answer to a dead one: after its end such a key is UNKNOWN. A user has one API key, which
JFrog retires; it ends itself for all clients that share it.
A token that may not end itself any more (its user is disabled) is ended by an administrator, who gives its value to
`POST /artifactory/api/security/token/revoke`; that says 200 of any value, so what it proves is asked as above.
A subject with `/users/` is a user's, one without is a service's: ending that needs an approval of its own.
Accounts are switched off and on by SCIM, which not every edition has. The address comes from offkey.toml alone.

https://jfrog.com/help/r/jfrog-rest-apis/get-token-by-id
https://jfrog.com/help/r/jfrog-rest-apis/revoke-token-by-id
https://jfrog.com/help/r/jfrog-rest-apis/revoke-token-deprecated
https://jfrog.com/help/r/jfrog-rest-apis/disable-user
https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-keys-rest-api
"""

from collections.abc import Mapping
from dataclasses import replace

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers import jfrog_admin, owners
from revokers.jfrog_admin import (
    ACCOUNT,
    ANOTHER,
    NEEDS,
    OWN,
    PROVIDER,
    TOKENS,
    WRITES,
    Settings,
    api_key,
    bearing,
    errors,
    inventory,
    undo,
)
from revokers.parts import answered, ended, fields, given, last, live, refuse_unlisted, refused, unexpected, unknown
from revokers.protocol import Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

REFERENCE, KEY = "jfrog.reference_token", "jfrog.api_key"
_HOW = (
    "A service's token, not a user's: make a new one, put it where the service runs, then revoke this one with the "
    "extra yes or under Administration, User Management, Access Tokens: https://jfrog.com/help/r/jfrog-platform-administration-"
    "documentation/access-tokens"
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    REFERENCE: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /access/api/v1/tokens/me: 401",
            reason="the token ends itself; its user's other tokens stay",
            breaks=("builds and clients that sign in with this token",),
        ),
    ),
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="none that JFrog documents: the key no longer answers for its user",
            reason="a user has one API key, which ends itself; JFrog makes no new ones since Artifactory 7.98",
            breaks=("every build and client that shares this key",),
        ),
    ),
    TOKENS: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="GET /access/api/v1/tokens/{id}: 404",
            reason="ends this one access token",
            breaks=("builds and clients that sign in with this token",),
        ),
    ),
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("disabled",),
            proof="SCIM Users/{id}: active false",
            reason="the user cannot sign in while disabled; access tokens are ended each by itself",
            breaks=("whatever signs in as this user",),
        ),
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A service's token, and an administrator, are ended only with an approval of their own."""
    ways = owners.gated(HANDLES.get(point.kind, ()), point, "jfrog-disable-administrator", ANOTHER)
    if point.check is None or point.check.status != "service":
        return ways
    return tuple(replace(way, needs="jfrog-service-token", how=_HOW) for way in ways)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's name; the status is "service" for a token that is no user's."""
    secret = credential.secret
    if credential.kind == KEY:
        answer = http.request("GET", OWN, headers=api_key(secret), hide=(secret,))
        if answer.status == 200 and fields(answer, "apiKey", "apiKey")["apiKey"].encode() == secret.reveal():
            return live(http, "the API key of its user")
        return unexpected(http, answer.status)
    answer = http.request("GET", "/access/api/v1/tokens/{id}", path={"id": "me"}, **bearing(secret))
    if answer.status == 401 and errors(answer):
        return refused(http, f"401 of {http.base}: no token that it knows")
    token = fields(answer, "tokens/me", "token_id", "subject")
    who = jfrog_admin.holder(token)
    return live(http, f"signs in as {token['subject']}", who, "" if who else "service")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind in (TOKENS, ACCOUNT):
        return jfrog_admin.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    return ended(http, point, check(http, credential))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value for a found token or key, by id for what JFrog lists."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind in (TOKENS, ACCOUNT):
        return jfrog_admin.revoke(http, settings, point)
    secret = given(point, credential).secret
    if point.kind == KEY:
        http.request("DELETE", OWN, headers=api_key(secret), hide=(secret,))
    else:
        ended_itself = http.request("DELETE", "/access/api/v1/tokens/{id}", path={"id": "me"}, **bearing(secret))
        if ended_itself.status in (401, 403) and settings.write is not None:
            jfrog_admin.end_by_value(http, settings.write, secret)
    return last(http)
