"""Tailscale's API, stateful: users and keys of one tailnet.

Facts (api.tailscale.com, tags users and keys; tailscale-client-go-v2): lists come in one answer; a deleted key may be
answered with `invalid: true` or 404 (`forgets`); suspend, restore and delete answer 200 without a body.
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route


def key(seed: str, sort: str = "auth") -> str:
    return f"tskey-{sort}-{ident(seed)}-{pick(seed, 'tskey', 32)}"


def ident(seed: str) -> str:
    return "k" + pick(seed, "tskey id", 11) + "CNTRL"


class TailscaleSimulator(RestSimulator):
    """`forgets`: a deleted key is 404 at once; else it stays as invalid."""

    PROVIDER: ClassVar[str] = "tailscale"

    def __init__(self) -> None:
        super().__init__()
        self.admins: set[str] = set()
        self.users: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []
        self.forgets = True

    def add_admin(self, value: str | Secret) -> None:
        self.admins.add(fold(value))

    def add_user(self, name: str, role: str = "member") -> str:
        user = {"id": f"u{pick(name, 'user', 10)}", "loginName": f"{name}@example.com", "displayName": name}
        self.users.append({**user, "type": "member", "role": role, "status": "active"})
        return str(user["id"])

    def add_key(self, user: str, seed: str, sort: str = "auth", tags: tuple[str, ...] = ()) -> None:
        made = {"id": ident(seed), "keyType": sort, "userId": user, "description": seed, "invalid": False}
        self.keys.append({**made, "capabilities": {"devices": {"create": {"tags": list(tags)}}}})

    def error(self, status: int) -> Answer:
        return ok({"message": f"trouble {status}"}, status)

    def _may(self, request: Request) -> bool:
        return fold(bearer_of(request)) in self.admins

    @route("GET", "/tailnet/{tailnet}/users")
    def list_users(self, request: Request, tailnet: str) -> Answer:
        return ok({"users": self.users}) if self._may(request) else self.error(401)

    @route("GET", "/tailnet/{tailnet}/keys")
    def list_keys(self, request: Request, tailnet: str) -> Answer:
        if not self._may(request):
            return self.error(401)
        return ok({"keys": [row for row in self.keys if not row["invalid"]]})

    @route("GET", "/tailnet/{tailnet}/keys/{name}")
    @route("DELETE", "/tailnet/{tailnet}/keys/{name}")
    def one_key(self, request: Request, tailnet: str, name: str) -> Answer:
        found = [row for row in self.keys if row["id"] == name]
        if not self._may(request) or not found:
            return self.error(404)
        if request.method == "GET":
            return ok(found[0])
        if self.forgets:
            self.keys.remove(found[0])
        found[0]["invalid"] = True
        return done(200)

    @route("POST", "/users/{name}/{what}")
    def change_user(self, request: Request, name: str, what: str) -> Answer:
        found = [row for row in self.users if row["id"] == name]
        if not self._may(request) or not found:
            return self.error(404)
        if what == "delete":
            self.users.remove(found[0])
        else:
            found[0]["status"] = {"suspend": "suspended", "restore": "active"}[what]
        return done(200)
