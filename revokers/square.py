"""Square: an application's access token for a merchant ends by its value; personal tokens and secrets by hand.

What proves death: `POST /oauth2/token/status`, asked as the token, answers 401 with a code in DEAD, in production and
in the sandbox, whose tokens look the same. What does not: 403, 404, any other code.
Revoking takes the application's id and secret, and the extra yes: the token is the application's for its merchant, not
a person's. Without `revoke_only_access_token` it would end every token of that merchant; it is always sent. The
merchant's refresh token lives on. A personal access token (the developer's own) is not ended by this call. Whether
the merchant is told is not documented.

https://developer.squareup.com/reference/square/o-auth-api/retrieve-token-status
https://developer.squareup.com/reference/square/o-auth-api/revoke-token
https://developer.squareup.com/docs/build-basics/general-considerations/handling-errors
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Answer, Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    fields,
    given,
    last,
    live,
    refuse_unlisted,
    text,
    trouble,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import NotIdentified, Option, Unclear

PROVIDER = "square"
URL = "https://connect.squareup.com"
HOSTS = frozenset({"connect.squareup.com", "connect.squareupsandbox.com"})
_STATUS, _REVOKE = "/oauth2/token/status", "/oauth2/revoke"
_IN_THE_SANDBOX = "//connect.squareupsandbox.com/oauth2/token/status"
READS: frozenset[Operation] = frozenset({("POST", _STATUS), ("POST", _IN_THE_SANDBOX)})
WRITES: frozenset[Operation] = frozenset({("POST", _REVOKE)})
NEEDS: Mapping[str, str] = {"the application's secret": "apply: revoking a token of that application"}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

KIND = "square.token"
DEAD = frozenset({"UNAUTHORIZED", "ACCESS_TOKEN_REVOKED", "ACCESS_TOKEN_EXPIRED"})
_BY_HAND = (
    "The application's owner replaces a personal token or a secret at https://developer.squareup.com/apps "
    "(Credentials, OAuth) and puts the new one where it is used; asked for its status, the old one then answers 401."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KIND: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="square-token-revoke",
            by="value",
            proof="POST /oauth2/token/status: 401",
            reason="ends this one token of the application for its merchant",
            breaks=("the application for this merchant, until it refreshes its token",),
            how=_BY_HAND,
        ),
    ),
    "square.app_secret": by_hand(_BY_HAND),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`application` is the application's id and `write` its secret. `read` is not used."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    application: str = ""


options = by_itself.by_kind(HANDLES)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """No person holds a token: its reason names application and merchant, its status the application."""
    if credential.kind != KIND:
        return unknown(http, "nothing asks about an application's secret without using it")
    secret = credential.secret
    for template, where in ((_STATUS, ""), (_IN_THE_SANDBOX, " of the sandbox")):
        answer = http.request("POST", template, headers=bearer(secret), hide=(secret,))
        if answer.status == 200:
            body = fields(answer, template, "client_id", "merchant_id")
            client, merchant = str(body["client_id"] or ""), str(body["merchant_id"] or "")
            if not client or not merchant:
                raise Unclear("Square names neither application nor merchant")
            return live(http, f"a token{where} of {client} for the merchant {merchant}", status=client)
        if answer.status != 401 or not _codes(answer) & DEAD:
            return unexpected(http, answer.status)
    return dead(http, "401 in production and in the sandbox", status="401")


def _codes(answer: Answer) -> set[str]:
    return {str(error["code"]) for error in answer.json["errors"]}


# Tokens are an application's for a merchant, and Square lists them nowhere.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End exactly this token, if it is one of the configured application. Raises Unclear when Square says no."""
    refuse_unlisted(HANDLES, action, point)
    signer, secret = configured(settings, write=True), given(point, credential).secret
    found = check(http, given(point, credential))
    if not settings.application or found.status != settings.application:
        raise NotIdentified(f"no token of the configured application: {found.reason}", advice=_BY_HAND)
    body = {"client_id": settings.application, "access_token": text(secret), "revoke_only_access_token": True}
    headers = {"Authorization": f"Client {text(signer)}"}
    answer = http.request("POST", _REVOKE, json=body, headers=headers, hide=(secret, signer))
    if 200 <= answer.status < 300 and fields(answer, _REVOKE, "success")["success"] is not True:
        raise Unclear(f"{_REVOKE} {trouble(answer.status)}", advice="see the application's OAuth page")
    return last(http)
