"""Square's OAuth endpoints, stateful, in production and in the sandbox.

Facts (square/connect-api-specification, developer.squareup.com): a token that is expired or none is answered 401 with
category AUTHENTICATION_ERROR and code UNAUTHORIZED; revoking takes `Authorization: Client SECRET` and ends all the
merchant's tokens for the application unless `revoke_only_access_token` is true.
"""

from dataclasses import dataclass

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route


def access_token(seed: str) -> str:
    return "EAAA" + tokens.pick(seed, "square", 60, tokens.URL_SAFE)


def app_secret(seed: str) -> str:
    return "sq0csp-" + tokens.pick(seed, "square secret", 43, tokens.URL_SAFE)


@dataclass(kw_only=True)
class SquareToken:
    application: str
    merchant: str
    sandbox: bool
    alive: bool = True


class SquareSimulator(RestSimulator):
    PROVIDER = "square"
    CONTRACTS = (("", "square"), ("/connect.squareupsandbox.com", "square"))
    DEVIATIONS = {
        ("square", "*", template, "status 401"): "the description has 200 alone; errors are prose"
        for template in ("/oauth2/token/status", "/oauth2/revoke")
    }

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, SquareToken] = {}
        self.secrets: dict[str, str] = {}

    def add_application(self, ident: str, secret: str) -> None:
        self.secrets[fold(secret)] = ident

    def add_token(self, value: str, application: str, merchant: str, *, sandbox: bool = False) -> SquareToken:
        made = SquareToken(application=application, merchant=merchant, sandbox=sandbox)
        self.tokens[fold(value)] = made
        return made

    def error(self, status: int) -> Answer:
        return _error(status, "API_ERROR", "INTERNAL_SERVER_ERROR")

    @route("POST", "/oauth2/token/status")
    def status(self, request: Request) -> Answer:
        return self._status(request, sandbox=False)

    @route("POST", "/connect.squareupsandbox.com/oauth2/token/status")
    def sandbox_status(self, request: Request) -> Answer:
        return self._status(request, sandbox=True)

    @route("POST", "/oauth2/revoke")
    def revoke(self, request: Request) -> Answer:
        body, application = request.json(), self.secrets.get(fold(bearer_of(request, "Client")))
        if application is None or application != body.get("client_id"):
            return _error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        found = self.tokens.get(fold(body["access_token"]))
        if found is None or found.application != application:
            return _error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        for token in self.tokens.values():
            same = (token.application, token.merchant) == (found.application, found.merchant)
            if token is found or (same and not body.get("revoke_only_access_token")):
                token.alive = False
        return done(200, {"success": True})

    def _status(self, request: Request, *, sandbox: bool) -> Answer:
        found = self.tokens.get(fold(bearer_of(request)))
        if found is None or not found.alive or found.sandbox != sandbox:
            return _error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        more = {"scopes": ["PAYMENTS_READ"], "expires_at": "2027-01-01T00:00:00Z"}
        return ok({"client_id": found.application, "merchant_id": found.merchant, **more})


def _error(status: int, category: str, code: str) -> Answer:
    return Answer(status=status, body={"errors": [{"category": category, "code": code}]})
