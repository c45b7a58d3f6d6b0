"""Okta: API tokens by their value. What an administrator lists is in `revokers/okta_lists.py`,
what he ends by id in `revokers/okta_admin.py`.

What proves death: `GET /api/v1/users/me`, asked as the token, answers 401 E0000011 "Invalid token provided".
Okta answers the same while the token's user is suspended or deactivated, and such a token lives again with its user: so
where `read` may ask, its user must be ACTIVE, else the token is UNKNOWN. Another organisation's token gets it too: only
one that has answered before is then dead.
What does not: 403 (E0000006, a network zone), 404, 429, and any other 401.
`DELETE /api/v1/api-tokens/current` ends the token that asks, and no other. A token has all rights of its user.
An organisation's address comes from offkey.toml alone, never from where the token was found.

https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApiToken/
https://developer.okta.com/docs/reference/error-codes/
https://support.okta.com/help/s/article/HTTP-401-Okta-E0000011-Invalid-Token-provided-error
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers import okta_admin
from revokers.okta_admin import (
    ACCOUNT,
    GRANT,
    LISTED,
    NEEDS,
    PROVIDER,
    REFRESH,
    SESSION,
    SUPER_ADMIN,
    WRITES,
    Settings,
    undo,
)
from revokers.okta_lists import inventory
from revokers.parts import answered, ended, given, last, live, refuse_unlisted, refused, text, unexpected, unknown
from revokers.protocol import Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BY_VALUE = "okta.api_token"
_REMOVE = Option(
    action=Action.REMOVE,
    reversible=False,
    via="person",
    shows=("deprovisioned",),
    proof="GET /users/{id}: DEPROVISIONED",
    reason="deactivates the user, who is deprovisioned from every application; offkey asks Okta to mail nobody",
    breaks=("the user's API tokens, and what signs in with them", "assigned applications, some of which delete data"),
)
_ACCOUNT = (
    Option(
        action=Action.DISABLE,
        reversible=True,
        via="person",
        shows=("suspended", "deprovisioned"),
        proof="GET /users/{id}: SUSPENDED",
        reason="suspends the user, who keeps groups and applications and cannot sign in",
        breaks=("the user's API tokens, while the user is suspended",),
    ),
    _REMOVE,
)
_SUPER = (
    Option(
        action=Action.HAND_OVER,
        reversible=False,
        how="This is a super administrator: make sure that another one remains, take the role "
        "away in your organisation's admin console (Security, Administrators; https://help.okta.com/oie/en-us/content/"
        "topics/security/administrators-admin-comparison.htm), then plan again.",
    ),
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    BY_VALUE: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /users/me: 401 E0000011, while GET /users/{id} says ACTIVE",
            reason="the token ends itself; its user and the user's other tokens stay",
            breaks=("integrations that sign in with this token",),
        ),
    ),
    LISTED: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="GET /api-tokens/{id}: 404 E0000007",
            reason="ends this one API token of the user",
            breaks=("integrations that sign in with this token",),
        ),
    ),
    GRANT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="GET /users/{id}/grants/{id}: REVOKED, or 404 E0000007",
            reason="takes back the user's consent; the application asks again when it is used again",
        ),
    ),
    REFRESH: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="GET /users/{id}/clients/{id}/tokens/{id}: REVOKED, or 404 E0000007",
            reason="ends this one refresh token; access tokens made from it last until they expire",
        ),
    ),
    SESSION: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            via="person",
            proof="none: Okta lists nobody's sessions, its 204 is all there is",
            reason="ends the user's sessions at Okta and the OAuth tokens of all clients; sessions that web and native "
            "apps keep themselves last on",
        ),
    ),
    ACCOUNT: _ACCOUNT,
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A super administrator's account is left to people; only an active user can be suspended."""
    if SUPER_ADMIN in point.evidence:
        return _SUPER
    if point.kind == ACCOUNT and point.check and point.check.status not in ("active", "suspended", ""):
        return (_REMOVE,)
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Okta's user id and login."""
    if credential.kind != BY_VALUE:
        return unknown(http, f"nothing asks about a {credential.kind} by its value")
    headers = {"Authorization": f"SSWS {text(credential.secret)}"}
    answer = http.request("GET", "/api/v1/users/{id}", path={"id": "me"}, headers=headers, hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("errorCode") == "E0000011":
        return refused(http, "401 E0000011: no token of this organisation, or its user is suspended")
    if answer.status == 200 and "id" in body:
        holder = okta_admin.holder(body)
        return live(http, f"signs in as {holder.login}", holder)
    return unexpected(http, answer.status, okta_admin.code(body))


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind != BY_VALUE:
        return okta_admin.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    return okta_admin.rests(http, settings, point, ended(http, point, check(http, credential)))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value for a token, by id for what Okta lists."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind != BY_VALUE:
        return okta_admin.revoke(http, settings, action, point)
    secret = given(point, credential).secret
    headers = {"Authorization": f"SSWS {text(secret)}"}
    http.request("DELETE", "/api/v1/api-tokens/current", headers=headers, hide=(secret,))
    return last(http)
