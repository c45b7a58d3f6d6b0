"""Jenkins, stateful: whoAmI, users, revokeAll.

Facts (jenkinsci/jenkins, BasicHeaderProcessor.java, ApiTokenProperty.java): a Basic header that is wrong is 401 with
the realm Jenkins, whatever anonymous visitors may do; without a header whoAmI answers as anonymous; only the user or an
administrator may revoke (403).
"""

import base64
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def api_token(seed: str) -> str:
    return "11" + pick(seed, "jenkins", 32, HEX)


class JenkinsSimulator(RestSimulator):
    """`users[name]` are the folded tokens of a user; `admins` may do everything."""

    PROVIDER: ClassVar[str] = "jenkins"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, set[str]] = {}
        self.admins: set[str] = set()

    def add_token(self, name: str, value: str | Secret) -> None:
        self.users.setdefault(name, set()).add(fold(value))

    def error(self, status: int) -> Answer:
        answer = Answer(status=status, body=b"<html>trouble</html>", headers={"Content-Type": "text/html"})
        if status == 401:
            answer.headers["WWW-Authenticate"] = 'Basic realm="Jenkins"'
        return answer

    def who(self, request: Request) -> str:
        return self._asking(request) or "somebody"

    def _asking(self, request: Request) -> str:
        """The user that signs in, or "" for a wrong header."""
        word, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, token = base64.b64decode(pair).decode().partition(":") if word == "Basic" else ("", "", "")
        return name if fold(token) in self.users.get(name, ()) else ""

    @route("GET", "/whoAmI/api/json")
    def who_am_i(self, request: Request) -> Answer:
        anonymous = "authorization" not in request.headers
        name = "anonymous" if anonymous else self._asking(request)
        if not name:
            return self.error(401)
        body: dict[str, Any] = {"_class": "hudson.security.WhoAmI", "name": name, "authenticated": True}
        return ok({**body, "anonymous": anonymous, "authorities": ["authenticated"]})

    @route("GET", "/user/{name}/api/json")
    def user(self, request: Request, name: str) -> Answer:
        if not self._asking(request):
            return self.error(401)
        if name not in self.users:
            return self.error(404)
        return ok({"_class": "hudson.model.User", "id": name, "fullName": name.title(), "property": []})

    @route("POST", "/user/{name}/descriptorByName/jenkins.security.ApiTokenProperty/revokeAll")
    def revoke_all(self, request: Request, name: str) -> Answer:
        asking = self._asking(request)
        if asking not in {name, *self.admins} or name not in self.users:
            return self.error(403 if asking else 401)
        self.users[name].clear()
        return done(200)
