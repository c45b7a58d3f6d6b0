"""Keycloak, stateful: one realm's users, sessions and consents, and signing in as a client.

Facts (keycloak.org, Admin REST API): `exact=true` narrows to the whole name or address; a PUT replaces what it gives;
logout ends the user's sessions; deleting a consent that is not there is 404; without view-users it is 403.
Simpler than the provider: whoever signs in has every right.
"""

import uuid
from typing import Any, ClassVar

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

REALM = "corp"


class KeycloakSimulator(RestSimulator):
    """`sessions` and `consents` are rows by the user's id."""

    PROVIDER: ClassVar[str] = "keycloak"

    def __init__(self) -> None:
        super().__init__()
        self.realm = REALM
        self.admins: set[str] = set()
        """Ids of those who have the realm's role admin."""
        self.clients: dict[str, str] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, list[dict[str, Any]]] = {}
        self.consents: dict[str, list[dict[str, Any]]] = {}

    def add_client(self, name: str, secret: str | Secret) -> None:
        self.clients[name] = fold(secret)

    def add_user(self, name: str, **more: Any) -> str:
        ident = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        user = {"id": ident, "username": name, "email": f"{name}@example.com", "enabled": True}
        self.users[ident] = {**user, "attributes": {"department": ["tools"]}, **more}
        self.sessions[ident] = [{"id": f"session of {name}", "username": name, "userId": ident}]
        self.consents[ident] = []
        return ident

    def add_consent(self, user: str, client: str) -> None:
        self.consents[user].append({"clientId": client, "grantedClientScopes": ["openid", "offline_access"]})

    def error(self, status: int) -> Answer:
        return ok({"error": f"trouble {status}"}, status)

    def _may(self, request: Request, realm: str, ident: str = "") -> bool:
        known = bearer_of(request) in {f"signed in as {name}" for name in self.clients}
        return known and realm == self.realm and (not ident or ident in self.users)

    @route("POST", "/realms/{realm}/protocol/openid-connect/token")
    def sign_in(self, request: Request, realm: str) -> Answer:
        form = request.form()
        if self.clients.get(form.get("client_id", "")) != fold(form.get("client_secret", "")):
            return ok({"error": "unauthorized_client"}, 401)
        return ok({"access_token": f"signed in as {form['client_id']}", "token_type": "Bearer", "expires_in": 60})

    @route("GET", "/admin/realms/{realm}/users")
    def find(self, request: Request, realm: str) -> Answer:
        if not self._may(request, realm):
            return self.error(403)
        asked = {name: values[0] for name, values in request.query.items() if name in ("username", "email")}
        exact = request.query.get("exact") == ["true"]
        rows = [
            user
            for user in self.users.values()
            if all(user[name] == value if exact else value in user[name] for name, value in asked.items())
        ]
        return ok(rows)

    @route("GET", "/admin/realms/{realm}/users/{ident}")
    @route("PUT", "/admin/realms/{realm}/users/{ident}")
    def one(self, request: Request, realm: str, ident: str) -> Answer:
        if not self._may(request, realm, ident):
            return self.error(404)
        if request.method == "GET":
            return ok(self.users[ident])
        self.users[ident] = request.json()
        return done()

    @route("GET", "/admin/realms/{realm}/users/{ident}/sessions")
    def list_sessions(self, request: Request, realm: str, ident: str) -> Answer:
        return ok(self.sessions[ident]) if self._may(request, realm, ident) else self.error(404)

    @route("GET", "/admin/realms/{realm}/users/{ident}/role-mappings/realm/composite")
    def roles(self, request: Request, realm: str, ident: str) -> Answer:
        rows = [{"id": "1", "name": "default-roles"}, *([{"id": "2", "name": "admin"}] if ident in self.admins else [])]
        return ok(rows) if self._may(request, realm, ident) else self.error(404)

    @route("GET", "/admin/realms/{realm}/roles/admin/users")
    def of_role(self, request: Request, realm: str) -> Answer:
        first, most = (int(request.query[name][0]) for name in ("first", "max"))
        rows = [self.users[ident] for ident in sorted(self.admins)][first:][: min(most, self.page_size)]
        return ok(rows) if self._may(request, realm) else self.error(403)

    @route("POST", "/admin/realms/{realm}/users/{ident}/logout")
    def logout(self, request: Request, realm: str, ident: str) -> Answer:
        if not self._may(request, realm, ident):
            return self.error(404)
        self.sessions[ident].clear()
        return done()

    @route("GET", "/admin/realms/{realm}/users/{ident}/consents")
    def list_consents(self, request: Request, realm: str, ident: str) -> Answer:
        return ok(self.consents[ident]) if self._may(request, realm, ident) else self.error(404)

    @route("DELETE", "/admin/realms/{realm}/users/{ident}/consents/{client}")
    def end_consent(self, request: Request, realm: str, ident: str, client: str) -> Answer:
        if not self._may(request, realm, ident):
            return self.error(404)
        kept = [row for row in self.consents[ident] if row["clientId"] != client]
        if len(kept) == len(self.consents[ident]):
            return self.error(404)
        self.consents[ident] = kept
        return done()
