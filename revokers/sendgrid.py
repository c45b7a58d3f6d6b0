"""SendGrid: API keys, and teammates of an account.

What proves death: `GET /scopes`, which every key may call, asked as a key that the plan saw alive, answers 401 "The
provided authorization grant is invalid, expired, or revoked", and the account's own list does not have its id. For a
teammate: the account's whole list of teammates has them no more.
What does not: that 401 alone, which a key of the other region gets as well; 403 (a missing scope; an address that is
not allowed; too many bad requests), any other 401, 404. A subuser's key of the EU region is asked about at the EU
address alone (`url`). Deletion takes a moment to reach all.
A key's id is the part between its dots: `SG.ID.SECRET`, as the answer to making one shows; it must be in the account
before it is deleted. Keys are the account's, not a person's, and no list says who made one: an extra yes. Cutting a
key's scopes down is no way back: its former scopes would be known to the plan alone. Nobody is mailed by a deletion.

https://www.twilio.com/docs/sendgrid/api-reference/api-keys
https://www.twilio.com/docs/sendgrid/api-reference/teammates
https://support.sendgrid.com/hc/en-us/articles/18322114821403-4XX-API-Errors-and-Troubleshooting-Suggestions
"""

import re
from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    given,
    last,
    live,
    refuse_unlisted,
    refused_here,
    text,
    unexpected,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option
from revokers.sendgrid_admin import KEY, NEEDS, PROVIDER, TEAMMATE, TEAMMATES, Settings, inventory, listed, teammates

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.sendgrid.com/v3"
HOSTS = frozenset({"api.sendgrid.com"})
READS: frozenset[Operation] = frozenset()
_TEAMMATE = f"{TEAMMATES}/{{username}}"
WRITES: frozenset[Operation] = frozenset({("DELETE", KEY), ("DELETE", _TEAMMATE)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

API_KEY = "sendgrid.api_key"
_GONE = "The provided authorization grant is invalid, expired, or revoked"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    API_KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="sendgrid-delete-api-key",
            by="value",
            proof=f'GET /scopes: 401 "{_GONE}"',
            reason="deletes this one key of the account",
            breaks=("every program that sends mail with it",),
            how="Make another key with the same scopes at https://app.sendgrid.com/settings/api_keys, and put it where "
            "this one is used.",
        ),
    ),
    TEAMMATE: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the account's whole list of teammates has them no more",
            reason="removes the teammate; they can be invited again",
            breaks=("signing in to the account; keys they made live on",),
        ),
    ),
}
_OWNER = by_hand(
    "This is the account's owner, who cannot be removed. Hand the account over at "
    "https://app.sendgrid.com/settings/account, or ask Twilio's support."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    owner = point.kind == TEAMMATE and point.check is not None and point.check.status == "owner"
    return _OWNER if owner else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The status is "shared": a key is the account's, and names nobody."""
    text(credential.secret)
    answer = http.request("GET", "/scopes", headers=bearer(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and isinstance(body.get("scopes"), list):
        return live(http, f"a key with {len(body['scopes'])} scopes", status="shared")
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if answer.status == 401 and str(first.get("message", "")).rstrip(".") == _GONE:
        return unknown(http, "GET /scopes: 401 invalid, expired, or revoked, or of the other region", status="401")
    return unexpected(http, answer.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """A teammate by the account's list. A key that the account lists is alive, whatever it is answered."""
    if point.kind == TEAMMATE:
        if any(row["username"] == point.provider_id for row in teammates(http, configured(settings))):
            return live(http, "listed by the account", point.holder, "listed")
        return dead(http, "no longer listed by the account", point.holder, "removed")
    if credential is None:
        return unknown(http, "the value is not at hand")
    told = check(http, credential)
    if settings.read and listed(http, settings.read, _id(credential)):
        return live(http, "listed by the account", told.holder, "shared")
    return refused_here(told, point, "401")


def _id(credential: Credential) -> str:
    parts = re.fullmatch(r"SG\.([\w-]{22})\.[\w-]{43}", text(credential.secret))
    if parts is None:
        raise NotIdentified("the value has no id inside", advice="look at the finding")
    return parts[1]


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this key, whose id stands in it and in the account, or remove exactly this teammate."""
    refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    if point.kind == TEAMMATE:
        row = next((row for row in teammates(http, key) if row["username"] == point.provider_id), None)
        if row is None:
            raise NotIdentified("the account does not list this teammate", advice="plan again")
        if row.get("user_type") == "owner":
            raise NotAutomatic("this is the account's owner", advice=_OWNER[0].how)
        http.request("DELETE", _TEAMMATE, path={"username": point.provider_id}, headers=bearer(key), hide=(key,))
        return last(http)
    known = given(point, credential)
    if known.secret in (settings.read, settings.write):
        raise NotAutomatic("this is the key that offkey uses", advice="configure another key, plan again")
    if not listed(http, key, _id(known)):
        raise NotIdentified("the account has no key of the id inside the value", advice="it may be another account's")
    http.request("DELETE", KEY, path={"api_key_id": _id(known)}, headers=bearer(key), hide=(key,))
    return last(http)
