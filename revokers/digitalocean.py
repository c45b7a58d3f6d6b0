"""DigitalOcean: personal access tokens and OAuth tokens, by their value.

What proves death: `GET /v2/account`, asked as the token, answers 401 with the id "unauthorized".
What does not: 403 (a token whose scopes leave `account:read` out), 404, 429, and the 200 of a revocation.
`POST https://cloud.digitalocean.com/v1/oauth/revoke` ends an OAuth token; DigitalOcean's own doctl ends registry tokens
with it. That it ends personal access tokens too, DigitalOcean nowhere says: it is tried, and where the token lives on,
the step is not confirmed. A token acts for the team it was made in. A refresh token cannot be tried without using it
up. No API lists a team's members or their tokens; the SSH keys it lists bear no owner.

https://docs.digitalocean.com/reference/api/oauth/
https://github.com/digitalocean/doctl/blob/main/commands/registry.go
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, text, unexpected, unknown
from revokers.protocol import Option

PROVIDER = "digitalocean"
URL = "https://api.digitalocean.com"
HOSTS = frozenset({"api.digitalocean.com", "cloud.digitalocean.com"})
READS: frozenset[Operation] = frozenset()
_REVOKE = "//cloud.digitalocean.com/v1/oauth/revoke"
WRITES: frozenset[Operation] = frozenset({("POST", _REVOKE)})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

REFRESH = "digitalocean.refresh"
_SELF = Option(
    action=Action.REVOKE,
    reversible=False,
    by="value",
    via="self",
    proof="GET /v2/account: 401 unauthorized",
    reason="the token ends itself; its owner's other tokens stay",
    breaks=("whatever manages the team's resources with this token",),
    how="Its owner deletes it at https://cloud.digitalocean.com/account/api/tokens.",
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "digitalocean.pat": (_SELF,),
    "digitalocean.oauth": (_SELF,),
    REFRESH: by_hand(
        "Its owner revokes the application it belongs to at https://cloud.digitalocean.com/account/api/access, "
        "Authorized Applications. It is dead when the application is gone from that list."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """No credential is needed: a token asks and ends itself."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


def _signed(token: Secret) -> dict[str, Any]:
    text(token)
    return {"headers": bearer(token), "hide": (token,)}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has DigitalOcean's account id and e-mail address."""
    if credential.kind == REFRESH:
        return unknown(http, "a refresh token cannot be tried without using it up")
    answer = http.request("GET", "/v2/account", **_signed(credential.secret))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and str(body.get("id", "")).lower() == "unauthorized":
        return dead(http, "401 unauthorized", status="401")
    account = body.get("account")
    if answer.status == 200 and isinstance(account, dict) and account.get("uuid") and account.get("email"):
        email = str(account["email"])
        holder = Account(provider=PROVIDER, id=str(account["uuid"]), login=email, email=email)
        team = account.get("team")
        of = f" for the team {team.get('name', '')}" if isinstance(team, dict) else ""
        return live(http, f"signs in as {email}{of}", holder)
    return unexpected(http, answer.status)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: DigitalOcean lists neither a team's members nor anybody's tokens."""
    yield from ()


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """The token ends itself, at the authorization server."""
    refuse_unlisted(HANDLES, action, point)
    secret = given(point, credential).secret
    http.request("POST", _REVOKE, form={"token": text(secret)}, **_signed(secret))
    return last(http)
