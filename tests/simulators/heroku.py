"""Heroku: accounts, authorizations with their tokens, an account's own API key, teams.

Lists go on by Next-Range, with status 206. The description has no status codes (2XX and 4XX alone).

https://devcenter.heroku.com/articles/platform-api-reference#ranges
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

AT = "2026-01-02T03:04:05Z"


def heroku_key(seed: str) -> str:
    """`HRKU-AA` and 58 characters of the URL-safe alphabet; no checksum is documented."""
    return "HRKU-AA" + pick(seed, "heroku", 58, URL_SAFE)


def heroku_legacy_key(seed: str) -> str:
    return _id(f"heroku legacy {seed}")


def _id(seed: str) -> str:
    return str(uuid.UUID(bytes=fold(seed).encode()[:16], version=4))


@dataclass
class Held:
    """One token: `value` is shown again in the list, as Heroku does; the account's own API key is in none."""

    id: str
    value: str
    user: str
    scope: str
    listed: bool


class HerokuSimulator(RestSimulator):
    PROVIDER = "heroku"
    CONTRACTS = (("", "heroku"),)

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, str] = {}  # id -> e-mail address
        self.tokens: dict[str, Held] = {}
        self.teams: dict[str, dict[str, str]] = {}  # team -> user id -> role

    def add_user(self, name: str) -> str:
        user = _id(f"user {name}")
        self.users[user] = f"{name}@example.com"
        return user

    def add_token(self, user: str, value: str, *, scope: str = "global", listed: bool = True) -> None:
        held = Held(_id(f"authorization {value}"), value, user, scope, listed)
        self.tokens[held.id] = held

    def add_member(self, team: str, user: str, role: str = "member") -> None:
        self.teams.setdefault(team, {})[user] = role

    def error(self, status: int) -> Answer:
        word = {401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limit"}.get(status, "trouble")
        return ok({"id": word, "message": "no"}, status)

    def _asks(self, request: Request) -> Held | None:
        return next((held for held in self.tokens.values() if held.value == bearer_of(request)), None)

    def who(self, request: Request) -> str:
        held = self._asks(request)
        return self.users[held.user] if held else "nobody"

    def answer(self, request: Request) -> Answer:
        assert request.headers["accept"] == "application/vnd.heroku+json; version=3"
        held = self._asks(request)
        if held is None:
            return self.error(401)
        return super().answer(request) if held.scope == "global" else self.error(403)

    def _range(self, rows: list[Any], request: Request) -> Answer:
        found = re.match(r"id (\d+)\.\.", request.headers.get("range", ""))
        at = int(found[1]) if found else 0
        end = at + self.page_size
        if end < len(rows):
            return ok(rows[at:end], 206, **{"Next-Range": f"id {end}..; max={self.page_size}"})
        return ok(rows[at:end])

    @route("GET", "/account")
    def account(self, request: Request) -> Answer:
        held = self._asks(request)
        assert held
        return ok({"id": held.user, "email": self.users[held.user], "name": None, "beta": False})

    def _shown(self, held: Held) -> dict[str, Any]:
        token = {"id": _id(f"token {held.id}"), "token": held.value, "expires_in": None}
        return {"id": held.id, "access_token": token, "scope": [held.scope], "description": "ci", "created_at": AT}

    @route("GET", "/oauth/authorizations")
    def authorizations(self, request: Request) -> Answer:
        own = self._asks(request)
        assert own
        rows = [self._shown(held) for held in self.tokens.values() if held.user == own.user and held.listed]
        return self._range([{"id": _id("web"), "access_token": None, "scope": ["global"]}, *rows], request)

    @route("DELETE", "/oauth/authorizations/{number}")
    def end(self, request: Request, number: str) -> Answer:
        own = self._asks(request)
        held = self.tokens.get(number)
        if own is None or held is None or held.user != own.user:
            return self.error(404)
        return done(200, self._shown(self.tokens.pop(number)))

    @route("GET", "/teams/{team}/members")
    def members(self, request: Request, team: str) -> Answer:
        rows = self.teams.get(team, {}).items()
        return self._range([self._member(user, role) for user, role in rows], request)

    def _member(self, user: str, role: str) -> dict[str, Any]:
        person = {"id": user, "email": self.users[user], "name": None}
        about = {"created_at": AT, "updated_at": AT, "federated": False, "two_factor_authentication": True}
        return {"id": _id(f"member {user}"), "email": self.users[user], "role": role, "user": person, **about}

    @route("DELETE", "/teams/{team}/members/{member}")
    def remove(self, request: Request, team: str, member: str) -> Answer:
        role = self.teams.get(team, {}).pop(member, "")
        return done(200, self._member(member, role)) if role else self.error(404)
