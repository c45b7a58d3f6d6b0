"""Datadog: application keys, access tokens, API keys and users of an organisation.

What proves death: an API key that the plan saw alive is answered 403 Forbidden by `GET /api/v1/validate` ("if invalid,
a 403 is returned"; the list of allowed addresses does not apply where an API key alone is sent). For the others the
organisation's whole list has it no more, and a user says `disabled`.
What does not: that 403 alone, which a living key of another site (EU, US3 ...) gets as well; 403 from any other call,
and from validate_keys, which also means a permission or an address.
An API key names its own id (`GET /api/v2/validate`). An application key is asked about beside the organisation's API
key: it works with that only if it is of this organisation, so the one key in the whole list with its last four
characters is it. API keys belong to the organisation: agents everywhere stop reporting, hence an extra yes.
Disabling a user stops their application keys and access tokens; API keys they made go on. Nobody is mailed.

https://docs.datadoghq.com/api/latest/authentication/
https://docs.datadoghq.com/account_management/api-app-keys/
https://docs.datadoghq.com/account_management/org_settings/ip_allowlist/
https://docs.datadoghq.com/account_management/org_settings/service_accounts/
"""

from collections.abc import Mapping
from dataclasses import replace

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Ownership
from revokers import owners
from revokers.datadog_admin import (
    API_KEY,
    APP_KEY,
    LISTS,
    NEEDS,
    PROVIDER,
    TOKEN,
    USER,
    USERS,
    Settings,
    admin,
    inventory,
    owner,
    told,
)
from revokers.datadog_roles import ANOTHER
from revokers.datadog_value import IDENTIFIES, check, identified, identify
from revokers.identified import also
from revokers.parts import (
    answered,
    by_hand,
    dead,
    given,
    last,
    live,
    refuse_unlisted,
    refused_here,
    text,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://api.datadoghq.com"
HOSTS = frozenset({"api.datadoghq.com"})
READS: frozenset[Operation] = frozenset()
_USER_PATH = f"{USERS}/{{user_id}}"
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", f"{template}/{{id}}") for template, _ in LISTS.values()}
    | {("DELETE", _USER_PATH), ("PATCH", _USER_PATH)}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_APP = Option(
    action=Action.REVOKE,
    reversible=False,
    proof="the organisation's whole list has it no more",
    reason="deletes this one key",
    breaks=("scripts and integrations that call with it",),
)
_API = replace(
    _APP,
    needs="datadog-delete-api-key",
    proof="GET /api/v1/validate: 403 Forbidden; the organisation's whole list has it no more",
    breaks=("every agent and integration that reports with it",),
    how="Make another at https://app.datadoghq.com/organization-settings/api-keys and put it where this one is used.",
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    API_KEY: (replace(_API, by="value"), _API),
    APP_KEY: (_APP, replace(_APP, by="value")),
    TOKEN: (replace(_APP, reason="deletes this one token", breaks=("what calls with it",)),),
    USER: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("disabled",),
            proof="the user: disabled",
            reason="disables the user; an administrator can enable them again",
            breaks=("signing in", "the user's application keys and access tokens, which may not come back"),
        ),
    ),
}
_ROBOT = by_hand(
    "It is nobody's own: see its keys at https://app.datadoghq.com/organization-settings/service-accounts."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    """By the id where the organisation's list gave it, else by the value."""
    if point.kind == USER:
        gated = owners.gated(HANDLES[USER], point, "datadog-disable-unseen", ANOTHER)
        return _ROBOT if point.ownership is Ownership.SHARED else gated
    ways = HANDLES.get(point.kind, ())
    mine = tuple(way for way in ways if way.by == ("id" if point.provider_id else "value"))
    return mine or ways


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the organisation's list where the id is known, and as the key itself where that is at hand."""
    if point.kind == USER:
        asker = admin(http, settings)
        return told(http, asker.user_of(point.provider_id), point.holder)
    if point.provider_id:
        if any(str(row["id"]) == point.provider_id for row in admin(http, settings).every(point.kind)):
            return live(http, "listed by the organisation", point.holder, "listed")
        gone = dead(http, "no longer listed by the organisation", point.holder, "deleted")
        return also(
            gone, lambda value: _as_itself(http, settings, point, value), credential, mute=point.kind == APP_KEY
        )
    if credential is None:
        return unknown(http, "neither its id nor its value is at hand")
    return _as_itself(http, settings, point, credential)


def _as_itself(http: Reader, settings: Settings, point: AccessPoint, credential: Credential) -> Check:
    if point.kind == APP_KEY and admin(http, settings).works(credential):
        return live(http, "works beside the organisation's API key")
    return refused_here(check(http, credential), point, "403")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this key, or disable exactly this user, after seeing again whose it is."""
    refuse_unlisted(HANDLES, action, point)
    asker = admin(http, settings, write=True)
    if point.kind == USER:
        if asker.own_user() == point.provider_id:
            raise NotAutomatic("offkey's own keys are this user's", advice="configure another user's, plan again")
        reader = admin(http, settings)
        owners.refuse_last(point, owners.seen(lambda: reader.administrators(point.provider_id)), ANOTHER)
        http.request("DELETE", _USER_PATH, path={"user_id": point.provider_id}, headers=asker.signed(), hide=asker.keys)
        return last(http)
    identity = point.provider_id or identified(asker, given(point, credential))
    row = next((row for row in asker.listed(point.kind) if str(row["id"]) == identity), None)
    if row is None:
        raise NotIdentified(f"the organisation does not list {identity}", advice="plan again")
    if point.holder and point.holder.id not in ("", owner(point.kind, row)):
        raise NotIdentified(f"{identity} is another's than the plan says", advice="plan again")
    own = dict(zip((API_KEY, APP_KEY), asker.keys, strict=True)).get(point.kind)
    if own and text(own).endswith(str(row["attributes"]["last4"])):
        raise NotAutomatic("this may be the key that offkey uses", advice="configure another key, plan again")
    template = f"{LISTS[point.kind][0]}/{{id}}"
    http.request("DELETE", template, path={"id": identity}, headers=asker.signed(), hide=asker.keys)
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Enable the user again."""
    if point.kind != USER:
        raise NotAutomatic(f"{point.kind} cannot be brought back", advice="make another")
    asker = admin(http, settings, write=True)
    body = {"data": {"id": point.provider_id, "type": "users", "attributes": {"disabled": False}}}
    path = {"user_id": point.provider_id}
    http.request("PATCH", _USER_PATH, path=path, json=body, headers=asker.signed(), hide=asker.keys)
    return last(http)
