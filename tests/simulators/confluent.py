"""Confluent Cloud, stateful: users and API keys.

Facts (confluentinc/ccloud-sdk-go-v2, openapi.yaml): lists are {"data", "metadata"} whose `next` is an address with
`page_token`; errors are {"errors": [{"status", "code", "title"}]}; a deletion answers 204. The description itself is
not in ../shared/contracts, so answers are held against none.
Simpler than Confluent: a deletion is at once; every user's Cloud key may ask everything; a cluster's key nothing here.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, basic_of, done, fold, ok, route


def api_key(seed: str) -> tuple[str, str]:
    """Key id and secret."""
    return tokens.pick(seed, "confluent", 16, tokens.UPPER + tokens.DIGITS), tokens.pick(
        seed, "confluent secret", 64, tokens.BASE64
    )


@dataclass(kw_only=True)
class ConfluentKey:
    id: str
    folded: str
    owner: str
    cloud: bool


class ConfluentSimulator(RestSimulator):
    PROVIDER = "confluent"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, ConfluentKey] = {}
        self.admins = ["sa-robot"]
        """Who is OrganizationAdmin."""

    def add_user(self, name: str) -> str:
        ident = f"u-{name}"
        self.users[ident] = {"id": ident, "kind": "User", "email": f"{name}@example.com", "full_name": name}
        return ident

    def add_key(self, owner: str, pair: tuple[str, str], *, cloud: bool = True) -> ConfluentKey:
        made = ConfluentKey(id=pair[0], folded=fold(pair[1]), owner=owner, cloud=cloud)
        self.keys[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"error_code": status, "message": "trouble"})

    @route("GET", "/iam/v2/users")
    def list_users(self, request: Request) -> Answer:
        return self._refused(request) or self._list(request, list(self.users.values()))

    @route("GET", "/org/v2/organizations")
    def organisations(self, request: Request) -> Answer:
        return self._refused(request) or self._list(request, [{"id": "acme", "display_name": "Acme"}])

    @route("GET", "/iam/v2/role-bindings")
    def bindings(self, request: Request) -> Answer:
        crn = request.query["crn_pattern"][0]
        below = {"principal": "User:u-zoe", "role_name": "OrganizationAdmin", "crn_pattern": f"{crn}/environment=e"}
        rows = [below, {"principal": "User:u-zoe", "role_name": "MetricsViewer", "crn_pattern": crn}]
        told = {"role_name": "OrganizationAdmin", "crn_pattern": crn}
        rows += [told | {"principal": f"User:{one}"} for one in self.admins]
        return self._refused(request) or self._list(request, rows)

    @route("DELETE", "/iam/v2/users/{id}")
    def delete_user(self, request: Request, id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        return done() if self.users.pop(id, None) else _error(404, "not_found")

    @route("GET", "/iam/v2/api-keys")
    def list_keys(self, request: Request) -> Answer:
        owner = request.query.get("spec.owner", [""])[0]
        rows = [_view(key) for key in self.keys.values() if owner in ("", key.owner)]
        return self._refused(request) or self._list(request, rows)

    @route("GET", "/iam/v2/api-keys/{id}")
    def get_key(self, request: Request, id: str) -> Answer:
        found = self.keys.get(id)
        return self._refused(request) or (ok(_view(found)) if found else _error(404, "not_found"))

    @route("DELETE", "/iam/v2/api-keys/{id}")
    def delete_key(self, request: Request, id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        return done() if self.keys.pop(id, None) else _error(404, "not_found")

    def _list(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        found, following = self.slice(rows, request, offset="page_token")
        more = "" if following is None else f"https://api.confluent.cloud{request.path}?page_token={following}"
        return ok({"data": found, "metadata": {"next": more, "total_size": len(rows)}})

    def _refused(self, request: Request) -> Answer | None:
        name, value = basic_of(request)
        key = self.keys.get(name)
        return None if key and key.cloud and key.folded == fold(value) else _error(401, "user_unauthenticated")


def _view(key: ConfluentKey) -> dict[str, Any]:
    resource = {"id": "cloud" if key.cloud else "lkc-1", "kind": "Cloud" if key.cloud else "Cluster"}
    spec = {"display_name": "a key", "owner": {"id": key.owner}, "resource": resource}
    return {"id": key.id, "kind": "ApiKey", "metadata": {"created_at": "2025-01-01T00:00:00Z"}, "spec": spec}


def _error(status: int, code: str) -> Answer:
    return Answer(status=status, body={"errors": [{"id": "x", "status": str(status), "code": code, "title": code}]})
