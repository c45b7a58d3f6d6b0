"""SonarQube, stateful: validate, users/current, user_tokens.

Facts (SonarSource/sonarqube, authentication/ws/ValidateAction.java, usertoken/ws): a token signs in as the user name of
HTTP Basic; validate answers 200 and says in `valid` whether it holds; names are unique for a user; a token's list
comes in one answer; revoking a name that is not there is 204 too; other users' tokens are for administrators (403).
"""

import base64
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def user_token(seed: str) -> str:
    return "squ_" + pick(seed, "squ_", 40, HEX)


def analysis_token(seed: str) -> str:
    return "sqa_" + pick(seed, "sqa_", 40, HEX)


class SonarSimulator(RestSimulator):
    """`tokens[fold(value)]` is a token with its login, name and type."""

    PROVIDER: ClassVar[str] = "sonar"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, dict[str, Any]] = {}
        self.admins: set[str] = set()

    def add_token(self, login: str, name: str, value: str | Secret, *, kind: str = "USER_TOKEN") -> None:
        self.tokens[fold(value)] = {"login": login, "name": name, "type": kind, "isExpired": False}

    def error(self, status: int) -> Answer:
        return ok({"errors": [{"msg": f"trouble {status}"}]}, status)

    def who(self, request: Request) -> str:
        return self._asking(request).get("login", "somebody")

    def _asking(self, request: Request) -> dict[str, Any]:
        word, _, pair = request.headers.get("authorization", "").partition(" ")
        token = base64.b64decode(pair).decode().partition(":")[0] if word == "Basic" else ""
        return self.tokens.get(fold(token), {})

    @route("GET", "/api/authentication/validate")
    def validate(self, request: Request) -> Answer:
        return ok({"valid": bool(self._asking(request))})

    @route("GET", "/api/users/current")
    def current(self, request: Request) -> Answer:
        login = self._asking(request).get("login")
        if not login:
            return self.error(401)
        return ok({"isLoggedIn": True, "login": login, "name": login.title(), "email": f"{login}@example.com"})

    @route("GET", "/api/user_tokens/search")
    def search(self, request: Request) -> Answer:
        asking = self._asking(request).get("login")
        login = request.query.get("login", [asking])[0]
        if asking not in {login, *self.admins}:
            return self.error(403 if asking else 401)
        rows = [token for token in self.tokens.values() if token["login"] == login]
        shown = [{**row, "createdAt": "2026-01-02T03:04:05+0100"} for row in rows]
        return ok({"login": login, "userTokens": [{k: v for k, v in row.items() if k != "login"} for row in shown]})

    @route("POST", "/api/user_tokens/revoke")
    def revoke(self, request: Request) -> Answer:
        asking, form = self._asking(request).get("login"), request.form()
        if asking not in {form.get("login", asking), *self.admins}:
            return self.error(403 if asking else 401)
        gone = (form.get("login", asking), form["name"])
        self.tokens = {key: row for key, row in self.tokens.items() if (row["login"], row["name"]) != gone}
        return done()
