"""Anthropic, stateful: models, and the Admin API's members and API keys.

Facts (platform.claude.com/docs: errors, Admin API): errors are {"type": "error", "error": {"type", "message"}}; a key
that is not active is answered 401 authentication_error; lists have data, has_more, first_id and last_id; a key's
status is active, inactive, archived or expired, and stays readable; its maker may be null.
There is no official description to hold the answers against. Simpler than Anthropic: one workspace, no limits of use,
an archived key can be set active again.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def key(seed: str) -> str:
    return f"sk-ant-api03-{pick(seed, 'anthropic', 93, URL_SAFE)}AA"


def admin_key(seed: str) -> str:
    return f"sk-ant-admin01-{pick(seed, 'anthropic admin', 93, URL_SAFE)}AA"


@dataclass(kw_only=True)
class Key:
    """`folded` is the value's SHA-256, `shown` its shortened form."""

    id: str
    folded: str
    shown: str
    maker: str
    acts: bool
    status: str = "active"


class AnthropicSimulator(RestSimulator):
    PROVIDER = "anthropic"

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, str]] = {}
        self.keys: dict[str, Key] = {}
        self.admins: set[str] = set()

    def add_admin_key(self, value: Secret) -> None:
        self.admins.add(fold(value))

    def add_member(self, name: str, role: str = "developer") -> str:
        member = {"id": f"user_{name}", "type": "user", "email": f"{name}@example.com", "name": name, "role": role}
        self.members[member["id"]] = {**member, "added_at": "2025-01-01T00:00:00Z"}
        return member["id"]

    def add_key(self, maker: str, value: str, *, acts: bool = True, shown: str = "") -> Key:
        """`acts`: whether the key acts as its maker."""
        made = Key(
            id=f"apikey_{len(self.keys) + 1:04d}",
            folded=fold(value),
            shown=shown or f"{value[:16]}...{value[-4:]}",
            maker=maker,
            acts=acts,
        )
        self.keys[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return _error(status, "api_error")

    @route("GET", "/v1/models")
    def models(self, request: Request) -> Answer:
        folded = fold(request.headers.get("x-api-key", ""))
        alive = any(one.folded == folded and one.status == "active" for one in self.keys.values())
        model = {"type": "model", "id": "claude", "display_name": "Claude", "created_at": "2025-01-01T00:00:00Z"}
        return _page([model], False) if alive else _error(401, "authentication_error")

    @route("GET", "/v1/organizations/me")
    def me(self, request: Request) -> Answer:
        return self._refused(request) or ok({"type": "organization", "id": "org", "name": "Acme"})

    @route("GET", "/v1/organizations/users")
    def users(self, request: Request) -> Answer:
        return self._refused(request) or self._list(request, list(self.members.values()))

    @route("DELETE", "/v1/organizations/users/{user_id}")
    def remove(self, request: Request, user_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        if self.members.pop(user_id, None) is None:
            return _error(404, "not_found_error")
        return done(200, {"type": "user_deleted", "id": user_id})

    @route("GET", "/v1/organizations/api_keys")
    def list_keys(self, request: Request) -> Answer:
        maker = request.query.get("created_by_user_id", [""])[0]
        rows = [self._view(one) for one in self.keys.values() if maker in ("", one.maker)]
        return self._refused(request) or self._list(request, rows)

    @route("GET", "/v1/organizations/api_keys/{api_key_id}")
    def get_key(self, request: Request, api_key_id: str) -> Answer:
        found = self.keys.get(api_key_id)
        return self._refused(request) or (ok(self._view(found)) if found else _error(404, "not_found_error"))

    @route("POST", "/v1/organizations/api_keys/{api_key_id}")
    def set_key(self, request: Request, api_key_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        found, status = self.keys.get(api_key_id), (request.json() or {}).get("status")
        if found is None:
            return _error(404, "not_found_error")
        if status not in ("active", "inactive", "archived"):
            return _error(400, "invalid_request_error")
        found.status = status
        return done(200, self._view(found))

    def _refused(self, request: Request) -> Answer | None:
        known = fold(request.headers.get("x-api-key", "")) in self.admins
        return None if known else _error(401, "authentication_error")

    def _list(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        after = request.query.get("after_id", [""])[0]
        at = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        return _page(rows[at : at + self.page_size], at + self.page_size < len(rows))

    def _view(self, one: Key) -> dict[str, Any]:
        return {
            "id": one.id,
            "type": "api_key",
            "name": f"{one.maker}'s",
            "partial_key_hint": one.shown,
            "status": one.status,
            "created_at": "2025-01-01T00:00:00Z",
            "created_by": {"type": "user", "id": one.maker} if one.maker else None,
            "principal": {"type": "user", "id": one.maker} if one.acts else None,
            "expires_at": None,
            "workspace_id": None,
        }


def _page(rows: list[dict[str, Any]], more: bool) -> Answer:
    ids = [row["id"] for row in rows] or [None]
    return ok({"data": rows, "has_more": more, "first_id": ids[0], "last_id": ids[-1]})


def _error(status: int, kind: str) -> Answer:
    return Answer(status=status, body={"type": "error", "error": {"type": kind, "message": "no"}})
