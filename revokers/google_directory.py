"""What Google's directory says of a user."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from offkey.http import Answer, Reader, bearer
from offkey.secret import Secret
from revokers import owners
from revokers.parts import fields, pages, trouble
from revokers.protocol import NotIdentified, Unclear

USERS = "/admin/directory/v1/users"
USER = USERS + "/{user}"
GRANTS, PASSWORDS = USER + "/tokens", USER + "/asps"
GRANT, PASSWORD = "google.grant", "google.app_password"
LISTS = {
    GRANT: (GRANTS, "admin#directory#tokenList", "clientId"),
    PASSWORD: (PASSWORDS, "admin#directory#aspList", "codeId"),
}
"""By kind: the list's path, what the answer calls itself, and the name of the id in its rows."""


def find(http: Reader, read: Secret, key: str) -> Mapping[str, Any] | None:
    """None where Google knows no such user, and only then. Raises Unclear."""
    if not key:
        raise NotIdentified("Google finds users by id or address", advice="add either to the directory")
    answer = http.request("GET", USER, path={"user": key}, headers=bearer(read), hide=(read,))
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    errors = error.get("errors") if isinstance(error, dict) else None
    if answer.status == 404 and isinstance(errors, list) and any(one.get("reason") == "notFound" for one in errors):
        return None
    user = fields(answer, "users.get:", "id", "primaryEmail", "suspended")
    if not isinstance(user["suspended"], bool):
        raise Unclear("users.get does not say whether the user is suspended")
    return user


def rows(http: Reader, read: Secret, kind: str, user: str) -> list[dict[str, Any]]:
    template, form, identity = LISTS[kind]
    answer = http.request("GET", template, path={"user": user}, headers=bearer(read), hide=(read,))
    body = fields(answer, f"{kind} list:", "kind")
    found = body.get("items", [])
    if body["kind"] != form or not isinstance(found, list) or not all(row[identity] for row in found):
        raise Unclear(f"{kind} list: answered without the expected fields")
    return found


def used_at(told: object) -> datetime | None:
    """Unix time in seconds, as text; 0 for never."""
    return (
        datetime.fromtimestamp(int(told), UTC) if isinstance(told, str) and told.strip("0") and told.isdigit() else None
    )


def administrators(http: Reader, read: Secret, user: Mapping[str, Any]) -> tuple[str, ...]:
    """Who is super administrator besides this user; nobody need be for a user who is none.

    The search may be 36 hours old, so each user that it finds is asked about until one is seen to be one.
    https://developers.google.com/workspace/admin/directory/v1/guides/search-users
    """
    if user["isAdmin"] is False:
        return ()
    return owners.beside(True, _others(http, read, str(user["id"])))


def _others(http: Reader, read: Secret, user: str) -> Iterator[str]:
    params = {"customer": "my_customer", "query": "isAdmin=true isSuspended=false", "maxResults": "500"}
    for answer in pages(http, USERS, _next, params=params, headers=bearer(read), hide=(read,)):
        if fields(answer, "users.list:", "kind")["kind"] != "admin#directory#users":
            raise Unclear(f"users.list: {trouble(200)}")
        for row in answer.json.get("users", []):
            other = find(http, read, str(row["id"])) if row["id"] != user else None
            if other and other["id"] == row["id"] and other["isAdmin"] is True and not other["suspended"]:
                yield str(row["id"])


def _next(answer: Answer) -> dict[str, str] | None:
    more = answer.json.get("nextPageToken") if isinstance(answer.json, dict) else None
    return {"pageToken": str(more)} if more else None
