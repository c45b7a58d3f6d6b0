"""Confluent Cloud: API keys by their id, and users of the organisation.

What proves a key's end: asked by its id as the administrator, who had listed it, Confluent answers 404 with an error of
that status. A user has gone when the whole list of users, with others in it, has the id no more.
What does not: 401 to the key itself, which every key of a Kafka or Schema Registry cluster gets here while it lives.
A secret is found with its key's id beside it or is not identified. Keys owned by a service account are its programs',
not a person's, and are handed over. Deleting takes some seconds to reach a cluster. Nobody is mailed, as documented.

https://docs.confluent.io/cloud/current/ccloud/api-keys-iam-v-2/
https://github.com/confluentinc/ccloud-sdk-go-v2: apikeys/v2/api/openapi.yaml, iam/v2/api/openapi.yaml
"""

from collections.abc import Mapping
from functools import partial

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Liveness
from revokers import confluent_lists as lists
from revokers import owners
from revokers.confluent_lists import KEY, KEY_PATH, NEEDS, PROVIDER, SERVICE, USER, USER_PATH, Settings, inventory
from revokers.parts import (
    answered,
    basic,
    by_hand,
    configured,
    dead,
    last,
    live,
    pair,
    refuse_unlisted,
    text,
    trouble,
    unknown,
)  # fmt: skip
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.confluent.cloud"
HOSTS = frozenset({"api.confluent.cloud"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("DELETE", KEY_PATH), ("DELETE", USER_PATH)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="GET /iam/v2/api-keys/{id}: 404",
            reason="the key of this id is deleted; its owner's other keys live on",
            breaks=("clients that connect with it",),
            how="Find its id beside its other uses, then delete it at https://confluent.cloud/settings/api-keys.",
        ),
    ),
    USER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of users has the id no more",
            reason="the user is deleted from the organisation; to come back takes an invitation",
            breaks=("signing in", "API keys that the user owns"),
        ),
    ),
}
_OF_A_SERVICE = by_hand(
    "It belongs to a service account: give its programs another at https://confluent.cloud/settings/api-keys, then "
    "delete it there; it is then listed no more."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    if point.kind == KEY and point.check is not None and point.check.status == SERVICE:
        return _OF_A_SERVICE
    return owners.gated(HANDLES.get(point.kind, ()), point, "confluent-remove-unseen", lists.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """LIVE with its owner for a Cloud API key, else UNKNOWN. The status says when a service account owns it."""
    if "id" not in credential.parts:
        return unknown(http, "asking needs the key's id, which was not found beside the secret")
    secret, path = credential.secret, {"id": text(credential.parts["id"])}
    answer = http.request("GET", KEY_PATH, path=path, headers=basic(path["id"], secret), hide=(secret,))
    if answer.status != 200:
        return unknown(http, f"{trouble(answer.status)}; a living key of a cluster is refused here too")
    return lists.told(http, lists.key(answer, path["id"]))


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    signer = configured(settings)
    if point.kind == USER:
        there = any(str(row["id"]) == point.provider_id for row in lists.users(http, signer))
        return live(http, "listed", point.holder) if there else dead(http, "no longer listed", point.holder, "removed")
    if not point.provider_id:
        raise NotIdentified("the key's id was not found beside the secret", advice=HANDLES[KEY][0].how)
    key = lists.ask(http, signer, point.provider_id)
    if key is not None:
        return lists.told(http, key)
    said = check(http, credential) if credential else None
    if said is not None and said.liveness is Liveness.LIVE:
        return said
    if point.holder is None:
        return unknown(http, "no key of this organisation; it may be another's")
    return dead(http, "404: no such key any more", point.holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this key or user, after seeing again whose it is."""
    way = refuse_unlisted(HANDLES, action, point)
    signer, identity = configured(settings, write=True), point.provider_id
    if point.kind == KEY:
        key = lists.ask(http, signer, identity) if identity else None
        if (
            key is None
            or point.holder is None
            or lists.owner(key) != point.holder.id
            or not lists.owner(key).startswith("u-")
        ):
            raise NotIdentified("no key of this id is the user's own", advice=way.how)
    elif all(str(row["id"]) != identity for row in lists.users(http, signer)):
        raise NotIdentified("the organisation does not list this user", advice="plan again")
    else:
        look = partial(lists.administrators, http, configured(settings), identity)
        owners.refuse_last(point, owners.seen(look), lists.ANOTHER)
    user, password = pair(signer)
    own = lists.ask(http, signer, text(user)) if point.kind == USER else None
    if own is not None and lists.owner(own) == identity:
        raise NotAutomatic("offkey's own key is this user's", advice="give offkey the key of a service account first")
    template = KEY_PATH if point.kind == KEY else USER_PATH
    http.request("DELETE", template, path={"id": identity}, headers=basic(text(user), password), hide=pair(signer))
    return last(http)
