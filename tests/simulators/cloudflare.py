"""Cloudflare: user tokens, accounts with their own tokens and members.

Either verify address says "1000 Invalid API Token" to whatever is no token of its sort, dead or alive. A disabled token
may verify itself and nothing else. An update replaces a token whole. No official description is at hand.

https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/
https://developers.cloudflare.com/api/resources/accounts/subresources/members/
"""

from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ROOT = "/client/v4"


def cloudflare_user_token(seed: str) -> str:
    """`cfut_`, 40 characters and a checksum, whose rule is not public."""
    return "cfut_" + pick(seed, "cloudflare user", 40) + pick(seed, "cloudflare sum", 8, HEX)


def cloudflare_account_token(seed: str) -> str:
    return "cfat_" + pick(seed, "cloudflare account", 40) + pick(seed, "cloudflare sum", 8, HEX)


def cloudflare_legacy(seed: str) -> str:
    return pick(seed, "cloudflare legacy", 40)


@dataclass
class Token:
    folded: str
    account: str  # empty for a user's
    user: str  # empty for an account's
    body: dict[str, Any]
    may: frozenset[str] = field(default_factory=frozenset)


class CloudflareSimulator(RestSimulator):
    PROVIDER = "cloudflare"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, Token] = {}
        self.members: dict[str, dict[str, dict[str, Any]]] = {}

    def add_token(self, value: str, *, account: str = "", user: str = "", may: tuple[str, ...] = ()) -> str:
        number = pick(value, "token id", 32, HEX)
        policy = {"id": pick(value, "policy", 32, HEX), "effect": "allow", "resources": {"com.cloudflare.api": "*"}}
        policy["permission_groups"] = [{"id": pick(word, "group", 32, HEX), "name": word} for word in may]
        body = {
            "id": number,
            "name": "ci",
            "status": "active",
            "policies": [policy],
            "issued_on": "2026-01-02T03:04:05Z",
        }
        self.tokens[number] = Token(fold(value), account, user, body, frozenset(may))
        return number

    def add_member(self, account: str, name: str, *roles: str) -> str:
        member = pick(f"{account} {name}", "member", 32, HEX)
        email = f"{name}@example.com"
        user = {"id": pick(name, "user", 32, HEX), "email": email}
        listed = [{"id": pick(role, "role", 32, HEX), "name": role} for role in roles or ("Administrator Read Only",)]
        row = {"id": member, "email": email, "status": "accepted", "user": user, "roles": listed}
        self.members.setdefault(account, {})[member] = row
        return member

    def error(self, status: int) -> Answer:
        return self._error(status, 10000, "Authentication error")

    @staticmethod
    def _error(status: int, code: int, message: str) -> Answer:
        errors = [{"code": code, "message": message}]
        return ok({"success": False, "errors": errors, "messages": [], "result": None}, status)

    @staticmethod
    def _ok(result: Any, **more: Any) -> dict[str, Any]:
        return {"success": True, "errors": [], "messages": [], "result": result, **more}

    def _asks(self, request: Request) -> Token | None:
        held = fold(bearer_of(request))
        return next((token for token in self.tokens.values() if token.folded == held), None)

    def who(self, request: Request) -> str:
        token = self._asks(request)
        return (token.user or token.account) if token else "nobody"

    def answer(self, request: Request) -> Answer:
        token = self._asks(request)
        verify = request.path.endswith("/tokens/verify")
        if token is None or (token.body["status"] != "active" and not verify):
            return self._error(401, 1000, "Invalid API Token")
        needed = "" if verify else self._needed(request)
        return super().answer(request) if not needed or needed in token.may else self._error(403, 9109, "Unauthorized")

    @staticmethod
    def _needed(request: Request) -> str:
        if "/members" in request.path:
            return f"Account Settings {'Read' if request.method == 'GET' else 'Write'}"
        if request.path == f"{ROOT}/user":
            return "User Details Read"
        return "Account API Tokens Write" if "/accounts/" in request.path else "API Tokens Write"

    def _verified(self, token: Token | None, fits: bool) -> Answer:
        if token is None or not fits:
            return self._error(401, 1000, "Invalid API Token")
        return ok(self._ok({"id": token.body["id"], "status": token.body["status"]}))

    @route("GET", f"{ROOT}/user/tokens/verify")
    def verify(self, request: Request) -> Answer:
        token = self._asks(request)
        return self._verified(token, bool(token and token.user))

    @route("GET", f"{ROOT}/accounts/{{account}}/tokens/verify")
    def verify_owned(self, request: Request, account: str) -> Answer:
        token = self._asks(request)
        return self._verified(token, bool(token and token.account == account))

    @route("GET", f"{ROOT}/user")
    def user(self, request: Request) -> Answer:
        name = self.who(request)
        return ok(self._ok({"id": pick(name, "user", 32, HEX), "email": f"{name}@example.com"}))

    @route("DELETE", f"{ROOT}/user/tokens/{{number}}")
    def end_own(self, request: Request, number: str) -> Answer:
        return self._end(number, "")

    @route("DELETE", f"{ROOT}/accounts/{{account}}/tokens/{{number}}")
    def end(self, request: Request, account: str, number: str) -> Answer:
        return self._end(number, account)

    def _end(self, number: str, account: str) -> Answer:
        if number not in self.tokens or self.tokens[number].account != account:
            return self._error(404, 1003, "Not found")
        del self.tokens[number]
        return done(200, self._ok({"id": number}))

    @route("GET", f"{ROOT}/accounts/{{account}}/tokens/{{number}}")
    def show(self, request: Request, account: str, number: str) -> Answer:
        token = self.tokens.get(number)
        return ok(self._ok(token.body)) if token and token.account == account else self._error(404, 1003, "Not found")

    @route("PUT", f"{ROOT}/accounts/{{account}}/tokens/{{number}}")
    def change(self, request: Request, account: str, number: str) -> Answer:
        body = request.json()
        assert set(body) <= {"name", "policies", "condition", "expires_on", "not_before", "status"}
        kept = {name: self.tokens[number].body[name] for name in ("id", "issued_on")}
        self.tokens[number].body = {"status": "active", **body, **kept}
        return done(200, self._ok(self.tokens[number].body))

    @route("GET", f"{ROOT}/accounts/{{account}}/members")
    def listed(self, request: Request, account: str) -> Answer:
        rows, _ = self.page(list(self.members.get(account, {}).values()), request)
        total = len(self.members.get(account, {}))
        number = int(request.query["page"][-1])
        info = {"page": number, "per_page": self.page_size, "count": len(rows), "total_count": total}
        return ok(self._ok(rows, result_info={**info, "total_pages": -(-total // self.page_size)}))

    @route("DELETE", f"{ROOT}/accounts/{{account}}/members/{{member}}")
    def remove(self, request: Request, account: str, member: str) -> Answer:
        gone = self.members.get(account, {}).pop(member, None)
        return done(200, self._ok({"id": member})) if gone else self._error(404, 1003, "Not found")
