"""Sentry, stateful: who a token is, an organisation's members.

Facts (getsentry/sentry, src/sentry/api/authentication.py and core/endpoints): a dead token is 401 "Invalid token" on
any endpoint; an organisation's token has no user; the Link header names a next page always and says in `results`
whether it has anything; the only owner cannot be removed (403).
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ORG = "acme"


def user_token(seed: str) -> str:
    return "sntryu_" + pick(seed, "sntryu_", 64, HEX)


class SentrySimulator(RestSimulator):
    """`tokens[fold(value)]` is the name of the token's user, or "" for a token of the organisation."""

    PROVIDER: ClassVar[str] = "sentry"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, str] = {}
        self.members: list[dict[str, Any]] = []

    def add_token(self, user: str, value: str | Secret) -> None:
        self.tokens[fold(value)] = user

    def add_member(self, name: str, *, role: str = "member", provisioned: bool = False) -> dict[str, Any]:
        member = {
            "id": str(len(self.members) + 1),
            "email": f"{name}@example.com",
            "name": name,
            "user": {"id": str(len(self.members) + 100), "username": name, "email": f"{name}@example.org"},
            "orgRole": role,
            "pending": False,
            "expired": False,
            "flags": {"idp:provisioned": provisioned, "sso:linked": False},
        }
        self.members.append(member)
        return member

    def error(self, status: int) -> Answer:
        return ok({"detail": "Invalid token" if status == 401 else f"trouble {status}"}, status)

    def _may(self, request: Request, org: str) -> bool:
        return fold(bearer_of(request)) in self.tokens and org == ORG

    @route("GET", "/")
    def index(self, request: Request) -> Answer:
        name = self.tokens.get(fold(bearer_of(request)))
        if name is None:
            return self.error(401)
        user = {"id": f"u-{name}", "username": name, "email": f"{name}@example.com"} if name else None
        return ok({"version": "0", "auth": {"scopes": ["member:read"]}, "user": user})

    @route("GET", "/organizations/{org}/members/")
    def listing(self, request: Request, org: str) -> Answer:
        if not self._may(request, org):
            return self.error(401)
        at = int(request.query.get("cursor", ["0:0:0"])[0].split(":")[1])
        more = str(at + self.page_size < len(self.members)).lower()
        link = f'<{self.url}>; rel="previous"; results="false"; cursor="0:0:1", '
        link += f'<{self.url}>; rel="next"; results="{more}"; cursor="0:{at + self.page_size}:0"'
        return ok(self.members[at : at + self.page_size], Link=link)

    @route("GET", "/organizations/{org}/members/{ident}/")
    def details(self, request: Request, org: str, ident: str) -> Answer:
        found = [member for member in self.members if member["id"] == ident]
        if not self._may(request, org) or not found:
            return self.error(404)
        owners = [member for member in self.members if member["orgRole"] == "owner"]
        return ok({**found[0], "isOnlyOwner": owners == found})

    @route("DELETE", "/organizations/{org}/members/{ident}/")
    def remove(self, request: Request, org: str, ident: str) -> Answer:
        found = [member for member in self.members if member["id"] == ident]
        if not self._may(request, org) or not found:
            return self.error(404)
        if [member for member in self.members if member["orgRole"] == "owner"] == found:
            return ok({"detail": "You cannot remove the only remaining owner of the organization."}, 403)
        self.members.remove(found[0])
        return done()
