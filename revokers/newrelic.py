"""New Relic: user keys, by NerdGraph.

What proves death: a key that the plan saw alive is refused with 401, and the organisation's whole list of user keys,
which shows values and other people's keys too, has none of this value; of a listed key: that list has its id no more.
What does not: 401 alone, which a key of another region (US, EU, JP) gets as well; 403; an error in an answer of 200; a
list that shows nobody's keys of that account but offkey's own, or shortened values.
A user key names its user (`actor.user`). Keys are deleted by id, and the id of a value is found by the whole value in
the list. License and other ingest keys belong to an account: agents stop reporting, the account's first ones cannot be
deleted, and nothing asks about one without sending data; they are handed over. Nobody is mailed by a deletion.

https://docs.newrelic.com/docs/apis/nerdgraph/examples/use-nerdgraph-manage-license-keys-user-keys/
https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/
https://github.com/newrelic/newrelic-client-go/blob/main/pkg/apiaccess/types.go
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers.identified import alive, also, exactly
from revokers.newrelic_admin import (
    ACTOR,
    DELETE,
    NEEDS,
    PROVIDER,
    SEARCH,
    TEXTS,
    USER_KEY,
    Settings,
    ask,
    inventory,
    keys,
    listed_key,
    place,
)
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    fields,
    given,
    known_here,
    last,
    live,
    refuse_unlisted,
    text,
    unexpected,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.newrelic.com"
HOSTS = frozenset({"api.newrelic.com"})
READS: frozenset[Operation] = frozenset({("POST", ACTOR), ("POST", SEARCH)})
WRITES: frozenset[Operation] = frozenset({("POST", DELETE)})
BY_EMAIL = False
IDENTIFIES = {USER_KEY: "the list of user keys has this very value"}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_REVOKE = Option(
    action=Action.REVOKE,
    reversible=False,
    proof="the list of user keys has it no more; the key itself: 401",
    reason="deletes this one user key",
    breaks=("what queries or configures New Relic with it",),
)
_INGEST = by_hand(
    "It belongs to an account, and agents everywhere may report with it. Make another at "
    "https://one.newrelic.com/api-keys, put it where this one is used, then delete this one there; the account's "
    "original keys are rotated by New Relic's support. Confirm that the list there has it no more."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    USER_KEY: (_REVOKE, replace(_REVOKE, by="value")),
    "newrelic.license_key": _INGEST,
    "newrelic.insights_insert": _INGEST,
    "newrelic.insights_query": by_hand(
        "Delete it at https://insights.newrelic.com under Manage data, API keys, or ask New Relic's support where that "
        "page is gone; user keys have taken its place."
    ),
    "newrelic.admin_key": by_hand(
        "Admin keys are an older form of user keys. Its user or an administrator deletes it at "
        "https://one.newrelic.com/api-keys and confirms that it is listed there no more."
    ),
    "newrelic.rest_key": by_hand(
        "One key for a whole account. An administrator deletes it at https://one.newrelic.com/api-keys (REST API key) "
        "once what calls the REST API has a user key."
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """By the id where the list gave it, else by the value."""
    ways = HANDLES.get(point.kind, ())
    mine = tuple(way for way in ways if way.by == ("id" if point.provider_id else "value"))
    return mine if point.kind == USER_KEY else ways


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the key's user. A 401 is no proof: other regions' keys get it too."""
    if credential.kind != USER_KEY:
        return unknown(http, "nothing asks about it without using it")
    signed = {"API-Key": text(credential.secret)}
    body = {"query": TEXTS[ACTOR], "variables": {}}
    answer = http.request("POST", ACTOR, headers=signed, json=body, hide=(credential.secret,))
    if answer.status == 401:
        return unknown(http, "401: deleted, or of another region", status="401")
    told = fields(answer, "NerdGraph", "data") if answer.status == 200 else {}
    if not told or told.get("errors"):
        return unexpected(http, answer.status)
    user = told["data"]["actor"]["user"]
    holder = Account(provider=PROVIDER, id=str(int(user["id"])), login=str(user["name"]), email=str(user["email"]))
    return live(http, f"a key of {holder.login}", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the whole list where the id is known; by the key itself, and by that list when it is refused."""
    if point.kind != USER_KEY or not (point.provider_id or credential):
        return unknown(http, "nothing asks about it without using it")
    told = check(http, credential) if credential and not point.provider_id else None
    if told and (told.status != "401" or settings.read is None):
        return told
    rows = keys(http, configured(settings))
    if any(_same(row, point, credential) for row in rows):
        return live(http, "in the list of user keys", point.holder, "listed")
    own = check(http, Credential(kind=USER_KEY, parts={"secret": configured(settings)})).holder
    account = point.provider_id.partition("/")[0]
    others = [row for row in rows if own and str(row["userId"]) != own.id and account in ("", str(row["accountId"]))]
    if told and not known_here(point):
        return unknown(http, "401, and not in the list: deleted, or of another region", status="401")
    if not others or (told and any("*" in str(row["key"]) or "." in str(row["key"]) for row in others)):
        return unknown(http, "not in the list, which shows too little to prove anything", point.holder)
    gone = dead(http, "no longer in the list of user keys", point.holder, "deleted")
    return also(gone, lambda value: told or check(http, value), credential, mute=True)


def _same(row: Mapping[str, Any], point: AccessPoint, credential: Credential | None) -> bool:
    if point.provider_id:
        return place(row) == point.provider_id
    return credential is not None and Secret(str(row["key"]).encode()) == credential.secret


@exactly
def identify(http: Reader, settings: Settings, credential: Credential) -> AccessPoint:
    """The key of the list that has this very value, and the user that it names."""
    holder = alive(check(http, credential)).holder
    rows = [row for row in keys(http, configured(settings)) if Secret(str(row["key"]).encode()) == credential.secret]
    if holder is None or [str(row["userId"]) for row in rows] != [holder.id]:
        raise NotIdentified("the list has no such value of its user", advice=f"it needs: {', '.join(NEEDS)}")
    return listed_key(http, rows[0], holder)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this key of exactly this user. Raises Unclear when NerdGraph did not name it as deleted."""
    refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    known = None if point.provider_id else given(point, credential)
    row = next((row for row in keys(http, key) if _same(row, point, known)), None)
    if row is None:
        raise NotIdentified("no key in the list is it", advice=f"it needs: {', '.join(NEEDS)}; or plan again")
    if point.holder and point.holder.id not in ("", str(row["userId"])):
        raise NotIdentified(f"{row['id']} is another user's than the plan says", advice="plan again")
    if Secret(str(row["key"]).encode()) in (settings.read, settings.write):
        raise NotAutomatic("this is the key that offkey uses", advice="configure another key, plan again")
    asked = {"keys": {"userKeyIds": [str(row["id"])]}}
    told = ask(http, key, DELETE, asked)["apiAccessDeleteKeys"]
    if told.get("errors") or [str(one["id"]) for one in told["deletedKeys"]] != [str(row["id"])]:
        raise Unclear("NerdGraph did not name the key as deleted", advice="see the list of API keys, plan again")
    return last(http)
