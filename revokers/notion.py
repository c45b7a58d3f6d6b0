"""Notion: tokens that users gave to an OAuth connection end by their value; internal integrations by hand.

What proves death: `GET /v1/users/me`, asked as the token, answers 401 with the code "unauthorized". What does not: 403
restricted_resource, 404, 429, and the answer to `POST /v1/oauth/revoke` itself.
Revoking takes the connection's client id and secret; its introspection must first call the token active, or the token
is not this connection's. A token whose bot is owned by a user is that user's grant. One owned by the workspace is
shared: an internal integration's, or a connection's that acts for everybody; it is handed over. The user may connect
again while they are a member. Nobody is mailed, as far as is documented.

https://developers.notion.com/reference/revoke-token
https://developers.notion.com/reference/introspect-token
https://developers.notion.com/reference/status-codes
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import (
    answered,
    basic,
    by_hand,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    pair,
    refuse_unlisted,
    text,
    unexpected,
)  # fmt: skip
from revokers.protocol import NotIdentified, Option, Unclear

PROVIDER = "notion"
URL = "https://api.notion.com"
HOSTS = frozenset({"api.notion.com"})
_INTROSPECT, _REVOKE = "/v1/oauth/introspect", "/v1/oauth/revoke"
READS: frozenset[Operation] = frozenset({("POST", _INTROSPECT)})
WRITES: frozenset[Operation] = frozenset({("POST", _REVOKE)})
NEEDS: Mapping[str, str] = {"the connection's client id and secret": "apply: revoking a token that it was given"}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KINDS = ("notion.integration", "notion.integration.legacy")
VERSION = {"Notion-Version": "2022-06-28"}
_BY_HAND = (
    "A workspace owner refreshes the secret of an internal integration, or removes it, at "
    "https://www.notion.so/profile/integrations, and gives the new one to its programs; GET "
    "https://api.notion.com/v1/users/me then answers 401 to the old one."
)
_REVOKED = Option(
    action=Action.REVOKE,
    reversible=False,
    by="value",
    proof="GET /v1/users/me: 401 unauthorized",
    reason="ends the token that this user gave to the connection; they can connect again while they are a member",
    breaks=("what the connection does for this user",),
    how=_BY_HAND,
)
HANDLES: Mapping[str, tuple[Option, ...]] = dict.fromkeys(KINDS, (_REVOKED,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`write` is the OAuth connection's client id and secret, as "ID,SECRET". `read` is not used."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    """What a user gave is revoked; what is the workspace's is handed over."""
    if point.kind in KINDS and point.check is not None and point.check.status == "workspace":
        return by_hand(_BY_HAND)
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the user who owns the token's bot; the status "workspace" says that none does."""
    secret = credential.secret
    answer = http.request("GET", "/v1/users/me", headers={**VERSION, **bearer(secret)}, hide=(secret,))
    if answer.status == 401 and isinstance(answer.json, dict) and answer.json.get("code") == "unauthorized":
        return dead(http, "401 unauthorized", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /v1/users/me", "type", "bot")
    owner = body["bot"]["owner"]
    if owner["type"] == "workspace":
        return live(http, f"the workspace's bot {body.get('name', '')}", status="workspace")
    if owner["type"] != "user":
        raise Unclear("the bot is owned by neither a user nor the workspace")
    email = str((owner["user"].get("person") or {}).get("email", ""))
    holder = Account(provider=PROVIDER, id=str(owner["user"]["id"]), login=email, email=email)
    return live(http, f"given by {email or holder.id} to {body.get('name', '')}", holder, "user")


# Notion lists a user's connections to the user alone.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End exactly this token, if the connection itself calls it one of its own."""
    refuse_unlisted(HANDLES, action, point)
    signer, secret = configured(settings, write=True), given(point, credential).secret
    client, password = pair(signer)
    headers, hide = {**VERSION, **basic(text(client), password)}, (secret, client, password)
    token = {"token": text(secret)}
    answer = http.request("POST", _INTROSPECT, json=token, headers=headers, hide=hide)
    if fields(answer, _INTROSPECT, "active")["active"] is not True:
        raise NotIdentified("the configured connection does not know this token", advice=_BY_HAND)
    http.request("POST", _REVOKE, json=token, headers=headers, hide=hide)
    return last(http)
