"""Buildkite: user API access tokens by their value, and members of the organisation.

What proves death: `GET /v2/access-token`, asked as the token, answers 401 "Authentication required. Please supply a
valid API Access Token". What does not: 403 (a missing scope, an address outside the token's allow-list) and 404.
`DELETE /v2/access-token` ends the token that asks; neither call needs a scope, and both are meant for found tokens.
The identity answer has the owner's e-mail address and name, no user id, so a person is known here by address.
Agent, registry and portal tokens have no call that takes their value or ties it to an id: they are handed over.

https://buildkite.com/docs/apis/rest-api/access-token
https://buildkite.com/docs/platform/security/tokens
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import buildkite_members
from revokers.buildkite_members import MEMBER, NEEDS, PROVIDER, Settings, inventory
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, unexpected, unknown
from revokers.protocol import LAST_OWNER, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.buildkite.com/v2"
HOSTS = frozenset({"api.buildkite.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/access-token"), ("DELETE", "/organizations/{org}/members/{user}")}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

USER = "buildkite.user_token"
_DEAD = "Authentication required"
_CLUSTER = by_hand(
    "A cluster's maintainer makes a new token under Agents, the cluster, Agent Tokens at https://buildkite.com, "
    "restarts the agents with it and revokes the old one; agents that connect with it afterwards are refused."
)
_PORTAL = by_hand(
    "An organisation administrator revokes it under Settings, Integrations, Portals, Security at "
    "https://buildkite.com; requests to the portal with it are refused afterwards."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    USER: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /v2/access-token: 401 Authentication required",
            reason="the token ends itself; its owner's other tokens live on",
            breaks=("whatever still calls the API with this token",),
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of members has them no more",
            reason="ends the access of the account and all its tokens to this organisation",
            breaks=("scheduled builds and pipelines that run as this member",),
        ),
    ),
    "buildkite.agent_token": _CLUSTER,
    "buildkite.agent_registration": _CLUSTER,
    "buildkite.agent_session": by_hand(
        "It ends when the agent disconnects: stop the agent at https://buildkite.com/organizations/-/agents."
    ),
    "buildkite.agent_job": by_hand("It ends with its job: cancel the job at https://buildkite.com, if it still runs."),
    "buildkite.package": by_hand(
        "A registry's administrator revokes it under Package Registries, the registry, Settings, Registry Tokens at "
        "https://buildkite.com; installing with it is refused afterwards."
    ),
    "buildkite.portal_token": _PORTAL,
    "buildkite.portal_secret": _PORTAL,
}
_ALONE = by_hand(
    "This is the organisation's last administrator: make another member an administrator at "
    "https://buildkite.com/organizations/-/users, then plan again."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _ALONE if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the owner's e-mail address alone."""
    if credential.kind != USER:
        return unknown(http, f"nothing asks about a {credential.kind} as itself")
    secret = credential.secret
    answer = http.request("GET", "/access-token", headers=bearer(secret), hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("uuid"):
        user = body.get("user") or {}
        holder = Account(provider=PROVIDER, id="", email=str(user.get("email") or ""))
        scopes = " ".join(body.get("scopes") or ())
        return live(http, f"signs in as {user.get('name', '')} with scopes {scopes}", holder if holder.email else None)
    if answer.status == 401 and str(body.get("message")).startswith(_DEAD):
        return dead(http, f"401 {_DEAD}", status="401")
    return unexpected(http, answer.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == MEMBER:
        return buildkite_members.state(http, settings, point)
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind == USER:
        secret = given(point, credential).secret
        http.request("DELETE", "/access-token", headers=bearer(secret), hide=(secret,))
        return last(http)
    return buildkite_members.remove(http, settings, point)
