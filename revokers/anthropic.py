"""Anthropic: API keys and membership of an organisation in the Claude Console.

What proves death: `GET /v1/models` (for an admin key `GET /v1/organizations/me`), asked as the key, answers 401
authentication_error: "malformed, revoked or expired". By the administrator: the key's own status is inactive, archived
or expired. Neither question is billed.
What does not: 403 permission_error (an address that is not allowed, a key without this permission), 404, 400, 529.
A key cannot be deleted: inactive can be made active again, archived is the furthest the API goes. Lists show a key
shortened only (`revokers/hints.py`). Keys belong to the organisation, not to who made them: they outlive their maker's
membership, so only one that acts as the member counts as personal. Keys without a maker are in no person's list.
Admin keys and Claude Code's OAuth tokens are ended in the console; nobody is mailed by what is done here, as far as is
documented. The admin key of offkey itself is never in this list: it holds API keys alone.

https://platform.claude.com/docs/en/api/http/organization/api_keys
https://platform.claude.com/docs/en/api/errors
https://platform.claude.com/docs/en/build-with-claude/administration-api
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Liveness
from offkey.secret import Secret
from revokers import anthropic_admin as admin
from revokers.anthropic_admin import KEY, MEMBER, NEEDS, PROVIDER, Settings, inventory
from revokers.anthropic_value import ADMIN, OAUTH, check, identify
from revokers.identified import SHORTENED, also
from revokers.parts import (
    answered,
    by_hand,
    configured,
    fields,
    given,
    last,
    refuse_unlisted,
    trouble,
    unknown,
)  # fmt: skip
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://api.anthropic.com"
HOSTS = frozenset({"api.anthropic.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", admin.KEY_PATH), ("DELETE", admin.USER_PATH)})
BY_EMAIL = True
IDENTIFIES = {KEY: SHORTENED}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_STATUS = {Action.DISABLE: "inactive", Action.REVOKE: "archived"}
_BREAKS = ("whatever calls with it: keys belong to the organisation, and several programs may share one",)
_DISABLE = Option(
    action=Action.DISABLE,
    reversible=True,
    proof="the key's status: inactive",
    reason="set inactive; an administrator can set it active again",
    breaks=_BREAKS,
)
_ARCHIVE = Option(
    action=Action.REVOKE,
    reversible=False,
    shows=("archived",),
    proof="the key's status: archived",
    reason="archive it: the furthest the API goes, a key cannot be deleted",
    breaks=_BREAKS,
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (_DISABLE, replace(_DISABLE, by="value"), _ARCHIVE, replace(_ARCHIVE, by="value")),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of users has them no more",
            reason="removes the member; they can be invited again. Keys they made live on",
            breaks=("the member's access to the console and to Claude Code",),
        ),
    ),
    ADMIN: by_hand(
        "No API ends an admin key. An administrator deletes it at https://platform.claude.com/settings/admin-keys; "
        "asking again then answers 401 authentication_error."
    ),
    OAUTH: by_hand(
        "The owner signs out with `claude auth logout`, or at https://claude.ai/settings/account logs out of all "
        "devices. Removing the member from the organisation ends its use on the organisation's bill."
    ),
}
_LAST = by_hand(
    "Nobody else administers the organisation: make another at https://platform.claude.com/settings/members."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    """By the id where the organisation's list gave it, else by the value."""
    if LAST_OWNER in point.evidence:
        return _LAST
    ways = HANDLES.get(point.kind, ())
    mine = tuple(way for way in ways if way.by == ("id" if point.provider_id else "value"))
    return mine or ways


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the key's own status where its id is known, and by its value where that is at hand; else as the key itself,
    and a dead one's status by its hint."""
    if point.provider_id:
        return also(admin.by_id(http, configured(settings), point), lambda value: check(http, value), credential)
    if credential is None:
        return unknown(http, "neither its id nor its value is at hand")
    found = check(http, credential)
    if found.liveness is not Liveness.DEAD or settings.read is None or point.kind != KEY:
        return found
    try:
        return admin.told(http, admin.fitting(http, settings.read, credential), point.holder)
    except NotIdentified:
        return found


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Set exactly this key's status, or remove exactly this member."""
    refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    if point.kind == MEMBER:
        return _remove(http, key, point)
    return _set(http, key, _identified(http, key, point, credential), _STATUS[action])


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Set an inactive key active again."""
    key = configured(settings, write=True)
    if point.kind != KEY:
        raise NotAutomatic(f"{point.kind} has no way back here", advice="invite the member again")
    return _set(http, key, _identified(http, key, point, credential), "active")


def _identified(http: Reader, key: Secret, point: AccessPoint, credential: Credential | None) -> str:
    """The key's id. By value: the only one that fits, which must tell the same of its life as the key itself."""
    if point.provider_id:
        row: Mapping[str, Any] = admin.row_of(http, key, point.provider_id)
    else:
        known = given(point, credential)
        row = admin.fitting(http, key, known)
        if admin.told(http, row, None).liveness is not check(http, known).liveness:
            raise NotIdentified(f"{row['id']} fits the value, and is not alive or dead as it is", advice="by hand")
    maker = (row.get("created_by") or {}).get("id", "")
    if point.holder and maker and point.holder.id not in ("", maker):
        raise NotIdentified(f"{row['id']} was made by another than the plan says", advice="plan again")
    return str(row["id"])


def _set(http: Writer, key: Secret, identity: str, status: str) -> Exchange:
    path = {"api_key_id": identity}
    answer = http.request(
        "POST", admin.KEY_PATH, path=path, json={"status": status}, headers=admin.signed(key), hide=(key,)
    )
    if 200 <= answer.status < 300 and fields(answer, admin.KEY_PATH, "status")["status"] != status:
        raise Unclear(f"the key's status did not become {status}", advice="see its status in the console, plan again")
    return last(http)


def _remove(http: Writer, key: Secret, point: AccessPoint) -> Exchange:
    members = admin.members(http, key)
    if all(str(row["id"]) != point.provider_id for row in members):
        raise NotIdentified("the organisation does not list this member", advice="plan again")
    if admin.only_owner(members, point.provider_id):
        raise NotAutomatic(f"{point.provider_id} is {LAST_OWNER}", advice=_LAST[0].how)
    path = {"user_id": point.provider_id}
    answer = http.request("DELETE", admin.USER_PATH, path=path, headers=admin.signed(key), hide=(key,))
    if 200 <= answer.status < 300 and fields(answer, admin.USER_PATH, "type")["type"] != "user_deleted":
        raise Unclear(f"DELETE of a user {trouble(answer.status)}", advice="see the members in the console")
    return last(http)
