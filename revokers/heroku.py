"""Heroku: API keys and OAuth tokens by their value, team members by e-mail address.

What proves death: `GET /account`, asked as the token, answers 401 with the error id "unauthorized" ("API token is
missing, invalid or expired").
What does not: 403 "forbidden" (a token whose scope leaves the account out), 404, 429.
A token is ended by its authorization: the one whose access token IS the value, in the list that the token itself reads.
Where none is (a scope too small, an account's own API key, which is regenerated in the dashboard), it is
NOT_IDENTIFIED: offkey never takes another. Ending an authorization ends its refresh token too.
Lists go on by the Next-Range header, with status 206. Nobody lists another person's authorizations.

https://devcenter.heroku.com/articles/platform-api-reference#error-responses
https://devcenter.heroku.com/articles/platform-api-reference#oauth-authorization
https://devcenter.heroku.com/articles/platform-api-reference#ranges
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers.heroku_teams import (
    MEMBER,
    NEEDS,
    PROVIDER,
    Settings,
    every,
    inventory,
    members,
    rulers,
    signed,
    team_of,
)
from revokers.parts import (
    answered,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    refuse_unlisted,
    text,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.heroku.com"
HOSTS = frozenset({"api.heroku.com"})
READS: frozenset[Operation] = frozenset()
_AUTHORIZATION, _MEMBER = "/oauth/authorizations/{id}", "/teams/{team}/members/{member}"
WRITES: frozenset[Operation] = frozenset({("DELETE", _AUTHORIZATION), ("DELETE", _MEMBER)})
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BY_VALUE = ("heroku.api_key", "heroku.api_key.legacy")
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(
        BY_VALUE,
        (
            Option(
                action=Action.REVOKE,
                reversible=False,
                by="value",
                via="self",
                proof="GET /account: 401 unauthorized",
                reason="the token ends its own authorization, with its refresh token",
                breaks=("whatever deploys or asks Heroku with this token",),
                how="An account's own API key is no authorization: its owner regenerates it at "
                "https://dashboard.heroku.com/account, API Key.",
            ),
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the team's list of members has them no more",
            reason="the person loses the team and its apps; the account and its tokens stay, without the team",
            breaks=("what deploys the team's apps as this person",),
        ),
    ),
}
_LAST = (
    Option(
        action=Action.HAND_OVER,
        reversible=False,
        how="This is the team's last administrator: make another member one at https://dashboard.heroku.com/teams, "
        "Access, then plan again.",
    ),
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _LAST if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Heroku's account id and e-mail address."""
    answer = http.request("GET", "/account", **signed(credential.secret))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("id") == "unauthorized":
        return dead(http, "401 unauthorized", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    found = fields(answer, "GET /account", "id", "email")
    holder = Account(provider=PROVIDER, id=str(found["id"]), login=str(found["email"]), email=str(found["email"]))
    return live(http, f"signs in as {holder.login}", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind != MEMBER:
        return check(http, credential) if credential else unknown(http, "the value is not at hand")
    team, member = team_of(settings, point)
    if any(row["id"] == member for row in members(http, configured(settings), team)):
        return live(http, f"a member of {team}", point.holder)
    return dead(http, f"no member of {team}", point.holder, "removed")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End the authorization whose access token is the value, or remove the member."""
    way = refuse_unlisted(HANDLES, action, point)
    if point.kind == MEMBER:
        token, (team, member) = configured(settings, write=True), team_of(settings, point)
        if rulers(members(http, token, team)) == [member]:
            raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice=_LAST[0].how)
        http.request("DELETE", _MEMBER, path={"team": team, "member": member}, **signed(token))
        return last(http)
    secret = given(point, credential).secret
    own = _authorization(http, secret, way)
    http.request("DELETE", _AUTHORIZATION, path={"id": own}, **signed(secret))
    return last(http)


def _authorization(http: Reader, secret: Secret, way: Option) -> str:
    """The id of the authorization whose access token is the value. Raises NotIdentified where there is none."""
    value = text(secret)
    try:
        for row in every(http, secret, "/oauth/authorizations"):
            if (row.get("access_token") or {}).get("token") == value:
                return str(row["id"])
    except Unclear as error:
        raise NotIdentified(f"the token cannot list its authorizations: {error}", advice=way.how) from None
    raise NotIdentified("none of the authorizations that the token lists is its own", advice=way.how)
