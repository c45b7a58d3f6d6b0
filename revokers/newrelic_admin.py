"""NerdGraph, New Relic's GraphQL API: what is asked, and the list of user keys.

The list goes on while it names a next cursor, and says how many keys it has in all. It shows only the keys that the
asking user may manage; somebody without that right sees their own alone.

https://docs.newrelic.com/docs/apis/nerdgraph/examples/use-nerdgraph-manage-license-keys-user-keys/
https://github.com/newrelic/newrelic-client-go/blob/main/pkg/apiaccess/types.go
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import NoAnswer, Reader
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, fields, live, or_gap, text
from revokers.protocol import NotIdentified, Unclear

PROVIDER, USER_KEY = "newrelic", "newrelic.user_key"
NEEDS: Mapping[str, str] = {"a user key of somebody who may manage all users' API keys": "listing and deleting them"}
# One address for all: what stands behind # is not sent, and tells the gate a question from a change.
ACTOR, SEARCH, DELETE = "/graphql#actor", "/graphql#keySearch", "/graphql#apiAccessDeleteKeys"
TEXTS = {
    ACTOR: "query actor { actor { user { id email name } } }",
    SEARCH: "query keySearch($query: ApiAccessKeySearchQuery!, $cursor: String) { actor { apiAccess { "
    "keySearch(query: $query, cursor: $cursor) { count nextCursor "
    "keys { id key name type ... on ApiAccessUserKey { accountId userId } } } } } }",
    DELETE: "mutation apiAccessDeleteKeys($keys: ApiAccessDeleteInput!) { apiAccessDeleteKeys(keys: $keys) { "
    "deletedKeys { id } errors { message type } } }",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are user keys. `url` is the API of the organisation's region, as
    `https://api.eu.newrelic.com`; empty for the US."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def ask(http: Reader, key: Secret, template: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an answer without errors. Raises Unclear."""
    body = {"query": TEXTS[template], "variables": dict(variables)}
    answer = http.request("POST", template, headers={"API-Key": text(key)}, json=body, hide=(key,))
    told = fields(answer, "NerdGraph", "data")
    if told.get("errors") or not isinstance(told["data"], dict):
        raise Unclear(
            "NerdGraph answered with errors", advice="the key may lack a permission, or its region is another"
        )
    return dict(told["data"])


def keys(http: Reader, key: Secret) -> list[dict[str, Any]]:
    """All user keys that are visible. Raises Unclear for a list that is not whole."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(1000):
        asked = {"query": {"types": ["USER"], "scope": {}}, "cursor": cursor}
        page = ask(http, key, SEARCH, asked)["actor"]["apiAccess"]["keySearch"]
        found += [dict(row) for row in page["keys"]]
        cursor = page["nextCursor"]
        if not cursor:
            if len(found) != int(page["count"]):
                raise Unclear("the list of keys is not whole", advice="try again later")
            return found
    raise NoAnswer("newrelic: the list of keys does not end", advice="report this")


def place(row: Mapping[str, Any]) -> str:
    """A key's account and id: where the asking user loses the right to one account, its keys leave the list alive."""
    return f"{row['accountId']}/{row['id']}"


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user keys of the user whose number `account.id` is."""
    yield from or_gap(f"newrelic {account.id or account.email}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    if not account.id.isdigit():
        raise NotIdentified("New Relic lists keys by the user's number", advice="add newrelic.id to the directory")
    rows = keys(http, configured(settings))
    if len({row["userId"] for row in rows}) < 2:
        yield Gap(where="newrelic", why="only one user's keys are visible", advice=f"it needs: {', '.join(NEEDS)}")
    for row in rows:
        if str(row["userId"]) == account.id:
            yield listed_key(http, row, account)


def listed_key(http: Reader, row: Mapping[str, Any], holder: Account) -> AccessPoint:
    return AccessPoint(
        id=f"{USER_KEY}:{row['id']}",
        provider=PROVIDER,
        kind=USER_KEY,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=place(row),
        check=live(http, "listed for the user", holder, "listed"),
        evidence=(f"listed for the user: {row.get('name') or ''}",),
    )
