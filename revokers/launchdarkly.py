"""LaunchDarkly: API access tokens by their value. What an administrator lists is in `revokers/launchdarkly_account.py`.

What proves death: `GET /api/v2/caller-identity`, asked with the value, answers 401 "unauthorized", "Invalid access
token". What does not: any other 401 (LaunchDarkly says it of missing permissions too), 403, 404. The identity names the
very token that asked (`tokenId`): a value is tied to its id exactly, and an administrator deletes it. A service token
is nobody's own and needs its own yes. An SDK key answers as an environment and is reset by hand, for all its clients.

https://launchdarkly.com/docs/api/other/get-caller-identity
https://launchdarkly.com/docs/api/access-tokens/delete-token
https://launchdarkly.com/docs/api#errors
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Liveness, Ownership
from offkey.secret import Secret
from revokers import launchdarkly_account
from revokers.launchdarkly_account import MEMBER, NEEDS, PROVIDER, TOKENS, Settings, inventory, signed
from revokers.parts import (
    answered,
    by_hand,
    configured,
    ended,
    fields,
    given,
    gone,
    last,
    live,
    refuse_unlisted,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://app.launchdarkly.com"
HOSTS = frozenset({"app.launchdarkly.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("DELETE", "/api/v2/tokens/{id}"), ("DELETE", "/api/v2/members/{id}")})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KEY, SDK, SERVICE = "launchdarkly.key", "sdk", "service token"
_END = Option(
    action=Action.REVOKE,
    reversible=False,
    by="value",
    proof="GET /api/v2/caller-identity: 401 Invalid access token",
    reason="deleted by the id that the token itself names",
    breaks=("whatever calls the API with this token",),
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (_END,),
    TOKENS: (
        replace(_END, by="id", proof="the list of tokens has it no more", reason="an administrator deletes the token"),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the list of members has the id no more",
            reason="deletes the member with all personal tokens; refused where SCIM is on",
            breaks=("whatever calls the API with a personal token of the member",),
        ),
    ),
}
_SHARED = (
    "A service token belongs to the account. An administrator gives its users another at "
    "https://app.launchdarkly.com/settings/authorization, then deletes this one."
)
_SDK = by_hand(
    "An SDK key belongs to an environment. An administrator gives it a new key at "
    "https://app.launchdarkly.com/settings/projects, Environments, Reset SDK key, with a time at which the old one "
    "expires; every client of the environment needs the new one by then."
)
_LAST_OWNER = by_hand(
    "This is the only owner: make another member an owner at https://app.launchdarkly.com/settings/members."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    status = point.check.status if point.check else ""
    if LAST_OWNER in point.evidence:
        return _LAST_OWNER
    if point.kind == KEY and status == SDK:
        return _SDK
    ways = HANDLES.get(point.kind, ())
    shared = point.kind != MEMBER and (status == SERVICE or point.ownership is Ownership.SHARED)
    return tuple(replace(way, needs="launchdarkly-service-token", how=_SHARED) for way in ways) if shared else ways


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder of a personal token has the member's id; the status tells a service token and an SDK key."""
    identity, refused = _identity(http, credential.secret)
    if refused is not None:
        return refused
    if identity.get("serviceToken") is True:
        return live(http, f"a service token of account {identity['accountId']}", status=SERVICE)
    if identity.get("tokenId") and identity.get("memberId"):
        member = Account(provider=PROVIDER, id=str(identity["memberId"]))
        return live(http, f"signs in for member {member.id}", member, "personal")
    if identity.get("environmentId"):
        return live(http, f"an SDK key of environment {identity['environmentId']}", status=SDK)
    return unexpected(http, 200)


def _identity(http: Reader, token: Secret) -> tuple[dict[str, Any], Check | None]:
    """The identity, or the Check that says why there is none."""
    answer = http.request("GET", "/api/v2/caller-identity", headers=signed(token), hide=(token,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("code") == "unauthorized" and body.get("message") == "Invalid access token":
        return {}, gone(http, "401 Invalid access token", "401")
    if answer.status != 200:
        return {}, unexpected(http, answer.status)
    return fields(answer, "GET /api/v2/caller-identity", "accountId"), None


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == KEY:
        told = ended(http, point, check(http, given(point, credential)))
        if told.liveness is Liveness.DEAD and settings.read and _identity(http, settings.read)[1]:
            return unknown(http, "offkey's own token is refused too")
        return told
    return launchdarkly_account.state(http, settings, point)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    token = configured(settings, write=True)
    if point.kind == KEY:
        ident = _token_id(http, given(point, credential))
    else:
        ident = launchdarkly_account.seen_again(http, settings, point)
    template = "/api/v2/members/{id}" if point.kind == MEMBER else "/api/v2/tokens/{id}"
    http.request("DELETE", template, path={"id": ident}, headers=signed(token), hide=(token,))
    return last(http)


def _token_id(http: Writer, credential: Credential) -> str:
    """Raises NotIdentified where the value does not name its token, NotAutomatic for an SDK key."""
    identity, refused = _identity(http, credential.secret)
    if refused is None and identity.get("tokenId"):
        return str(identity["tokenId"])
    if identity.get("environmentId"):
        raise NotAutomatic("an SDK key", advice=_SDK[0].how)
    why = refused.reason if refused else "the identity has no tokenId"
    raise NotIdentified(f"the token does not name itself: {why}", advice="plan again")
