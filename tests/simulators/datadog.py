"""Datadog, stateful: validation, API keys, application keys, access tokens and users of one organisation.

Facts (the official descriptions of v1 and v2; docs.datadoghq.com): a dead API key is answered 403; a list says in
`meta.page` how many rows it has in all; a disabled user's application keys and access tokens stop working; pages are
numbered from 0. Simpler than Datadog: every living pair of keys may do everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route

AT = "2025-01-01T00:00:00+00:00"
ADMIN, STANDARD = (f"22222222-0000-0000-0000-{n:012d}" for n in (1, 2))
ORG = "00000000-aaaa-0000-0000-000000000000"


def api_key(seed: str) -> str:
    return pick(seed, "datadog api key", 32, HEX)


def app_key(seed: str) -> str:
    return pick(seed, "datadog application key", 40, HEX)


@dataclass(kw_only=True)
class Key:
    """`folded` is the value's SHA-256, `kind` the last word of the path it is listed at."""

    id: str
    kind: str
    folded: str
    last4: str
    owner: str


class DatadogSimulator(RestSimulator):
    PROVIDER = "datadog"
    CONTRACTS = (("", "datadog-v2"), ("", "datadog-v1"))
    UNDESCRIBED: ClassVar[dict[tuple[str, str, str], str]] = {}
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, Key] = {}
        self.roles: dict[str, set[str]] = {ADMIN: set(), STANDARD: set()}
        """The users of each role."""

    def add_user(self, name: str, *, robot: bool = False) -> str:
        identity = f"00000000-0000-0000-0000-{len(self.users):012d}"
        about = {"email": f"{name}@example.com", "handle": f"{name}@example.com", "name": name, "status": "Active"}
        self.users[identity] = {**about, "disabled": False, "service_account": robot, "created_at": AT}
        return identity

    def add_key(self, kind: str, owner: str, value: str) -> Key:
        """`kind` is "api_keys", "application_keys" or "personal_access_tokens"."""
        identity = f"11111111-0000-0000-0000-{len(self.keys):012d}"
        self.keys[identity] = Key(id=identity, kind=kind, folded=fold(value), last4=value[-4:], owner=owner)
        return self.keys[identity]

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"errors": [f"trouble {status}"]})

    @route("GET", "/api/v1/validate")
    def validate(self, request: Request) -> Answer:
        return ok({"valid": True}) if self._api_key(request) else _forbidden()

    @route("GET", "/api/v2/validate")
    def validate_v2(self, request: Request) -> Answer:
        found = self._api_key(request)
        if found is None:
            return Answer(status=403, body={"errors": [{"status": "403", "title": "Forbidden"}]})
        about = {"valid": True, "api_key_id": found.id, "api_key_scopes": []}
        return ok({"data": {"type": "validate_v2", "id": ORG, "attributes": about}})

    @route("GET", "/api/v2/validate_keys")
    def validate_keys(self, request: Request) -> Answer:
        return self._refused(request) or ok({"status": "ok"})

    @route("GET", "/api/v2/current_user")
    def current_user(self, request: Request) -> Answer:
        found = self._of(request, "dd-application-key", "application_keys")
        return self._refused(request) or ok({"data": self._user(found.owner)} if found else {})

    @route("GET", "/api/v2/users")
    def list_users(self, request: Request) -> Answer:
        wanted = request.query.get("filter", [""])[0]
        rows = [self._user(one) for one, about in self.users.items() if wanted in about["email"]]
        return self._list(request, rows, total_count=len(self.users))

    @route("GET", "/api/v2/users/{user_id}")
    def user(self, request: Request, user_id: str) -> Answer:
        known = user_id in self.users
        return self._refused(request) or (
            ok({"data": self._user(user_id), "included": self._roles()}) if known else self.error(404)
        )

    @route("DELETE", "/api/v2/users/{user_id}")
    def disable(self, request: Request, user_id: str) -> Answer:
        return self._switch(request, user_id, True) or done()

    @route("PATCH", "/api/v2/users/{user_id}")
    def change(self, request: Request, user_id: str) -> Answer:
        disabled = bool((request.json() or {})["data"]["attributes"]["disabled"])
        return self._switch(request, user_id, disabled) or done(200, {"data": self._user(user_id)})

    @route("GET", "/api/v2/api_keys")
    @route("GET", "/api/v2/application_keys")
    @route("GET", "/api/v2/personal_access_tokens")
    def list_keys(self, request: Request) -> Answer:
        kind, owner = request.path.rpartition("/")[2], request.query.get("filter[owned_by]", [""])[0]
        rows = [_view(one) for one in self.keys.values() if one.kind == kind and owner in ("", one.owner)]
        return self._list(request, rows)

    @route("DELETE", "/api/v2/api_keys/{key_id}")
    @route("DELETE", "/api/v2/application_keys/{key_id}")
    @route("DELETE", "/api/v2/personal_access_tokens/{key_id}")
    def delete_key(self, request: Request, key_id: str) -> Answer:
        found = self.keys.get(key_id)
        if refused := self._refused(request):
            return refused
        if found is None or found.kind != request.path.split("/")[3]:
            return self.error(404)
        del self.keys[key_id]
        return done()

    def _switch(self, request: Request, user_id: str, disabled: bool) -> Answer | None:
        if refused := self._refused(request):
            return refused
        if user_id not in self.users:
            return self.error(404)
        self.users[user_id].update(disabled=disabled, status="Disabled" if disabled else "Active")
        return None

    def _of(self, request: Request, header: str, kind: str) -> Key | None:
        folded = fold(request.headers.get(header, ""))
        found = next((one for one in self.keys.values() if one.folded == folded and one.kind == kind), None)
        gone = found is not None and kind == "application_keys" and self.users[found.owner]["disabled"]
        return None if gone else found

    def _api_key(self, request: Request) -> Key | None:
        return self._of(request, "dd-api-key", "api_keys")

    def _refused(self, request: Request) -> Answer | None:
        whole = self._api_key(request) and self._of(request, "dd-application-key", "application_keys")
        return None if whole else _forbidden()

    def _list(self, request: Request, rows: list[dict[str, Any]], **more: int) -> Answer:
        part, _ = self.page(rows, request, number="page[number]", first=0)
        counted: Mapping[str, Any] = {"page": {"total_filtered_count": len(rows), **more}}
        with_roles = {"included": self._roles()} if request.path.endswith("/users") else {}
        return self._refused(request) or ok({"data": part, "meta": counted, **with_roles})

    def _user(self, identity: str) -> dict[str, Any]:
        roles = [{"id": role, "type": "roles"} for role, who in self.roles.items() if identity in who]
        about = {"attributes": dict(self.users[identity]), "relationships": {"roles": {"data": roles}}}
        return {"id": identity, "type": "users", **about}

    def _roles(self) -> list[dict[str, Any]]:
        names = {ADMIN: "Datadog Admin Role"}
        return [{"id": one, "type": "roles", "attributes": {"name": names.get(one, "a role")}} for one in self.roles]


def _view(one: Key) -> dict[str, Any]:
    relation = "created_by" if one.kind == "api_keys" else "owned_by"
    about = {"name": "made for tests", "created_at": AT}
    ends = {"public_portion": one.last4} if one.kind == "personal_access_tokens" else {"last4": one.last4}
    owner = {relation: {"data": {"id": one.owner, "type": "users"}}}
    return {"id": one.id, "type": one.kind, "attributes": {**about, **ends}, "relationships": owner}


def _forbidden() -> Answer:
    return Answer(status=403, body={"errors": ["Forbidden"]})
