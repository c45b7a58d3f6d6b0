"""A JFrog platform: users by SCIM, access tokens with their reference tokens, API keys.

Revoking a token that is not there answers 204, as documented. SCIM answers 200 with a status of 404 inside for a user
that does not exist. There is no public description of these calls.

https://jfrog.com/help/r/jfrog-rest-apis/revoke-token-by-id
https://jfrog.com/help/r/jfrog-rest-apis/get-specific-user
"""

from typing import Any

from offboarding.demo.simulators.tokens import pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

OWN = "/artifactory/api/security/apiKey"


def jfrog_reference_token(seed: str) -> str:
    """`cmVmdGtu` (base64 of "reftkn") and 56 characters; no checksum is documented."""
    return "cmVmdGtu" + pick(seed, "jfrog reference", 56)


def jfrog_api_key(seed: str) -> str:
    return "AKCp" + pick(seed, "jfrog api key", 69)


class JFrogSimulator(RestSimulator):
    PROVIDER = "jfrog"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.admins: set[str] = set()
        self.tokens: dict[str, dict[str, Any]] = {}  # by id, with the value folded
        self.keys: dict[str, str] = {}  # folded API key -> user
        self.may_not_end_themselves: set[str] = set()  # folded values

    def add_user(self, name: str) -> None:
        self.users[name] = {"id": name, "userName": name, "active": True, "groups": [{"value": "readers"}]}

    def add_token(self, value: str, subject: str, *, admin: bool = False, used: int | None = None) -> str:
        token = pick(value, "id", 32)
        row = {"token_id": token, "subject": f"jfac@01abc/{subject}", "issued_at": 1790000000, "issuer": "jfac@01abc"}
        row |= {"refreshable": False, "description": "ci", "folded": fold(value), "admin": admin}
        self.tokens[token] = row | ({"last_used": used} if used else {})
        return token

    def add_key(self, value: str, user: str) -> None:
        self.keys[fold(value)] = user

    def error(self, status: int) -> Answer:
        return ok({"detail": f"trouble {status}"}, status)

    @staticmethod
    def _error(status: int, message: str) -> Answer:
        return ok({"errors": [{"code": "ERROR", "status": status, "message": message}]}, status)

    def _asks(self, request: Request) -> dict[str, Any] | None:
        held = fold(bearer_of(request))
        return next((row for row in self.tokens.values() if row["folded"] == held), None)

    def who(self, request: Request) -> str:
        row = self._asks(request)
        return row["subject"].rpartition("/")[2] if row else "nobody"

    def answer(self, request: Request) -> Answer:
        key = request.headers.get("x-jfrog-art-api", "")
        if request.path == OWN and fold(key) not in self.keys:
            return self._error(401, "Bad Credentials")
        row = self._asks(request)
        if request.path != OWN:
            if row is None:
                return self._error(401, "Token failed verification: revoked")
            if row["folded"] in self.may_not_end_themselves and request.method == "DELETE":
                return self._error(403, "Forbidden")
            if not row["admin"] and not request.path.endswith("/me"):
                return self._error(403, "Forbidden")
        return super().answer(request)

    @route("GET", OWN)
    def key(self, request: Request) -> Answer:
        return ok({"apiKey": request.headers["x-jfrog-art-api"]})

    @route("DELETE", OWN)
    def end_key(self, request: Request) -> Answer:
        del self.keys[fold(request.headers["x-jfrog-art-api"])]
        return done(200, {"info": "API key revoked"})

    @staticmethod
    def _shown(row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name not in ("folded", "admin")}

    @route("GET", "/access/api/v1/tokens")
    def listed(self, request: Request) -> Answer:
        return ok({"tokens": [self._shown(row) for row in self.tokens.values()]})

    @route("GET", "/access/api/v1/tokens/{token}")
    def show(self, request: Request, token: str) -> Answer:
        row = self._asks(request) if token == "me" else self.tokens.get(token)
        return ok(self._shown(row)) if row else self._error(404, "not found")

    @route("DELETE", "/access/api/v1/tokens/{token}")
    def end(self, request: Request, token: str) -> Answer:
        row = self._asks(request) if token == "me" else self.tokens.get(token)
        if row is None:
            return ok(status=204)
        del self.tokens[row["token_id"]]
        return done(200)

    @route("POST", "/artifactory/api/security/token/revoke")
    def end_by_value(self, request: Request) -> Answer:
        """200 "also returned if the token was already revoked or non-existent"; 400 for another instance's."""
        held = fold(request.form()["token"])
        self.tokens = {number: row for number, row in self.tokens.items() if row["folded"] != held}
        return done(200)

    @route("GET", "/access/api/v1/scim/v2/Users/{user}")
    def user(self, request: Request, user: str) -> Answer:
        return ok(self.users.get(user) or {"status": 404, "detail": f"{user} isn't found"})

    @route("GET", "/access/api/v2/users/{user}")
    def details(self, _: Request, user: str) -> Answer:
        told = {"username": user, "admin": user in self.admins, "status": "enabled"}
        return ok(told) if user in self.users else self.error(404)

    @route("PATCH", "/access/api/v1/scim/v2/Users/{user}")
    def change(self, request: Request, user: str) -> Answer:
        if user not in self.users:
            return ok({"status": 404, "detail": f"{user} isn't found"})
        (operation,) = request.json()["Operations"]
        assert (operation["op"], operation["path"]) == ("Replace", "active")
        self.users[user]["active"] = operation["value"]
        return done(200, self.users[user])
