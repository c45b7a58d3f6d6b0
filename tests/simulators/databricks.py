"""A Databricks workspace, stateful: its users by SCIM, their tokens by token management.

Facts (Databricks's own SDK, its pages on the REST API): lists without rows are empty JSON; a token's id that is not
there is 404 RESOURCE_DOES_NOT_EXIST; times are milliseconds; SCIM lists come in pages by `startIndex`.
Simpler than Databricks: one administrator, and a refused token is 403 with "Invalid access token."
"""

import re
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

_SCIM = "/api/2.0/preview/scim/v2"
_TOKENS = "/api/2.0/token-management/tokens"


def pat(seed: str) -> str:
    return "dapi" + tokens.pick(seed, "dapi", 32, tokens.HEX)


@dataclass
class Token:
    folded: str
    told: dict[str, Any]


class DatabricksSimulator(RestSimulator):
    """`admin` is the token of the workspace's administrator."""

    PROVIDER = "databricks"

    def __init__(self) -> None:
        super().__init__()
        self.admin = pat("the administrator's")
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, Token] = {}
        self.admins: list[str] = []
        """References to the members of the group admins."""

    def add_user(self, name: str) -> str:
        identity = tokens.pick(name, "databricks id", 16, "123456789")
        self.users[identity] = {"id": identity, "userName": f"{name}@example.com", "active": True}
        return identity

    def add_token(self, user: str, value: str) -> str:
        identity = tokens.pick(value, "databricks token id", 64, tokens.HEX)
        told = {"token_id": identity, "comment": "laptop", "created_by_id": int(user), "owner_id": int(user)}
        self.tokens[identity] = Token(fold(value), told | {"creation_time": 1_700_000_000_000, "expiry_time": -1})
        return identity

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"error_code": "TROUBLE", "message": "trouble"})

    def _self(self, request: Request) -> Token | None:
        folded = fold(bearer_of(request))
        found = next((token for token in self.tokens.values() if token.folded == folded), None)
        return found if found and self.users[str(found.told["owner_id"])]["active"] else None

    def answer(self, request: Request) -> Answer:
        as_itself = request.path.endswith("/Me")
        if (as_itself and self._self(request) is None) or (not as_itself and bearer_of(request) != self.admin):
            return Answer(status=403, body={"error_code": "403", "message": "Invalid access token."})
        return super().answer(request)

    @route("GET", _SCIM + "/Me")
    def me(self, request: Request) -> Answer:
        token = self._self(request)
        assert token
        return ok(self.users[str(token.told["owner_id"])])

    @route("GET", _SCIM + "/Users")
    def list_users(self, request: Request) -> Answer:
        told = re.fullmatch(r'userName eq "((?:[^"\\]|\\.)*)"', request.query["filter"][0])
        assert told
        name = re.sub(r"\\(.)", r"\1", told[1])
        rows = [user for user in self.users.values() if user["userName"].lower() == name.lower()]
        start = int(request.query.get("startIndex", ["1"])[0])
        shown = rows[start - 1 :][: self.page_size]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(rows)}
        return ok({**body, "startIndex": start, "itemsPerPage": len(shown), **({"Resources": shown} if shown else {})})

    @route("GET", _SCIM + "/Groups")
    def groups(self, request: Request) -> Answer:
        assert request.query["filter"] == ['displayName eq "admins"']
        members = [{"value": one.partition("/")[2], "display": "somebody", "$ref": one} for one in self.admins]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1, "itemsPerPage": 1}
        return ok({**body, "startIndex": 1, "Resources": [{"id": "7", "displayName": "admins", "members": members}]})

    @route("GET", _SCIM + "/Users/{user}")
    def get_user(self, _: Request, user: str) -> Answer:
        return ok(self.users[user]) if user in self.users else self.error(404)

    @route("PATCH", _SCIM + "/Users/{user}")
    def change_user(self, request: Request, user: str) -> Answer:
        (operation,) = request.json()["Operations"]
        assert (operation["op"], operation["path"]) == ("replace", "active")
        self.users[user]["active"] = operation["value"]
        return done()

    @route("GET", _TOKENS)
    def list_tokens(self, request: Request) -> Answer:
        wanted = request.query.get("created_by_id", [""])[0]
        rows = [token.told for token in self.tokens.values() if wanted in ("", str(token.told["created_by_id"]))]
        return ok({"token_infos": rows} if rows else {})

    @route("GET", _TOKENS + "/{token}")
    def get_token(self, _: Request, token: str) -> Answer:
        return ok({"token_info": self.tokens[token].told}) if token in self.tokens else self._missing()

    @route("DELETE", _TOKENS + "/{token}")
    def delete_token(self, _: Request, token: str) -> Answer:
        return done(200, {}) if self.tokens.pop(token, None) else self._missing()

    def _missing(self) -> Answer:
        return Answer(status=404, body={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Token does not exist"})
