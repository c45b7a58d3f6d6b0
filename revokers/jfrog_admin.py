"""JFrog Platform by id: what an administrator's token lists of a user and ends.

A user's access tokens are those whose subject ends in `/users/NAME`; the list comes whole. Only an administrator sees
all tokens, so the list is not what proves the end: the single token's 404 is, since others are told 403.
SCIM answers 200 for a user that does not exist, with a status of 404 inside.

https://jfrog.com/help/r/jfrog-rest-apis/get-tokens
https://jfrog.com/help/r/jfrog-rest-apis/get-specific-user
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.parts import configured, dead, fields, last, live, or_gap, text, unexpected
from revokers.protocol import UNTOLD, NotAutomatic, NotIdentified, Unclear

PROVIDER = "jfrog"
NEEDS: Mapping[str, str] = {
    "an administrator's access token (applied-permissions/admin)": "listing users and tokens, and apply: ending them",
}
TOKENS, ACCOUNT = "jfrog.access_token", "jfrog.account"
OWN = "/artifactory/api/security/apiKey"
_ONE = "/access/api/v1/tokens/{id}"
_USER = "/access/api/v1/scim/v2/Users/{user}"
_DETAILS = "/access/api/v2/users/{user}"
ANOTHER = (
    "see that another administrator remains: https://jfrog.com/help/r/jfrog-platform-administration-documentation/"
)
_BY_VALUE = "/artifactory/api/security/token/revoke"
WRITES: frozenset[Operation] = frozenset({("DELETE", OWN), ("DELETE", _ONE), ("POST", _BY_VALUE), ("PATCH", _USER)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the platform's address, `https://acme.jfrog.io`. A found token or key asks and ends itself."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def bearing(token: Secret) -> dict[str, Any]:
    text(token)
    return {"headers": bearer(token), "hide": (token,)}


def end_by_value(http: Writer, admin: Secret, value: Secret) -> None:
    """An administrator ends a token by its value. The answer is the same for a value that never was."""
    headers, hidden = bearer(admin), (admin, value)
    http.request("POST", _BY_VALUE, form={"token": text(value)}, headers=headers, hide=hidden)


def api_key(secret: Secret) -> dict[str, str]:
    return {"X-JFrog-Art-Api": text(secret)}


def errors(answer: Answer) -> bool:
    """Whether the answer is JFrog's own list of errors."""
    found = answer.json.get("errors") if isinstance(answer.json, dict) else None
    return isinstance(found, list) and bool(found) and all(isinstance(one, dict) and "message" in one for one in found)


def holder(token: Mapping[str, Any]) -> Account | None:
    """The user in a token's subject, `jfac@01.../users/dana`; None for a service's."""
    _, user, name = str(token["subject"]).partition("/users/")
    return Account(provider=PROVIDER, id=name, login=name) if user and name else None


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the access tokens whose subject is the user."""
    where = f"jfrog {account.login or account.id}"
    yield from or_gap(f"{where}: account", _account(http, settings, account), "SCIM is not in every edition", NEEDS)
    yield from or_gap(f"{where}: access tokens", _tokens(http, settings, account), needs=NEEDS)


def _name(account: Account) -> str:
    name = account.login or account.id
    if not name:
        raise NotIdentified("JFrog finds users by name", advice="add the user name to the directory")
    return name


def administrators(http: Reader, token: Secret, name: str) -> tuple[str, ...]:
    """UNTOLD for an administrator: who else is one, no list of JFrog's says. Raises Unclear.

    https://jfrog.com/help/r/jfrog-rest-apis/get-user-details
    """
    answer = http.request("GET", _DETAILS, path={"user": name}, **bearing(token))
    user = fields(answer, "the user's details", "username", "admin")
    if user["username"] != name or not isinstance(user["admin"], bool):
        raise Unclear("JFrog answered for another user, or does not say whether it is an administrator")
    return (UNTOLD,) if user["admin"] else ()


def _account(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    name = _name(account)
    alone, gaps = owners.looked(f"jfrog {name}", lambda: administrators(http, configured(settings), name), NEEDS)
    user = _user(http, configured(settings), name)
    who = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["userName"]))
    yield _point(ACCOUNT, who.id, who, _switched(http, user, who), "JFrog lists the user", *alone)
    yield from gaps


def _user(http: Reader, token: Secret, name: str) -> dict[str, Any]:
    answer = http.request("GET", _USER, path={"user": name}, **bearing(token))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status in (200, 404) and body.get("status") == 404:
        raise NotIdentified(f"JFrog has no user {name}", advice="correct the accounts")
    user = fields(answer, "SCIM Users", "id", "userName", "active")
    if user["userName"] != name:
        raise NotIdentified(f"JFrog answers for {user['userName']}", advice="correct the accounts")
    return user


def _switched(http: Reader, user: Mapping[str, Any], who: Account) -> Check:
    if user["active"] is False:
        return dead(http, "disabled", who, "disabled")
    return live(http, "an active user", who)


def _tokens(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    name = _name(account)
    answer = http.request("GET", "/access/api/v1/tokens", **bearing(configured(settings)))
    for row in fields(answer, "GET tokens", "tokens")["tokens"]:
        who = holder(row)
        if who and who.login == name:
            told = f"a token of {row['subject']}: {row.get('description', '')}"
            there, used = live(http, "listed", who), row.get("last_used")
            yield _point(TOKENS, str(row["token_id"]), who, there, told, used=used)


def _point(kind: str, identity: str, who: Account, check: Check, *evidence: str, used: object = None) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=who,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        last_used=datetime.fromtimestamp(used, UTC) if isinstance(used, int) else None,
        check=check,
        evidence=evidence,
    )


def _seen(http: Reader, token: Secret, point: AccessPoint) -> tuple[Answer, Account | None]:
    """The single token's answer, and whose it is; None for a token that is not there."""
    answer = http.request("GET", _ONE, path={"id": point.provider_id}, **bearing(token))
    if answer.status == 404 and errors(answer):
        return answer, None
    row = fields(answer, "GET tokens", "token_id", "subject")
    who = holder(row)
    if row["token_id"] != point.provider_id or point.holder is None or who is None or who.login != point.holder.login:
        raise NotIdentified(f"{point.id} is another user's", advice="plan again")
    return answer, who


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    token = configured(settings)
    if point.kind == ACCOUNT:
        name = point.holder.login if point.holder else ""
        return _switched(http, _user(http, token, name), Account(provider=PROVIDER, id=point.provider_id, login=name))
    answer, who = _seen(http, token, point)
    if answer.status == 404:
        return dead(http, "404: no such token", point.holder, "removed")
    return live(http, "listed", who) if who else unexpected(http, answer.status)


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this user's."""
    token = configured(settings, write=True)
    if point.kind == ACCOUNT:
        name = point.holder.login if point.holder else ""
        owners.refuse_last(point, owners.seen(lambda: administrators(http, configured(settings), name)), ANOTHER)
        return _switch(http, settings, point, active=False)
    if _seen(http, token, point)[1] is None:
        raise NotIdentified(f"{point.id} is no longer there", advice="plan again")
    http.request("DELETE", _ONE, path={"id": point.provider_id}, **bearing(token))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, _: Any = None) -> Exchange:
    """Enable the user again."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"a {point.kind} is never switched off", advice="there is nothing to take back")
    return _switch(http, settings, point, active=True)


def _switch(http: Writer, settings: Settings, point: AccessPoint, *, active: bool) -> Exchange:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": active}],
    }
    options = bearing(configured(settings, write=True))
    options["headers"] = {**options["headers"], "Content-Type": "application/scim+json; charset=UTF-8"}
    answer = http.request("PATCH", _USER, path={"user": point.provider_id}, json=body, **options)
    if 200 <= answer.status < 300 and isinstance(answer.json, dict) and answer.json.get("status") == 404:
        raise Unclear("SCIM says 404 in an answer of 200", advice="plan again")
    return last(http)
