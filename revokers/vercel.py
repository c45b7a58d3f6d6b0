"""Vercel: personal tokens by their value, and members of a team (`revokers/vercel_team.py`).

What proves death: `GET /v2/user`, asked as the token, answers 403 with `invalidToken: true` in its error, by which
Vercel's own command line too knows that a token is not valid. What does not: any other 403 ("Not authorized" is also
what a token of another team gets), 401 and 404. `DELETE /v3/user/tokens/current` ends the token that asks.
Only `vcp_` is a person's. `vci_` is an integration's for a whole team, `vca_` and `vcr_` an app's (its refresh token
cannot be tried without using it up), `vck_` a key of the AI gateway: none is sent anywhere, all are handed over.

https://vercel.com/docs/rest-api/authentication/delete-an-authentication-token
https://github.com/vercel/vercel/blob/main/packages/cli/src/util/get-user.ts
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import vercel_team
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, unexpected, unknown
from revokers.protocol import LAST_OWNER, NotAutomatic, Option
from revokers.vercel_team import MEMBER, NEEDS, PROVIDER, Settings, inventory

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.vercel.com"
HOSTS = frozenset({"api.vercel.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/v3/user/tokens/current"), ("DELETE", "/v1/teams/{team}/members/{user}")}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

PERSONAL = b"vcp_"
NOT_A_PERSONS = (
    "An owner of the team removes the integration (vci_) at https://vercel.com/dashboard/integrations, renews the "
    "app's secret (vca_, vcr_) under Settings, Apps, or deletes the key (vck_) under AI Gateway, API keys."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "vercel.token": (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /v2/user: 403 invalidToken",
            reason="the token ends itself; its owner's other tokens live on",
            breaks=("deployments that use this token",),
            how=NOT_A_PERSONS,
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the team's list of members has them no more",
            reason="ends the access of the account and all its tokens to this team",
            breaks=("deployments from git pushes of this member",),
        ),
    ),
}
_ALONE = by_hand(
    "This is the team's last owner: make another member an owner at https://vercel.com/teams (Settings, Members), then "
    "plan again."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _ALONE if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Vercel's user id, username and e-mail address."""
    secret = credential.secret
    if not secret.reveal().startswith(PERSONAL):
        return unknown(http, "an integration's, app's or gateway's value, which is not tried")
    answer = http.request("GET", "/v2/user", headers=bearer(secret), hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("user"):
        user = body["user"]
        holder = Account(
            provider=PROVIDER, id=str(user["id"]), login=str(user["username"]), email=str(user.get("email") or "")
        )
        return live(http, f"signs in as {holder.login}", holder)
    error = body.get("error")
    if answer.status == 403 and isinstance(error, dict) and error.get("invalidToken") is True:
        return dead(http, "403 invalidToken", status="403")
    return unexpected(http, answer.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == MEMBER:
        return vercel_team.state(http, settings, point)
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Raises NotAutomatic for a value that is no person's."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind == MEMBER:
        return vercel_team.remove(http, settings, point)
    secret = given(point, credential).secret
    if not secret.reveal().startswith(PERSONAL):
        raise NotAutomatic("the value is an integration's, app's or gateway's", advice=NOT_A_PERSONS)
    http.request("DELETE", "/v3/user/tokens/current", headers=bearer(secret), hide=(secret,))
    return last(http)
