"""GitLab, stateful: tokens as themselves, an administrator's view of users, tokens and keys, and groups' members.

Facts (docs.gitlab.com/api and lib/api/api_guard.rb): a revoked or expired token is answered 401 with `error`
invalid_token and a description; one that the instance does not know, 401 with a `message` alone; a blocked
account's, 403 with the reason. Lists have their next page in the Link header. `/admin/token` is for administrators.
GitLab's own description lies in its documentation's folder and is not at hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick, ssh_public
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from revokers.public_keys import fingerprint
from tests.simulators.rest import RestSimulator, done, fold, ok, route

DEVIATIONS = (
    "only direct members of groups exist; subgroups, projects and invited groups do not",
    "of the tokens that /admin/token knows only access, deploy and agent tokens exist",
    "paths of groups have no slash",
    "projects exist by their number alone, for their deploy keys",
)
"""Where this simulator is simpler than GitLab."""

API = "/api/v4"


def deploy_token(seed: str) -> str:
    return "gldt-" + pick(seed, "gldt-", 20, URL_SAFE)


def agent_token(seed: str) -> str:
    return "glagent-" + pick(seed, "glagent-", 50, URL_SAFE)


@dataclass(kw_only=True)
class User:
    id: int
    username: str
    email: str = ""
    bot: bool = False
    admin: bool = False
    state: str = "active"
    keys: dict[int, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Token:
    """`user` None: a deploy or agent token, which belongs to nobody."""

    id: int
    kind: str
    user: User | None
    scopes: tuple[str, ...] = ("api",)
    revoked: bool = False
    expired: bool = False


class GitLabSimulator(RestSimulator):
    PROVIDER = "gitlab"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, User] = {}
        self.tokens: dict[str, Token] = {}
        self.groups: dict[str, dict[int, int]] = {}
        self.enterprise: dict[str, set[int]] = {}
        self.lines: dict[int, str] = {}
        self.projects: dict[int, dict[int, str]] = {}
        self.administers_tokens = True

    def add_user(self, username: str, **more: Any) -> User:
        user = User(id=100 + len(self.users), username=username, email=f"{username}@example.com", **more)
        self.users[user.id] = user
        return user

    def add_token(self, value: str | Secret, user: User | None, kind: str = "access", **more: Any) -> Token:
        token = Token(id=900 + len(self.tokens), kind=kind, user=user, **more)
        self.tokens[fold(value)] = token
        return token

    def add_key(self, user: User, title: str, line: str = "") -> None:
        number = 500 + len(self.lines)
        self.lines[number] = line or ssh_public(title)
        user.keys[number] = title

    def add_deploy_key(self, project: int, title: str, line: str) -> None:
        """The same key in another project has the same number."""
        number = next((n for n, known in self.lines.items() if known == line), 500 + len(self.lines))
        self.lines[number] = line
        self.projects.setdefault(project, {})[number] = title

    def add_member(self, group: str, user: User, level: int = 30) -> None:
        self.groups.setdefault(group, {})[user.id] = level

    def who(self, request: Request) -> str:
        token = self.tokens.get(fold(request.headers.get("private-token", "")))
        return token.user.username if token and token.user else "somebody"

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"message": f"{status} trouble"})

    def answer(self, request: Request) -> Answer:
        with self.lock:
            token = self.tokens.get(fold(request.headers.get("private-token", "")))
            if token is None or token.user is None:
                return Answer(status=401, body={"message": "401 Unauthorized"})
            if token.expired or token.revoked:
                said = "Token is expired. You can" if token.expired else "Token was revoked. You have to re-authorize"
                return Answer(status=401, body={"error": "invalid_token", "error_description": said})
            if token.user.state != "active":
                return Answer(status=403, body={"message": "403 Forbidden - Your account has been blocked."})
            return super().answer(request)

    def _me(self, request: Request) -> Token:
        return self.tokens[fold(request.headers["private-token"])]

    def _is_admin(self, request: Request) -> bool:
        user = self._me(request).user
        return user is not None and user.admin

    @route("GET", f"{API}/personal_access_tokens/self")
    def own(self, request: Request) -> Answer:
        return ok(_token(self._me(request)))

    @route("DELETE", f"{API}/personal_access_tokens/self")
    def end_own(self, request: Request) -> Answer:
        self._me(request).revoked = True
        return done()

    @route("GET", f"{API}/user")
    def me(self, request: Request) -> Answer:
        token = self._me(request)
        if not {"api", "read_api", "read_user"} & set(token.scopes):
            return Answer(status=403, body={"error": "insufficient_scope"})
        assert token.user is not None
        return ok(_user(token.user))

    @route("GET", f"{API}/users")
    def find(self, request: Request) -> Answer:
        if request.query.get("admins") == ["true"]:
            if not self._is_admin(request):
                return Answer(status=403, body={"message": "403 Forbidden"})
            return self._listed([_user(user) for user in self.users.values() if user.admin], request)
        name = request.query.get("username", [""])[-1].lower()
        return self._listed([_user(user) for user in self.users.values() if user.username.lower() == name], request)

    @route("GET", f"{API}/users/{{id}}")
    def user(self, request: Request, id: str) -> Answer:
        found = self.users.get(int(id))
        return ok(_user(found)) if found else Answer(status=404, body={"message": "404 User Not Found"})

    @route("POST", f"{API}/users/{{id}}/block")
    def block(self, request: Request, id: str) -> Answer:
        return self._moderate(request, id, "blocked")

    @route("POST", f"{API}/users/{{id}}/unblock")
    def unblock(self, request: Request, id: str) -> Answer:
        return self._moderate(request, id, "active")

    def _moderate(self, request: Request, number: str, state: str) -> Answer:
        if not self._is_admin(request):
            return Answer(status=403, body={"message": "403 Forbidden"})
        self.users[int(number)].state = state
        return done(201, True)

    @route("GET", f"{API}/users/{{id}}/keys")
    def keys(self, request: Request, id: str) -> Answer:
        return self._listed([self._key(n, t) for n, t in self.users[int(id)].keys.items()], request)

    def _key(self, number: int, title: str) -> dict[str, Any]:
        return {"id": number, "title": title, "key": self.lines[number], "usage_type": "auth_and_signing"}

    @route("GET", f"{API}/keys")
    def find_key(self, request: Request) -> Answer:
        if not self._is_admin(request):
            return Answer(status=403, body={"message": "403 Forbidden"})
        wanted = request.query.get("fingerprint", [""])[-1]
        for number in (number for number, line in self.lines.items() if fingerprint(line) == wanted):
            used = [{"project_id": p, "deploy_key_id": number} for p, keys in self.projects.items() if number in keys]
            owner = next((user for user in self.users.values() if number in user.keys), None)
            if used or owner:
                user = _user(owner or next(iter(self.users.values())))
                return ok(
                    {**self._key(number, "found"), "user": user} | ({"deploy_keys_projects": used} if used else {})
                )
        return Answer(status=404, body={"message": "404 Key Not Found"})

    @route("GET", f"{API}/projects/{{id}}/deploy_keys")
    def deploy_keys(self, request: Request, id: str) -> Answer:
        if int(id) not in self.projects or not self._is_admin(request):
            return Answer(status=404, body={"message": "404 Project Not Found"})
        return self._listed([self._key(n, t) for n, t in self.projects[int(id)].items()], request)

    @route("DELETE", f"{API}/projects/{{id}}/deploy_keys/{{key_id}}")
    def end_deploy_key(self, request: Request, id: str, key_id: str) -> Answer:
        found = self._is_admin(request) and self.projects.get(int(id), {}).pop(int(key_id), "")
        return done() if found else Answer(status=404, body={"message": "404 Deploy Key Not Found"})

    @route("DELETE", f"{API}/users/{{id}}/keys/{{key_id}}")
    def end_key(self, request: Request, id: str, key_id: str) -> Answer:
        found = self._is_admin(request) and self.users[int(id)].keys.pop(int(key_id), "")
        return done() if found else Answer(status=404, body={"message": "404 Key Not Found"})

    @route("GET", f"{API}/personal_access_tokens")
    def listed_tokens(self, request: Request) -> Answer:
        wanted = request.query.get("user_id", [""])[-1]
        if not self._is_admin(request):
            return Answer(status=401, body={"message": "401 Unauthorized"})
        held = [_token(t) for t in self.tokens.values() if t.user and str(t.user.id) == wanted and _active(t)]
        return self._listed(held, request)

    @route("GET", f"{API}/personal_access_tokens/{{id}}")
    def token(self, request: Request, id: str) -> Answer:
        found = next((t for t in self.tokens.values() if str(t.id) == id and t.kind == "access"), None)
        if not self._is_admin(request) or found is None:
            return Answer(status=401, body={"message": "401 Unauthorized"})
        return ok(_token(found))

    @route("DELETE", f"{API}/personal_access_tokens/{{id}}")
    def end_token(self, request: Request, id: str) -> Answer:
        found = next((t for t in self.tokens.values() if str(t.id) == id and t.kind == "access"), None)
        if not self._is_admin(request) or found is None:
            return Answer(status=401, body={"message": "401 Unauthorized"})
        found.revoked = True
        return done()

    @route("POST", f"{API}/admin/token")
    def identify(self, request: Request) -> Answer:
        return self._by_value(request)

    @route("DELETE", f"{API}/admin/token")
    def end_by_value(self, request: Request) -> Answer:
        return self._by_value(request, end=True)

    def _by_value(self, request: Request, *, end: bool = False) -> Answer:
        if not self._is_admin(request):
            return Answer(status=403, body={"message": "403 Forbidden"})
        if not self.administers_tokens:
            return Answer(status=404, body={"error": "404 Not Found"})
        found = self.tokens.get(fold((request.json() or {}).get("token", "")))
        if found is None:
            return Answer(status=404, body={"message": {"error": "Not found"}})
        if end:
            found.revoked = True
            return done()
        views = {"access": _token, "deploy": _deploy, "agent": _agent}
        return ok(views[found.kind](found))

    def _owns(self, request: Request, group: str) -> bool:
        user = self._me(request).user
        return user is not None and self.groups.get(group, {}).get(user.id) == 50

    @route("GET", f"{API}/groups/{{group}}/enterprise_users")
    def enterprise_users(self, request: Request, group: str) -> Answer:
        if not self._owns(request, group):
            return Answer(status=403, body={"message": "403 Forbidden"})
        name = request.query.get("username", [""])[-1]
        users = [self.users[number] for number in sorted(self.enterprise.get(group, ()))]
        return self._listed([_user(user) for user in users if name in ("", user.username)], request)

    @route("GET", f"{API}/groups/{{group}}/manage/personal_access_tokens")
    def enterprise_tokens(self, request: Request, group: str) -> Answer:
        if not self._owns(request, group):
            return Answer(status=403, body={"message": "403 Forbidden"})
        active = request.query.get("state", [""])[-1] == "active"
        known = self.enterprise.get(group, set())
        held = [token for token in self.tokens.values() if token.user and token.user.id in known]
        return self._listed([_token(token) for token in held if not active or _active(token)], request)

    @route("DELETE", f"{API}/groups/{{group}}/manage/personal_access_tokens/{{id}}")
    def end_enterprise_token(self, request: Request, group: str, id: str) -> Answer:
        known = self.enterprise.get(group, set())
        found = next((t for t in self.tokens.values() if str(t.id) == id and t.user and t.user.id in known), None)
        if not self._owns(request, group) or found is None:
            return Answer(status=404, body={"message": "404 Not Found"})
        found.revoked = True
        return done()

    @route("GET", f"{API}/groups/{{group}}/manage/ssh_keys")
    def enterprise_keys(self, request: Request, group: str) -> Answer:
        if not self._owns(request, group):
            return Answer(status=403, body={"message": "403 Forbidden"})
        users = [self.users[number] for number in sorted(self.enterprise.get(group, ()))]
        keys = [
            {"id": number, "title": title, "usage_type": "auth_and_signing", "user_id": user.id}
            for user in users
            for number, title in user.keys.items()
        ]
        return self._listed(keys, request)

    @route("DELETE", f"{API}/groups/{{group}}/manage/ssh_keys/{{id}}")
    def end_enterprise_key(self, request: Request, group: str, id: str) -> Answer:
        users = [self.users[number] for number in self.enterprise.get(group, ())]
        found = self._owns(request, group) and [user.keys.pop(int(id)) for user in users if int(id) in user.keys]
        return done() if found else Answer(status=404, body={"message": "404 Not Found"})

    @route("GET", f"{API}/groups/{{group}}/members")
    def members(self, request: Request, group: str) -> Answer:
        if group not in self.groups:
            return Answer(status=404, body={"message": "404 Group Not Found"})
        rows = [{**_user(self.users[n]), "access_level": level} for n, level in self.groups[group].items()]
        return self._listed(rows, request)

    @route("DELETE", f"{API}/groups/{{group}}/members/{{id}}")
    def end_member(self, request: Request, group: str, id: str) -> Answer:
        found = self.groups[group].pop(int(id), 0)
        return done() if found else Answer(status=404, body={"message": "404 Not found"})

    def _listed(self, rows: Iterable[Any], request: Request) -> Answer:
        page, more = self.page(list(rows), request)
        number = int(request.query.get("page", ["1"])[-1])
        link = f'<{self.url}{request.path}?page={number + 1}>; rel="next"'
        return ok(page, **({"Link": link} if more else {}))


def _active(token: Token) -> bool:
    return not token.revoked and not token.expired


def _token(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": f"token {token.id}",
        "revoked": token.revoked,
        "created_at": "2026-01-02T03:04:05.000Z",
        "scopes": list(token.scopes),
        "user_id": token.user.id if token.user else None,
        "last_used_at": "2026-11-01T08:00:00.000Z",
        "active": _active(token),
        "expires_at": "2027-01-01",
    }


def _deploy(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": "deploy",
        "username": f"gitlab+deploy-token-{token.id}",
        "expires_at": None,
        "scopes": ["read_repository"],
        "revoked": token.revoked,
        "expired": token.expired,
    }


def _agent(token: Token) -> dict[str, Any]:
    status = "revoked" if token.revoked else "active"
    return {"id": token.id, "name": "agent", "agent_id": 7, "status": status, "created_by_user_id": 1}


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.username.title(),
        "state": user.state,
        "email": user.email,
        "bot": user.bot,
        "is_admin": user.admin,
    }
