"""Linear's GraphQL: the documents that are sent, and the list of users.

Each operation has a template of its own, `/graphql#viewer`: what follows the `#` is never sent, and tells a question
from a change where everything is a POST to one address.

https://linear.app/developers/graphql
https://github.com/linear/linear: packages/sdk/src/schema.graphql
"""

from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, fields, text
from revokers.protocol import Unclear

QUERIES = {
    "viewer": "query viewer { viewer { id name email active } }",
    "users": "query users($after: String) { users(first: 100, after: $after, includeDisabled: true) "
    "{ nodes { id name email active admin app } pageInfo { hasNextPage endCursor } } }",
}
CHANGES = {
    name: f"mutation {name}($id: String!) {{ {name}(id: $id) {{ success }} }}"
    for name in ("userSuspend", "userUnsuspend", "userRevokeAllSessions")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are API keys of an admin."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def post(http: Reader, token: Secret, name: str, **variables: str | None) -> Answer:
    """An API key stands alone in the header, an OAuth token after Bearer."""
    value = text(token)
    headers = {"Authorization": value if value.startswith("lin_api_") else f"Bearer {value}"}
    document = QUERIES.get(name) or CHANGES[name]
    sent = {"query": document, "operationName": name, "variables": variables}
    return http.request("POST", f"/graphql#{name}", json=sent, headers=headers, hide=(token,))


def data(answer: Answer, name: str) -> Any:
    """What the operation answers. Raises Unclear for errors, which may come with status 200."""
    body = fields(answer, name, "data")
    if body.get("errors") or not isinstance(body["data"], dict) or name not in body["data"]:
        raise Unclear(f"{name} was answered with errors")
    return body["data"][name]


def users(http: Reader, settings: Settings, *, write: bool = False) -> list[dict[str, Any]]:
    """Every user, suspended ones too; never none. Raises Unclear."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    for _ in range(1000):
        page = data(post(http, configured(settings, write=write), "users", after=after), "users")
        found += page["nodes"]
        if page["pageInfo"]["hasNextPage"] is not True:
            return rosters.whole(found, "users")
        after = str(page["pageInfo"]["endCursor"])
    raise Unclear("the list of users does not end")
