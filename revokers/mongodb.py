"""MongoDB Atlas: programmatic API keys by value, service accounts by hand, users by the organisation's own list.

What proves the death of a key that lived here before: the root resource, which needs no role, refuses its Digest with
401 and Atlas' own error; and the organisation, where offkey may list its keys, has that public key no more. At first
contact the same 401 may be said to a key of Ops Manager, Cloud Manager or Atlas for Government (`url`).
What does not: 401 of any other resource (Atlas answers it for a missing role too), 403 (an access list of addresses).
The root resource names the key's own id, by which an owner's key ends it; never the public key. A key belongs to an
organisation and not to a person: ending it needs an approval of its own, and takes it out of all projects.
A service account lists its secrets masked, so no value is tied to one: that is left to people.

https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-getsystemstatus
https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-deleteorgapikey
https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-removeorguser
"""

import re
from collections.abc import Mapping

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Liveness
from revokers import mongodb_org
from revokers.mongodb_org import (
    API_KEY,
    KEY,
    NEEDS,
    PROVIDER,
    ROOT,
    USER,
    WRITES,
    Settings,
    admin,
    digest,
    inventory,
    listed,
)
from revokers.parts import (
    answered,
    by_hand,
    ended,
    fields,
    given,
    last,
    live,
    refuse_unlisted,
    refused,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://cloud.mongodb.com"
HOSTS = frozenset({"cloud.mongodb.com"})
READS: frozenset[Operation] = frozenset()
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="mongodb-api-key",
            by="value",
            proof="GET /api/atlas/v2: 401, and the organisation lists the key no more",
            reason="an owner's key ends this one in the organisation and in all its projects",
            breaks=("whatever manages the organisation with this key: pipelines, Terraform, operators",),
            how="Make another key at https://cloud.mongodb.com (Access Manager, Applications, API Keys), put it where "
            "this one is used, and only then end this one with the extra yes.",
        ),
    ),
    USER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of users has them no more",
            reason="the person loses the organisation and its projects; keys and service accounts stay",
        ),
    ),
    "mongodb.service_account": by_hand(
        "An organisation owner makes another secret at https://cloud.mongodb.com (Access Manager, Applications, "
        "Service Accounts), puts it where this one is used, and revokes this one there; Atlas shows the end of each."
    ),
}
_LAST = (
    Option(
        action=Action.HAND_OVER,
        reversible=False,
        how="This is the organisation's last owner: make another user one at https://cloud.mongodb.com (Access "
        "Manager, Users), then plan again.",
    ),
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _LAST if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


def _signed(answer: Answer) -> bool:
    """Whether a 401 judges the key: without Digest's challenge it was never signed, and `stale` asks to sign anew."""
    challenge = answer.headers.get("www-authenticate", "").lower()
    return "digest" in challenge and not re.search(r'stale="?true', challenge)


def _seen(http: Reader, credential: Credential) -> tuple[Check, str]:
    """What the root resource says to a key, and the key's own id or empty."""
    public, private = credential.parts.get("id"), credential.secret
    if public is None:
        return unknown(http, "the public key is not at hand"), ""
    answer = http.request("GET", ROOT, **digest(public, private))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("error") == 401 and _signed(answer):
        return refused(http, "the root resource refuses the key: 401"), ""
    if answer.status != 200:
        return unexpected(http, answer.status), ""
    key = fields(answer, "GET /api/atlas/v2", "apiKey")["apiKey"]
    if str(key["publicKey"]).encode() != public.reveal():
        return unknown(http, "the root resource answers for another key"), ""
    roles = sorted({str(role.get("roleName", "")) for role in key["roles"]})
    return live(http, f"a key with the roles {', '.join(roles)}"), str(key["id"])


@answered
def check(http: Reader, credential: Credential) -> Check:
    """A key has no holder: it is its organisation's."""
    if credential.kind != KEY:
        return unknown(http, f"nothing asks about a {credential.kind} without its client id")
    return _seen(http, credential)[0]


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == USER:
        return mongodb_org.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    seen = ended(http, point, check(http, credential))
    if seen.liveness is not Liveness.DEAD or settings.read is None or not settings.organisation:
        return seen
    public = credential.parts["id"].reveal().decode("ascii", "replace")
    if any(row.get("publicKey") == public for row in listed(http, settings.read, settings, "apiKeys")):
        return unknown(http, "the key is listed, and this is not its private half")
    return seen


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By the id that the root resource names for a key, by the user's id for a user."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind == USER:
        return mongodb_org.remove(http, settings, point)
    value = given(point, credential)
    seen, number = _seen(http, value)
    if not number:
        raise NotIdentified(f"the key's id is not known: {seen.reason}", advice="see the key in Access Manager")
    options, org = admin(settings, write=True)
    path = {"org": org, "id": number}
    there = http.request("GET", API_KEY, path=path, **options)
    if there.status == 404 or fields(there, "the key", "publicKey")["publicKey"].encode() != value.parts["id"].reveal():
        raise NotIdentified("the key is not of the configured organisation", advice="configure its organisation")
    http.request("DELETE", API_KEY, path=path, **options)
    return last(http)
