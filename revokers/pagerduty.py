"""PagerDuty: sessions and users of an account; API keys are ended by hand.

What proves the end: the account's whole list of users has the user no more. Whether a session has ended, nothing that
PagerDuty documents tells: signing out is accepted, and stays unconfirmed.
What does not: 401, which a key of the other region (US, EU) gets as well; 403; 404. So a key that is refused stays
UNKNOWN. A user key names its user; a key of the account is refused by the same call without being dead.
No API lists or deletes API keys; that a user's own keys end with the user is not documented. A user cannot be removed
while incidents are assigned to them (400), and disappears from on-call schedules and escalation policies: that hits
others, so it needs an extra yes. Sessions are ended for the web and the mobile app; apps that the user authorised
otherwise keep theirs.

https://developer.pagerduty.com/api-reference/ad1161db75db1-delete-all-o-auth-delegations
https://developer.pagerduty.com/api-reference/4fb8abde5aa5c-delete-a-user
https://developer.pagerduty.com/docs/pagination
https://support.pagerduty.com/main/docs/api-access-keys
https://support.pagerduty.com/main/docs/offboarding
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers.pagerduty_admin import NEEDS, PROVIDER, SESSIONS, USER, Settings, inventory, listed, signed, unseen
from revokers.parts import answered, by_hand, configured, dead, fields, last, live, refuse_unlisted, unexpected, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.pagerduty.com"
HOSTS = frozenset({"api.pagerduty.com"})
READS: frozenset[Operation] = frozenset()
_USER, _DELEGATIONS = "/users/{id}", "/oauth_delegations"
WRITES: frozenset[Operation] = frozenset({("DELETE", _USER), ("DELETE", _DELEGATIONS)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

API_KEY = "pagerduty.api_key"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    SESSIONS: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            via="person",
            proof="none: PagerDuty accepts it, and nothing shows it",
            reason="signs the user out of the web and the mobile app everywhere",
            breaks=("pages to the mobile app, until the user signs in again",),
        ),
    ),
    USER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            needs="pagerduty-remove-user",
            via="person",
            proof="the account's whole list of users has them no more",
            reason="removes the user, who leaves schedules and escalation policies; they can be invited again",
            breaks=("on-call schedules and escalation policies that name the user",),
            how="First give their shifts and escalation levels to others, and resolve or hand over their incidents: "
            "https://support.pagerduty.com/main/docs/offboarding",
        ),
    ),
    API_KEY: by_hand(
        "Their own key (u+…): the user deletes it under My Profile, User Settings, API Access, before the user is "
        "removed. An account's key: an Admin deletes it at https://app.pagerduty.com/api_keys. Asking GET /users/me "
        "with it then answers 401."
    ),
}
_OWNER = by_hand(
    "This is the account's owner, who cannot be removed: hand the account over first "
    "(https://support.pagerduty.com/main/docs/account-settings)."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    owner = point.kind == USER and point.check is not None and point.check.status == "owner"
    return _OWNER if owner else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the key's user. A refusal is no proof: the other region's keys get it too."""
    answer = http.request("GET", "/users/me", headers=signed(credential.secret), hide=(credential.secret,))
    if answer.status == 401:
        return unknown(http, "401: deleted, or of the other region")
    if answer.status == 400:
        return unknown(http, "400: perhaps a key of the account, which is no user's")
    if answer.status != 200:
        return unexpected(http, answer.status)
    user = fields(answer, "/users/me", "user")["user"]
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["name"]), email=str(user["email"]))
    return live(http, f"a key of {holder.login}", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """A user by the account's whole list; of sessions and keys nothing tells the end."""
    if point.kind == API_KEY:
        return check(http, credential) if credential else unknown(http, "the value is not at hand")
    users = listed(http, configured(settings))
    row = next((row for row in users if str(row["id"]) == point.provider_id), None)
    if row is None and users:
        return dead(http, "no longer a user of the account", point.holder, "removed")
    if row is None:
        return unknown(http, "the list of users is empty, and its owner should be in it", point.holder)
    if point.kind == SESSIONS:
        return unseen(http, point.holder)
    return live(http, "a user of the account", point.holder, str(row.get("role") or "user"))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End the sessions of exactly this user, or remove exactly this user."""
    refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    row = next((row for row in listed(http, key) if str(row["id"]) == point.provider_id), None)
    if row is None:
        raise NotIdentified("the account does not list this user", advice="plan again")
    if point.kind == SESSIONS:
        for kind in ("mobile", "web"):
            asked = {"user_id": point.provider_id, "type": kind}
            answer = http.request("DELETE", _DELEGATIONS, params=asked, headers=signed(key), hide=(key,))
            if answer.status >= 400:  # the second's yes is not the first's
                break
        return last(http)
    if row.get("role") == "owner":
        raise NotAutomatic("this is the account's owner", advice=_OWNER[0].how)
    http.request("DELETE", _USER, path={"id": point.provider_id}, headers=signed(key), hide=(key,))
    return last(http)
