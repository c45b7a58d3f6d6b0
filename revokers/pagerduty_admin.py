"""A PagerDuty account as one of its API keys sees it: users, and that is all.

Lists go by limit and offset while they say `more`; a search by address finds more than the exact one.

https://developer.pagerduty.com/docs/pagination
https://developer.pagerduty.com/api-reference/c96e889522dd6-list-users
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, goes_on, live, objects, or_gap, pages, text, unknown
from revokers.protocol import NotIdentified

PROVIDER, SESSIONS, USER = "pagerduty", "pagerduty.sessions", "pagerduty.user"
NEEDS: Mapping[str, str] = {
    "an account's API key that may read and write (made by an Admin)": "finding the person; apply: ending their "
    "sessions, removing them"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are API keys of the account. `url` is empty, or `https://api.eu.pagerduty.com`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def signed(key: Secret) -> dict[str, str]:
    return {"Authorization": f"Token token={text(key)}", "Accept": "application/vnd.pagerduty+json;version=2"}


def listed(http: Reader, key: Secret, query: str = "") -> list[dict[str, Any]]:
    """All users, or those that a search for an address finds. Raises Unclear at the first page that is none."""
    params = {"limit": "100", **({"query": query} if query else {})}
    answers = pages(http, "/users", _after, params=params, headers=signed(key), hide=(key,))
    return [dict(row) for answer in answers for row in objects(answer, "the list of users", "users", "more")]


def _after(answer: Answer) -> Mapping[str, str] | None:
    body = answer.json
    return {"offset": str(int(body["offset"]) + len(body["users"]))} if goes_on(answer, "more") else None


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and their sessions as one."""
    yield from or_gap(f"pagerduty {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    users = listed(http, configured(settings), "" if account.id else account.email)
    row = next((row for row in users if _is(row, account)), None)
    if row is None:
        if account.id or not account.email:
            raise NotIdentified("PagerDuty lists no such user", advice="correct the person's accounts: id or e-mail")
        return
    holder = Account(provider=PROVIDER, id=str(row["id"]), login=str(row["name"]), email=str(row["email"]))
    role = str(row.get("role") or "user")
    for kind, told in ((USER, live(http, f"a user: {role}", holder, role)), (SESSIONS, unseen(http, holder))):
        yield AccessPoint(
            id=f"{kind}:{holder.id}",
            provider=PROVIDER,
            kind=kind,
            holder=holder,
            ownership=Ownership.PERSONAL,
            bond=Bond.THEIRS,
            provider_id=holder.id,
            check=told,
            evidence=("the account lists the user",),
        )


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id:
        return str(row["id"]) == account.id
    return bool(account.email) and str(row["email"]).casefold() == account.email.casefold()


def unseen(http: Reader, holder: Account | None) -> Check:
    return unknown(http, "PagerDuty does not tell which sessions there are", holder)
