"""Sentry: members of an organisation by id; tokens are told alive or dead by their value and ended by hand.

What proves a token's death: `GET /api/0/`, asked as it, answers 401 with one of the words in DEAD. What does not: any
other 401 ("This token access is limited to organization endpoints" is a living token), 403, 404.
The calls that delete tokens are private and take a session alone: they are handed over. An organisation token names
its region inside; it is asked at the configured address alone.
A member has gone when the whole list of members has the id no more. Sentry refuses to remove the only owner, and a
member whom an identity provider made (flag idp:provisioned).

https://docs.sentry.io/api/organizations/list-an-organizations-members/
https://docs.sentry.io/api/organizations/delete-an-organization-member/
https://github.com/getsentry/sentry: src/sentry/api/authentication.py, src/sentry/api/endpoints/index.py
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import (
    answered,
    by_hand,
    configured,
    ended,
    fields,
    gone,
    last,
    live,
    pages,
    refuse_unlisted,
    rows,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotAutomatic, Option

PROVIDER = "sentry"
URL = "https://sentry.io/api/0"
HOSTS = frozenset({"sentry.io"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("DELETE", "/organizations/{org}/members/{id}/")})
NEEDS: Mapping[str, str] = {"member:read": "reading members", "member:admin": "apply: removing a member"}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

MEMBER = "sentry.member"
DEAD = frozenset({
    "Invalid token", "Invalid org token", "Token expired", "User inactive or deleted",
    "UserApplication inactive or deleted",
})  # fmt: skip
PROVISIONED = "made by the identity provider"
_AFTER = " Then GET https://sentry.io/api/0/ as the token answers 401."
HANDLES: Mapping[str, tuple[Option, ...]] = {
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's members have the id no more",
            reason="ends the member's access to the organisation with any token; to come back takes an invitation",
            breaks=("alerts and issues assigned to the member", "invitations that the member sent"),
        ),
    ),
    "sentry.user_token": by_hand(
        "Its user revokes it at https://sentry.io/settings/account/api/auth-tokens/; removing the member ends what it "
        "can reach in the organisation." + _AFTER
    ),
    "sentry.org_token": by_hand(
        "An owner or manager revokes it at https://sentry.io/settings/auth-tokens/ once its users have another."
        + _AFTER
    ),
    "sentry.app_token": by_hand(
        "Its user revokes the application at https://sentry.io/settings/account/authorizations/." + _AFTER
    ),
    "sentry.integration_token": by_hand(
        "An owner or manager revokes it in the internal integration at "
        "https://sentry.io/settings/developer-settings/ once its users have another." + _AFTER
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is `https://HOST/api/0` of a self-hosted Sentry, or empty. `organisations` are slugs."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisations: tuple[str, ...] = ()


def options(point: AccessPoint) -> tuple[Option, ...]:
    if LAST_OWNER in point.evidence:
        return by_hand("This is the only owner: make another member an owner at https://sentry.io/settings/members/.")
    if PROVISIONED in point.evidence:
        return by_hand(
            "Unassign them in the identity provider, until https://sentry.io/settings/members/ has them no more."
        )
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the token's user; a token of the organisation has none."""
    secret = credential.secret
    answer = http.request("GET", "/", headers=bearer(secret), hide=(secret,))
    said = answer.json.get("detail") if isinstance(answer.json, dict) else None
    if answer.status == 401 and said in DEAD:
        return gone(http, f"401 {said}", "401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /", "version", "auth", "user")
    scopes = ", ".join(body["auth"]["scopes"])
    user = body["user"]
    if user is None:
        return live(http, f"a token of the organisation with scopes {scopes}", status="organisation")
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["username"]), email=str(user["email"]))
    return live(http, f"signs in as {holder.login} with scopes {scopes}", holder)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership in each configured organisation; tokens Sentry lists to their user alone."""
    yield from rosters.in_each(
        PROVIDER, settings.organisations, lambda org: _belonging(http, settings, org, account), NEEDS
    )


def _belonging(http: Reader, settings: Settings, org: str, account: Account) -> Iterator[AccessPoint]:
    found = [row for row in _members(http, settings, org) if any(rosters.same(one, account) for one in _names(row))]
    row = rosters.the_one(found, account, org)
    if row is None:
        return
    evidence = (f"{org} lists a {row['orgRole']}", *_held_back(http, settings, org, row))
    check = live(http, f"{row['orgRole']} of {org}", _holder(row))
    yield rosters.point(MEMBER, f"{org}/{row['id']}", _holder(row), check, *evidence)


def _held_back(http: Reader, settings: Settings, org: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Why Sentry would refuse to remove this member."""
    if row["flags"].get("idp:provisioned"):
        yield PROVISIONED
    token, path = configured(settings), {"org": org, "id": str(row["id"])}
    answer = http.request("GET", "/organizations/{org}/members/{id}/", path=path, headers=bearer(token), hide=(token,))
    if fields(answer, f"{org}: member", "isOnlyOwner")["isOnlyOwner"] is not False:
        yield LAST_OWNER


def _members(http: Reader, settings: Settings, org: str, *, write: bool = False) -> list[dict[str, Any]]:
    """Every member, never an empty list: an organisation has an owner. Raises Unclear."""
    token = configured(settings, write=write)
    options: dict[str, Any] = {"path": {"org": org}, "headers": bearer(token), "hide": (token,)}
    answers = pages(http, "/organizations/{org}/members/", _next, params={"per_page": "100"}, **options)
    found = list(rows(answers, f"{org}: members", "id", "email", "orgRole", "flags"))
    return rosters.whole(found, f"{org}: members")


def _next(answer: Answer) -> Mapping[str, str] | None:
    """Sentry names a next page always; `results` says whether there is anything on it."""
    found = re.search(r'rel="next"; results="true"; cursor="([^"]+)"', answer.headers.get("link", ""))
    return {"cursor": found[1]} if found else None


def _holder(row: Mapping[str, Any]) -> Account:
    """The user behind a member; an invitation has none, and goes by its address."""
    user = row.get("user") or {}
    name = str(user.get("username") or "")
    return Account(provider=PROVIDER, id=str(user.get("id") or ""), login=name, email=str(row["email"] or ""))


def _names(row: Mapping[str, Any]) -> Iterator[Account]:
    """The member under the address of the invitation and under the user's own."""
    member = _holder(row)
    yield member
    if row.get("user"):
        yield replace(member, email=str(row["user"].get("email") or ""))


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind != MEMBER:
        return ended(http, point, check(http, credential)) if credential else unknown(http, "the value is not at hand")
    org, ident = rosters.where(settings.organisations, point)
    there = any(str(row["id"]) == ident for row in _members(http, settings, org))
    return rosters.listed(http, org, point, there=there)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    org, ident = rosters.where(settings.organisations, point)
    found = _members(http, settings, org, write=True)
    row = rosters.the_holders(((row, _holder(row)) for row in found if str(row["id"]) == ident), point, org)
    for why in _held_back(http, settings, org, row):
        raise NotAutomatic(f"{point.id}: {why}", advice="see https://sentry.io/settings/members/, then plan again")
    token, path = configured(settings, write=True), {"org": org, "id": ident}
    http.request("DELETE", "/organizations/{org}/members/{id}/", path=path, headers=bearer(token), hide=(token,))
    return last(http)
