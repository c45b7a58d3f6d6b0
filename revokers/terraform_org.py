"""HCP Terraform by an organisation's administrator: memberships.

A membership has ended when the whole list of the organisation's memberships has it no more. The user must be invited
anew; the user's tokens live on, without access to the organisation. Which tokens a user has, only the user is told.

https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organization-memberships
https://developer.hashicorp.com/terraform/cloud-docs/api-docs/teams
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from offkey.secret import Secret
from revokers import owners, rosters
from revokers.parts import configured, fields, last, live, pages
from revokers.protocol import LAST_OWNER, Unclear

PROVIDER = "terraform"
MEMBERSHIP = "terraform.membership"
NEEDS: Mapping[str, str] = {
    "Manage membership (or a token of the owners team)": "reading memberships and teams; apply: removing a member"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is `https://HOST/api/v2` of a Terraform Enterprise, or empty for HCP Terraform.

    A token is ended as itself: `write` is for memberships.
    """

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisations: tuple[str, ...] = ()


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership in each configured organisation; which tokens a user has, only the user is told."""
    yield from rosters.in_each(
        PROVIDER, settings.organisations, lambda org: _belonging(http, settings, org, account), NEEDS
    )


def _belonging(http: Reader, settings: Settings, org: str, account: Account) -> Iterator[AccessPoint]:
    found = [row for row in _members(http, settings, org) if rosters.same(_holder(row), account)]
    row = rosters.the_one(found, account, org)
    if row is None:
        return
    alone = (LAST_OWNER,) if _only_owner(http, settings, org, row) else ()
    check = live(http, f"{row['attributes']['status']} member of {org}", _holder(row))
    yield rosters.point(MEMBERSHIP, f"{org}/{row['id']}", _holder(row), check, f"{org} lists the membership", *alone)


def _members(http: Reader, settings: Settings, org: str, *, write: bool = False) -> list[dict[str, Any]]:
    """Every membership, never an empty list: an organisation has an owner. Raises Unclear."""
    token = configured(settings, write=write)
    found: list[dict[str, Any]] = []
    template, params = "/organizations/{org}/organization-memberships", {"include": "user", "page[size]": "100"}
    options: dict[str, Any] = {"path": {"org": org}, "headers": bearer(token), "hide": (token,)}
    for answer in pages(http, template, _next, params=params, **options):
        body = fields(answer, f"{org}: memberships", "data", "meta")
        users = {user["id"]: user["attributes"] for user in body.get("included") or ()}
        for row in body["data"]:
            row["user"] = users.get(row["relationships"]["user"]["data"]["id"], {})
            found.append(row)
    return rosters.whole(found, f"{org}: memberships")


def _next(answer: Answer) -> Mapping[str, str] | None:
    after = fields(answer, "memberships", "meta")["meta"]["pagination"]["next-page"]
    return {"page[number]": str(int(after))} if after is not None else None


def _holder(row: Mapping[str, Any]) -> Account:
    email = row["attributes"].get("email") or row["user"].get("email") or ""
    name = row["user"].get("username") or ""
    return Account(provider=PROVIDER, id=row["relationships"]["user"]["data"]["id"], login=name, email=email)


def _only_owner(http: Reader, settings: Settings, org: str, row: Mapping[str, Any]) -> bool:
    token = configured(settings)
    params = {"filter[names]": "owners"}
    options: dict[str, Any] = {"path": {"org": org}, "headers": bearer(token), "hide": (token,)}
    answer = http.request("GET", "/organizations/{org}/teams", params=params, **options)
    teams = fields(answer, f"{org}: teams", "data")["data"]
    count = {team["id"]: team["attributes"]["users-count"] for team in teams if team["attributes"]["name"] == "owners"}
    if not count:
        raise Unclear(f"{org}: the owners team is not shown", advice="the token must see the teams")
    return any(count.get(team["id"]) == 1 for team in row["relationships"]["teams"]["data"])


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    org, ident = rosters.where(settings.organisations, point)
    there = any(row["id"] == ident for row in _members(http, settings, org))
    return rosters.listed(http, org, point, there=there)


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this membership, after seeing again that it is this user's."""
    token = configured(settings, write=True)
    org, ident = rosters.where(settings.organisations, point)
    found = _members(http, settings, org, write=True)
    row = rosters.the_holders(((row, _holder(row)) for row in found if row["id"] == ident), point, org)
    alone = owners.seen(lambda: (LAST_OWNER,) if _only_owner(http, settings, org, row) else ())
    owners.refuse_last(point, alone, "add another user to the owners team first, then plan again")
    path = {"id": ident}
    http.request("DELETE", "/organization-memberships/{id}", path=path, headers=bearer(token), hide=(token,))
    return last(http)
