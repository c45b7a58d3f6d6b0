"""What a workspace's administrator sees of a user."""

from collections.abc import Mapping
from typing import Any

from offkey.http import Answer, Reader, bearer
from offkey.model import Account
from offkey.secret import Secret
from revokers import owners
from revokers.parts import fields, pages, trouble
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "databricks"
USERS = "/api/2.0/preview/scim/v2/Users"
USER = USERS + "/{user}"
_GROUPS = "/api/2.0/preview/scim/v2/Groups"
TOKENS = "/api/2.0/token-management/tokens"
TOKEN = TOKENS + "/{token}"


def holder_of(user: Mapping[str, Any]) -> Account:
    name = str(user["userName"])
    return Account(provider=PROVIDER, id=str(user["id"]), login=name, email=name if "@" in name else "")


def find(http: Reader, read: Secret, account: Account) -> Mapping[str, Any] | None:
    if account.id:
        return one_user(http, read, account.id)
    name = account.login or account.email
    if not name:
        raise NotIdentified("Databricks finds users by id or name", advice="add either to the directory")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    found = [
        row
        for answer in pages(
            http, USERS, _next, params={"filter": f'userName eq "{quoted}"'}, headers=bearer(read), hide=(read,)
        )
        for row in fields(answer, "SCIM Users:", "totalResults", "schemas").get("Resources", [])
        if str(row["userName"]).lower() == name.lower()
    ]
    if len(found) > 1 or (account.login and not found):
        raise NotIdentified(f"{len(found)} users have this name", advice="correct the person's accounts")
    return found[0] if found else None


def _next(answer: Answer) -> dict[str, str] | None:
    at, size, total = (int(answer.json.get(name) or 0) for name in ("startIndex", "itemsPerPage", "totalResults"))
    return {"startIndex": str(at + size)} if size and at + size <= total else None


def one_user(http: Reader, read: Secret, identity: str) -> Mapping[str, Any]:
    answer = http.request("GET", USER, path={"user": identity}, headers=bearer(read), hide=(read,))
    user = fields(answer, "SCIM Users/{id}:", "id", "userName", "active")
    if user["id"] != identity:
        raise NotIdentified("Databricks answered with another user")
    return user


def administrators(http: Reader, read: Secret, user: Mapping[str, Any]) -> tuple[str, ...]:
    """Who is in the workspace's group `admins` besides this user; nobody need be for a user who is not.

    https://docs.databricks.com/api/workspace/groups/list
    """
    params = {"filter": 'displayName eq "admins"'}
    found = [
        row
        for answer in pages(http, _GROUPS, _next, params=params, headers=bearer(read), hide=(read,))
        for row in fields(answer, "SCIM Groups:", "totalResults", "schemas").get("Resources", [])
        if row["displayName"] == "admins"
    ]
    if len(found) != 1:
        raise Unclear(f"the workspace lists {len(found)} groups called admins", advice="the token must be an admin's")
    members = [str(row["value"]) for row in found[0]["members"] if str(row["$ref"]).startswith("Users/")]
    indirectly = any(group.get("display") == "admins" for group in user.get("groups") or ())
    if str(user["id"]) not in members and not indirectly:
        return ()
    others = (one_user(http, read, other) for other in members if other != str(user["id"]))
    return owners.beside(True, (other for other in others if other["active"] is True))


def token_rows(http: Reader, read: Secret, user: str = "") -> list[dict[str, Any]]:
    """The tokens that a user made, or every one of the workspace. No pages; without rows the list is empty JSON."""
    made_by = {"created_by_id": user} if user else {}
    answer = http.request("GET", TOKENS, params=made_by, headers=bearer(read), hide=(read,))
    body = fields(answer, "token-management/tokens:")
    if body.keys() - {"token_infos"}:
        raise Unclear(f"token-management/tokens {trouble(200)}")
    found: list[dict[str, Any]] = body.get("token_infos", [])
    return found
