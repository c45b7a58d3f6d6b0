"""Keycloak: a realm's user, the user's sessions, and the consents that keep applications signed in.

What proves the end: of sign-in, the user says `enabled: false`; of sessions, the user's list of sessions is empty; of a
consent, the user's list of consents has the client no more. What does not: 403, 404, an answer about another user.
A disabled user can be enabled again. Signing out ends the sessions at once and makes tokens issued before now
invalid where they are checked online; a token that a service checks by its signature alone lives until it expires.
Deleting a consent ends the offline tokens of that client for that user. A client's own secret, and a service account,
belong to a client: an administrator regenerates the secret under the client's credentials.
Keycloak answers a PUT of a user by replacing what is given: the whole representation is read, changed and sent back.

https://www.keycloak.org/docs-api/latest/rest-api/index.html#_users
https://www.keycloak.org/docs/latest/server_admin/#service-accounts
"""

from collections.abc import Mapping
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Ownership
from revokers import owners, rosters
from revokers.keycloak_realm import (
    ANOTHER,
    CONSENT,
    CONSENT_OF,
    NEEDS,
    ONE,
    PROVIDER,
    SESSIONS,
    SIGN_IN,
    USER,
    Realm,
    Settings,
    enabled,
    inventory,
    signed_in,
    signed_on,
)
from revokers.parts import answered, by_hand, last, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset({("POST", SIGN_IN)})
WRITES: frozenset[Operation] = frozenset({("PUT", ONE), ("POST", f"{ONE}/logout"), ("DELETE", CONSENT_OF)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    USER: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("disabled",),
            proof="GET /users/{id}: enabled false",
            reason="the user cannot sign in; can be enabled again",
            breaks=("every application that signs in through the realm",),
        ),
    ),
    SESSIONS: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            via="person",
            proof="the user's list of sessions is empty",
            reason="signs the user out of every application of the realm",
        ),
    ),
    CONSENT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the user's consents have the client no more",
            reason="ends what the user granted to this client, with its offline tokens",
            breaks=("what the client does for this user while the user is away",),
        ),
    ),
}
_SERVICE = by_hand(
    "This is a client's service account: an administrator disables the client, or regenerates its secret, at "
    "https://KEYCLOAK/admin/REALM/console/, Clients, Credentials."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    """The master realm's last administrator is left to people; where others cannot be seen, it needs an extra yes."""
    if point.ownership is Ownership.SHARED:
        return _SERVICE
    return owners.gated(HANDLES.get(point.kind, ()), point, "keycloak-disable-unseen", ANOTHER)


def check(http: Reader, credential: Credential) -> Check:
    return unknown(http, "the user is asked about, not a value")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    realm = signed_in(http, settings)
    ident, client = _named(point)
    user = realm.user(ident)
    if point.kind == USER:
        return enabled(http, user)
    if point.kind == SESSIONS:
        return signed_on(http, realm.listed(ident, "sessions", "id"))
    there = any(row["clientId"] == client for row in realm.listed(ident, "consents", "clientId"))
    return rosters.listed(http, realm.name, point, there=there)


def _named(point: AccessPoint) -> tuple[str, str]:
    """(user's id, client or ""). Raises NotIdentified where the id is not the holder's."""
    ident, _, client = point.provider_id.partition("/")
    if point.holder is None or point.holder.id != ident or bool(client) != (point.kind == CONSENT):
        raise NotIdentified(f"{point.id} names no user of its own", advice="plan again")
    return ident, client


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    realm = signed_in(http, settings, write=True)
    ident, client = _named(point)
    user = realm.user(ident)
    if user.get("serviceAccountClientId"):
        raise NotAutomatic(f"{user['username']} is a client's service account", advice=_SERVICE[0].how)
    if point.kind == USER:
        owners.refuse_last(point, owners.seen(lambda: signed_in(http, settings).administrators(user)), ANOTHER)
        return _switch(realm, user, on=False)
    if point.kind == SESSIONS:
        http.request("POST", f"{ONE}/logout", **realm.options(id=ident))
    else:
        http.request("DELETE", CONSENT_OF, **realm.options(id=ident, client=client))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    realm = signed_in(http, settings, write=True)
    return _switch(realm, realm.user(_named(point)[0]), on=True)


def _switch(realm: Realm, user: Mapping[str, Any], *, on: bool) -> Exchange:
    realm.http.request("PUT", ONE, json={**user, "enabled": on}, **realm.options(id=user["id"]))
    return last(realm.http)
