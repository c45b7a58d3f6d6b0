"""LaunchDarkly, stateful: who a token is, access tokens, members.

Facts (api-client-go, openapi.yaml): the token is the whole Authorization header; a dead one is 401 "unauthorized",
"Invalid access token"; lists go on while `_links` has `next`; `showAll` is for administrators; a member's personal
tokens go with the member.
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def key(seed: str, prefix: str = "api") -> str:
    pieces = [pick(seed, f"{prefix}-{n}", n, HEX) for n in (8, 4, 4, 4, 12)]
    return "-".join([prefix, *pieces])


class LaunchDarklySimulator(RestSimulator):
    """`tokens[fold(value)]` is a row of the list; `sdk` has the folded SDK keys."""

    PROVIDER: ClassVar[str] = "launchdarkly"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, dict[str, Any]] = {}
        self.members: list[dict[str, Any]] = []
        self.sdk: set[str] = set()

    def add_member(self, name: str, role: str = "writer") -> str:
        ident = pick(name, "member", 24, HEX)
        self.members.append({"_id": ident, "email": f"{name}@example.com", "role": role, "_pendingInvite": False})
        return ident

    def add_token(self, member: str, value: str | Secret, *, service: bool = False) -> str:
        ident = pick(fold(value), "token", 24, HEX)
        row = {"_id": ident, "memberId": member, "ownerId": "account", "name": "laptop", "serviceToken": service}
        self.tokens[fold(value)] = {
            **row,
            "creationDate": 1,
            "lastModified": 1,
            "lastUsed": 1700000000000,
            "_links": {},
        }
        return ident

    def error(self, status: int) -> Answer:
        if status == 401:
            return ok({"code": "unauthorized", "message": "Invalid access token"}, 401)
        return ok({"code": "trouble", "message": f"trouble {status}"}, status)

    def _asking(self, request: Request) -> dict[str, Any] | None:
        return self.tokens.get(fold(request.headers.get("authorization", "")))

    @route("GET", "/api/v2/caller-identity")
    def identity(self, request: Request) -> Answer:
        if fold(request.headers.get("authorization", "")) in self.sdk:
            return ok({"accountId": "account", "authKind": "sdk", "environmentId": "env", "projectId": "project"})
        row = self._asking(request)
        if row is None:
            return self.error(401)
        told = {"accountId": "account", "authKind": "token", "tokenName": row["name"], "tokenId": row["_id"]}
        return ok({**told, "memberId": row["memberId"], "serviceToken": row["serviceToken"]})

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        some, following = self.slice(rows, request)
        links: dict[str, Any] = {"self": {"href": request.path}}
        if following is not None:
            links["next"] = {"href": f"{request.path}?limit=100&offset={following}"}
        return ok({"items": some, "_links": links, "totalCount": len(rows)})

    @route("GET", "/api/v2/tokens")
    def list_tokens(self, request: Request) -> Answer:
        asking = self._asking(request)
        if asking is None:
            return self.error(401)
        every = request.query.get("showAll") == ["true"]
        return self._page(
            request, [row for row in self.tokens.values() if every or row["memberId"] == asking["memberId"]]
        )

    @route("GET", "/api/v2/members")
    def list_members(self, request: Request) -> Answer:
        return self._page(request, self.members) if self._asking(request) else self.error(401)

    @route("DELETE", "/api/v2/tokens/{ident}")
    def delete_token(self, request: Request, ident: str) -> Answer:
        if not self._asking(request):
            return self.error(401)
        found = [folded for folded, row in self.tokens.items() if row["_id"] == ident]
        if not found:
            return self.error(404)
        del self.tokens[found[0]]
        return done()

    @route("DELETE", "/api/v2/members/{ident}")
    def delete_member(self, request: Request, ident: str) -> Answer:
        kept = [row for row in self.members if row["_id"] != ident]
        if not self._asking(request) or len(kept) == len(self.members):
            return self.error(404)
        self.members = kept
        self.tokens = {key: row for key, row in self.tokens.items() if row["memberId"] != ident or row["serviceToken"]}
        return done()
