"""PagerDuty, stateful: users of an account, their removal, and the end of their sessions.

Facts (developer.pagerduty.com, REST API v2): keys go as `Token token=`; lists say `more` and go by limit and offset; a
user with incidents is not removed (400); a deletion answers 204; what is wrong stands under `error`. There is no
official description at hand to hold the answers against. Simpler than PagerDuty: full keys only.
"""

from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route


def user_key(seed: str) -> str:
    return "u+" + pick(seed, "pagerduty", 18, URL_SAFE)


def account_key(seed: str) -> str:
    return pick(seed, "pagerduty account", 20, URL_SAFE)


class PagerDutySimulator(RestSimulator):
    PROVIDER = "pagerduty"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.busy: set[str] = set()
        self.signed_out: list[tuple[str, str]] = []

    def add_user(self, name: str, role: str = "user") -> str:
        identity = f"P{name.upper()}"
        about = {"id": identity, "type": "user", "name": name, "email": f"{name}@example.com", "role": role}
        self.users[identity] = about
        return identity

    def add_key(self, value: str | Secret, user: str = "") -> None:
        """`user` is empty for a key of the account."""
        self.keys[fold(value)] = user

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"error": {"message": f"trouble {status}", "code": 2000}})

    @route("GET", "/users/me")
    def me(self, request: Request) -> Answer:
        if refused := self._refused(request):
            return refused
        user = self.keys[self._key(request)]
        return ok({"user": self.users[user]}) if user else self.error(400)

    @route("GET", "/users")
    def list_users(self, request: Request) -> Answer:
        wanted = request.query.get("query", [""])[0]
        part, following = self.slice([one for one in self.users.values() if wanted in one["email"]], request)
        offset = int(request.query.get("offset", ["0"])[0])
        told = {"users": part, "limit": self.page_size, "offset": offset, "more": following is not None, "total": None}
        return self._refused(request) or ok(told)

    @route("DELETE", "/users/{user}")
    def remove(self, request: Request, user: str) -> Answer:
        if refused := self._refused(request):
            return refused
        if user in self.busy:
            return self.error(400)
        return done() if self.users.pop(user, None) else self.error(404)

    @route("DELETE", "/oauth_delegations")
    def sign_out(self, request: Request) -> Answer:
        if refused := self._refused(request):
            return refused
        user, kind = request.query.get("user_id", [""])[0], request.query.get("type", [""])[0]
        if user not in self.users or kind not in ("mobile", "web"):
            return self.error(400)
        self.signed_out.append((user, kind))
        return done()

    def _key(self, request: Request) -> str:
        return fold(bearer_of(request, "Token").removeprefix("token="))

    def _refused(self, request: Request) -> Answer | None:
        return None if self._key(request) in self.keys else self.error(401)
