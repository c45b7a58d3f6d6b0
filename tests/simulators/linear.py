"""Linear's GraphQL, stateful, as far as offkey asks it: viewer, users, suspending.

Facts (packages/sdk/src/schema.graphql and error.ts): one address for all; a refused key is 401 with the error type
"authentication error", a missing right 200 with errors of type "forbidden"; users come by cursor, suspended ones with
`includeDisabled`; a suspended user's keys are refused.
Simpler than the provider: an operation is told by its name alone, and all of its fields are answered.
"""

import uuid
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def api_key(seed: str) -> str:
    return "lin_" + "api_" + pick(seed, "lin_api_", 40)


class LinearSimulator(RestSimulator):
    """`keys[fold(value)]` is the id of the key's user; `ended` has the users whose sessions were ended."""

    PROVIDER: ClassVar[str] = "linear"

    def __init__(self) -> None:
        super().__init__()
        self.users: list[dict[str, Any]] = []
        self.keys: dict[str, str] = {}
        self.ended: set[str] = set()

    def add_user(self, name: str, *, admin: bool = False) -> str:
        ident = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        user = {"id": ident, "name": name, "email": f"{name}@example.com", "active": True}
        self.users.append({**user, "admin": admin, "app": False})
        return ident

    def add_key(self, user: str, value: str | Secret) -> None:
        self.keys[fold(value)] = user

    def label(self, request: Request) -> str:
        sent = request.json()
        return f"{request.path}#{sent['operationName']}" if isinstance(sent, dict) else request.path

    def template(self, request: Request) -> str:
        return self.label(request)

    def error(self, status: int) -> Answer:
        kind = "authentication error" if status == 401 else f"trouble {status}"
        return ok({"errors": [{"message": kind, "extensions": {"type": kind}}]}, status)

    def _user(self, ident: str) -> dict[str, Any] | None:
        return next((user for user in self.users if user["id"] == ident), None)

    @route("POST", "/graphql")
    def graphql(self, request: Request) -> Answer:
        asking = self._user(self.keys.get(fold(request.headers.get("authorization", "")), ""))
        if asking is None or not asking["active"]:
            return self.error(401)
        sent = request.json()
        name, given = sent["operationName"], sent["variables"]
        if name == "viewer":
            return ok({"data": {"viewer": asking}})
        if name == "users":
            return ok({"data": {"users": self._page(given.get("after"))}})
        user = self._user(given["id"])
        if not asking["admin"] or user is None:
            return ok({"errors": [{"message": "no", "extensions": {"type": "forbidden"}}], "data": None})
        if name == "userRevokeAllSessions":
            self.ended.add(user["id"])
        else:
            user["active"] = name == "userUnsuspend"
        return done(200, {"data": {name: {"success": True}}})

    def _page(self, after: str | None) -> dict[str, Any]:
        at = int(after or 0)
        end = at + self.page_size
        return {
            "nodes": self.users[at:end],
            "pageInfo": {"hasNextPage": end < len(self.users), "endCursor": str(end)},
        }
