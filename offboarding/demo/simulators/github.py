"""GitHub, stateful: users, tokens, organisations, repositories behind the REST API's own paths, statuses and schemas.

Facts (GitHub's API description and docs.github.com): a dead token answers 401 "Bad credentials"; an administrator who
revokes a fine-grained token's grant ends its access to the organisation, while `GET /user` stays 200; the public
`POST /credentials/revoke` must come without authentication (else 403), answers 202 to any input, acts later, and the
owner gets a mail. Only GitHub Apps may use the organisation's token endpoints.
"""

import base64
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from offboarding.demo.simulators import github_keys as keys
from offboarding.demo.simulators import github_orgs as orgs
from offboarding.demo.simulators import github_repos as repos
from offboarding.demo.simulators import github_sealed as sealed
from offboarding.demo.simulators import github_secrets as secrets
from offboarding.demo.simulators import github_users as users
from offboarding.demo.simulators.github_calls import DOCS, Call, Refusal
from offboarding.demo.simulators.github_limits import Limits
from offboarding.demo.simulators.github_state import (
    Authorization,
    Entry,
    Grant,
    Kind,
    Organisation,
    Repository,
    State,
    Store,
    Token,
    User,
    fold,
    now,
)
from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from offkey.secret import Secret

DEVIATIONS = (
    "every member and outside collaborator of an organisation may push to each of its repositories",
    "membership is always active and public to members only; invitations and teams do not exist",
    "fine-grained permissions are looked at for organisation members only",
    "a pull request cannot come from a fork; `mergeable` is always null",
    "the last owner of an organisation can be removed (what GitHub answers is not in its description)",
    "unknown ids in a bulk grant revocation are passed over (GitHub's behaviour is not documented)",
)
"""Where this simulator is known to be simpler than GitHub, or to guess."""

_Route = tuple[str, re.Pattern[str], Callable[[Call], Answer]]


class GitHubSimulator(LocalServer):
    """`with GitHubSimulator() as hub: Github(base_url=hub.url, ...)`.

    `delay` is how many seconds an accepted (202) revocation takes; None means until `settle()`. Tests arrange state
    through the `add_...` methods and `state`, and look at `requests` and `state.mails` afterwards. `limits` are
    the requests an hour, which tests may lower.
    """

    def __init__(self, *, delay: float | None = 0.2) -> None:
        super().__init__()
        self.delay = delay
        self.state = State()
        self.limits = Limits()

    def add_user(self, login: str, *, name: str = "", email: str = "", email_public: bool = False) -> User:
        with self.lock:
            user = User(id=next(self.state.ids), login=login, name=name, email=email, email_public=email_public)
            self.state.users[login.lower()] = user
        return user

    def rename_user(self, login: str, new: str) -> None:
        """The same account under another login, as GitHub allows; the old login is free for others."""
        with self.lock:
            self.state.rename(login, new)

    def add_token(
        self, owner: str, value: str | Secret, *, kind: Kind = "classic", scopes: Iterable[str] = (), name: str = ""
    ) -> Token:
        """Makes `value` a living token of the user `owner`. Classic and OAuth tokens do what their scopes allow."""
        text = value.reveal().decode() if isinstance(value, Secret) else value
        with self.lock:
            token = Token(
                id=next(self.state.ids),
                folded=fold(text),
                last_eight=text[-8:],
                owner=owner,
                kind=kind,
                scopes=tuple(scopes),
                name=name,
            )
            self.state.tokens[token.folded] = token
        return token

    def add_app(self, org: str, value: str | Secret, name: str = "offkey") -> Token:
        """Makes `value` the installation token of a GitHub App in the organisation."""
        token = self.add_token("", value, kind="installation", name=name)
        token.org = org
        return token

    def add_org(self, login: str, *, saml: bool = False) -> Organisation:
        with self.lock:
            org = Organisation(id=next(self.state.ids), login=login, saml=saml)
            self.state.orgs[login.lower()] = org
        return org

    def add_member(self, org: str, login: str, role: str = "member") -> None:
        with self.lock:
            self.state.orgs[org.lower()].members[login] = role

    def add_collaborator(self, org: str, login: str) -> None:
        with self.lock:
            self.state.orgs[org.lower()].outside_collaborators.add(login)

    def add_grant(self, org: str, token: Token, permissions: Mapping[str, dict[str, str]] | None = None) -> Grant:
        """Gives a fine-grained token access to the organisation."""
        with self.lock:
            given = dict(permissions or {"repository": {"contents": "write", "metadata": "read"}})
            grant = Grant(id=next(self.state.ids), token=token, permissions=given)
            self.state.orgs[org.lower()].grants[grant.id] = grant
        return grant

    def add_authorization(
        self, org: str, login: str, token: Token | None = None, *, fingerprint: str = "", title: str = ""
    ) -> Authorization:
        """Authorises a token, or an SSH key by its fingerprint, for an organisation with SAML."""
        kind = "personal access token" if token else "SSH key"
        with self.lock:
            made = Authorization(
                id=next(self.state.ids),
                login=login,
                credential_type=kind,
                token=token,
                fingerprint=fingerprint,
                title=title,
            )
            self.state.orgs[org.lower()].authorizations[made.id] = made
        return made

    def add_repo(
        self, full_name: str, bare: Path | None = None, *, default_branch: str = "main", private: bool = True
    ) -> Repository:
        """A repository; `bare` is the bare git repository whose branches it has."""
        with self.lock:
            repo = Repository(
                id=next(self.state.ids), full_name=full_name, bare=bare, default_branch=default_branch, private=private
            )
            self.state.repos[full_name.lower()] = repo
        return repo

    def add_secret(self, where: str, name: str, store: Store = "actions", **more: Any) -> Entry:
        """A secret, or with the store "variables" a variable, of `acme`, `acme/shop` or `acme/shop production`."""
        with self.lock:
            made = Entry(name=name, **more)
            self.state.stores.put(where, store, made)
        return made

    def is_dead(self, value: str | Secret) -> bool:
        """Whether a token is unknown or revoked."""
        text = value.reveal().decode() if isinstance(value, Secret) else value
        with self.lock:
            token = self.state.token(text)
            return token is None or token.revoked

    def settle(self) -> None:
        """Lets every accepted revocation take effect now."""
        with self.lock:
            self.state.settle(everything=True)

    def who(self, request: Request) -> str:
        value = _sent_token(request)
        if value is None:
            return "anonymous"
        with self.lock:
            token = self.state.token(value)
        return "unknown token" if token is None else token.owner or f"app {token.name}"

    def error(self, status: int) -> Answer:
        message = {401: "Bad credentials", 403: "Forbidden", 404: "Not Found"}.get(status, "Server Error")
        message = "You have exceeded a secondary rate limit." if status == 429 else message
        return Answer(status=status, body={"message": message, "documentation_url": DOCS, "status": str(status)})

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.state.settle()
            try:
                answer = self._dispatch(request)
            except Refusal as refusal:
                answer = refusal.answer
            answer.headers |= self.limits.headers(_sent_token(request))
        return answer

    def _dispatch(self, request: Request) -> Answer:
        if "user-agent" not in request.headers:
            raise Refusal(403, "Request forbidden by administrative rules. Please send a User-Agent header.")
        if request.path == "/rate_limit":
            return Answer(status=200, body=self.limits.overview(_sent_token(request)))
        if not self.limits.take(_sent_token(request)):
            raise Refusal(403, "API rate limit exceeded.")
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return self._handle(request, handler, found.groupdict())
        raise Refusal(404, "Not Found")

    def _handle(self, request: Request, handler: Callable[[Call], Answer], params: dict[str, str]) -> Answer:
        token = None if handler is users.revoke_by_value else self._authenticate(request)
        call = Call(request=request, params=params, token=token, state=self.state, api=self.url, later=self._later)
        try:
            answer = handler(call)
        except Refusal as refusal:
            answer = refusal.answer
        if token is not None and token.kind in ("classic", "oauth"):
            answer.headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
        return answer

    def _later(self, effect: Callable[[], None]) -> None:
        self.state.later(math.inf if self.delay is None else self.delay, effect)

    def _authenticate(self, request: Request) -> Token | None:
        """The token of the call. A value that is not a living token is refused, even where none is needed."""
        value = _sent_token(request)
        if value is None:
            return None
        token = self.state.token(value)
        if token is None or token.revoked or token.kind == "refresh":
            raise Refusal(401, "Bad credentials")
        token.last_used = now()
        return token


def _sent_token(request: Request) -> str | None:
    """The value in the Authorization header, None when there is no header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode("latin-1").partition(":")[2]
        except ValueError:
            return ""
    return ""


def _route(method: str, template: str, handler: Callable[[Call], Answer]) -> _Route:
    """`{name}` stands for one path segment, `{name...}` for the rest, `{name#}` for a number."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    pattern = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.+)", pattern)
    return method, re.compile(re.sub(r"\{(\w+)#\}", r"(?P<\1>[0-9]+)", pattern)), handler


_PULL, _ISSUE = "/repos/{owner}/{repo}/pulls/{number#}", "/repos/{owner}/{repo}/issues/{number#}"
_SCOPE = "/repos/{owner}/{repo}/environments/{environment}"
_ROUTES: tuple[_Route, ...] = (
    _route("GET", "/user", users.get_me),
    _route("GET", "/user/{number#}", users.get_user_by_id),
    _route("GET", "/users/{username}", users.get_user),
    _route("GET", "/installation/repositories", repos.list_installed),
    _route("DELETE", "/installation/token", users.end_installation_token),
    _route("POST", "/credentials/revoke", users.revoke_by_value),
    _route("GET", "/orgs/{org}", orgs.get_org),
    _route("GET", "/orgs/{org}/members", orgs.list_members),
    _route("GET", "/orgs/{org}/memberships/{username}", orgs.get_membership),
    _route("DELETE", "/orgs/{org}/memberships/{username}", orgs.remove_membership),
    _route("GET", "/orgs/{org}/outside_collaborators", orgs.list_collaborators),
    _route("DELETE", "/orgs/{org}/outside_collaborators/{username}", orgs.remove_collaborator),
    _route("GET", "/orgs/{org}/personal-access-tokens", orgs.list_grants),
    _route("POST", "/orgs/{org}/personal-access-tokens", orgs.revoke_grants),
    _route("POST", "/orgs/{org}/personal-access-tokens/{pat_id#}", orgs.revoke_grant),
    _route("GET", "/orgs/{org}/credential-authorizations", orgs.list_authorizations),
    _route("DELETE", "/orgs/{org}/credential-authorizations/{credential_id}", orgs.remove_authorization),
    _route("POST", "/orgs/{org}/credential-authorizations/{username}/revoke", keys.revoke_authorizations),
    _route("GET", "/orgs/{org}/repos", keys.list_repositories),
    _route("GET", "/users/{username}/keys", keys.list_user_keys),
    _route("GET", "/repos/{owner}/{repo}/keys", keys.list_deploy_keys),
    _route("DELETE", "/repos/{owner}/{repo}/keys/{key_id#}", keys.delete_deploy_key),
    _route("GET", "/admin/keys", keys.list_all_keys),
    _route("DELETE", "/admin/keys/{key_ids#}", keys.delete_key),
    _route("GET", "/repos/{owner}/{repo}", repos.get_repo),
    _route("GET", "/repos/{owner}/{repo}/git/ref/{ref...}", repos.get_ref),
    _route("GET", "/repos/{owner}/{repo}/pulls", repos.list_pulls),
    _route("POST", "/repos/{owner}/{repo}/pulls", repos.open_pull),
    _route("GET", _PULL, repos.get_pull),
    _route("PATCH", _PULL, repos.edit_pull),
    _route("PUT", f"{_PULL}/merge", repos.merge_pull),
    _route("POST", f"{_ISSUE}/labels", repos.add_labels),
    _route("GET", f"{_ISSUE}/comments", repos.list_comments),
    _route("POST", f"{_ISSUE}/comments", repos.add_comment),
    *(_route("GET", f"/orgs/{{org}}/{kind}", secrets.of_org) for kind in secrets.KINDS),
    *(_route("GET", f"/repos/{{owner}}/{{repo}}/{kind}", secrets.of_repo) for kind in secrets.KINDS),
    *(_route("GET", f"/repos/{{owner}}/{{repo}}/actions/{kind}", secrets.of_org_for_repo) for kind in secrets.OF_ORG),
    _route("GET", "/repos/{owner}/{repo}/environments", secrets.list_environments),
    *(_route("GET", f"{_SCOPE}/{kind}", secrets.of_environment) for kind in ("secrets", "variables")),
    *(_route(*one) for one in sealed.ROUTES),
)
