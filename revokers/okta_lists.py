"""Okta: what the organisation's own lists have of a user.

Every list is read to its end by the cursor in its Link header. E-mail addresses are not unique in Okta: several users
with one are NOT_IDENTIFIED. API tokens are listed for the whole organisation and carry their user's id.

https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApiToken/
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers.okta_admin import (
    ACCOUNT,
    GRANT,
    LISTED,
    NEEDS,
    NO_LIST,
    PROVIDER,
    REFRESH,
    SESSION,
    SUPER_ADMIN,
    USER,
    Settings,
    holder,
    signed,
    status,
)
from revokers.parts import configured, fields, live, or_gap, pages, rows, unknown
from revokers.protocol import NotIdentified, Unclear


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, the sessions, and the API tokens, grants and refresh tokens that Okta lists for the user."""
    where = f"okta {account.login or account.id or account.email}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    token = configured(settings)
    user = _found(http, token, account)
    if user is None:
        return
    who = holder(user)
    yield from or_gap(f"okta {who.login}: account", _account(http, token, user), needs=NEEDS)
    yield from or_gap(f"okta {who.login}: API tokens", _tokens(http, token, who), needs=NEEDS)
    yield from or_gap(f"okta {who.login}: grants", _grants(http, token, who), needs=NEEDS)
    yield from or_gap(f"okta {who.login}: refresh tokens", _refresh(http, token, who), needs=NEEDS)


def _found(http: Reader, token: Secret, account: Account) -> dict[str, Any] | None:
    """The user by id, by login, or by address, where None says that nobody has it."""
    name = account.id or account.login
    if name:
        answer = http.request("GET", "/api/v1/users/{id}", path={"id": name}, **signed(token))
        if answer.status == 404:
            raise NotIdentified(f"Okta has no user {name}, or does not show it", advice="correct the accounts")
        user = fields(answer, "GET /users", "id", "status", "profile")
        if name not in (user["id"], user["profile"]["login"]):  # Okta takes a login's beginning for the whole
            raise NotIdentified(
                f"Okta takes {name} for {user['profile']['login']}", advice="give the whole login or id"
            )
        return user
    if not re.fullmatch(r'[^\s"\\]+@[^\s"\\]+', account.email):
        raise NotIdentified("Okta finds users by id, login or e-mail address", advice="add one to the directory")
    query = {"search": f'profile.email eq "{account.email}"', "limit": "200"}
    users = list(_list(http, token, "/api/v1/users", query, "id", "status", "profile"))
    if len(users) > 1:
        logins = ", ".join(sorted(str(user["profile"]["login"]) for user in users))
        raise NotIdentified(f"{len(users)} users have this address: {logins}", advice="name the person's accounts")
    return users[0] if users else None


def _list(
    http: Reader, token: Secret, template: str, params: Mapping[str, str], *names: str, **path: str
) -> Iterator[dict[str, Any]]:
    yield from rows(pages(http, template, _after, params=params, path=path, **signed(token)), f"GET {template}", *names)


def _after(answer: Answer) -> Mapping[str, str] | None:
    """The cursor in the Link header's next address; the address itself is not followed."""
    found = re.search(r'<([^>]*)>\s*;\s*rel="next"', answer.headers.get("link", ""))
    cursor = parse_qs(urlsplit(found[1]).query).get("after") if found else None
    if found and not cursor:
        raise Unclear("Okta names a next page without saying which", advice="try again later")
    return {"after": cursor[0]} if cursor else None


def _account(http: Reader, token: Secret, user: Mapping[str, Any]) -> Iterator[AccessPoint]:
    who = holder(user)
    roles = {row["type"] for row in _list(http, token, f"{USER}/roles", {}, "type", user=who.id)}
    gate = (SUPER_ADMIN,) if "SUPER_ADMIN" in roles else ()
    yield _point(ACCOUNT, who.id, who, status(http, user), "Okta lists the user", *gate)
    if user["status"] != "DEPROVISIONED":
        yield _point(SESSION, who.id, who, unknown(http, NO_LIST, who), "a user who can sign in may have sessions")


def _tokens(http: Reader, token: Secret, who: Account) -> Iterator[AccessPoint]:
    for row in _list(http, token, "/api/v1/api-tokens", {}, "id", "userId"):
        if row["userId"] == who.id:
            name = f"{row.get('name', '')} ({row.get('clientName', '')})"
            yield _point(LISTED, str(row["id"]), who, live(http, "listed", who), f"an API token of the user: {name}")


def _grants(http: Reader, token: Secret, who: Account) -> Iterator[AccessPoint]:
    for row in _list(http, token, f"{USER}/grants", {"limit": "200"}, "id", "scopeId", "status", user=who.id):
        if row["status"] == "ACTIVE":
            told = f"consent to {row['scopeId']} for the client {row.get('clientId', '')}"
            yield _point(GRANT, f"{who.id}/{row['id']}", who, live(http, "listed", who), told)


def _refresh(http: Reader, token: Secret, who: Account) -> Iterator[AccessPoint]:
    for client in _list(http, token, f"{USER}/clients", {}, "client_id", user=who.id):
        one = str(client["client_id"])
        template = f"{USER}/clients/{{client}}/tokens"
        for row in _list(http, token, template, {"limit": "200"}, "id", "status", user=who.id, client=one):
            if row["status"] == "ACTIVE":
                told = f"a refresh token for the client {client.get('client_name', one)}"
                yield _point(REFRESH, f"{who.id}/{one}/{row['id']}", who, live(http, "listed", who), told)


def _point(kind: str, identity: str, who: Account, check: Check, *evidence: str) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=who,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        check=check,
        evidence=evidence,
    )
