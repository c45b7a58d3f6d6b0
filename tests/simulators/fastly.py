"""Fastly, stateful: tokens as themselves, the customer's users and tokens.

Facts (fastly.com/documentation, fastly-py): the token stands in `Fastly-Key`; an automation token has no user; lists
are whole, without pages; only a superuser sees everybody's. Fastly publishes no description of its API.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route

DEVIATIONS = ("scopes, services and second factors do not exist", "automation tokens are in no list")
CUSTOMER = "x4xCwxxJxGCx123Rx5xTx"


def api_token(seed: str) -> str:
    return pick(seed, "fastly", 32, URL_SAFE)


@dataclass(kw_only=True)
class Token:
    id: str
    user: str


class FastlySimulator(RestSimulator):
    PROVIDER = "fastly"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, Token] = {}
        self.made = 0

    def add_user(self, name: str, role: str = "engineer") -> str:
        number = f"user{len(self.users):018d}"
        self.users[number] = {"id": number, "login": f"{name}@example.com", "name": name.title(), "role": role}
        return number

    def add_token(self, value: str | Secret, user: str) -> None:
        """`user` "": an automation token."""
        self.made += 1
        self.tokens[fold(value)] = Token(id=f"token{self.made:017d}", user=user)

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"msg": f"trouble {status}"})

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if self._asking(request) is None:
                return Answer(status=401, body={"msg": "Provided credentials are missing or invalid"})
            return super().answer(request)

    def _asking(self, request: Request) -> Token | None:
        return self.tokens.get(fold(request.headers.get("fastly-key", "")))

    def _is_superuser(self, request: Request) -> bool:
        token = self._asking(request)
        return token is not None and self.users.get(token.user, {}).get("role") == "superuser"

    @route("GET", "/tokens/self")
    def own(self, request: Request) -> Answer:
        token = self._asking(request)
        assert token is not None
        return ok(_view(token))

    @route("DELETE", "/tokens/self")
    def end_own(self, request: Request) -> Answer:
        del self.tokens[fold(request.headers["fastly-key"])]
        return done()

    @route("GET", "/current_user")
    def me(self, request: Request) -> Answer:
        token = self._asking(request)
        assert token is not None
        return ok(self.users[token.user]) if token.user in self.users else self.error(403)

    @route("GET", "/customer/{customer}/users")
    def listed_users(self, request: Request, customer: str) -> Answer:
        fits = customer == CUSTOMER and self._is_superuser(request)
        return ok(list(self.users.values())) if fits else self.error(403)

    @route("GET", "/customer/{customer}/tokens")
    def listed_tokens(self, request: Request, customer: str) -> Answer:
        fits = customer == CUSTOMER and self._is_superuser(request)
        return ok([_view(token) for token in self.tokens.values() if token.user]) if fits else self.error(403)

    @route("DELETE", "/tokens/{id}")
    def end_token(self, request: Request, id: str) -> Answer:
        folded = next((folded for folded, token in self.tokens.items() if token.id == id), "")
        if not self._is_superuser(request) or not folded:
            return self.error(404)
        del self.tokens[folded]
        return done()

    @route("DELETE", "/user/{id}")
    def end_user(self, request: Request, id: str) -> Answer:
        if not self._is_superuser(request) or self.users.pop(id, None) is None:
            return self.error(404)
        return done(200, {"status": "ok"})


def _view(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "user_id": token.user or None,
        "name": f"token {token.id[-2:]}",
        "scope": "global",
        "services": [],
        "created_at": "2026-01-02T03:04:05+00:00",
        "last_used_at": "2026-11-01T08:00:00+00:00",
        "expires_at": None,
        "deleted_at": None,
    }
