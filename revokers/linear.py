"""Linear: members of a workspace through GraphQL; keys are told alive or dead by their value and ended by hand.

What proves a key's death: 401 with the error type "authentication error", asked for its own `viewer`. What does not:
"forbidden", "ratelimited", any other status. The schema has no call that ends a key; suspending its user does, and the
suspended user's sessions with it. What proves a suspension: the whole list of users, disabled ones included, says
`active: false`. Sessions are listed to their user alone: their end is seen only by the user's suspension.
Where SCIM manages the workspace, suspend in the identity provider.

https://linear.app/developers/graphql
https://github.com/linear/linear: packages/sdk/src/schema.graphql, packages/sdk/src/error.ts
How it is asked: `revokers/linear_graphql.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from revokers import owners, rosters
from revokers.linear_graphql import CHANGES, QUERIES, Settings, data, post, users
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    given,
    last,
    live,
    or_gap,
    refuse_unlisted,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

PROVIDER = "linear"
URL = "https://api.linear.app"
HOSTS = frozenset({"api.linear.app"})
READS: frozenset[Operation] = frozenset(("POST", f"/graphql#{name}") for name in QUERIES)
WRITES: frozenset[Operation] = frozenset(("POST", f"/graphql#{name}") for name in CHANGES)
NEEDS: Mapping[str, str] = {"an admin's API key": "reading users; apply: suspending them and ending sessions"}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

USER, SESSIONS = "linear.user", "linear.sessions"
_DONE_BY = {USER: "userSuspend", SESSIONS: "userRevokeAllSessions"}
_KEY = (
    "Its owner deletes it at https://linear.app/settings/account/security; suspending the member ends it too. Then "
    "the query viewer, asked with it, answers 401."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    USER: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("suspended",),
            proof="the list of users says active: false",
            reason="suspends the member, with sessions and keys; can be taken back",
            breaks=("integrations that the member's keys run",),
        ),
    ),
    SESSIONS: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            via="person",
            proof="the member's suspension; else nobody is told",
            reason="signs the member out everywhere",
        ),
    ),
    "linear.api_key": by_hand(_KEY),
    "linear.oauth": by_hand(_KEY),
    "linear.webhook": by_hand(
        "A signing secret belongs to a webhook: an admin deletes or replaces the webhook at "
        "https://linear.app/settings/api; the list there shows the end."
    ),
}
_LAST_ADMIN = by_hand("This is the only admin: make another member an admin at https://linear.app/settings/members.")


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _LAST_ADMIN if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the member that the key or token acts for."""
    if credential.kind not in ("linear.api_key", "linear.oauth"):
        return unknown(http, f"nothing asks about a {credential.kind}")
    answer = post(http, credential.secret, "viewer")
    errors = answer.json.get("errors") if isinstance(answer.json, dict) else None
    if answer.status == 401 and errors and errors[0]["extensions"]["type"] == "authentication error":
        return dead(http, "401 authentication error", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    holder = _holder(data(answer, "viewer"))
    return live(http, f"signs in as {holder.login}", holder)


def _holder(user: Mapping[str, Any]) -> Account:
    return Account(provider=PROVIDER, id=str(user["id"]), login=str(user["name"]), email=str(user["email"]))


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The member and the member's sessions; which keys a member has, Linear tells the member alone."""
    yield from or_gap("linear: users", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    everybody = users(http, settings)
    user = rosters.the_one([row for row in everybody if rosters.same(_holder(row), account)], account, "the workspace")
    if user is None:
        return
    alone = _alone(everybody, str(user["id"]))
    for kind in (USER, SESSIONS):
        point = rosters.point(
            kind, str(user["id"]), _holder(user), _standing(http, kind, user), "a listed user", *alone
        )
        yield point


def _alone(everybody: list[dict[str, Any]], user: str) -> tuple[str, ...]:
    return (LAST_OWNER,) if [str(row["id"]) for row in everybody if row["admin"] and row["active"]] == [user] else ()


def _standing(http: Reader, kind: str, user: Mapping[str, Any]) -> Check:
    if user["active"] is False:
        return dead(http, "suspended", _holder(user), "suspended")
    if user["active"] is not True:
        raise Unclear("the list does not say whether the user is active")
    if kind == SESSIONS:
        return unknown(http, "sessions are listed to their user alone", _holder(user))
    return live(http, "an active user", _holder(user))


def _user(http: Reader, settings: Settings, point: AccessPoint, *, write: bool = False) -> dict[str, Any]:
    for row in users(http, settings, write=write):
        if str(row["id"]) == point.provider_id:
            return row
    raise NotIdentified(f"the workspace does not list {point.provider_id}", advice="plan again")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind not in _DONE_BY:
        return check(http, given(point, credential))
    return _standing(http, point.kind, _user(http, settings, point))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind == USER:
        owners.refuse_last(point, _alone(users(http, settings, write=True), point.provider_id), _LAST_ADMIN[0].how)
    return _change(http, settings, point, _DONE_BY[point.kind])


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    return _change(http, settings, point, "userUnsuspend")


def _change(http: Writer, settings: Settings, point: AccessPoint, name: str) -> Exchange:
    """Raises Unclear when Linear said no, in its answers of 200: an exchange of that status would pass for a yes."""
    http.permit(("POST", f"/graphql#{name}"))
    ident = str(_user(http, settings, point, write=True)["id"])
    answer = post(http, configured(settings, write=True), name, id=ident)
    if 200 <= answer.status < 300 and data(answer, name).get("success") is not True:
        raise Unclear(f"{name} was not successful", advice="see Linear's answer, plan again")
    return last(http)
