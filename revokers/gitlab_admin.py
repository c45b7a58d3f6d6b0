"""One GitLab token's view: the questions an administrator, or a group's owner, can ask.

`POST /admin/token` tells administrators of self-managed instances (17.8 and later) what token a value is. Its 404 says
that this instance does not know the value, which may be another instance's. Its DELETE is an experiment behind the
feature flag `api_admin_token_revoke`.

https://docs.gitlab.com/api/admin/token/
https://docs.gitlab.com/api/users/
https://docs.gitlab.com/api/members/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from offkey.http import Answer, Reader
from offkey.model import Account, Check
from offkey.secret import Secret
from revokers import owners
from revokers.parts import dead, fields, live, rows, text, trouble
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "gitlab"
NEEDS: Mapping[str, str] = {
    "read_api": "reading users and the members of the configured groups",
    "an administrator's read_api (self-managed)": "reading everybody's tokens, keys and accounts",
    "api as an owner of the groups": "apply: ending group memberships, and enterprise users' tokens and keys",
    "an administrator's api (self-managed)": "apply: blocking accounts, ending tokens and keys",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the API's base, empty for gitlab.com, else `https://HOST/api/v4`. `groups` are full paths.

    With `server` "self-managed", `read` and `write` are an administrator's. `enterprise` is the top-level group at
    gitlab.com whose enterprise users' tokens and keys are listed; `read` and `write` are then an owner's of it.
    """

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    server: Literal["gitlab.com", "self-managed"] = "gitlab.com"
    groups: tuple[str, ...] = ()
    enterprise: str = ""


def signed(token: Secret) -> dict[str, str]:
    return {"PRIVATE-TOKEN": text(token)}


@dataclass(frozen=True, slots=True)
class Admin:
    """One token's view."""

    http: Reader
    token: Secret

    def options(self, **path: str) -> dict[str, Any]:
        return {"path": path, "headers": signed(self.token), "hide": (self.token,)}

    def user(self, account: Account) -> dict[str, Any]:
        """The account as GitLab has it now. Raises NotIdentified where there is none, or its id is another's."""
        if account.id:
            found = self.http.request("GET", "/users/{id}", **self.options(id=account.id))
            if found.status == 404:
                raise NotIdentified(f"GitLab has no account {account.id}", advice="correct the person's accounts")
            return fields(found, "GET /users", "id", "username", "state")
        if not account.login:
            raise NotIdentified("GitLab finds accounts by id or username", advice="add either to the directory")
        listed = self.http.request("GET", "/users", params={"username": account.login}, **self.options())
        same = [
            row
            for row in rows([listed], "GET /users", "id", "username", "state")
            if str(row["username"]).lower() == account.login.lower()
        ]
        if len(same) != 1:
            raise NotIdentified(f"GitLab has no account {account.login}", advice="correct the person's accounts")
        return same[0]

    def listed(self, what: str, template: str, *names: str, **path: str) -> Iterator[dict[str, Any]]:
        params = {"user_id": path.pop("user_id"), "state": "active"} if "user_id" in path else {}
        return rows(self.http.pages(template, params=params, **self.options(**path)), what, *names)

    def administrators(self, user: Mapping[str, Any]) -> tuple[str, ...]:
        """Who administers the instance besides this user; nobody need for a user who does not."""
        if user["is_admin"] is False:
            return ()
        return owners.beside(True, self._others(str(user["id"])))

    def _others(self, user: str) -> Iterator[str]:
        params = {"admins": "true", "active": "true"}
        pages = self.http.pages("/users", params=params, **self.options())
        for row in rows(pages, "GET /users", "id", "is_admin", "state"):
            if row["is_admin"] is True and row["state"] == "active" and not row.get("bot") and str(row["id"]) != user:
                yield str(row["id"])

    def members(self, group: str) -> dict[str, dict[str, Any]]:
        """The direct members by id. Raises Unclear for none: offkey's own credential would not see them."""
        found = self.listed(f"{group}: members", "/groups/{group}/members", "id", "access_level", "state", group=group)
        members = {str(row["id"]): row for row in found}
        if not members:
            raise Unclear(f"{group}: no member is shown", advice="offkey's credential must be a member of the group")
        return members

    def token_of(self, holder: Account, number: str) -> dict[str, Any]:
        """A personal access token by its number. Raises NotIdentified where it is not this holder's."""
        found = self.http.request("GET", "/personal_access_tokens/{id}", **self.options(id=number))
        row = fields(found, "GET /personal_access_tokens", "id", "user_id", "revoked")
        if (str(row["id"]), str(row["user_id"])) != (number, holder.id):
            raise NotIdentified(f"the token {number} is not the holder's", advice="plan again")
        return row

    def identify(self, value: Secret) -> dict[str, Any] | None:
        """What an administrator is told of a token by its value, or None where the instance does not know it."""
        found = self._by_value("POST", value)
        if found.status == 404 and isinstance(found.json, dict) and "Not found" in str(found.json.get("message")):
            return None
        return fields(found, "POST /admin/token", "id")

    def access_token(self, value: Secret, holder: Account | None) -> str:
        """The number of the access token that a value is. Raises NotIdentified where it is another's, or another sort.

        Each sort of token is numbered by itself, so the access token of that number must be the one that was named.
        """
        row = self.identify(value)
        if row is None:
            raise NotIdentified("this instance knows no such token", advice="it may be another instance's")
        if holder and holder.id and str(row.get("user_id")) != holder.id:
            raise NotIdentified("the value is another user's token than the plan says", advice="plan again")
        known = self.token_of(Account(provider=PROVIDER, id=str(row.get("user_id"))), str(row["id"]))
        if known.get("name") != row.get("name"):
            raise NotIdentified("GitLab takes the value for another sort of token", advice="look at the finding")
        return str(row["id"])

    def end(self, value: Secret) -> None:
        """The experimental end by value. It is no proof."""
        self._by_value("DELETE", value)

    def _by_value(self, method: str, value: Secret) -> Answer:
        headers, hidden = signed(self.token), (self.token, value)
        return self.http.request(method, "/admin/token", json={"token": text(value)}, headers=headers, hide=hidden)


def judged(http: Reader, row: Mapping[str, Any], holder: Account | None = None) -> Check:
    """LIVE or DEAD by what GitLab says of a token of any sort. Raises Unclear where it says neither."""
    if row.get("revoked") is True or row.get("status") == "revoked":
        return dead(http, "GitLab lists it as revoked", holder, "revoked")
    if row.get("expired") is True or (row.get("revoked") is False and row.get("active") is False):
        return dead(http, "GitLab lists it as expired", holder, "expired")
    if row.get("revoked") is False or row.get("status") == "active":
        return live(http, "GitLab lists it as active", holder)
    raise Unclear(f"the token {trouble(200)}")
