"""SendGrid, stateful: scopes, API keys and teammates of one account.

Facts (the official description; twilio.com/docs; SendGrid's "4XX API Errors"): a dead key is answered 401 with one
sentence; a key's id stands between its dots; GET of one key answers the key itself; the list of teammates goes by
limit and offset. Simpler than SendGrid: full keys only, no subusers, deletions are seen at once.
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

GONE = "The provided authorization grant is invalid, expired, or revoked"


def key(seed: str) -> str:
    return f"SG.{pick(seed, 'sendgrid id', 22, URL_SAFE)}.{pick(seed, 'sendgrid', 43, URL_SAFE)}"


class SendGridSimulator(RestSimulator):
    PROVIDER = "sendgrid"
    CONTRACTS = (("", "sendgrid"),)
    UNDESCRIBED: ClassVar[dict[tuple[str, str, str], str]] = {}
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {
        (
            "sendgrid",
            "GET",
            "/teammates",
            "status 401",
        ): "what a dead key gets everywhere; the description has 200 alone",
    }

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, str] = {}
        self.teammates: dict[str, dict[str, Any]] = {}

    def add_key(self, value: str | Secret) -> str:
        whole = value.reveal().decode() if isinstance(value, Secret) else value
        identity = whole.split(".")[1]
        self.keys[identity] = fold(whole)
        return identity

    def add_teammate(self, name: str, kind: str = "teammate") -> str:
        about = {"username": name, "email": f"{name}@example.com", "first_name": name, "last_name": ""}
        self.teammates[name] = {**about, "user_type": kind, "is_admin": kind != "teammate"}
        return name

    def error(self, status: int) -> Answer:
        return _error(status, f"trouble {status}")

    @route("GET", "/scopes")
    def scopes(self, request: Request) -> Answer:
        return self._refused(request) or ok({"scopes": ["mail.send", "api_keys.read"]})

    @route("GET", "/api_keys/{key_id}")
    def get_key(self, request: Request, key_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        if key_id not in self.keys:
            return _error(404, "unable to find API Key")
        return ok({"api_key_id": key_id, "name": "made for tests", "scopes": ["mail.send"]})

    @route("DELETE", "/api_keys/{key_id}")
    def delete_key(self, request: Request, key_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        return done() if self.keys.pop(key_id, None) else _error(404, "unable to find API Key")

    @route("GET", "/teammates")
    def list_teammates(self, request: Request) -> Answer:
        part, _ = self.slice(list(self.teammates.values()), request)
        return self._refused(request) or ok({"result": part})

    @route("DELETE", "/teammates/{name}")
    def remove(self, request: Request, name: str) -> Answer:
        if refused := self._refused(request):
            return refused
        return done() if self.teammates.pop(name, None) else self.error(404)

    def _refused(self, request: Request) -> Answer | None:
        return None if fold(bearer_of(request)) in self.keys.values() else _error(401, GONE)


def _error(status: int, message: str) -> Answer:
    return Answer(status=status, body={"errors": [{"field": None, "message": message}]})
