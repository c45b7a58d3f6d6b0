"""A Grafana instance as an Admin of one of its organisations sees it: users and service accounts.

The list of users is one page; the list of service accounts is numbered from 1, and says how many there are in all. Its
`query` looks into names alone, so the whole list is read to find a login.

https://grafana.com/docs/grafana/latest/developers/http_api/org/
https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, fields, live, or_gap, pages, rows
from revokers.protocol import LAST_OWNER, NotIdentified, Unclear

PROVIDER, USER = "grafana", "grafana.user"
NEEDS: Mapping[str, str] = {
    "org.users:read": "finding the person, and seeing that they are gone",
    "serviceaccounts:read": "finding the service account of a token",
    "org.users:remove": "apply: removing users from the organisation",
    "serviceaccounts:write": "apply: deleting tokens",
}
USERS = "/api/org/users"
ACCOUNTS, TOKENS = "/api/serviceaccounts/search", "/api/serviceaccounts/{account_id}/tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the instance, `https://grafana.example.com`. `read` and `write` are tokens of an Admin there.

    With `organisation`, the name of one in Grafana Cloud, `url` is `https://grafana.com/api` and they are access policy
    tokens; its stacks are instances of their own.
    """

    url: str
    read: Secret | None = None
    write: Secret | None = None
    organisation: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user of the organisation; no person has service accounts."""
    where = f"grafana {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    users = users_of(http, configured(settings))
    row = next((row for row in users if _is(row, account)), None)
    if row is None:
        if account.id or account.login or not account.email:
            raise NotIdentified("Grafana lists no such user", advice="correct the person's accounts")
        return
    holder = Account(provider=PROVIDER, id=str(row["userId"]), login=str(row["login"]), email=str(row["email"]))
    yield AccessPoint(
        id=f"{USER}:{holder.id}",
        provider=PROVIDER,
        kind=USER,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=holder.id,
        check=live(http, f"a user of the organisation: {row['role']}", holder, str(row["role"])),
        evidence=("the organisation lists the user", *((LAST_OWNER,) if only_admin(users, holder.id) else ())),
    )


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id:
        return str(row["userId"]) == account.id
    if account.login:
        return str(row["login"]) == account.login
    return bool(account.email) and str(row["email"]).casefold() == account.email.casefold()


def only_admin(users: list[dict[str, Any]], identity: str) -> bool:
    """Whether this is the one who administers the organisation; a disabled user does not."""
    admins = {str(row["userId"]): row.get("isDisabled") is True for row in users if row["role"] == "Admin"}
    return identity in admins and all(disabled for user, disabled in admins.items() if user != identity)


def users_of(http: Reader, key: Secret) -> list[dict[str, Any]]:
    """All users of the organisation; Raises Unclear for none, since who asks is in an organisation with an Admin."""
    answer = http.request("GET", USERS, headers=bearer(key), hide=(key,))
    users = list(rows([answer], "the organisation's users", "userId", "login", "email", "role"))
    if not users:
        raise Unclear("the organisation's list of users is empty", advice="look whether the token may read users")
    return users


def account_of(http: Reader, key: Secret, login: str) -> str:
    """The id of the one service account of this login. Raises NotIdentified."""
    asked = {"perpage": "100"}
    listed = pages(http, ACCOUNTS, _after, params=asked, headers=bearer(key), hide=(key,))
    found = [
        str(row["id"])
        for answer in listed
        for row in fields(answer, "the service accounts", "serviceAccounts", "totalCount")["serviceAccounts"]
        if row["login"] == login
    ]
    if len(found) != 1:
        raise NotIdentified(f"{len(found) or 'no'} service accounts have this login", advice="look at the instance")
    return found[0]


def _after(answer: Answer) -> Mapping[str, str] | None:
    body = answer.json
    at, size = int(body["page"]), int(body["perPage"])
    return {"page": str(at + 1)} if at * size < int(body["totalCount"]) else None
