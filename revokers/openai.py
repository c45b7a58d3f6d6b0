"""OpenAI: keys of members and of service accounts in projects, admin keys, and membership of the organisation.

What proves death: `GET /models` (for an admin key `GET /organization/projects`), asked as the key, answers 401 with the
code invalid_api_key. By the administrator: the project's, or the organisation's, whole list has it no more.
What does not: 401 with another code (account_deactivated, incorrect_hostname, an address that is not allowed), 403 (a
restricted key may not list models), 429 (no money left).
A key's value is in no list; its shortened form is (`revokers/hints.py`). It names a key only while the value is alive,
and a key is dead when neither the list has it nor the value is answered (`revokers/identified.py`). OpenAI
refuses to delete the key of a service account (400): the account is deleted, with all its keys, which is everybody's.
Removing a member is not documented to end the keys; they are ended first, each by itself. Nobody is mailed by a
deletion, as far as is documented. Keys from before projects (`sk-…T3BlbkFJ…`) are in no list.

https://platform.openai.com/docs/guides/error-codes
https://platform.openai.com/docs/api-reference/project-api-keys/delete
https://platform.openai.com/docs/api-reference/project-service-accounts/delete
https://platform.openai.com/docs/api-reference/users/delete
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers.identified import SHORTENED, alive, also
from revokers.openai_admin import (
    ADMIN,
    LEGACY,
    MEMBER,
    NEEDS,
    PROJECT,
    PROVIDER,
    SERVICE,
    Admin,
    Settings,
    inventory,
    only_owner,
    owner,
)  # fmt: skip
from revokers.openai_value import check, identify
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    refuse_unlisted,
    unknown,
)  # fmt: skip
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.openai.com/v1"
HOSTS = frozenset({"api.openai.com"})
READS: frozenset[Operation] = frozenset()
_DELETE = {
    PROJECT: "/organization/projects/{project_id}/api_keys/{api_key_id}",
    SERVICE: "/organization/projects/{project_id}/service_accounts/{service_account_id}",
    ADMIN: "/organization/admin_api_keys/{key_id}",
    MEMBER: "/organization/users/{user_id}",
}
WRITES: frozenset[Operation] = frozenset(("DELETE", template) for template in _DELETE.values())
BY_EMAIL = True
IDENTIFIES = {PROJECT: SHORTENED, ADMIN: SHORTENED}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_PROOF = "GET /models: 401 invalid_api_key; the project's list has it no more"
_KEY = Option(
    action=Action.REVOKE, reversible=False, proof=_PROOF, reason="deletes this one key", breaks=("what calls with it",)
)
_SERVICE = Option(
    action=Action.REVOKE,
    reversible=False,
    needs="openai-delete-service-account",
    by="value",
    proof=_PROOF,
    reason="the key of a service account cannot be deleted alone: the account is deleted with all its keys",
    breaks=("everything that runs as this service account",),
    how="Make another service account at https://platform.openai.com/settings/organization/projects, put its key where "
    "this one is used, then delete this account.",
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    PROJECT: (_KEY, replace(_KEY, by="value")),
    SERVICE: (_SERVICE,),
    ADMIN: tuple(
        replace(
            _KEY,
            by=by,
            proof="GET /organization/projects: 401 invalid_api_key; the list of admin keys has it no more",
            breaks=("what administers the organisation with it",),
        )
        for by in ("id", "value")
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of users has them no more",
            reason="removes the member from the organisation and its projects; they can be invited again",
            breaks=("the member's access to every project",),
        ),
    ),
    LEGACY: by_hand(
        "No API lists or deletes keys from before projects. Their owner deletes it at "
        "https://platform.openai.com/settings/profile/api-keys; asking again then answers invalid_api_key."
    ),
}
_LAST = by_hand("This is the last owner: make another at https://platform.openai.com/settings/organization/people.")


def options(point: AccessPoint) -> tuple[Option, ...]:
    """By the id where the organisation's list gave it, else by the value."""
    if LAST_OWNER in point.evidence:
        return _LAST
    ways = HANDLES.get(point.kind, ())
    mine = tuple(way for way in ways if way.by == ("id" if point.provider_id else "value"))
    return mine or ways


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the list where the id is known, and by the value where it is at hand."""
    if not point.provider_id:
        return check(http, credential) if credential else unknown(http, "neither its id nor its value is at hand")
    row = Admin(http, configured(settings)).listed(point)
    if row is not None:
        return live(http, "listed by the organisation", point.holder, "listed")
    gone = dead(http, "no longer listed by the organisation", point.holder, "deleted")
    return also(gone, lambda value: check(http, value), credential)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this, after seeing it in the list again. Raises Unclear when OpenAI did not say "deleted"."""
    refuse_unlisted(HANDLES, action, point)
    asker = Admin(http, configured(settings, write=True))
    project, identity, row = _identified(asker, point, credential)
    if point.kind == ADMIN and asker.is_own(row):
        raise NotAutomatic("this is the admin key that offkey uses", advice="configure another admin key, plan again")
    if point.kind == MEMBER and only_owner(asker.members(), identity):
        raise NotAutomatic(f"{identity} is {LAST_OWNER}", advice=_LAST[0].how)
    template = _DELETE[point.kind]
    path = dict.fromkeys(("api_key_id", "service_account_id", "key_id", "user_id"), identity)
    hide = (asker.key,)
    answer = http.request(
        "DELETE", template, path={**path, "project_id": project}, headers=bearer(asker.key), hide=hide
    )
    if 200 <= answer.status < 300 and fields(answer, template, "id", "deleted")["deleted"] is not True:
        raise Unclear("OpenAI did not say that it was deleted", advice="see its answer, plan again")
    return last(http)


def _identified(asker: Admin, point: AccessPoint, credential: Credential | None) -> tuple[str, str, Mapping[str, Any]]:
    """(project, id, row). Raises NotIdentified, also where the owner is not the plan's."""
    project = point.provider_id.rpartition("/")[0]
    found: Mapping[str, Any] | None
    if point.provider_id:
        found = asker.listed(point)
    else:
        known = given(point, credential)
        alive(check(asker.http, known))
        project, found = asker.found(point.kind, known.secret)
    if found is None:
        raise NotIdentified(f"the organisation does not list {point.provider_id}", advice="plan again")
    holder = owner(point.kind, found)
    if point.kind == SERVICE:
        return project, holder.id, found
    if point.holder and point.holder.id not in ("", holder.id):
        raise NotIdentified(f"{found['id']} is another's than the plan says", advice="plan again")
    return project, str(found["id"]), found
