"""Fastly: API tokens by their value; users and their tokens by id (`revokers/fastly_customer.py`).

What proves death: `GET /tokens/self`, asked as the token, answers 401 "Provided credentials are missing or invalid"
(missing, revoked or expired). What does not: 403 and 404. `DELETE /tokens/self` ends the token that asks.
A user's token has a `user_id`; an automation token has none and belongs to the account: it is shared.

https://www.fastly.com/documentation/reference/api/auth-tokens/user/
https://www.fastly.com/documentation/reference/api/auth-tokens/automation/
https://github.com/fastly/fastly-py/blob/main/docs/TokensApi.md
"""

from collections.abc import Mapping

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import fastly_customer
from revokers.fastly_customer import LISTED, NEEDS, PROVIDER, USER, Settings, inventory, signed
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, unexpected, unknown
from revokers.protocol import LAST_OWNER, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.fastly.com"
HOSTS = frozenset({"api.fastly.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/tokens/self"), ("DELETE", "/tokens/{id}"), ("DELETE", "/user/{id}")}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_DEAD = "Provided credentials are missing or invalid"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "fastly.token": (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /tokens/self: 401",
            reason="the token ends itself; its owner's other tokens live on",
            breaks=("whatever still deploys or purges with this token",),
        ),
    ),
    LISTED: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the customer's list of tokens has it no more",
            reason="a superuser ends this one token of the user",
            breaks=("whatever still deploys or purges with this token",),
        ),
    ),
    USER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the customer's list of users has them no more",
            reason="deletes the user; to return needs an invitation",
        ),
    ),
}
_AUTOMATION = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        by="value",
        via="self",
        needs="fastly-automation-revoke",
        proof="GET /tokens/self: 401",
        reason="an automation token is no user's: whatever uses it stops for everybody",
        breaks=("deployments and purges that use it",),
        how="A superuser makes a new one at https://manage.fastly.com/account/tokens and puts it where the old one is "
        "used; only then is this one revoked.",
    ),
)
_ALONE = by_hand(
    "This is the last superuser: give another user the role at https://manage.fastly.com/account/users, then plan "
    "again."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token that answered without a user is the account's."""
    if point.kind == "fastly.token" and point.check and point.check.status == "automation":
        return _AUTOMATION
    return _ALONE if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Fastly's user id, and the login where the token's scope lets it ask."""
    answer = _ask(http, "/tokens/self", credential.secret)
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("id") and "user_id" in body:
        scope = f"with scope {body.get('scope', '')}"
        if not body["user_id"]:
            return live(http, f"an automation token {scope}", status="automation")
        return live(http, f"a user's token {scope}", _holder(http, credential.secret, str(body["user_id"])), "user")
    if answer.status == 401 and body.get("msg") == _DEAD:
        return dead(http, "401 credentials missing or invalid", status="401")
    return unexpected(http, answer.status)


def _holder(http: Reader, secret: Secret, number: str) -> Account:
    answer = _ask(http, "/current_user", secret)
    body = answer.json if answer.status == 200 and isinstance(answer.json, dict) else {}
    login = str(body.get("login") or "") if body.get("id") == number else ""
    return Account(provider=PROVIDER, id=number, login=login, email=login if "@" in login else "")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind in (LISTED, USER):
        return fastly_customer.state(http, settings, point)
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind in (LISTED, USER):
        return fastly_customer.revoke(http, settings, point)
    secret = given(point, credential).secret
    http.request("DELETE", "/tokens/self", headers=signed(secret), hide=(secret,))
    return last(http)


def _ask(http: Reader, template: str, secret: Secret) -> Answer:
    return http.request("GET", template, headers=signed(secret), hide=(secret,))
