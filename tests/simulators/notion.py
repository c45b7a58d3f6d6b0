"""Notion, stateful: the token's own bot, introspection and revocation.

Facts (developers.notion.com, makenotion/notion-sdk-js): users/me answers the token's bot and who owns it, a user or the
workspace; a bad token is 401 with code "unauthorized"; introspection and revocation are signed with the connection's id
and secret and answer {"active"} and {"request_id"}. Simpler: a foreign or unknown token is not active, and revoking it
does nothing.
"""

from dataclasses import dataclass

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, basic_of, bearer_of, done, fold, ok, route


def token(seed: str) -> str:
    return "ntn_" + tokens.pick(seed, "notion", 11, tokens.DIGITS) + tokens.pick(seed, "notion end", 35)


def legacy_token(seed: str) -> str:
    return "secret_" + tokens.pick(seed, "notion legacy", 43)


@dataclass(kw_only=True)
class NotionToken:
    client: str
    email: str
    alive: bool = True


class NotionSimulator(RestSimulator):
    PROVIDER = "notion"
    CONTRACTS = (("", "notion"),)
    UNDESCRIBED = {
        ("notion", "POST", f"/v1/oauth/{name}"): "documented on its own page; the description has no OAuth"
        for name in ("introspect", "revoke")
    }
    DEVIATIONS = {("notion", "GET", "/v1/users/me", "status 401"): "among the documented status codes, not described"}

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, NotionToken] = {}
        self.clients: dict[str, str] = {}

    def add_client(self, ident: str, secret: str) -> None:
        self.clients[ident] = fold(secret)

    def add_token(self, value: str, client: str, email: str) -> NotionToken:
        """`email` of the user who gave it, or "" for the workspace's own."""
        made = NotionToken(client=client, email=email)
        self.tokens[fold(value)] = made
        return made

    def error(self, status: int) -> Answer:
        return _error(status, "internal_server_error")

    @route("GET", "/v1/users/me")
    def me(self, request: Request) -> Answer:
        found = self.tokens.get(fold(bearer_of(request)))
        if found is None or not found.alive:
            return _error(401, "unauthorized")
        person = {"object": "user", "id": f"user-{found.email}", "type": "person", "person": {"email": found.email}}
        owner = {"type": "user", "user": person} if found.email else {"type": "workspace", "workspace": True}
        return ok({"object": "user", "id": "bot-1", "name": "Helper", "type": "bot", "bot": {"owner": owner}})

    @route("POST", "/v1/oauth/introspect")
    def introspect(self, request: Request) -> Answer:
        client = self._client(request)
        found = self.tokens.get(fold(request.json()["token"]))
        active = found is not None and found.alive and found.client == client
        return ok({"active": active, "request_id": "r"}) if client else _error(401, "unauthorized")

    @route("POST", "/v1/oauth/revoke")
    def revoke(self, request: Request) -> Answer:
        client = self._client(request)
        if not client:
            return _error(401, "unauthorized")
        found = self.tokens.get(fold(request.json()["token"]))
        if found is not None and found.client == client:
            found.alive = False
        return done(200, {"request_id": "r"})

    def _client(self, request: Request) -> str:
        ident, secret = basic_of(request)
        return ident if self.clients.get(ident) == fold(secret) else ""


def _error(status: int, code: str) -> Answer:
    return Answer(status=status, body={"object": "error", "status": status, "code": code, "message": "no"})
