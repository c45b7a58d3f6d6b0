"""Okta by id: what an administrator lists for a user and ends.

What proves the end of each: an API token, grant or refresh token is REVOKED or answers 404 E0000007 ("Resource not
found"); a user is SUSPENDED or DEPROVISIONED. A user that answers 404 proves nothing: an administrator of some groups
does not see the others, and is told the same of their grants and refresh tokens: those are gone only while the user is
still seen. Sessions are listed by nobody. Okta says that deactivation may take a while.
Suspending is for ACTIVE users alone, and `unsuspend` takes it back with groups and applications kept; deactivation
cannot be recovered.

https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserSessions
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserGrant
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Exchange, Liveness
from offkey.secret import Secret
from revokers.parts import configured, dead, fields, last, live, rows, unexpected, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Unclear

PROVIDER = "okta"
NEEDS: Mapping[str, str] = {
    "okta.users.read": "finding the user, grants and refresh tokens",
    "okta.roles.read": "telling a super administrator, and apply: telling one again before the account is touched",
    "okta.apiTokens.read": "listing API tokens",
    "okta.users.manage": "apply: suspending, deactivating, ending sessions, grants and refresh tokens",
    "okta.apiTokens.manage": "apply: ending API tokens",
}
LISTED, GRANT, REFRESH = "okta.listed_token", "okta.grant", "okta.refresh_token"
SESSION, ACCOUNT = "okta.session", "okta.account"
SUPER_ADMIN = "the user is a super administrator"
NO_LIST = "Okta lists nobody's sessions"
USER = "/api/v1/users/{user}"
PATHS = {
    LISTED: "/api/v1/api-tokens/{id}",
    GRANT: f"{USER}/grants/{{id}}",
    REFRESH: f"{USER}/clients/{{client}}/tokens/{{id}}",
}
_DEEDS = {
    (SESSION, Action.REVOKE): ("DELETE", f"{USER}/sessions", {"oauthTokens": "true"}),
    (ACCOUNT, Action.DISABLE): ("POST", f"{USER}/lifecycle/suspend", {}),
    (ACCOUNT, Action.REMOVE): ("POST", f"{USER}/lifecycle/deactivate", {"sendEmail": "false"}),
}
_UNDO = ("POST", f"{USER}/lifecycle/unsuspend")
WRITES: frozenset[Operation] = frozenset(
    {
        ("DELETE", "/api/v1/api-tokens/current"),
        *(("DELETE", template) for template in PATHS.values()),
        *((method, template) for method, template, _ in _DEEDS.values()),
        _UNDO,
    }
)
_ENDED = {"SUSPENDED": "suspended", "DEPROVISIONED": "deprovisioned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the organisation's address, `https://acme.okta.com`.

    `read` and `write` are API tokens (SSWS) or OAuth access tokens with the scopes in NEEDS. A found token ends itself.
    """

    url: str
    read: Secret | None = None
    write: Secret | None = None


def signed(token: Secret) -> dict[str, Any]:
    """The options of a request that this token signs; an API token is told by its form."""
    plain = re.fullmatch(rb"00[\w-]{40}", token.reveal())
    headers = {"Authorization": f"SSWS {token.reveal().decode()}"} if plain else bearer(token)
    return {"headers": {**headers, "Accept": "application/json"}, "hide": (token,)}


def code(body: Mapping[str, Any]) -> str:
    """Okta's error code, or empty for anything else."""
    said = str(body.get("errorCode", ""))
    return said if re.fullmatch(r"E\d{7}", said) else ""


def holder(user: Mapping[str, Any]) -> Account:
    profile = user["profile"]
    return Account(
        provider=PROVIDER, id=str(user["id"]), login=str(profile["login"]), email=str(profile.get("email") or "")
    )


def status(http: Reader, user: Mapping[str, Any]) -> Check:
    who, word = holder(user), str(user["status"])
    if word in _ENDED:
        return dead(http, word, who, _ENDED[word])
    return live(http, word, who, word.lower())


def user(http: Reader, token: Secret, number: str) -> dict[str, Any]:
    """The user with this id. Raises Unclear where Okta does not show it."""
    answer = http.request("GET", "/api/v1/users/{id}", path={"id": number}, **signed(token))
    found = fields(answer, "GET /users", "id", "status", "profile")
    if found["id"] != number:
        raise Unclear("Okta answers for another user")
    return found


def rests(http: Reader, settings: Settings, point: AccessPoint, said: Check) -> Check:
    """A token's death as itself is the token's own only where its user is seen to be active; else UNKNOWN."""
    if said.liveness is not Liveness.DEAD or settings.read is None or point.holder is None:
        return said
    word = str(user(http, settings.read, point.holder.id)["status"])
    if word == "ACTIVE":
        return said
    return unknown(http, f"the token's user is {word}, and it may live again with the user", point.holder)


def _super(http: Reader, token: Secret, number: str) -> bool:
    answer = http.request("GET", f"{USER}/roles", path={"user": number}, **signed(token))
    return any(row["type"] == "SUPER_ADMIN" for row in rows([answer], "GET roles", "type"))


def _path(point: AccessPoint) -> dict[str, str]:
    """What fills the templates. Raises NotIdentified where the id is not this holder's."""
    parts = point.provider_id.split("/")
    names = {GRANT: ["user", "id"], REFRESH: ["user", "client", "id"], LISTED: ["id"]}.get(point.kind, ["user"])
    path = dict(zip(names, parts, strict=False))
    if point.holder is None or len(names) != len(parts) or path.get("user", point.holder.id) != point.holder.id:
        raise NotIdentified(f"{point.id} names no credential of its holder", advice="plan again")
    return path


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    token, path, who = configured(settings), _path(point), point.holder
    if point.kind == SESSION:
        return unknown(http, NO_LIST, who)
    if point.kind == ACCOUNT:
        return status(http, user(http, token, path["user"]))
    answer = http.request("GET", PATHS[point.kind], path=path, **signed(token))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 404 and code(body) == "E0000007":
        if "user" in path:
            user(http, token, path["user"])
        return dead(http, "404 E0000007", who, "removed")
    if answer.status != 200 or body.get("id") != path["id"]:
        return unexpected(http, answer.status, code(body))
    if body.get("userId") != (who.id if who else ""):
        raise NotIdentified(f"{point.id} is another user's", advice="plan again")
    if body.get("status", "ACTIVE") == "REVOKED":
        return dead(http, "REVOKED", who, "revoked")
    return live(http, "listed", who)


def revoke(http: Writer, settings: Settings, action: Action, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this holder's."""
    token, path = configured(settings, write=True), _path(point)
    if point.kind in PATHS:
        seen = http.request("GET", PATHS[point.kind], path=path, **signed(token))
        owner = "" if seen.status == 404 else fields(seen, "GET", "id", "userId")["userId"]
        if owner != (point.holder.id if point.holder else None):
            raise NotIdentified(f"{point.id} is not listed for its holder", advice="plan again")
        http.request("DELETE", PATHS[point.kind], path=path, **signed(token))
        return last(http)
    if point.kind == ACCOUNT and _super(http, token, path["user"]):
        raise NotAutomatic(SUPER_ADMIN, advice="take the role away first, then plan again")
    method, template, params = _DEEDS[(point.kind, action)]
    http.request(method, template, path=path, params=params, **signed(token))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, _: Any = None) -> Exchange:
    """Lift a suspension."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"a {point.kind} is never switched off", advice="there is nothing to take back")
    http.request(*_UNDO, path=_path(point), **signed(configured(settings, write=True)))
    return last(http)
