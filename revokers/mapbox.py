"""Mapbox: secret tokens, exactly by what the token says of itself.

What proves death: `GET /tokens/v2` answers 200 with one of the codes in DEAD. What does not: 401, 403, 404, an unknown
code. The same answer names a living token's account and its id there, so it is deleted exactly, by a token of that
account with tokens:write. Mapbox takes tokens in the address alone; addresses are neither logged nor kept here.
What was loaded before may be shown from caches for some hours. Mapbox knows accounts, not the people who share one, so
nothing is listed for a person; nobody is mailed, as far as is documented.

https://docs.mapbox.com/api/accounts/tokens/
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import by_itself
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
)  # fmt: skip
from revokers.protocol import NotIdentified, Option, Unclear

PROVIDER = "mapbox"
URL = "https://api.mapbox.com"
HOSTS = frozenset({"api.mapbox.com"})
READS: frozenset[Operation] = frozenset()
_DELETE = "/tokens/v2/{username}/{token_id}"
WRITES: frozenset[Operation] = frozenset({("DELETE", _DELETE)})
NEEDS: Mapping[str, str] = {"tokens:write": "apply: deleting a token of the account"}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KIND = "mapbox.secret"
DEAD = frozenset({"TokenRevoked", "TokenExpired", "TokenInvalid", "TokenMalformed"})
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KIND: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            proof="GET /tokens/v2: TokenRevoked",
            reason="the token of this id is deleted; the account's other tokens live on",
            breaks=("uploads and programs that use this secret token",),
            how="Its account's owner deletes it at https://console.mapbox.com/account/access-tokens/.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`write` is a token with tokens:write of the account `account`, a Mapbox user name. `read` is not used."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    account: str = ""


options = by_itself.by_kind(HANDLES)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder's login is the token's account."""
    return _asked(http, credential.secret)[0]


def _asked(http: Reader, secret: Secret) -> tuple[Check, str]:
    """What the token says of itself, and its id in its account."""
    answer = http.request("GET", "/tokens/v2", params={"access_token": text(secret)}, hide=(secret,))
    if answer.status != 200:
        return unexpected(http, answer.status), ""
    code = fields(answer, "GET /tokens/v2", "code")["code"]
    if code in DEAD:
        return dead(http, str(code), status=str(code)), ""
    if code != "TokenValid":
        raise Unclear("GET /tokens/v2 answered with a code that is not documented")
    token = answer.json["token"]
    holder = Account(provider=PROVIDER, id="", login=str(token["user"]))
    return live(http, f"a token of the account {holder.login}", holder), str(token["authorization"])


# An account's list does not say which person made a token.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly the token whose id this value names, in the configured account alone."""
    way = refuse_unlisted(HANDLES, action, point)
    signer, secret = configured(settings, write=True), given(point, credential).secret
    found, identity = _asked(http, secret)
    if found.holder is None or not identity:
        raise NotIdentified(f"the token does not say what it is: {found.reason}", advice=way.how)
    if found.holder.login != settings.account:
        raise NotIdentified(
            f"it is a token of {found.holder.login}, an account that is not configured",
            advice=f"set account and write in [providers.mapbox] if it is yours. {way.how}",
        )
    path = {"username": settings.account, "token_id": identity}
    http.request("DELETE", _DELETE, path=path, params={"access_token": text(signer)}, hide=(signer, secret))
    return last(http)
