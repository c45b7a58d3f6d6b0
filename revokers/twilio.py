"""Twilio: API keys by their SID, and the account's primary auth token when an approval says so.

What proves a key's death: the account has no key of this SID (404, code 20404) and the key itself is refused (401, code
20003) at a resource that every standard key may read. Neither alone: the SID may be another account's, and 20003 is
also the answer to a wrong secret, a closed account, a key of another region. Restricted keys are refused while alive.
An auth token is dead when it is refused (401, code 20003) while the administrator sees its account active.
Keys belong to the account; who made one, Twilio does not say, so nothing is listed for a person and nobody is mailed.
Promoting the secondary auth token ends the primary at once for all who use it; the answer holds the new token and is
not kept. Main keys may read and delete keys, standard ones may not; promoting takes the account SID and auth token.

https://www.twilio.com/docs/iam/api-keys/key-resource-v1
https://www.twilio.com/docs/iam/api/authtoken
https://www.twilio.com/docs/api/errors/20003
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness
from offkey.secret import Secret
from revokers.parts import (
    answered,
    basic,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    pair,
    refuse_unlisted,
    text,
    trouble,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import NotIdentified, Option, Unclear

PROVIDER = "twilio"
URL = "https://iam.twilio.com"
HOSTS = frozenset({"iam.twilio.com", "api.twilio.com", "accounts.twilio.com", "messaging.twilio.com"})
READS: frozenset[Operation] = frozenset()
_KEY_PATH, _PROMOTE = "/v1/Keys/{sid}", "//accounts.twilio.com/v1/AuthTokens/Promote"
_ACCOUNT_PATH = "//api.twilio.com/2010-04-01/Accounts/{sid}.json"
_ANY_KEY = "//messaging.twilio.com/v1/Services"
WRITES: frozenset[Operation] = frozenset({("DELETE", _KEY_PATH), ("POST", _PROMOTE)})
NEEDS: Mapping[str, str] = {
    "a Main API key (SID,secret)": "seeing a key by its SID; apply: deleting it",
    "the account SID and its secondary auth token": "apply: promoting the secondary auth token",
}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KEY, TOKEN = "twilio.api_key", "twilio.auth_token"
REFUSED, NO_SUCH = 20003, 20404
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            proof="GET /v1/Keys/{sid}: 404 20404, and the key itself: 401 20003",
            reason="the key of this SID is deleted; the account's other keys live on",
            breaks=("whatever calls with it: keys are the account's, and several programs may share one",),
        ),
    ),
    TOKEN: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="twilio-auth-token-promote",
            by="value",
            proof="the token itself: 401 20003, while its account is active",
            reason="the secondary auth token becomes the primary, and this one ends for the whole account",
            breaks=(
                "everything that signs in with the account SID and this token",
                "checks of Twilio's webhook signatures until they have the new token",
            ),
            how="Create a secondary token at https://console.twilio.com (Account, API keys & tokens), give it to all "
            "who use this one, offkey's own `write` included, and then promote it.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are a Main API key or the account SID and auth token, as "SID,secret".

    `account` is the SID whose auth token may be promoted. `regions` says that there are keys outside US1, which this
    account's list does not show: then a key that is not listed may live.
    """

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    account: str = ""
    regions: bool = False


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """LIVE, or UNKNOWN: what Twilio answers to a dead credential it answers to living ones too (status "20003")."""
    if "id" not in credential.parts or "secret" not in credential.parts:
        return unknown(http, "asking needs the SID and the secret")
    sid, secret = text(credential.parts["id"]), credential.secret
    if credential.kind == TOKEN:
        answer = http.request("GET", _ACCOUNT_PATH, path={"sid": sid}, headers=basic(sid, secret), hide=(secret,))
    else:
        answer = http.request("GET", _ANY_KEY, params={"PageSize": "1"}, headers=basic(sid, secret), hide=(secret,))
    if answer.status == 401 and _code(answer) == REFUSED:
        return unknown(http, "401 20003: deleted, or one of ten other causes", status=str(REFUSED))
    if answer.status != 200:
        return unexpected(http, answer.status)
    if credential.kind == TOKEN:
        status = str(fields(answer, "the account", "sid", "status")["status"])
        return live(http, f"signs in to the account, which is {status}", Account(provider=PROVIDER, id=sid))
    fields(answer, "GET /v1/Services", "services", "meta")
    return live(http, "reads the account's messaging services")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: Twilio tells nobody which person made a key."""
    return iter(())


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the account for a key, and by the value; DEAD where both say so."""
    if point.kind == KEY and settings.read is not None and _listed(http, settings.read, _sid(point, credential)):
        return live(http, "the account lists it", point.holder)
    said = check(http, given(point, credential))
    if said.liveness is not Liveness.UNKNOWN or said.status != str(REFUSED) or settings.read is None:
        return said
    if point.kind == KEY and settings.regions:
        return unknown(http, "not listed and refused in US1; keys of other regions are asked about by hand")
    if point.kind == KEY:
        return dead(http, "the account has no such key, and it is refused", status="deleted")
    status = _account(http, settings.read, _sid(point, credential))["status"]
    if status != "active":
        return unknown(http, f"refused, but its account is {'suspended' if status == 'suspended' else 'not active'}")
    return dead(http, "refused while its account is active", status="replaced")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this SID's key, or promote the secondary token in place of exactly this primary one."""
    refuse_unlisted(HANDLES, action, point)
    signer, sid = configured(settings, write=True), _sid(point, credential)
    if point.kind == KEY:
        if not _listed(http, signer, sid):
            raise NotIdentified(f"the configured account has no key {sid}", advice="see whose key it is by hand")
        http.request("DELETE", _KEY_PATH, path={"sid": sid}, headers=_signed(signer), hide=pair(signer))
        return last(http)
    if sid != settings.account:
        raise NotIdentified(f"{sid}: account not configured", advice="set account in [providers.twilio]")
    primary = str(_account(http, signer, sid).get("auth_token") or "").encode()
    if not hmac.compare_digest(primary, given(point, credential).secret.reveal()):
        raise NotIdentified(
            "this is not the account's primary auth token, or `write` may not see that",
            advice="a secondary token is deleted at https://console.twilio.com, Account, API keys & tokens",
        )
    answer = http.request("POST", _PROMOTE, headers=_signed(signer), hide=pair(signer))
    if 200 <= answer.status < 300 and fields(answer, _PROMOTE, "account_sid")["account_sid"] != sid:
        raise Unclear("Twilio promoted a token of another account", advice="see the account's tokens in the console")
    return last(http)


def _listed(http: Reader, signer: Secret, sid: str) -> bool:
    """Raises Unclear for anything but the key itself, or Twilio's own word that there is none."""
    answer = http.request("GET", _KEY_PATH, path={"sid": sid}, headers=_signed(signer), hide=pair(signer))
    if answer.status == 404 and _code(answer) == NO_SUCH:
        return False
    if fields(answer, "the key", "sid")["sid"] != sid:
        raise Unclear("Twilio answered with another key", advice="plan again")
    return True


def _account(http: Reader, signer: Secret, sid: str) -> Mapping[str, object]:
    answer = http.request("GET", _ACCOUNT_PATH, path={"sid": sid}, headers=_signed(signer), hide=pair(signer))
    found = fields(answer, "the account", "sid", "status")
    if found["sid"] != sid:
        raise Unclear(f"the account {trouble(answer.status)}", advice="plan again")
    return found


def _signed(signer: Secret) -> dict[str, str]:
    user, password = pair(signer)
    return basic(text(user), password)


def _sid(point: AccessPoint, credential: Credential | None) -> str:
    return point.provider_id or text(given(point, credential).parts["id"])


def _code(answer: Answer) -> object:
    """Twilio's own error code."""
    return answer.json.get("code") if isinstance(answer.json, dict) else None
