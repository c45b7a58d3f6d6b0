"""Microsoft Graph, as an administrator sees a user and the applications a user owns.

https://learn.microsoft.com/graph/api/resources/user
https://learn.microsoft.com/graph/api/resources/passwordcredential
https://learn.microsoft.com/graph/api/application-removepassword
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Credential, Liveness
from offkey.secret import Secret
from revokers.parts import dead, fields, live, objects, pages, trouble, unknown, when
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "azure"
ACCOUNT, GRANT, SECRET, CERTIFICATE = "azure.account", "azure.grant", "azure.client_secret", "azure.certificate"
USERS, USER = "/v1.0/users", "/v1.0/users/{user}"
SIGN_OUT: Operation = ("POST", USER + "/revokeSignInSessions")
CHANGE: Operation = ("PATCH", USER)
DELETE_GRANT: Operation = ("DELETE", "/v1.0/oauth2PermissionGrants/{grant}")
REMOVE_SECRET: Operation = ("POST", "/v1.0/applications/{application}/removePassword")
WRITES: frozenset[Operation] = frozenset({SIGN_OUT, CHANGE, DELETE_GRANT, REMOVE_SECRET})
_OWNED, _GRANTS = USER + "/ownedObjects", USER + "/oauth2PermissionGrants"
_APPLICATIONS, _APPLICATION = "/v1.0/applications", "/v1.0/applications/{application}"
_FIELDS = "id,userPrincipalName,mail,accountEnabled,userType,onPremisesSyncEnabled"
_BEGINS = 3
"""How many characters of a secret Entra tells."""
_PARTS = "id,appId,displayName,passwordCredentials,keyCredentials"


def token(configured: Secret) -> Secret:
    """The first word: Graph's token. A second one is Azure DevOps's."""
    return Secret(configured.reveal().split()[0] if configured.reveal().split() else b"")


def rows(http: Reader, read: Secret, template: str, what: str, **options: Any) -> Iterator[dict[str, Any]]:
    """Every page of a collection; Graph's own link names the next."""
    for answer in pages(http, template, _next, headers=bearer(read), hide=(read,), **options):
        found = fields(answer, what, "value")["value"]
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise Unclear(f"{what} {trouble(200)}")
        yield from found


def _next(answer: Answer) -> dict[str, str] | None:
    """Only the query of the link: where it leads is not followed."""
    link = answer.json.get("@odata.nextLink") if isinstance(answer.json, dict) else None
    return dict(parse_qsl(urlsplit(str(link)).query)) if link else None


def find(http: Reader, read: Secret, account: Account) -> Mapping[str, Any] | None:
    """The user; None where nobody has the address, and only then. Raises NotIdentified and Unclear."""
    if account.id or account.login:
        user = one(http, read, account.id or account.login)
        if account.id and user["id"] != account.id:
            raise NotIdentified("Entra answered with another user", advice="correct the person's accounts")
        return user
    if not account.email:
        raise NotIdentified("Entra finds users by id, name or address", advice="add one to the directory")
    quoted = account.email.replace("'", "''")
    params = {"$filter": f"mail eq '{quoted}' or userPrincipalName eq '{quoted}'", "$select": _FIELDS}
    found = list(rows(http, read, USERS, "GET /users:", params=params))
    if len(found) > 1:
        names = ", ".join(str(user["userPrincipalName"]) for user in found)
        raise NotIdentified(f"several users have this address: {names}", advice="add the right one's id")
    return found[0] if found else None


def one(http: Reader, read: Secret, key: str) -> Mapping[str, Any]:
    answer = http.request(
        "GET", USER, path={"user": key}, params={"$select": _FIELDS}, headers=bearer(read), hide=(read,)
    )
    return fields(answer, "GET /users/{id}:", "id", "userPrincipalName", "accountEnabled")


def account_check(http: Reader, user: Mapping[str, Any], holder: Account) -> Check:
    if user["accountEnabled"] is False:
        return dead(http, "blocked from signing in", holder, "disabled")
    if user["accountEnabled"] is not True:
        raise Unclear("Entra does not say whether the account is enabled")
    synchronised = "synchronised" if user.get("onPremisesSyncEnabled") is True else ""
    return live(http, f"may sign in{', ' + synchronised if synchronised else ''}", holder, synchronised)


def state(http: Reader, read: Secret, point: AccessPoint) -> Check:
    """Of an account or a grant. Raises NotIdentified and Unclear."""
    identity, _, grant = point.provider_id.partition("/")
    if point.kind == ACCOUNT:
        user = one(http, read, identity)
        if user["id"] != identity:
            raise NotIdentified("Entra answered with another user")
        return account_check(http, user, point.holder or Account(provider=PROVIDER, id=identity))
    if any(row["id"] == grant for row in grants(http, read, identity)):
        return live(http, "listed for the user", point.holder)
    return dead(http, "not listed for the user any more", point.holder, "deleted")


def grants(http: Reader, read: Secret, user: str) -> list[dict[str, Any]]:
    """What this user, and nobody for all users, allowed applications to do."""
    listed = rows(http, read, _GRANTS, "oauth2PermissionGrants:", path={"user": user})
    return [row for row in listed if row["principalId"] == user]


def owned_applications(http: Reader, read: Secret, user: str) -> Iterator[Mapping[str, Any]]:
    for row in rows(http, read, _OWNED, "ownedObjects:", path={"user": user}):
        if row["@odata.type"] == "#microsoft.graph.application":
            yield application(http, read, row["id"])


def application(http: Reader, read: Secret, identity: str) -> Mapping[str, Any]:
    answer = http.request(
        "GET", _APPLICATION, path={"application": identity}, params={"$select": _PARTS}, headers=bearer(read),
        hide=(read,),
    )  # fmt: skip
    told = fields(answer, "GET /applications/{id}:", "id", "appId", "passwordCredentials")
    objects(answer, "GET /applications/{id}:", "passwordCredentials")
    if told["id"] != identity:
        raise Unclear("Entra answered with another application", advice="try again later")
    return told


def named(http: Reader, admin: Secret, point: AccessPoint, credential: Credential | None) -> tuple[str, str]:
    """The ids of the application and of its secret; "" for the latter where the application has it no more.

    From the plan, or from the client id beside a leaked value: Entra tells the first three characters of each secret.
    Raises NotIdentified where these do not single one out.
    """
    if point.provider_id:
        owner, _, key = point.provider_id.partition("/")
        return owner, key
    parts = credential.parts if credential else {}
    if "client_id" not in parts or "secret" not in parts:
        raise NotIdentified("which application's it is, is not known", advice="look for its client id near the value")
    client, value = parts["client_id"].reveal().decode("latin-1"), parts["secret"].reveal().decode("latin-1")
    params = {"$filter": f"appId eq '{client.replace(chr(39), '')}'", "$select": _PARTS}
    found = list(rows(http, admin, _APPLICATIONS, "GET /applications:", params=params))
    if len(found) != 1:
        raise NotIdentified(f"this tenant has no application {client}", advice="ask the tenant that it belongs to")
    secrets = found[0]["passwordCredentials"]
    if any(len(row["hint"] or "") < _BEGINS for row in secrets):
        raise NotIdentified("some of its secrets do not say how they begin", advice=_candidates(secrets))
    same = [row for row in secrets if value.startswith(row["hint"])]
    if len(same) > 1:
        raise NotIdentified("several of its secrets begin alike", advice=_candidates(same))
    return str(found[0]["id"]), str(same[0]["keyId"]) if same else ""


def one_secret(http: Reader, read: Secret, credential: Credential) -> tuple[str, str, Check]:
    """The ids of the application and of the secret that begins as the value does, and that it lives. Raises
    NotIdentified, Unclear."""
    owner, key = named(http, read, AccessPoint(id="", provider=PROVIDER, kind=SECRET), credential)
    told = application(http, read, owner)
    row = next((row for row in told["passwordCredentials"] if row["keyId"] == key), None)
    seen = secret_check(http, told, row, None) if row else None
    if seen is None or seen.liveness is not Liveness.LIVE:
        raise NotIdentified("the application has no living secret that begins so", advice="see its secrets in Entra")
    return owner, key, seen


def _candidates(secrets: list[dict[str, Any]]) -> str:
    return "candidates by key id: " + ", ".join(f"{row['keyId']} ({row.get('displayName')})" for row in secrets)


def secret_state(http: Reader, read: Secret, point: AccessPoint, credential: Credential | None) -> Check:
    """By the application's list: DEAD with "removed" proves REVOKE."""
    owner, key = named(http, read, point, credential)
    if not key:
        return unknown(http, "the client id near the value is of an application that has no secret beginning so")
    told = application(http, read, owner)
    row = next((row for row in told["passwordCredentials"] if row["keyId"] == key), None)
    if row is None:
        return dead(http, f"application {told['appId']} has no such secret", point.holder, "removed")
    return secret_check(http, told, row, point.holder)


def secret_check(http: Reader, told: Mapping[str, Any], row: Mapping[str, Any], holder: Account | None) -> Check:
    ends = when(row.get("endDateTime"))
    if ends and ends <= http.now():
        return dead(http, f"expired at {ends:%Y-%m-%d}", holder, "expired")
    return live(http, f"secret {row['keyId']} of application {told['appId']}", holder, "application")


def send(http: Writer, write: Secret, operation: Operation, json: Any = None, **path: str) -> Answer:
    method, template = operation
    return http.request(method, template, path=path, headers=bearer(write), json=json, hide=(write,))
