"""A Grafana instance, stateful: the signed-in identity, users of the organisation, service accounts and their tokens.

Facts (grafana.com/docs, HTTP API; grafana/grafana, pkg/services/authn/clients/api_key.go and pkg/api/user.go): a token
that is not known is answered 401 with the messageId api-key.invalid; a service account signs in with its login and no
user id; a deletion is answered 200 with a message. The official description at hand is Grafana Cloud's, not an
instance's. Simpler than Grafana: one organisation, every living token of "sa-admin" may do everything.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ADMIN = "sa-admin"


def token(seed: str) -> str:
    """As Grafana makes them (pkg/components/satokengen): CRC-32 of all that stands before, its lowest byte first."""
    head = f"glsa_{pick(seed, 'glsa_', 32)}"
    return f"{head}_{zlib.crc32(head.encode()).to_bytes(4, 'little').hex()}"


@dataclass(kw_only=True)
class Token:
    """`folded` is the value's SHA-256."""

    id: int
    folded: str
    account: int


class GrafanaSimulator(RestSimulator):
    PROVIDER = "grafana"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, dict[str, Any]] = {}
        self.accounts: dict[int, str] = {}
        self.tokens: dict[int, Token] = {}

    def add_user(self, name: str, role: str = "Editor") -> int:
        number = len(self.users) + 1
        about = {"login": name, "email": f"{name}@example.com", "name": name, "role": role, "isDisabled": False}
        self.users[number] = {"orgId": 1, "userId": number, **about}
        return number

    def add_account(self, login: str) -> int:
        self.accounts[len(self.accounts) + 1] = login
        return len(self.accounts)

    def add_token(self, account: int, value: str | Secret) -> Token:
        made = Token(id=len(self.tokens) + 1, folded=fold(value), account=account)
        self.tokens[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"message": f"trouble {status}"})

    @route("GET", "/api/user")
    def user(self, request: Request) -> Answer:
        found = self._asker(request)
        if found is None:
            return _invalid()
        login = self.accounts[found.account]
        return ok({"id": 0, "uid": f"service-account:{found.account}", "login": login, "name": login, "orgId": 1})

    @route("GET", "/api/org/users")
    def list_users(self, request: Request) -> Answer:
        return self._refused(request) or ok(list(self.users.values()))

    @route("DELETE", "/api/org/users/{user_id}")
    def remove(self, request: Request, user_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        if self.users.pop(int(user_id), None) is None:
            return self.error(404)
        return done(200, {"message": "User removed from organization"})

    @route("GET", "/api/serviceaccounts/search")
    def search(self, request: Request) -> Answer:
        rows = [{"id": number, "name": login[3:], "login": login} for number, login in self.accounts.items()]
        part, _ = self.page(rows, request)
        at = int(request.query.get("page", ["1"])[0])
        told = {"totalCount": len(rows), "serviceAccounts": part, "page": at, "perPage": self.page_size}
        return self._refused(request) or ok(told)

    @route("GET", "/api/serviceaccounts/{account}/tokens")
    def list_tokens(self, request: Request, account: str) -> Answer:
        mine = [
            {"id": one.id, "name": f"token {one.id}"} for one in self.tokens.values() if one.account == int(account)
        ]
        return self._refused(request) or ok(mine)

    @route("DELETE", "/api/serviceaccounts/{account}/tokens/{token_id}")
    def delete_token(self, request: Request, account: str, token_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        found = self.tokens.get(int(token_id))
        if found is None or found.account != int(account):
            return self.error(404)
        del self.tokens[found.id]
        return done(200, {"message": "Service account token deleted"})

    def _asker(self, request: Request) -> Token | None:
        folded = fold(bearer_of(request))
        return next((one for one in self.tokens.values() if one.folded == folded), None)

    def _refused(self, request: Request) -> Answer | None:
        found = self._asker(request)
        if found is None:
            return _invalid()
        return None if self.accounts[found.account] == ADMIN else self.error(403)


def _invalid() -> Answer:
    body = {"message": "Invalid API key", "messageId": "api-key.invalid", "statusCode": 401, "traceID": ""}
    return Answer(status=401, body=body)


class GrafanaCloudSimulator(RestSimulator):
    """An organisation at grafana.com: its members, for whoever has the one token."""

    PROVIDER = "grafana"
    CONTRACTS = (("/api", "grafana-cloud"),)
    DEVIATIONS = {
        ("grafana-cloud", "GET", "/orgs/{slugOrId}/members", "answer"): "a member here has the fields about the person "
        "and the role; those about plans, usage and subscriptions are left out",
    }  # fmt: skip

    def __init__(self, own: Secret) -> None:
        super().__init__()
        self.own = fold(own)
        self.members: dict[int, dict[str, Any]] = {}
        self.pages = 1

    def add_member(self, name: str, role: str = "Editor") -> int:
        number = 700 + len(self.members)
        self.members[number] = {
            "id": len(self.members), "orgId": 1, "userId": number, "role": role, "orgSlug": "acme",
            "userUsername": name, "userEmail": f"{name}@example.com", "userName": name.title(),
        }  # fmt: skip
        return number

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"code": "Trouble", "message": f"trouble {status}"})

    def answer(self, request: Request) -> Answer:
        return super().answer(request) if fold(bearer_of(request)) == self.own else self.error(401)

    @route("GET", "/api/orgs/acme/members")
    def listed(self, request: Request) -> Answer:
        rows = list(self.members.values())
        return ok({"items": rows, "total": len(rows), "pages": self.pages, "links": []})

    @route("DELETE", "/api/orgs/acme/members/{user}")
    def remove(self, request: Request, user: str) -> Answer:
        if "x-request-id" not in request.headers or self.members.pop(int(user), None) is None:
            return self.error(404)
        return done(200)
