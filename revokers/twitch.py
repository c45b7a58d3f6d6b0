"""Twitch: access tokens end themselves; client secrets are replaced by hand.

What proves death: `GET /oauth2/validate` answers 401 {"status": 401, "message": "invalid access token"}. What does not:
any other 401, 403, 404. The same answer names a living token's client, which revoking takes beside the token.
A token with a user is that user's grant to the application; the application may get another with its refresh token,
until the user disconnects it at https://www.twitch.tv/settings/connections. A token without a user is the
application's own, and all its programs may use it: it is handed over. Nobody is mailed, as far as is documented.

https://dev.twitch.tv/docs/authentication/validate-tokens
https://dev.twitch.tv/docs/authentication/revoke-tokens
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import (
    answered,
    by_hand,
    dead,
    fields,
    given,
    last,
    live,
    refuse_unlisted,
    text,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import NotIdentified, Option

PROVIDER = "twitch"
URL = "https://id.twitch.tv"
HOSTS = frozenset({"id.twitch.tv"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", "/oauth2/revoke")})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

TOKEN, APP = "twitch.access_token", "app"
_ENDS_AFTERWARDS = " Then GET https://id.twitch.tv/oauth2/validate answers 401 to its tokens once they are revoked."
HANDLES: Mapping[str, tuple[Option, ...]] = {
    TOKEN: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="value",
            proof="GET /oauth2/validate: 401 invalid access token",
            reason="ends this one token; the application may get another while the user stays connected",
            breaks=("what acts for this user with this token",),
        ),
    ),
    "twitch.client_secret": by_hand(
        "The application's owner makes a new secret at https://dev.twitch.tv/console/apps (Manage, New Secret), which "
        "ends this one at once, and gives it to whatever signs in with it." + _ENDS_AFTERWARDS
    ),
}
_OF_THE_APP = by_hand(
    "It is the application's own token: replace it where it is used, then its owner makes a new client secret at "
    "https://dev.twitch.tv/console/apps." + _ENDS_AFTERWARDS
)
Settings = by_itself.Settings


def options(point: AccessPoint) -> tuple[Option, ...]:
    if point.kind == TOKEN and point.check is not None and point.check.status == APP:
        return _OF_THE_APP
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the token's user; the status "app" says that it has none."""
    if credential.kind != TOKEN:
        return unknown(http, "nothing asks about a client secret without making a token with it")
    return _asked(http, credential.secret)[0]


def _asked(http: Reader, secret: Secret) -> tuple[Check, str]:
    """What the token says of itself, and its client's id."""
    headers = {"Authorization": f"OAuth {text(secret)}"}
    answer = http.request("GET", "/oauth2/validate", headers=headers, hide=(secret,))
    message = answer.json.get("message") if isinstance(answer.json, dict) else None
    if answer.status == 401 and message == "invalid access token":
        return dead(http, "401 invalid access token", status="401"), ""
    if answer.status != 200:
        return unexpected(http, answer.status), ""
    body = fields(answer, "GET /oauth2/validate", "client_id", "expires_in")
    client = str(body["client_id"])
    if not body.get("user_id"):
        return live(http, f"the application {client}'s own token", status=APP), client
    holder = Account(provider=PROVIDER, id=str(body["user_id"]), login=str(body.get("login", "")))
    return live(http, f"acts as {holder.login} through {client}", holder, "user"), client


# Twitch lists a user's connections to the user alone.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End exactly this token, with the client id that it names itself."""
    refuse_unlisted(HANDLES, action, point)
    secret = given(point, credential).secret
    found, client = _asked(http, secret)
    if not client:
        raise NotIdentified(f"the token names no client: {found.reason}", advice="nothing was sent")
    http.request("POST", "/oauth2/revoke", form={"client_id": client, "token": text(secret)}, hide=(secret,))
    return last(http)
