"""Cloudflare: user tokens and account tokens by value, members by an account's own list.

What proves an end: `tokens/verify`, asked as the token, says "disabled" or "expired"; the whole list of members has the
person no more. What does not: 401 and 403 of any code. "1000 Invalid API Token" is what the wrong one of the two verify
addresses says to a live token, and Cloudflare documents no answer to a deleted one: after its end it is UNKNOWN.
`verify` names the token's id, so the exact one is ended. A user token ends itself only when it has "API Tokens Write",
else its owner does; no administrator can. An account token belongs to the account and not to a person: it is switched
off or deleted by an administrator's token, with an approval of its own. Updating a token replaces it whole, so all that
it had is sent back with the new status.

https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/
https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/methods/update/
https://developers.cloudflare.com/api/resources/accounts/subresources/members/methods/list/
https://developers.cloudflare.com/fundamentals/api/get-started/account-owned-tokens/
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import cloudflare_account, cloudflare_members, owners
from revokers.cloudflare_account import (
    ACCOUNT_TOKEN,
    MEMBER,
    NEEDS,
    PROVIDER,
    WRITES,
    Settings,
    result,
    signed,
    undo,
    verified,
)
from revokers.cloudflare_members import ANOTHER, inventory
from revokers.parts import answered, by_hand, given, last, refuse_unlisted, unknown
from revokers.protocol import NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://api.cloudflare.com/client/v4"
HOSTS = frozenset({"api.cloudflare.com"})
READS: frozenset[Operation] = frozenset()
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BY_VALUE = ("cloudflare.user_token", "cloudflare.legacy")
_OWNER = (
    "Its owner deletes it at https://dash.cloudflare.com/profile/api-tokens; a token without the permission API Tokens "
    "Write cannot end itself."
)
_ACCOUNT = (
    "An account's token, not a person's: make a new one at https://dash.cloudflare.com (Manage Account, Account API "
    "Tokens), put it where this one is used, and only then end this one with the extra yes."
)
_BREAKS = ("whatever manages the account with this token",)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(
        BY_VALUE,
        (
            Option(
                action=Action.REVOKE,
                reversible=False,
                by="value",
                via="self",
                shows=("expired",),
                proof="tokens/verify: expired; none that Cloudflare documents for a deleted token",
                reason="the token deletes itself where it has the permission API Tokens Write",
                breaks=("whatever signs in with this token",),
                how=_OWNER,
            ),
        ),
    ),
    ACCOUNT_TOKEN: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            by="value",
            needs="cloudflare-account-token",
            shows=("expired", "disabled"),
            proof="accounts/{account}/tokens/verify: disabled",
            reason="the token stays, with all its policies, and works no more until it is made active again",
            breaks=_BREAKS,
            how=_ACCOUNT,
        ),
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            needs="cloudflare-account-token",
            shows=("deleted",),
            proof="none that Cloudflare documents: the token was seen disabled before",
            reason="deletes the token for good",
            breaks=_BREAKS,
            how=_ACCOUNT,
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            shows=("removed",),
            proof="the account's list of members has them no more",
            reason="the person loses the account; the account's own tokens stay",
            breaks=("what reaches the account as this person",),
        ),
    ),
    "cloudflare.global_key": by_hand(
        "Its owner changes it at https://dash.cloudflare.com/profile/api-tokens (Global API Key, Change); removing the "
        "member ends what it reaches in the account."
    ),
    "cloudflare.origin_ca": by_hand(
        "Its owner changes it at https://dash.cloudflare.com/profile/api-tokens (Origin CA Key, Change); certificates "
        "that were made with it live on and are revoked each by itself under SSL/TLS, Origin Server."
    ),
    "cloudflare.tunnel": by_hand(
        "Refresh the tunnel's token at https://one.dash.cloudflare.com (Networks, Tunnels), give it to every connector "
        "and restart them; the old one is dead when its connectors are gone from the list."
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    return owners.gated(HANDLES.get(point.kind, ()), point, "cloudflare-remove-unseen", ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Cloudflare's user id and e-mail address, where the token may read them."""
    if credential.kind == ACCOUNT_TOKEN:
        return unknown(http, "an account's token is asked about at its account: set `accounts` in offkey.toml")
    if credential.kind not in BY_VALUE:
        return unknown(http, f"nothing asks about a {credential.kind} by its value")
    seen, _ = verified(http, "/user/tokens/verify", credential.secret)
    holder = None
    if seen.status == "active":
        user = result(http.request("GET", "/user", **signed(credential.secret)))
        if isinstance(user, dict) and user.get("id") and user.get("email"):
            email = str(user["email"])
            holder = Account(provider=PROVIDER, id=str(user["id"]), login=email, email=email)
    return Check(liveness=seen.liveness, reason=seen.reason, at=seen.at, holder=holder, status=seen.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == MEMBER:
        return cloudflare_members.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    if point.kind == ACCOUNT_TOKEN:
        return cloudflare_account.owned(http, settings, credential.secret)[0]
    return check(http, credential)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By the id that `verify` names for a value, by membership for a member."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind == MEMBER:
        return cloudflare_members.remove(http, settings, point)
    secret = given(point, credential).secret
    if point.kind == ACCOUNT_TOKEN:
        return cloudflare_account.end(http, settings, action, secret)
    seen, number = verified(http, "/user/tokens/verify", secret)
    if not number:
        raise NotIdentified(f"the token's id is not known: {seen.reason}", advice=_OWNER)
    http.request("DELETE", "/user/tokens/{id}", path={"id": number}, **signed(secret))
    return last(http)
