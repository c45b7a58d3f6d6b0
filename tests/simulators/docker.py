"""Docker Hub, stateful: signing in, an organisation's members and access tokens, an account's personal tokens.

Facts (docs.docker.com, Docker Hub API): every call but /v2/auth/token takes the token that it gives; lists have `next`
as an address; personal tokens are listed to their own account alone; `is_active` switches a token off and on.
Simpler than the provider: whoever signs in is an owner of the organisation, and tokens never expire.
"""

import uuid
from typing import Any, ClassVar

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ORG = "acme"
AT = "2026-01-02T03:04:05.000Z"


class DockerSimulator(RestSimulator):
    """`pats` and `oats` are rows as the lists show them; a personal token's row also has its `owner`."""

    PROVIDER: ClassVar[str] = "docker"
    CONTRACTS: ClassVar[tuple[tuple[str, str], ...]] = (("", "docker-hub"),)
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[str, str] = {}
        self.pats: list[dict[str, Any]] = []
        self.oats: list[dict[str, Any]] = []
        self.members: list[dict[str, Any]] = []

    def add_account(self, name: str, password: str | Secret) -> None:
        self.passwords[name] = fold(password)

    def add_pat(self, owner: str, label: str) -> dict[str, Any]:
        row = {"uuid": _uuid("pat", owner, label), "is_active": True, "token_label": label, "token": "", "owner": owner}
        self.pats.append({**row, "created_at": AT, "last_used": None, "scopes": ["repo:admin"]})
        return self.pats[-1]

    def add_oat(self, maker: str, label: str) -> dict[str, Any]:
        row = {"id": _uuid("oat", maker, label), "label": label, "created_by": maker, "is_active": True}
        self.oats.append({**row, "created_at": AT, "expires_at": None, "last_used_at": AT})
        return self.oats[-1]

    def add_member(self, name: str, role: str = "Member") -> None:
        row = {"id": _uuid("user", name), "username": name, "email": f"{name}@example.com", "role": role}
        self.members.append({**row, "type": "User", "full_name": name, "groups": [], "is_guest": False})

    def error(self, status: int) -> Answer:
        return ok({"detail": f"trouble {status}", "message": f"trouble {status}"}, status)

    def who(self, request: Request) -> str:
        return self._account(request) or "somebody"

    def _account(self, request: Request) -> str:
        name = bearer_of(request).removeprefix("signed in as ")
        return name if name in self.passwords else ""

    @route("POST", "/v2/auth/token")
    def sign_in(self, request: Request) -> Answer:
        given = request.json() or {}
        if self.passwords.get(given.get("identifier", "")) != fold(str(given.get("secret", ""))):
            return self.error(401)
        return ok({"access_token": f"signed in as {given['identifier']}"})

    def _rows(self, rows: list[dict[str, Any]], request: Request, count: str) -> dict[str, Any]:
        some, more = self.page(rows, request)
        number = int(request.query.get("page", ["1"])[0])
        body: dict[str, Any] = {count: len(rows), "results": some}
        if more:
            body["next"] = f"https://hub.docker.com{request.path}?page_size=100&page={number + 1}"
        return body

    @route("GET", "/v2/access-tokens")
    def list_pats(self, request: Request) -> Answer:
        name = self._account(request)
        if not name:
            return self.error(401)
        rows = [{key: row[key] for key in row if key != "owner"} for row in self.pats if row["owner"] == name]
        return ok(self._rows(rows, request, "count"))

    @route("GET", "/v2/orgs/{org}/access-tokens")
    def list_oats(self, request: Request, org: str) -> Answer:
        if not self._account(request) or org != ORG:
            return self.error(401 if org == ORG else 404)
        return ok(self._rows(self.oats, request, "total"))

    @route("GET", "/v2/orgs/{org}/members")
    def list_members(self, request: Request, org: str) -> Answer:
        if not self._account(request) or org != ORG:
            return self.error(401 if org == ORG else 404)
        return ok([self._rows(self.members, request, "count")])

    @route("PATCH", "/v2/access-tokens/{ident}")
    @route("DELETE", "/v2/access-tokens/{ident}")
    def change_pat(self, request: Request, ident: str) -> Answer:
        mine = [row for row in self.pats if row["owner"] == self._account(request) and row["uuid"] == ident]
        return self._change(request, self.pats, mine)

    @route("PATCH", "/v2/orgs/{org}/access-tokens/{ident}")
    @route("DELETE", "/v2/orgs/{org}/access-tokens/{ident}")
    def change_oat(self, request: Request, org: str, ident: str) -> Answer:
        if not self._account(request) or org != ORG:
            return self.error(404)
        return self._change(request, self.oats, [row for row in self.oats if row["id"] == ident])

    def _change(self, request: Request, rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> Answer:
        if not found:
            return self.error(404)
        if request.method == "DELETE":
            rows.remove(found[0])
            return done()
        found[0]["is_active"] = request.json()["is_active"]
        return done(200, {key: value for key, value in found[0].items() if key != "owner"})

    @route("DELETE", "/v2/orgs/{org}/members/{name}")
    def remove(self, request: Request, org: str, name: str) -> Answer:
        kept = [row for row in self.members if row["username"] != name]
        if not self._account(request) or org != ORG or len(kept) == len(self.members):
            return self.error(404)
        self.members = kept
        return done()


def _uuid(*words: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(words)))
