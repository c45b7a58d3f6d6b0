"""Mailgun: API keys by the id in the account's list.

What proves a key's end: the account's list, read whole and not empty, has it no more or calls it disabled.
What does not: 401 "Forbidden", which a key of one sending domain gets too, and an address outside the allow-list.
The list says who asked for a key (an e-mail address), not its value, and what part of a value its id repeats is not
documented: a found key is LIVE or UNKNOWN and is ended by hand, its candidates said. Keys of the kind "web" are a
person's own session with the control panel; "user" keys may be a program's and "domain" keys send for a whole domain,
so they are not taken for personal. Whether an address is mailed about a deletion is not documented.

https://documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Keys
https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/rbac-mgmt
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import (
    answered,
    basic,
    configured,
    dead,
    fields,
    last,
    live,
    or_gap,
    refuse_unlisted,
    trouble,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import NotIdentified, Option, Unclear

PROVIDER = "mailgun"
URL = "https://api.mailgun.net"
HOSTS = frozenset({"api.mailgun.net", "api.eu.mailgun.net"})
READS: frozenset[Operation] = frozenset()
_KEYS, _KEY_PATH = "/v1/keys", "/v1/keys/{key_id}"
WRITES: frozenset[Operation] = frozenset({("DELETE", _KEY_PATH)})
NEEDS: Mapping[str, str] = {"an API key with the role admin": "reading the account's keys; apply: deleting one"}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KEY = "mailgun.api_key"
OWNERS = {"web": Ownership.PERSONAL, "domain": Ownership.SHARED}
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the account's list of keys has the id no more",
            reason="the key of this id is deleted",
            breaks=("whatever sends or reads with it",),
            how="Delete it at https://app.mailgun.com/settings/api_security (a sending key: under its domain); its "
            "id there is not its value.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are API keys of the account. `url` is `https://api.eu.mailgun.net` for one in the EU."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """LIVE for a key that may list keys, else UNKNOWN: a key names no holder to itself."""
    secret = credential.secret
    answer = http.request("GET", _KEYS, headers=basic("api", secret), hide=(secret,))
    if answer.status == 401:
        return unknown(http, f"{trouble(401)}; a living key of one sending domain is refused too")
    if answer.status != 200:
        return unexpected(http, answer.status)
    fields(answer, "GET /v1/keys", "items", "total_count")
    return live(http, "lists the account's keys")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The keys that the person asked for, by their e-mail address."""
    yield from or_gap(f"mailgun {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    if not account.email:
        raise NotIdentified("Mailgun's list names people by e-mail address", advice="add it to the directory")
    for row in _rows(http, configured(settings)):
        if _is(row, account):
            holder = Account(provider=PROVIDER, id="", email=account.email)
            yield AccessPoint(
                id=f"{KEY}:{row['id']}",
                provider=PROVIDER,
                kind=KEY,
                holder=holder,
                ownership=OWNERS.get(str(row["kind"]), Ownership.UNKNOWN),
                bond=Bond.THEIRS,
                provider_id=str(row["id"]),
                check=_told(http, row, holder),
                evidence=(f"a {row['kind']} key that {account.email} asked for: {row.get('description') or ''}",),
            )


def _rows(http: Reader, key: Secret) -> list[dict[str, Any]]:
    """Every key of the account. Raises Unclear unless the list is whole: it has at least the key that asks."""
    answer = http.request("GET", _KEYS, headers=basic("api", key), hide=(key,))
    body = fields(answer, "the account's keys", "items", "total_count")
    found: list[dict[str, Any]] = body["items"]
    if not found or len(found) != body["total_count"]:
        raise Unclear("the account's list of keys is not whole", advice="its key needs the role admin")
    if any(name not in row for row in found for name in ("id", "kind", "requestor", "is_disabled")):
        raise Unclear("a row of the account's keys lacks its fields", advice="try again later")
    return found


def _is(row: Mapping[str, Any], account: Account) -> bool:
    return bool(account.email) and str(row["requestor"] or "").casefold() == account.email.casefold()


def _told(http: Reader, row: Mapping[str, Any], holder: Account | None) -> Check:
    if row["is_disabled"] is True:
        return dead(http, "disabled", holder, "disabled")
    return live(http, f"listed as a {row['kind']} key", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if not point.provider_id:
        return check(http, credential) if credential else unknown(http, "neither its id nor its value is at hand")
    row = next((row for row in _rows(http, configured(settings)) if str(row["id"]) == point.provider_id), None)
    if row is not None:
        return _told(http, row, point.holder)
    if point.holder is None:
        return unknown(http, "not listed; it may be another account's")
    return dead(http, "no longer listed", point.holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this id's key, after seeing again whose it is."""
    way = refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    found = _rows(http, key)
    row = next((row for row in found if point.provider_id and str(row["id"]) == point.provider_id), None)
    if row is None or point.holder is None or not _is(row, point.holder):
        candidates = ", ".join(sorted(str(row["id"]) for row in found))
        raise NotIdentified("which key this is cannot be told", advice=f"{way.how} The account has: {candidates}")
    http.request("DELETE", _KEY_PATH, path={"key_id": str(row["id"])}, headers=basic("api", key), hide=(key,))
    return last(http)
