"""What Google's directory says of a user."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from offkey.http import Reader, bearer
from offkey.secret import Secret
from revokers.parts import fields
from revokers.protocol import NotIdentified, Unclear

USER = "/admin/directory/v1/users/{user}"
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
