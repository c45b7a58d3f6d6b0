"""A SendGrid account as one of its keys sees it: teammates, and API keys by id.

The list of teammates is read by offset; it does not say how long it is.

https://www.twilio.com/docs/sendgrid/api-reference/teammates/retrieve-all-teammates
https://www.twilio.com/docs/sendgrid/api-reference/api-keys/retrieve-an-existing-api-key
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import NoAnswer, Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, fields, live, objects, or_gap
from revokers.protocol import NotIdentified, Unclear

PROVIDER, TEAMMATE = "sendgrid", "sendgrid.teammate"
KEY, TEAMMATES = "/api_keys/{api_key_id}", "/teammates"
NEEDS: Mapping[str, str] = {
    "teammates.read": "finding the person",
    "api_keys.read": "finding a key by the id inside it",
    "teammates.delete": "apply: removing teammates",
    "api_keys.delete": "apply: deleting keys",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are API keys of the account. `url` is empty, or `https://api.eu.sendgrid.com/v3`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The teammate; no list says whose an API key is."""
    where = f"sendgrid {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    row = next((row for row in teammates(http, configured(settings)) if _is(row, account)), None)
    if row is None:
        if account.id or account.login or not account.email:
            raise NotIdentified("SendGrid lists no such teammate", advice="correct the person's accounts")
        return
    holder = Account(provider=PROVIDER, id=str(row["username"]), login=str(row["username"]), email=str(row["email"]))
    kind = str(row.get("user_type") or "teammate")
    yield AccessPoint(
        id=f"{TEAMMATE}:{holder.id}",
        provider=PROVIDER,
        kind=TEAMMATE,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=holder.id,
        check=live(http, f"listed as {kind}", holder, kind),
        evidence=("the account lists the teammate",),
    )


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id or account.login:
        return str(row["username"]) in (account.id, account.login)
    return bool(account.email) and str(row["email"]).casefold() == account.email.casefold()


def teammates(http: Reader, key: Secret) -> list[dict[str, Any]]:
    """The whole list, which says nowhere how long it is: read until a page is empty. Raises Unclear, NoAnswer."""
    found: list[dict[str, Any]] = []
    for _ in range(1000):
        params = {"limit": "100", "offset": str(len(found))}
        answer = http.request("GET", TEAMMATES, params=params, headers=bearer(key), hide=(key,))
        page = objects(answer, "the list of teammates", "result")
        if not page:
            break
        found += [dict(row) for row in page]
    else:
        raise NoAnswer("sendgrid: the list of teammates does not end", advice="report this")
    if not found:
        raise Unclear("the list of teammates is empty, and its owner should be in it", advice="it needs teammates.read")
    return found


def listed(http: Reader, key: Secret, identity: str) -> bool:
    """Whether the account has a key of this id. The description says a list of one, the API answers the one.

    Raises Unclear for an answer that says neither.
    """
    answer = http.request("GET", KEY, path={"api_key_id": identity}, headers=bearer(key), hide=(key,))
    if answer.status == 404:
        return False
    body = fields(answer, "the key in the account")
    found = body.get("result", [body])
    if not isinstance(found, list) or not any(row["api_key_id"] == identity for row in found):
        raise Unclear("the account answered with another key", advice="try again later")
    return True
