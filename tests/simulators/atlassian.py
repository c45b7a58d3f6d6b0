"""Atlassian Cloud's administration, stateful: managed accounts, their profiles and API tokens.

Facts (developer.atlassian.com, User management and Organizations REST API): `links.next` of the managed accounts is a
whole address with a cursor; an account's tokens are one array and stay listed while the account is inactive; disable
and enable answer 204. There is no official description at hand to hold the answers against.
Simpler than Atlassian: one organisation, an account has no permissions of its own.
"""

from typing import Any

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

AT = "2025-01-01T00:00:00.000Z"


class AtlassianSimulator(RestSimulator):
    PROVIDER = "atlassian"

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()
        self.accounts: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.admins: list[str] = []
        """Ids of the Organization admins."""

    def add_key(self, value: Secret) -> None:
        self.keys.add(fold(value))

    def add_account(self, name: str, *, kind: str = "atlassian") -> str:
        """Ids have a colon, as real ones have."""
        identity = f"557057:{name}"
        about = {"account_type": kind, "account_status": "active", "nickname": name, "name": name}
        self.accounts[identity] = {**about, "account_id": identity, "email": f"{name}@example.com", "picture": ""}
        return identity

    def add_token(self, account: str, label: str) -> str:
        identity = f"token-{len(self.tokens) + 1}"
        row = {"id": identity, "label": label, "createdAt": AT, "lastAccess": AT, "expiry": AT}
        self.tokens[identity] = {"account": account, "row": row}
        return identity

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"key": "trouble", "context": {}, "errorKey": "", "errorDetail": ""})

    @route("GET", "/admin/v1/orgs/{org}/users")
    def users(self, request: Request, org: str) -> Answer:
        part, following = self.slice(list(self.accounts.values()), request, offset="cursor")
        links: dict[str, str] = {"self": f"{self.url}{request.path}"}
        if following is not None:
            links["next"] = f"https://api.atlassian.com{request.path}?cursor={following}"
        return self._refused(request) or ok({"data": part, "links": links, "meta": {"total": len(self.accounts)}})

    @route("GET", "/admin/v2/orgs/{org}/directories/-/users")
    def search(self, request: Request, org: str) -> Answer:
        assert request.query["roleIds"] == ["atlassian/org-admin"]
        known = [self.accounts.get(one, {"account_id": one, "account_status": "active"}) for one in self.admins]
        rows = [{"accountId": row["account_id"], "accountStatus": row["account_status"]} for row in known]
        part, following = self.slice(rows, request, offset="cursor")
        links = {"next": f"https://api.atlassian.com{request.path}?cursor={following}"} if following else {}
        return self._refused(request) or ok({"data": part, "links": links})

    @route("GET", "/users/{account}/manage/profile")
    def profile(self, request: Request, account: str) -> Answer:
        return self._refused(request, account) or ok({"account": self.accounts[account]})

    @route("GET", "/users/{account}/manage/api-tokens")
    def list_tokens(self, request: Request, account: str) -> Answer:
        mine = [found["row"] for found in self.tokens.values() if found["account"] == account]
        return self._refused(request, account) or ok(mine)

    @route("DELETE", "/users/{account}/manage/api-tokens/{token}")
    def delete_token(self, request: Request, account: str, token: str) -> Answer:
        if refused := self._refused(request, account):
            return refused
        if self.tokens.get(token, {}).get("account") != account:
            return self.error(404)
        del self.tokens[token]
        return done()

    @route("POST", "/users/{account}/manage/lifecycle/disable")
    @route("POST", "/users/{account}/manage/lifecycle/enable")
    def switch(self, request: Request, account: str) -> Answer:
        if refused := self._refused(request, account):
            return refused
        self.accounts[account]["account_status"] = "inactive" if request.path.endswith("disable") else "active"
        return done()

    def _refused(self, request: Request, account: str = "") -> Answer | None:
        if fold(bearer_of(request)) not in self.keys:
            return self.error(401)
        return self.error(403) if account and account not in self.accounts else None
