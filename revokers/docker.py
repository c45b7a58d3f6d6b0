"""Docker Hub: organisation access tokens and memberships; personal tokens where their own account is configured.

What proves death: the list of tokens, read to the number that it says, has the id no more, or says `is_active: false`;
the whole list of members has the name no more. A token's value cannot be tried without the account's name, and names
its id to nobody: a value that was found is handed over. A token made from a personal token may not manage personal
tokens (403), so only the account's password lists them. A password in config.json may be any registry's: it is sent
nowhere. Organisation tokens belong to no person. Deactivated tokens can be activated again; removed members must be
invited anew, and lose the organisation's repositories at once.

https://docs.docker.com/reference/api/hub/latest/
https://docs.docker.com/enterprise/security/access-tokens/
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers import docker_hub, rosters
from revokers.docker_hub import MEMBER, NEEDS, OAT, PAT, PROVIDER, Hub, Settings, inventory, signed_in
from revokers.parts import answered, by_hand, last, refuse_unlisted, unknown
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://hub.docker.com"
HOSTS = frozenset({"hub.docker.com"})
_ONE = {PAT: "/v2/access-tokens/{uuid}", OAT: "/v2/orgs/{org_name}/access-tokens/{access_token_id}"}
_MEMBER = "/v2/orgs/{org_name}/members/{username}"
READS: frozenset[Operation] = frozenset({("POST", "/v2/auth/token")})
WRITES: frozenset[Operation] = frozenset(
    {(method, one) for one in _ONE.values() for method in ("PATCH", "DELETE")} | {("DELETE", _MEMBER)}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_OFF = Option(
    action=Action.DISABLE,
    reversible=True,
    reason="deactivated; it can be activated again",
    breaks=("pulls and pushes that sign in with this token",),
    shows=("inactive", "deleted"),
    proof="the list of tokens says is_active: false",
)
_DELETE = Option(
    action=Action.REVOKE,
    reversible=False,
    reason="deleted for good",
    breaks=_OFF.breaks,
    shows=("deleted",),
    proof="the list of tokens has it no more",
)
_SHARED = "docker-organisation-token"
_HOW = (
    "Every build of the organisation may sign in with it. An owner gives its users another at "
    "https://app.docker.com/accounts/ORGANISATION/settings/access-tokens, then deactivates and deletes this one."
)
_PAT_BY_HAND = by_hand(
    "Its owner deactivates, then deletes it at https://app.docker.com/settings/personal-access-tokens; an owner of the "
    "organisation can remove the member, which ends the organisation's repositories for every token of theirs."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    PAT: (_OFF, _DELETE),
    OAT: (replace(_OFF, needs=_SHARED, how=_HOW), replace(_DELETE, needs=_SHARED, how=_HOW)),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's members have the name no more",
            reason="ends what the member's tokens reach in the organisation; to come back takes an invitation",
            breaks=("builds that pull or push as this member",),
            shows=("removed",),
        ),
    ),
    "docker.swarm_token": by_hand(
        "Of a swarm, not of a person: on a manager run `docker swarm join-token --rotate worker` (and `manager`), "
        "https://docs.docker.com/engine/swarm/join-nodes/; joined nodes stay."
    ),
    "docker.swarm_unlock": by_hand(
        "Of a swarm, not of a person: on a manager run `docker swarm unlock-key --rotate`, "
        "https://docs.docker.com/engine/swarm/swarm_manager_locking/; keep the old key until every manager has the new."
    ),
    "docker.config_auth": by_hand(
        "The account's name and password, or a token, in base64. Its owner changes it at the registry that `auths` "
        "names; for Docker Hub at https://app.docker.com/settings."
    ),
}
_LAST_OWNER = by_hand(
    "This is the only owner: add another to the owners team at https://app.docker.com/accounts/ORGANISATION/members."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A value that was found names no id: only what a list has is ended."""
    if LAST_OWNER in point.evidence:
        return _LAST_OWNER
    if point.kind in _ONE and not point.provider_id:
        return _PAT_BY_HAND if point.kind == PAT else by_hand(_HOW)
    return HANDLES.get(point.kind, ())


def check(http: Reader, credential: Credential) -> Check:
    """Never asked: the exchange of a token needs the name of its account, which no value has."""
    return unknown(http, f"a {credential.kind} cannot be tried without its account's name")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if not point.provider_id:
        return unknown(http, "its id is not known: see the tokens' labels and last use", point.holder)
    hub = signed_in(http, settings)
    place, ident = docker_hub.where(settings, hub, point)
    if point.kind == MEMBER:
        there = any(row["holder"].login == ident for row in hub.members(place))
        return rosters.listed(http, place, point, there=there)
    return docker_hub.said(http, _row(hub, point, place, ident), point.holder)


def _row(hub: Hub, point: AccessPoint, place: str, ident: str) -> dict[str, Any] | None:
    return hub.tokens(point.kind, "" if point.kind == PAT else place).get(ident)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    hub = signed_in(http, settings, write=True)
    place, ident = docker_hub.where(settings, hub, point)
    if point.kind == MEMBER:
        everybody = hub.members(place)
        rosters.the_holders(((row, row["holder"]) for row in everybody if row["username"] == ident), point, place)
        if [row["username"] for row in everybody if row["role"] == "Owner"] == [ident]:
            raise NotAutomatic(f"{ident} is the only owner of {place}", advice=_LAST_OWNER[0].how)
        http.request("DELETE", _MEMBER, **hub.options(org_name=place, username=ident))
        return last(http)
    if _row(hub, point, place, ident) is None:
        raise NotIdentified(f"{place} does not list {ident}", advice="plan again")
    if action is Action.DISABLE:
        return _switch(hub, point, place, ident, on=False)
    http.request("DELETE", _ONE[point.kind], **_address(hub, point, place, ident))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    hub = signed_in(http, settings, write=True)
    place, ident = docker_hub.where(settings, hub, point)
    return _switch(hub, point, place, ident, on=True)


def _switch(hub: Hub, point: AccessPoint, place: str, ident: str, *, on: bool) -> Exchange:
    hub.http.request("PATCH", _ONE[point.kind], json={"is_active": on}, **_address(hub, point, place, ident))
    return last(hub.http)


def _address(hub: Hub, point: AccessPoint, place: str, ident: str) -> dict[str, Any]:
    return hub.options(uuid=ident) if point.kind == PAT else hub.options(org_name=place, access_token_id=ident)
