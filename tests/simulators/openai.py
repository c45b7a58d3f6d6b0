"""OpenAI, stateful: models, and the administration of members, projects, keys and service accounts.

Facts (the official description; platform.openai.com/docs/guides/error-codes): a key that was deleted is answered 401
with the code invalid_api_key; lists carry has_more and last_id; a key is listed shortened; deleting the key of a
service account is refused with 400; keys of a member who was removed stay listed as those of an inactive owner.
Simpler than OpenAI: an admin key may do everything, one organisation, no limits of use.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

MADE_AT = 1577836800


def key(kind: str, seed: str) -> str:
    """A key of "proj", "svcacct" or "admin"."""
    mark = base64.b64encode(b"OpenAI").decode()
    return (
        f"sk-{kind}-{pick(seed, f'openai {kind}', 74, URL_SAFE)}{mark}{pick(seed, f'openai {kind} end', 74, URL_SAFE)}"
    )


@dataclass(kw_only=True)
class Key:
    """`folded` is the value's SHA-256, `shown` its shortened form. `project` is empty for an admin key."""

    id: str
    folded: str
    shown: str
    owner: str
    project: str = ""
    alive: bool = True


class OpenAiSimulator(RestSimulator):
    PROVIDER = "openai"
    CONTRACTS = (("", "openai"),)
    UNDESCRIBED: ClassVar[dict[tuple[str, str, str], str]] = {}
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {
        ("openai", "*", "*", "status 401"): "what a dead key gets; prose only (docs/guides/error-codes)",
    }

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, Any]] = {}
        self.services: dict[str, tuple[str, str]] = {}
        self.projects: list[str] = []
        self.keys: dict[str, Key] = {}

    def add_member(self, name: str, role: str = "reader") -> str:
        identity = f"user-{name}"
        self.members[identity] = {
            "object": "organization.user",
            "id": identity,
            "name": name,
            "email": f"{name}@example.com",
            "role": role,
            "added_at": MADE_AT,
        }
        return identity

    def add_project(self, name: str) -> str:
        self.projects.append(f"proj_{name}")
        return self.projects[-1]

    def add_service_account(self, project: str, name: str) -> str:
        self.services[f"svc_acct_{name}"] = (project, name)
        return f"svc_acct_{name}"

    def add_key(self, owner: str, value: str | Secret, project: str = "", shown: str = "") -> Key:
        whole = value.reveal().decode() if isinstance(value, Secret) else value
        made = Key(
            id=f"key_{len(self.keys) + 1:04d}",
            folded=fold(whole),
            shown=shown or f"{whole[:9]}...{whole[-4:]}",
            owner=owner,
            project=project,
        )
        self.keys[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return Answer(status=status, body=_error("server_error", f"trouble {status}"))

    @route("GET", "/models")
    def models(self, request: Request) -> Answer:
        known = self._asker(request)
        model = {"id": "gpt-9", "object": "model", "created": MADE_AT, "owned_by": "system"}
        return _dead() if known is None or not known.project else ok({"object": "list", "data": [model]})

    @route("GET", "/organization/users")
    def users(self, request: Request) -> Answer:
        return self._list(request, list(self.members.values()))

    @route("DELETE", "/organization/users/{user_id}")
    def remove(self, request: Request, user_id: str) -> Answer:
        if not self._is_admin(request):
            return _dead()
        if self.members.pop(user_id, None) is None:
            return self.error(404)
        return done(200, {"object": "organization.user.deleted", "id": user_id, "deleted": True})

    @route("GET", "/organization/projects")
    def list_projects(self, request: Request) -> Answer:
        rows = [{"object": "organization.project", "id": name, "created_at": MADE_AT} for name in self.projects]
        return self._list(request, rows)

    @route("GET", "/organization/projects/{project_id}/api_keys")
    def list_keys(self, request: Request, project_id: str) -> Answer:
        wanted = request.query.get("owner_project_access", ["active"])[0]
        rows = [self._project_key(one) for one in self._alive() if one.project == project_id]
        return self._list(request, [row for row in rows if wanted in ("any", row["owner_project_access"])])

    @route("DELETE", "/organization/projects/{project_id}/api_keys/{api_key_id}")
    def delete_key(self, request: Request, project_id: str, api_key_id: str) -> Answer:
        found = self.keys.get(api_key_id)
        if found and found.owner in self.services:
            return Answer(status=400, body=_error("invalid_request_error", "the key belongs to a service account"))
        return self._delete(request, api_key_id, project_id, "organization.project.api_key.deleted")

    @route("DELETE", "/organization/projects/{project_id}/service_accounts/{service_account_id}")
    def delete_service(self, request: Request, project_id: str, service_account_id: str) -> Answer:
        if not self._is_admin(request):
            return _dead()
        if self.services.get(service_account_id, ("",))[0] != project_id:
            return self.error(404)
        del self.services[service_account_id]
        for one in self.keys.values():
            one.alive = one.alive and one.owner != service_account_id
        body = {"object": "organization.project.service_account.deleted", "id": service_account_id, "deleted": True}
        return done(200, body)

    @route("GET", "/organization/admin_api_keys")
    def list_admin_keys(self, request: Request) -> Answer:
        return self._list(request, [self._admin_key(one) for one in self._alive() if not one.project])

    @route("DELETE", "/organization/admin_api_keys/{key_id}")
    def delete_admin_key(self, request: Request, key_id: str) -> Answer:
        return self._delete(request, key_id, "", "organization.admin_api_key.deleted")

    def _delete(self, request: Request, identity: str, project: str, what: str) -> Answer:
        if not self._is_admin(request):
            return _dead()
        found = self.keys.get(identity)
        if found is None or not found.alive or found.project != project:
            return self.error(404)
        found.alive = False
        return done(200, {"object": what, "id": identity, "deleted": True})

    def _asker(self, request: Request) -> Key | None:
        folded = fold(bearer_of(request))
        return next((one for one in self.keys.values() if one.folded == folded and one.alive), None)

    def _is_admin(self, request: Request) -> bool:
        known = self._asker(request)
        return known is not None and not known.project

    def _alive(self) -> list[Key]:
        return [one for one in self.keys.values() if one.alive]

    def _list(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        if not self._is_admin(request):
            return _dead()
        after = request.query.get("after", [""])[0]
        at = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        part = rows[at : at + self.page_size]
        more = at + self.page_size < len(rows)
        last = part[-1]["id"] if part else None
        return ok({"object": "list", "data": part, "first_id": None, "last_id": last, "has_more": more})

    def _project_key(self, one: Key) -> dict[str, Any]:
        owner: dict[str, Any]
        if one.owner in self.services:
            name = self.services[one.owner][1]
            told = {"id": one.owner, "name": name, "created_at": MADE_AT, "role": "member"}
            owner = {"type": "service_account", "service_account": told}
        else:
            member: Mapping[str, Any] = self.members.get(one.owner, {"email": "", "name": ""})
            told = {"id": one.owner, "email": member["email"], "name": member["name"], "created_at": MADE_AT}
            owner = {"type": "user", "user": {**told, "role": "member"}}
        there = one.owner in self.services or one.owner in self.members
        return {
            "object": "organization.project.api_key",
            "id": one.id,
            "redacted_value": one.shown,
            "name": f"{one.owner}'s",
            "created_at": MADE_AT,
            "last_used_at": MADE_AT,
            "owner_project_access": "active" if there else "inactive",
            "owner": owner,
        }

    def _admin_key(self, one: Key) -> dict[str, Any]:
        owner = {"type": "user", "object": "organization.user", "id": one.owner, "name": one.owner, "role": "owner"}
        return {
            "object": "organization.admin_api_key",
            "id": one.id,
            "name": f"{one.owner}'s",
            "redacted_value": one.shown,
            "created_at": MADE_AT,
            "expires_at": None,
            "last_used_at": None,
            "owner": {**owner, "created_at": MADE_AT},
        }


def _error(kind: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _dead() -> Answer:
    return Answer(
        status=401, body=_error("invalid_request_error", "Incorrect API key provided: sk-***", "invalid_api_key")
    )
