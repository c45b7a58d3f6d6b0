"""HCP Terraform, stateful: the account behind a token, a user's tokens, an organisation's memberships and teams.

Facts (developer.hashicorp.com, API docs): JSON:API; 401 is "reserved for problems with the authentication token",
everything forbidden is 404; /account/details links the token that asked; team and organisation tokens answer as a
service account; a user token shows and deletes its own user's tokens alone.
Simpler than the provider: there is one team, owners; the list of a membership's teams says whether it is an owner.
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ORG = "acme"


def token(seed: str) -> str:
    return f"{pick(seed, 'atlas', 14)}.atlas{'v1'}.{pick(seed, 'atlas v1', 67, URL_SAFE)}"


class TerraformSimulator(RestSimulator):
    """`tokens[fold(value)]` is the user (or service account) that a value stands for."""

    PROVIDER: ClassVar[str] = "terraform"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.members: list[dict[str, Any]] = []

    def add_user(self, name: str, *, service: bool = False) -> str:
        ident = f"user-{pick(name, 'user', 16)}"
        self.users[ident] = {"username": name, "email": f"{name}@example.com", "is-service-account": service}
        return ident

    def add_token(self, user: str, value: str | Secret) -> str:
        ident = f"at-{pick(fold(value), 'at', 16)}"
        self.tokens[fold(value)] = {"id": ident, "user": user}
        return ident

    def add_member(self, user: str, *, owner: bool = False) -> str:
        ident = f"ou-{pick(user, 'ou', 16)}"
        self.members.append({"id": ident, "user": user, "owner": owner})
        return ident

    def error(self, status: int) -> Answer:
        return ok(
            {"errors": [{"status": str(status), "title": "unauthorized" if status == 401 else "not found"}]}, status
        )

    def _asking(self, request: Request) -> dict[str, Any] | None:
        return self.tokens.get(fold(bearer_of(request)))

    @route("GET", "/account/details")
    def account(self, request: Request) -> Answer:
        asking = self._asking(request)
        if asking is None:
            return self.error(401)
        user = self.users[asking["user"]]
        kind = "teams" if user["is-service-account"] else "users"
        behind = {"data": {"id": asking["user"], "type": kind}}
        links = {
            "self": f"/api/v2/users/{asking['user']}",
            "auth-token": f"/api/v2/authentication-tokens/{asking['id']}",
        }
        data = {
            "id": asking["user"],
            "type": "users",
            "attributes": user,
            "relationships": {"authenticated-resource": behind},
            "links": links,
        }
        return ok({"data": data})

    @route("DELETE", "/authentication-tokens/{ident}")
    def end_token(self, request: Request, ident: str) -> Answer:
        asking = self._asking(request)
        if asking is None:
            return self.error(401)
        for folded, found in self.tokens.items():
            if found["id"] == ident and found["user"] == asking["user"]:
                del self.tokens[folded]
                return done()
        return self.error(404)

    @route("GET", "/organizations/{org}/organization-memberships")
    def memberships(self, request: Request, org: str) -> Answer:
        if self._asking(request) is None:
            return self.error(401)
        if org != ORG:
            return self.error(404)
        number = int(request.query.get("page[number]", ["1"])[0])
        at = (number - 1) * self.page_size
        rows = self.members[at : at + self.page_size]
        more = at + self.page_size < len(self.members)
        included = [{"id": row["user"], "type": "users", "attributes": self.users[row["user"]]} for row in rows]
        meta = {"pagination": {"current-page": number, "next-page": number + 1 if more else None}}
        return ok({"data": [self._shown(row) for row in rows], "included": included, "meta": meta})

    @route("GET", "/organizations/{org}/teams")
    def teams(self, request: Request, org: str) -> Answer:
        if self._asking(request) is None or org != ORG:
            return self.error(404)
        count = sum(row["owner"] for row in self.members)
        owners = {"id": "team-owners", "type": "teams", "attributes": {"name": "owners", "users-count": count}}
        return ok({"data": [owners]})

    @route("DELETE", "/organization-memberships/{ident}")
    def remove(self, request: Request, ident: str) -> Answer:
        if self._asking(request) is None:
            return self.error(401)
        kept = [row for row in self.members if row["id"] != ident]
        if len(kept) == len(self.members):
            return self.error(404)
        self.members = kept
        return done()

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        teams = [{"id": "team-owners" if row["owner"] else "team-builders", "type": "teams"}]
        return {
            "id": row["id"],
            "type": "organization-memberships",
            "attributes": {"status": "active", "email": self.users[row["user"]]["email"]},
            "relationships": {"user": {"data": {"id": row["user"], "type": "users"}}, "teams": {"data": teams}},
        }
