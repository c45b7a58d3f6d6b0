"""Doppler: tokens by their value.

What proves death: `GET /v3/me`, asked as the token, answers 401 with "Invalid Auth token" among its messages. What does
not: any other 401 or 403 (an address outside the workplace's trusted ones) and 404.
`POST /v3/auth/revoke` takes the value in its body; Doppler's command line sends it for identity tokens. Whether it ends
every other sort its documentation does not say: the question asked afterwards does.
`/v3/me` names the workplace and the token, never a person, so a token is nobody's by Doppler's word. Personal (`pt`)
and command line (`ct`) tokens are an account's; service (`st`), service account (`sa`), SCIM and audit tokens are
shared.

https://docs.doppler.com/reference/api
https://docs.doppler.com/reference/auth-revoke
https://github.com/DopplerHQ/cli/blob/master/pkg/http/api.go
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from revokers import by_itself
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, text, unexpected
from revokers.protocol import Option

PROVIDER = "doppler"
URL = "https://api.doppler.com"
HOSTS = frozenset({"api.doppler.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", "/v3/auth/revoke")})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

PERSONAL = (b"dp.pt.", b"dp.ct.")
_DEAD = "Invalid Auth token"
_PROOF = "GET /v3/me: 401 Invalid Auth token"
_SHARED = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        needs="doppler-shared-revoke",
        by="value",
        via="value",
        proof=_PROOF,
        reason="a service's token, or one that nobody was seen to hold: whatever uses it stops for everybody",
        breaks=("deployments that read their secrets with it",),
        how="A workplace administrator makes a new one at https://dashboard.doppler.com (the config's Access page, or "
        "Team, Service Accounts) and puts it where the old one is used; only then is this one revoked.",
    ),
)
_OWN = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        by="value",
        via="value",
        proof=_PROOF,
        reason="ends this one token of an account",
        breaks=("the command line on the machine that signed in with it",),
    ),
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "doppler.token": _SHARED,
    "doppler.member": by_hand(
        "A workplace administrator removes the member at https://dashboard.doppler.com, Team; the list of members then "
        "has them no more. Check the account's known tokens afterwards."
    ),
}
Settings = by_itself.Settings


def options(point: AccessPoint) -> tuple[Option, ...]:
    """Without a further yes only what answered as an account's own."""
    if point.kind == "doppler.token" and point.check and point.check.status == "account":
        return _OWN
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """No holder: the answer names none. The status is "account" for personal and command line tokens, else "shared"."""
    secret = credential.secret
    answer = http.request("GET", "/v3/me", headers=bearer(secret), hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("type") and isinstance(body.get("workplace"), dict):
        place = body["workplace"].get("name", "")
        status = "account" if secret.reveal().startswith(PERSONAL) else "shared"
        return live(http, f"a {body['type']} token of {place}", status=status)
    if answer.status == 401 and _DEAD in body.get("messages", ()):
        return dead(http, f"401 {_DEAD}", status="401")
    return unexpected(http, answer.status)


# Doppler lists a person's tokens to that person alone.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    secret = given(point, credential).secret
    http.request("POST", "/v3/auth/revoke", json={"token": text(secret)}, hide=(secret,))
    return last(http)
