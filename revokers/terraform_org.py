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
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.github_org import LAST_OWNER
from revokers.parts import configured, dead, fields, last, live, or_gap, pages
from revokers.protocol import NotIdentified, Unclear

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
    if not settings.organisations:
        yield Gap(where="terraform", why="no organisation is configured", advice="set organisations in its table")
    for org in settings.organisations:
        yield from or_gap(f"terraform {org}: memberships", _belonging(http, settings, org, account), needs=NEEDS)


def _belonging(http: Reader, settings: Settings, org: str, account: Account) -> Iterator[AccessPoint]:
    found = [row for row in _members(http, settings, org) if _is(row, account)]
    if len(found) != 1:
        if found or account.id or account.login:
            raise NotIdentified(f"{org} has {len(found)} such members", advice="correct the person's accounts")
        return
    (row,) = found
    alone = (LAST_OWNER,) if _only_owner(http, settings, org, row) else ()
    yield AccessPoint(
        id=f"{MEMBERSHIP}:{org}/{row['id']}",
        provider=PROVIDER,
        kind=MEMBERSHIP,
        holder=_holder(row),
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=f"{org}/{row['id']}",
        check=live(http, f"{row['attributes']['status']} member of {org}", _holder(row)),
        evidence=(f"{org} lists the membership", "which tokens a user has, HCP Terraform tells the user alone", *alone),
    )


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
    if not found:
        raise Unclear(f"{org}: the list of memberships is empty", advice="the token must see the members")
    return found


def _next(answer: Answer) -> Mapping[str, str] | None:
    after = fields(answer, "memberships", "meta")["meta"]["pagination"]["next-page"]
    return {"page[number]": str(int(after))} if after is not None else None


def _holder(row: Mapping[str, Any]) -> Account:
    email = row["attributes"].get("email") or row["user"].get("email") or ""
    name = row["user"].get("username") or ""
    return Account(provider=PROVIDER, id=row["relationships"]["user"]["data"]["id"], login=name, email=email)


def _is(row: Mapping[str, Any], account: Account) -> bool:
    """By the immutable id where it is known, else by name, else by address."""
    member = _holder(row)
    if account.id:
        return member.id == account.id
    if account.login:
        return member.login == account.login
    return bool(account.email) and member.email.lower() == account.email.lower()


def _only_owner(http: Reader, settings: Settings, org: str, row: Mapping[str, Any]) -> bool:
    token = configured(settings)
    params = {"filter[names]": "owners"}
    options: dict[str, Any] = {"path": {"org": org}, "headers": bearer(token), "hide": (token,)}
    answer = http.request("GET", "/organizations/{org}/teams", params=params, **options)
    teams = fields(answer, f"{org}: teams", "data")["data"]
    owners = {team["id"]: team["attributes"]["users-count"] for team in teams if team["attributes"]["name"] == "owners"}
    if not owners:
        raise Unclear(f"{org}: the owners team is not shown", advice="the token must see the teams")
    return any(owners.get(team["id"]) == 1 for team in row["relationships"]["teams"]["data"])


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    org, ident = _where(settings, point)
    if any(row["id"] == ident for row in _members(http, settings, org)):
        return live(http, f"listed by {org}", point.holder)
    return dead(http, f"no longer listed by {org}", point.holder, "removed")


def _where(settings: Settings, point: AccessPoint) -> tuple[str, str]:
    org, _, ident = point.provider_id.partition("/")
    if org not in settings.organisations or not ident:
        raise NotIdentified(f"{point.id} names no configured organisation", advice="plan again")
    return org, ident


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this membership, after seeing again that it is this user's."""
    token = configured(settings, write=True)
    org, ident = _where(settings, point)
    rows = [row for row in _members(http, settings, org, write=True) if row["id"] == ident]
    if not rows or point.holder is None or _holder(rows[0]).id != point.holder.id:
        raise NotIdentified(f"{org} does not list {ident} for this user", advice="plan again")
    path = {"id": ident}
    http.request("DELETE", "/organization-memberships/{id}", path=path, headers=bearer(token), hide=(token,))
    return last(http)
