"""Sumo Logic: access keys by their access id, and the user who made them.

What proves a key's end: the administrator's list, read to its end and with the administrator's own key in it, calls it
disabled, or has it no more where it had it before. What does not: 401 "Credential could not be verified", which Sumo
Logic also answers to a living key that asks too often, and 301, another deployment's.
A key acts with its maker's rights; deactivating the user is the wider step. A collector uses its key at
registration alone and runs on. Nobody is mailed, as far as is documented.

https://www.sumologic.com/help/docs/manage/security/access-keys/
https://www.sumologic.com/help/docs/api/about-apis/troubleshooting/
https://api.sumologic.com/docs/#operation/updateAccessKey
"""

from collections.abc import Mapping
from functools import partial

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Liveness
from revokers import owners
from revokers import sumologic_lists as lists
from revokers.parts import (
    answered,
    basic,
    configured,
    dead,
    fields,
    last,
    live,
    pair,
    refuse_unlisted,
    text,
    trouble,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear
from revokers.sumologic_lists import KEY, KEY_PATH, NEEDS, PROVIDER, USER, USER_PATH, Settings, inventory

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://api.sumologic.com/api/v1"
HOSTS = frozenset({
    "api.sumologic.com",
    *(f"api.{name}.sumologic.com" for name in ("us2", "au", "ca", "ch", "de", "eu", "esc", "fed", "jp", "kr", "in")),
})  # fmt: skip
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("PUT", KEY_PATH), ("DELETE", KEY_PATH), ("PUT", USER_PATH)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_BREAKS = ("scripts and integrations that sign in with it",)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            proof="the list of access keys calls it disabled",
            reason="deactivated; it can be activated again",
            breaks=_BREAKS,
        ),
        Option(
            action=Action.REVOKE,
            reversible=False,
            shows=("deleted",),
            proof="the list of access keys has it no more",
            reason="delete it for good",
            breaks=_BREAKS,
        ),
    ),
    USER: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            proof="the user's isActive: false",
            reason="the user is deactivated and can be activated again",
            breaks=("signing in", "scheduled searches of this user"),
        ),
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """The account's owner is left to people; where nobody tells who it is, deactivating needs an extra yes."""
    return owners.gated(HANDLES.get(point.kind, ()), point, "sumologic-deactivate-unseen", lists.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """LIVE with the user's id, or UNKNOWN: no refusal proves anything. Asks the configured deployment, or US1's."""
    if "id" not in credential.parts or "secret" not in credential.parts:
        return unknown(http, "asking needs the access id and its key")
    name, secret = text(credential.parts["id"]), credential.secret
    answer = http.request("GET", "/accessKeys/personal", headers=basic(name, secret), hide=(secret,))
    if answer.status != 200:
        return unknown(http, f"{trouble(answer.status)}; Sumo Logic refuses living keys that ask too often likewise")
    own = next((row for row in fields(answer, "own keys", "data")["data"] if row["id"] == name), None)
    if own is None:
        raise Unclear("the list of own keys lacks the key that asks")
    holder = Account(provider=PROVIDER, id=str(own["createdBy"]))
    return live(http, f"signs in as the user {holder.id}", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the administrator's lists. DEAD with "disabled" proves DISABLE, with "deleted" REVOKE."""
    signer = configured(settings)
    if point.kind == USER:
        return lists.told_of_user(http, lists.user(http, signer, point.provider_id), point.holder)
    row = next((row for row in lists.keys(http, signer) if row["id"] == _id(point, credential)), None)
    if row is not None:
        return lists.told(http, row, point.holder)
    said = check(http, credential) if credential else None
    if said is not None and said.liveness is Liveness.LIVE:
        return said
    if point.holder is None:
        return unknown(http, "not listed; it may be another organisation's")
    return dead(http, "no longer listed", point.holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Deactivate or delete exactly this key, or deactivate exactly this user."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind == USER:
        look = partial(lists.administrators, http, configured(settings), point.provider_id)
        owners.refuse_last(point, owners.seen(look), lists.ANOTHER)
    if action is Action.DISABLE:
        return _switch(http, settings, point, credential, on=False)
    signer, row = configured(settings, write=True), _row(http, settings, point, credential)
    http.request("DELETE", KEY_PATH, path={"id": row["id"]}, headers=lists.signed(signer), hide=pair(signer))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Activate the key or the user again."""
    return _switch(http, settings, point, credential, on=True)


def _switch(
    http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None, *, on: bool
) -> Exchange:
    """The update replaces what it does not repeat, so it says again what it does not change."""
    signer = configured(settings, write=True)
    if point.kind == USER:
        person = lists.user(http, signer, point.provider_id)
        body = {name: person[name] for name in ("firstName", "lastName", "roleIds")} | {"isActive": on}
        template, identity = USER_PATH, point.provider_id
    else:
        row = _row(http, settings, point, credential)
        body = {name: row[name] for name in ("corsHeaders", "scopes") if row.get(name)} | {"disabled": not on}
        template, identity = KEY_PATH, str(row["id"])
    http.request("PUT", template, path={"id": identity}, json=body, headers=lists.signed(signer), hide=pair(signer))
    return last(http)


def _row(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None) -> dict[str, str]:
    """The key's row, if it is still this holder's and not offkey's own. Raises NotIdentified."""
    identity, signer = _id(point, credential), configured(settings, write=True)
    row = next((row for row in lists.keys(http, signer) if row["id"] == identity), None)
    if row is None or (point.holder is not None and point.holder.id not in ("", row["createdBy"])):
        raise NotIdentified(f"{identity} is not listed as this user's", advice="plan again")
    if identity == text(pair(signer)[0]):
        raise NotAutomatic("this is the key that offkey uses", advice="configure another key, plan again")
    return row


def _id(point: AccessPoint, credential: Credential | None) -> str:
    if point.provider_id:
        return point.provider_id
    if credential is None or "id" not in credential.parts:
        raise NotIdentified("no access id is known", advice="scan again")
    return text(credential.parts["id"])
