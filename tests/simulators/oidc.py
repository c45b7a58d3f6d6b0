"""An OAuth server, stateful: metadata, userinfo, introspection, revocation.

Facts (RFC 7009, 7662, 6750, OpenID Connect Discovery): revocation answers 200 to any token of a known client and 400 to
another client's; introspection says `active: false` of whatever is not; userinfo refuses with `error="invalid_token"`.
"""

import base64
import json
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route


def jwt(seed: str, issuer: str, **claims: str) -> str:
    """A JWT as an issuer makes it; its signature verifies with no key."""
    head = {"alg": "RS256", "typ": "at+jwt", "kid": pick(seed, "kid", 8)}
    body = {"iss": issuer, "sub": f"user {seed}", "jti": pick(seed, "jti", 22), **claims}
    return ".".join([*map(_encoded, (head, body)), pick(seed, "signature", 86, URL_SAFE)])


def _encoded(part: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


class OidcSimulator(RestSimulator):
    """`tokens[fold(value)]` is the name of a living token's user. `metadata` is what is said besides the issuer."""

    PROVIDER: ClassVar[str] = "oidc"

    def __init__(self) -> None:
        super().__init__()
        self.clients: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}

    def describe(self) -> None:
        names = {"revocation": "revoke", "introspection": "introspect", "userinfo": "userinfo"}
        self.metadata = {f"{name}_endpoint": f"{self.url}/oauth2/v1/{path}" for name, path in names.items()}
        self.metadata["issuer"] = self.url

    def label(self, request: Request) -> str:
        """The path, with the name by which offkey tells a question from a change."""
        what = request.path.rpartition("/")[2]
        return f"{request.path}#{what}" if what in ("revoke", "introspect") else request.path

    def error(self, status: int) -> Answer:
        answer = ok({"error": "invalid_token" if status == 401 else "invalid_request"}, status)
        if status == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return answer

    def _client(self, request: Request) -> bool:
        pair = base64.b64decode(bearer_of(request, "Basic")).decode()
        name, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        return self.clients.get(name) == fold(secret)

    @route("GET", "/.well-known/openid-configuration")
    def describe_self(self, request: Request) -> Answer:
        return ok(self.metadata)

    @route("GET", "/oauth2/v1/userinfo")
    def userinfo(self, request: Request) -> Answer:
        name = self.tokens.get(fold(bearer_of(request)))
        if name is None:
            return self.error(401)
        email = {"email": f"{name}@example.com", "email_verified": True}
        return ok({"sub": f"user {name}", "preferred_username": name, **email})

    @route("POST", "/oauth2/v1/introspect")
    def introspect(self, request: Request) -> Answer:
        if not self._client(request):
            return ok({"error": "invalid_client"}, 401)
        name = self.tokens.get(fold(request.form()["token"]))
        return ok({"active": True, "sub": f"user {name}"} if name else {"active": False})

    @route("POST", "/oauth2/v1/revoke")
    def revoke(self, request: Request) -> Answer:
        if not self._client(request):
            return ok({"error": "invalid_client"}, 401)
        self.tokens.pop(fold(request.form()["token"]), None)
        return done(200)
