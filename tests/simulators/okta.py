"""An Okta organisation: users, API tokens, grants and refresh tokens.

A token of a user who is not ACTIVE answers 401 E0000011 as a revoked one does, and works again with its user.
Lists go on by the cursor in the Link header, whose address names Okta's own host.

https://developer.okta.com/docs/reference/core-okta-api/#pagination
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

AT = "2026-01-02T03:04:05.000Z"


def okta_api_token(seed: str) -> str:
    """`00` and 40 characters of the URL-safe alphabet; no checksum is documented."""
    return "00" + pick(seed, "okta", 40, URL_SAFE)


@dataclass
class User:
    id: str
    login: str
    email: str
    status: str = "ACTIVE"
    roles: list[str] = field(default_factory=list)


class OktaSimulator(RestSimulator):
    PROVIDER = "okta"
    CONTRACTS = (("", "okta"),)
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {
        ("okta", "*", "*", "status 401"): "a token that is not valid: in the list of error codes, in no operation",
    }

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, User] = {}
        self.tokens: dict[str, dict[str, str]] = {}  # by id: userId, name, folded value
        self.grants: dict[str, dict[str, str]] = {}
        self.refresh: dict[str, dict[str, str]] = {}
        self.sessions_ended: list[str] = []

    def add_user(self, name: str, *, email: str = "", roles: tuple[str, ...] = ()) -> User:
        user = User(f"00u{pick(name, 'user', 17)}", f"{name}@example.com", email or f"{name}@example.com")
        user.roles = list(roles)
        self.users[user.id] = user
        return user

    def add_token(self, user: User, value: str, name: str = "script") -> str:
        token = f"00T{pick(value, 'id', 17)}"
        self.tokens[token] = {"id": token, "userId": user.id, "name": name, "folded": fold(value)}
        return token

    def add_grant(self, user: User, scope: str) -> None:
        grant = f"oag{pick(user.id + scope, 'id', 17)}"
        self.grants[grant] = {"id": grant, "userId": user.id, "scopeId": scope, "status": "ACTIVE"}

    def add_refresh(self, user: User, client: str, seed: str = "") -> None:
        token = f"oar{pick(user.id + client + seed, 'id', 17)}"
        self.refresh[token] = {"id": token, "userId": user.id, "clientId": client, "status": "ACTIVE"}

    def error(self, status: int) -> Answer:
        return self._error(status, "E0000008" if status == 404 else "E0000047" if status == 429 else "E0000009")

    @staticmethod
    def _error(status: int, code: str) -> Answer:
        body = {"errorCode": code, "errorSummary": "no", "errorLink": code, "errorId": "oae1", "errorCauses": []}
        return ok(body, status)

    def who(self, request: Request) -> str:
        return getattr(self._user(request), "login", "nobody")

    def _user(self, request: Request) -> User | None:
        held = fold(bearer_of(request, "SSWS"))
        row = next((row for row in self.tokens.values() if row["folded"] == held), None)
        user = self.users[row["userId"]] if row else None
        return user if user and user.status == "ACTIVE" else None

    def answer(self, request: Request) -> Answer:
        user = self._user(request)
        if user is None:
            return self._error(401, "E0000011")
        if not user.roles and not re.search(r"/users/me$|/api-tokens/current$", request.path):
            return self._error(403, "E0000006")
        return super().answer(request)

    def _shown(self, user: User) -> dict[str, Any]:
        profile = {"login": user.login, "email": user.email, "firstName": "A", "lastName": "B"}
        return {"id": user.id, "status": user.status, "created": AT, "profile": profile}

    def _list(self, rows: list[Any], request: Request) -> Answer:
        after = request.query.get("after", ["0"])[-1]
        at = int(after)
        more = at + self.page_size < len(rows)
        link = f'<https://acme.okta.com{request.path}?after={at + self.page_size}>; rel="next"' if more else ""
        return ok(rows[at : at + self.page_size], Link=f'<https://acme.okta.com{request.path}>; rel="self", {link}')

    @route("GET", "/api/v1/users")
    def find(self, request: Request) -> Answer:
        wanted = re.fullmatch(r'profile\.email eq "(.*)"', request.query["search"][-1])
        assert wanted, "the simulator knows one search"
        return self._list([self._shown(one) for one in self.users.values() if one.email == wanted[1]], request)

    @route("GET", "/api/v1/users/{user}")
    def show(self, request: Request, user: str) -> Answer:
        if user == "me":
            me = self._user(request)
            return ok(self._shown(me)) if me else self._error(401, "E0000011")
        # Okta takes a login's beginning, as long as it is unambiguous
        found = [one for one in self.users.values() if user in (one.id, one.login, one.login.partition("@")[0])]
        return ok(self._shown(found[0])) if len(found) == 1 else self._error(404, "E0000007")

    @route("GET", "/api/v1/users/{user}/roles")
    def roles(self, request: Request, user: str) -> Answer:
        return ok([{"id": f"ra{n}", "type": role} for n, role in enumerate(self.users[user].roles)])

    @route("POST", "/api/v1/users/{user}/lifecycle/suspend")
    def suspend(self, request: Request, user: str) -> Answer:
        return self._become(user, "ACTIVE", "SUSPENDED")

    @route("POST", "/api/v1/users/{user}/lifecycle/unsuspend")
    def unsuspend(self, request: Request, user: str) -> Answer:
        return self._become(user, "SUSPENDED", "ACTIVE")

    def _become(self, user: str, before: str, after: str) -> Answer:
        if self.users[user].status != before:
            return self._error(400, "E0000001")
        self.users[user].status = after
        return done(200)

    @route("POST", "/api/v1/users/{user}/lifecycle/deactivate")
    def deactivate(self, request: Request, user: str) -> Answer:
        self.users[user].status = "DEPROVISIONED"
        return done(200)

    @route("DELETE", "/api/v1/users/{user}/sessions")
    def end_sessions(self, request: Request, user: str) -> Answer:
        self.sessions_ended.append(user)
        return done()

    @staticmethod
    def _token(row: dict[str, str]) -> dict[str, Any]:
        return {key: row[key] for key in ("id", "userId", "name")} | {"clientName": "Okta API", "created": AT}

    @route("GET", "/api/v1/api-tokens")
    def list_tokens(self, request: Request) -> Answer:
        return ok([self._token(row) for row in self.tokens.values()])

    @route("GET", "/api/v1/api-tokens/{token}")
    def show_token(self, request: Request, token: str) -> Answer:
        return ok(self._token(self.tokens[token])) if token in self.tokens else self._error(404, "E0000007")

    @route("DELETE", "/api/v1/api-tokens/{token}")
    def end_token(self, request: Request, token: str) -> Answer:
        if token == "current":
            held = fold(bearer_of(request, "SSWS"))
            token = next(known for known, row in self.tokens.items() if row["folded"] == held)
        return done() if self.tokens.pop(token, None) else self._error(404, "E0000007")

    @route("GET", "/api/v1/users/{user}/grants")
    def list_grants(self, request: Request, user: str) -> Answer:
        return self._list([self._granted(row) for row in self.grants.values() if row["userId"] == user], request)

    @staticmethod
    def _granted(row: dict[str, str]) -> dict[str, Any]:
        return {**row, "issuer": "https://acme.okta.com", "created": AT, "clientId": "0oa1"}

    @route("GET", "/api/v1/users/{user}/grants/{grant}")
    def show_grant(self, request: Request, user: str, grant: str) -> Answer:
        row = self.grants.get(grant, {})
        return ok(self._granted(row)) if row.get("userId") == user else self._error(404, "E0000007")

    @route("DELETE", "/api/v1/users/{user}/grants/{grant}")
    def end_grant(self, request: Request, user: str, grant: str) -> Answer:
        if self.grants.get(grant, {}).get("userId") != user:
            return self._error(404, "E0000007")
        self.grants[grant]["status"] = "REVOKED"
        return done()

    @route("GET", "/api/v1/users/{user}/clients")
    def list_clients(self, request: Request, user: str) -> Answer:
        names = sorted({row["clientId"] for row in self.refresh.values() if row["userId"] == user})
        return ok([{"client_id": name, "client_name": name} for name in names])

    @route("GET", "/api/v1/users/{user}/clients/{client}/tokens")
    def list_refresh(self, request: Request, user: str, client: str) -> Answer:
        rows = [row for row in self.refresh.values() if (row["userId"], row["clientId"]) == (user, client)]
        return self._list([{**row, "created": AT} for row in rows], request)

    @route("GET", "/api/v1/users/{user}/clients/{client}/tokens/{token}")
    def show_refresh(self, request: Request, user: str, client: str, token: str) -> Answer:
        row = self.refresh.get(token, {})
        return ok({**row, "created": AT}) if row.get("userId") == user else self._error(404, "E0000007")

    @route("DELETE", "/api/v1/users/{user}/clients/{client}/tokens/{token}")
    def end_refresh(self, request: Request, user: str, client: str, token: str) -> Answer:
        if self.refresh.get(token, {}).get("userId") != user:
            return self._error(404, "E0000007")
        del self.refresh[token]
        return done()
