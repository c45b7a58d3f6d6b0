"""Slack, stateful: `auth.test`, `auth.revoke`, `users.info`, `users.lookupByEmail`.

Facts (api.slack.com and Slack's API description): the status is 200 for errors too, with `"ok": false` and an `error`;
only rate limiting is 429 with Retry-After. `auth.revoke` with `test=1` revokes nothing and answers `"revoked": false`.
Revoking a bot token deactivates the bot user; a user token's revocation ends that one token.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from offkey.secret import Secret

DEVIATIONS = (
    "a token in the query of a URL is not accepted, as for apps made since February 2021",
    "after a bot token is revoked the bot's other tokens answer account_inactive",
    "workspaces of an Enterprise Grid, guests and app-level tokens do not exist",
)
"""Where this simulator departs from the published description, or is simpler than Slack."""


@dataclass(kw_only=True)
class SlackUser:
    """A person, or with `bot_id` the user of a bot."""

    id: str
    name: str
    real_name: str = ""
    email: str = ""
    bot_id: str = ""
    admin: bool = False
    active: bool = True


@dataclass(kw_only=True)
class SlackToken:
    """The token itself is not kept: `folded` is its SHA-256."""

    folded: str
    user: SlackUser
    scopes: tuple[str, ...]
    revoked: bool = False


class _SlackError(Exception):
    """An answer with `"ok": false`; `more` are further fields of it."""

    def __init__(self, error: str, **more: str) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


class SlackSimulator(LocalServer):
    """`with SlackSimulator() as slack: httpx.post(slack.url + "/api/auth.test", headers=bearer)`.

    Methods answer under `/api/` as at slack.com.
    """

    def __init__(self, *, team: str = "Acme", team_id: str = "T0ACME0001") -> None:
        super().__init__()
        self.team, self.team_id = team, team_id
        self.users: dict[str, SlackUser] = {}
        self.tokens: dict[str, SlackToken] = {}

    def add_user(self, name: str, *, email: str = "", real_name: str = "", admin: bool = False) -> SlackUser:
        return self._add(SlackUser(id=self._new_id("U"), name=name, email=email, real_name=real_name, admin=admin))

    def add_bot(self, name: str) -> SlackUser:
        return self._add(SlackUser(id=self._new_id("U"), name=name, real_name=name, bot_id=self._new_id("B")))

    def add_token(self, user: SlackUser, value: str | Secret, scopes: Iterable[str] = ()) -> SlackToken:
        """Makes `value` a living token of a user or bot, with OAuth scopes such as `users:read`."""
        token = SlackToken(folded=_fold(value), user=user, scopes=tuple(scopes))
        with self.lock:
            self.tokens[token.folded] = token
        return token

    def is_dead(self, value: str | Secret) -> bool:
        """Whether a token is unknown, revoked or of an inactive account."""
        with self.lock:
            token = self.tokens.get(_fold(value))
            return token is None or token.revoked or not token.user.active

    def who(self, request: Request) -> str:
        value = _sent_token(request)
        with self.lock:
            token = self.tokens.get(_fold(value)) if value else None
        return "anonymous" if not value else token.user.id if token else "unknown token"

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"ok": False, "error": "ratelimited" if status == 429 else "fatal_error"})

    def answer(self, request: Request) -> Answer:
        method = _METHODS.get(request.path)
        if method is None or request.method not in ("GET", "POST"):
            return Answer(status=200, body={"ok": False, "error": "unknown_method"})
        with self.lock:
            try:
                token = self._authenticate(request)
                answer = method(self, token, _arguments(request))
            except _SlackError as error:
                return Answer(status=200, body=error.body)
        answer.headers["X-OAuth-Scopes"] = ",".join(token.scopes)
        return answer

    def _authenticate(self, request: Request) -> SlackToken:
        value = _sent_token(request)
        if not value:
            raise _SlackError("not_authed")
        token = self.tokens.get(_fold(value))
        if token is None:
            raise _SlackError("invalid_auth")
        if token.revoked:
            raise _SlackError("token_revoked")
        if not token.user.active:
            raise _SlackError("account_inactive")
        return token

    def _new_id(self, letter: str) -> str:
        return f"{letter}0SIM{len(self.users) + 1:05d}"

    def _add(self, user: SlackUser) -> SlackUser:
        with self.lock:
            self.users[user.id] = user
        return user


def _auth_test(sim: SlackSimulator, token: SlackToken, _: dict[str, str]) -> Answer:
    """Needs no scope. Only a bot's token is answered with a `bot_id`."""
    body: dict[str, Any] = {
        "ok": True,
        "url": f"{sim.url}/",
        "team": sim.team,
        "user": token.user.name,
        "team_id": sim.team_id,
        "user_id": token.user.id,
        "is_enterprise_install": False,
    }
    return Answer(status=200, body=body | ({"bot_id": token.user.bot_id} if token.user.bot_id else {}))


def _auth_revoke(_: SlackSimulator, token: SlackToken, arguments: dict[str, str]) -> Answer:
    if arguments.get("test", "").lower() in ("1", "true"):
        return Answer(status=200, body={"ok": True, "revoked": False})
    token.revoked = True
    if token.user.bot_id:
        token.user.active = False
    return Answer(status=200, body={"ok": True, "revoked": True}, wrote=True)


def _users_info(sim: SlackSimulator, token: SlackToken, arguments: dict[str, str]) -> Answer:
    _need(token, "users:read")
    user = sim.users.get(arguments.get("user", ""))
    if user is None:
        raise _SlackError("user_not_found")
    return Answer(status=200, body={"ok": True, "user": _view(sim, user, token)})


def _users_lookup_by_email(sim: SlackSimulator, token: SlackToken, arguments: dict[str, str]) -> Answer:
    """Finds active people only."""
    _need(token, "users:read.email")
    email = arguments.get("email", "").lower()
    found = [user for user in sim.users.values() if email and user.email.lower() == email and user.active]
    if not found:
        raise _SlackError("users_not_found")
    return Answer(status=200, body={"ok": True, "user": _view(sim, found[0], token)})


_METHODS: dict[str, Callable[[SlackSimulator, SlackToken, dict[str, str]], Answer]] = {
    "/api/auth.test": _auth_test,
    "/api/auth.revoke": _auth_revoke,
    "/api/users.info": _users_info,
    "/api/users.lookupByEmail": _users_lookup_by_email,
}


def _need(token: SlackToken, scope: str) -> None:
    if scope not in token.scopes:
        raise _SlackError("missing_scope", needed=scope, provided=",".join(token.scopes))


def _view(sim: SlackSimulator, user: SlackUser, token: SlackToken) -> dict[str, Any]:
    """A user object. The address is there only for tokens with `users:read.email`."""
    real_name = user.real_name or user.name
    empty = ("avatar_hash", "title", "phone", "skype", "status_text", "status_emoji")
    profile: dict[str, Any] = {
        "real_name": real_name,
        "real_name_normalized": real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "fields": None,
        "team": sim.team_id,
        **dict.fromkeys(empty, ""),
    }
    if user.email and "users:read.email" in token.scopes:
        profile["email"] = user.email
    if user.bot_id:
        profile["bot_id"] = user.bot_id
    return {
        "id": user.id,
        "team_id": sim.team_id,
        "name": user.name,
        "real_name": real_name,
        "deleted": not user.active,
        "is_bot": bool(user.bot_id),
        "is_app_user": False,
        "is_admin": user.admin,
        "is_owner": False,
        "updated": 1577836800,
        "profile": profile,
    }


def _arguments(request: Request) -> dict[str, str]:
    """Arguments from the query, the form or a JSON body."""
    found = {name: values[-1] for name, values in request.query.items()}
    data = request.json()
    return found | (data if isinstance(data, dict) else request.form())


def _sent_token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.form().get("token", "")


def _fold(value: str | Secret) -> str:
    return hashlib.sha256(value.reveal() if isinstance(value, Secret) else value.encode()).hexdigest()
