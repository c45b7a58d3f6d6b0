"""Supabase's Management API, stateful: profile, members, a project's keys.

Facts (api_v1_openapi.json): `reveal=true` shows the values of secret keys; the legacy pair is in the list without ids
and is switched as one.
"""

import uuid
from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ORG = "acme"
REF = "abcdefghijklmnopqrst"


def secret_key(seed: str) -> str:
    return "sb_" + "secret_" + pick(seed, "sb_secret_", 31, URL_SAFE)


def personal(seed: str) -> str:
    return "sbp_" + pick(seed, "sbp_", 40, HEX)


class SupabaseSimulator(RestSimulator):
    """`keys[ref]` has a project's rows. Their values are kept, for the list reveals them."""

    PROVIDER: ClassVar[str] = "supabase"
    CONTRACTS: ClassVar[tuple[tuple[str, str], ...]] = (("", "supabase"),)

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, str] = {}
        self.members: list[dict[str, Any]] = []
        self.keys: dict[str, list[dict[str, Any]]] = {}
        self.legacy: dict[str, bool] = {}

    def add_token(self, user: str, value: str | Secret) -> None:
        self.tokens[fold(value)] = user

    def add_project(self, ref: str) -> None:
        self.legacy[ref] = True
        self.keys[ref] = [{"name": "default", "type": "publishable", "id": _uuid(ref), "api_key": "sb_publishable_x"}]

    def add_key(self, ref: str, name: str, value: str) -> str:
        self.keys[ref].append({"name": name, "type": "secret", "id": _uuid(ref + name), "api_key": value})
        return _uuid(ref + name)

    def add_member(self, name: str) -> None:
        row = {"user_id": _uuid(name), "user_name": name, "email": f"{name}@example.com"}
        self.members.append({**row, "role_name": "Developer", "mfa_enabled": True})

    def error(self, status: int) -> Answer:
        return Answer(status=status)

    def _known(self, request: Request) -> bool:
        return fold(bearer_of(request)) in self.tokens

    @route("GET", "/v1/profile")
    def profile(self, request: Request) -> Answer:
        name = self.tokens[fold(bearer_of(request))]
        return ok({"gotrue_id": _uuid(name), "primary_email": f"{name}@example.com", "username": name})

    @route("GET", "/v1/organizations/{slug}/members")
    def list_members(self, request: Request, slug: str) -> Answer:
        return ok(self.members) if self._known(request) and slug == ORG else self.error(403)

    @route("GET", "/v1/projects/{ref}/api-keys")
    def list_keys(self, request: Request, ref: str) -> Answer:
        if not self._known(request) or ref not in self.keys:
            return self.error(403)
        shown = request.query.get("reveal") == ["true"]
        rows = [{**row, "api_key": row["api_key"] if shown else row["api_key"][:15]} for row in self.keys[ref]]
        return ok(rows)

    @route("DELETE", "/v1/projects/{ref}/api-keys/{ident}")
    def delete_key(self, request: Request, ref: str, ident: str) -> Answer:
        found = [row for row in self.keys.get(ref, ()) if row["id"] == ident]
        if not self._known(request) or not found:
            return self.error(403)
        self.keys[ref].remove(found[0])
        return done(200, {**found[0], "api_key": None})

    @route("GET", "/v1/projects/{ref}/api-keys/legacy")
    @route("PUT", "/v1/projects/{ref}/api-keys/legacy")
    def switch(self, request: Request, ref: str) -> Answer:
        if not self._known(request) or ref not in self.legacy:
            return self.error(403)
        if request.method == "GET":
            return ok({"enabled": self.legacy[ref]})
        self.legacy[ref] = request.query["enabled"] == ["true"]
        return done(200, {"enabled": self.legacy[ref]})


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
