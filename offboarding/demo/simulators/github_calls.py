"""One call to the GitHub simulator: who asks, what he may do, and how GitHub says no."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from offboarding.demo.simulators.github_state import Organisation, Repository, State, Token, User
from offboarding.demo.simulators.wire import Answer, Request

T = TypeVar("T")
DOCS = "https://docs.github.com/rest"
_IMPLIED = {
    "read:org": ("write:org", "admin:org"),
    "write:org": ("admin:org",),
    "read:user": ("user",),
    "user:email": ("user",),
    "public_repo": ("repo",),
}


class Refusal(Exception):
    """GitHub's no: a status, a message and, for 422, the list of errors."""

    def __init__(self, status: int, message: str, errors: Sequence[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.answer = Answer(status=status, body={"message": message, "documentation_url": DOCS, "status": str(status)})
        if errors is not None:
            self.answer.body["errors"] = list(errors)


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> Refusal:
    error = {"resource": resource, "field": field, "code": code}
    return Refusal(422, "Validation Failed", [error | ({"message": message} if message else {})])


@dataclass(frozen=True, kw_only=True)
class Call:
    """`params` are the variable parts of the path; `token` is None for an anonymous call; `later` defers an effect."""

    request: Request
    params: dict[str, str]
    token: Token | None
    state: State
    api: str
    later: Callable[[Callable[[], None]], None]

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises the refusal that GitHub answers to anything else."""
        data = self.request.json()
        if not isinstance(data, dict):
            raise Refusal(400, "Problems parsing JSON")
        return data

    def signed_in(self) -> Token:
        if self.token is None:
            raise Refusal(401, "Requires authentication")
        return self.token

    def scope(self, wanted: str) -> bool:
        """Whether the token's scopes cover `wanted`; only classic and OAuth tokens are bound by scopes."""
        token = self.signed_in()
        if token.kind not in ("classic", "oauth"):
            return True
        return any(scope in token.scopes for scope in (wanted, *_IMPLIED.get(wanted, ())))

    def user(self) -> User:
        """The user who owns the token; GitHub Apps have none."""
        found = self.state.user(self.signed_in().owner)
        if found is None:
            raise Refusal(403, "Resource not accessible by integration")
        return found

    def named_user(self) -> User:
        found = self.state.user(self.params["username"])
        if found is None:
            raise Refusal(404, "Not Found")
        return found

    def org(self) -> Organisation:
        """The organisation in the path, after checking that the token may see inside it."""
        org = self.state.org(self.params["org"])
        token = self.signed_in()
        if org is None:
            raise Refusal(404, "Not Found")
        refuse_if_cut_off(org, token)
        return org

    def role(self, org: Organisation) -> str:
        """`admin`, `member` or nothing; an installed app counts as admin."""
        token = self.signed_in()
        if token.app:
            return "admin" if token.org == org.login else ""
        return org.members.get(token.owner, "")

    def administered_org(self, scope: str, permission: str) -> Organisation:
        """The organisation, if the caller is an owner (or an app in it) with the scope or `members` permission."""
        org = self.org()
        role, token = self.role(org), self.signed_in()
        if not role:
            raise Refusal(404, "Not Found")
        allowed = role == "admin" and self.scope(scope)
        if allowed and token.kind == "fine-grained":
            levels = [grant.permissions.get("organization", {}).get("members", "") for grant in grants_of(org, token)]
            allowed = "write" in levels or (permission == "read" and "read" in levels)
        if not allowed:
            raise Refusal(403, "Must have admin rights to the organization.")
        return org

    def repo(self) -> Repository:
        """The repository in the path, if the caller may read it: 404 otherwise, as GitHub hides private ones."""
        repo = self.state.repo(f"{self.params['owner']}/{self.params['repo']}")
        if repo is None or not self.access(repo):
            raise Refusal(404, "Not Found")
        return repo

    def writable_repo(self) -> Repository:
        self.signed_in()
        repo = self.repo()
        if self.access(repo) != "push":
            raise Refusal(403, "Resource not accessible by personal access token")
        return repo

    def access(self, repo: Repository) -> str:
        """`push`, `pull` or nothing. Every member and outside collaborator of an organisation may push."""
        least = "" if repo.private else "pull"
        if self.token is None:
            return least
        org = self.state.org(repo.owner)
        if org is None:
            mine = self.token.owner.lower() == repo.owner.lower()
        else:
            mine = bool(self.role(org)) or self.token.owner in org.outside_collaborators
            if mine and repo.private and org.saml:
                refuse_if_cut_off(org, self.token)
            mine = mine and not cut_off(org, self.token)
        return "push" if mine and self.scope("repo" if repo.private else "public_repo") else least


def grants_of(org: Organisation, token: Token) -> list[Any]:
    return [grant for grant in org.grants.values() if grant.token is token]


def cut_off(org: Organisation, token: Token) -> str:
    """Why a living token has no access inside the organisation, or nothing."""
    if token.app:
        return "" if token.org == org.login else "Resource not accessible by integration"
    if token.kind == "fine-grained" and not grants_of(org, token):
        return "Resource not accessible by personal access token"
    if org.saml and token.kind != "fine-grained" and not any(a.token is token for a in org.authorizations.values()):
        return "Resource protected by organization SAML enforcement. You must grant your token access to it."
    return ""


def refuse_if_cut_off(org: Organisation, token: Token) -> None:
    reason = cut_off(org, token)
    if reason:
        raise Refusal(403, reason)


def page(call: Call, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    """The asked-for page of a list, and the Link header to the others (docs.github.com, using pagination)."""
    size = min(_number(call, "per_page", 30), 100)
    number, last = _number(call, "page", 1), max(1, -(-len(items) // size))
    links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    wanted = [
        rel for rel in links if (rel in ("prev", "first") and number > 1) or (rel in ("next", "last") and number < last)
    ]
    header = ", ".join(f'<{_page_url(call, links[rel])}>; rel="{rel}"' for rel in wanted)
    return items[(number - 1) * size : number * size], {"Link": header} if header else {}


def _page_url(call: Call, number: int) -> str:
    target = urlsplit(call.request.target)
    fields = [(name, value) for name, value in parse_qsl(target.query) if name != "page"]
    return f"{call.api}{target.path}?{urlencode([*fields, ('page', number)])}"


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query.get(name, [""])[-1]
    return max(1, int(text)) if text.isdecimal() else default
