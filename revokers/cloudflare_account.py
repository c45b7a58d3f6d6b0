"""Cloudflare accounts' own tokens: what `verify` says of one, and how an administrator's token switches it off.

Which account a token belongs to nobody says: each configured one is asked, as the token, whether it knows it.

https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/methods/verify/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers.parts import configured, dead, given, last, live, text, trouble, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Unclear

PROVIDER = "cloudflare"
NEEDS: Mapping[str, str] = {
    "Account Settings Read": "listing members",
    "Account Settings Write": "apply: removing members",
    "Account API Tokens Write": "apply: switching an account's tokens off and deleting them",
}
ACCOUNT_TOKEN, MEMBER = "cloudflare.account_token", "cloudflare.member"
_TOKEN_OF, MEMBER_OF = "/accounts/{account}/tokens/{id}", "/accounts/{account}/members/{id}"
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/user/tokens/{id}"), ("PUT", _TOKEN_OF), ("DELETE", _TOKEN_OF), ("DELETE", MEMBER_OF)}
)
_KEPT = ("name", "policies", "condition", "expires_on", "not_before")
"""What an update must send back, since it replaces the token whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`accounts` are the ids of the organisation's accounts; `read` and `write` are tokens with what NEEDS says."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    accounts: tuple[str, ...] = ()


def signed(token: Secret) -> dict[str, Any]:
    text(token)
    return {"headers": bearer(token), "hide": (token,)}


def result(answer: Answer) -> Any:
    """The result of an answer that says success; None for anything else."""
    body = answer.json
    return (
        body.get("result") if answer.status == 200 and isinstance(body, dict) and body.get("success") is True else None
    )


def refused(answer: Answer, what: str) -> str:
    """Why an answer is none, with Cloudflare's own codes."""
    body = answer.json if isinstance(answer.json, dict) else {}
    said = body.get("errors")
    codes = [str(one.get("code", "")) for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    return f"{what} {trouble(answer.status, ' '.join(code for code in codes if code.isdigit()))}"


def verified(http: Reader, template: str, secret: Secret, **path: str) -> tuple[Check, str]:
    """What `verify` says of a token, and the token's id or empty."""
    answer = http.request("GET", template, path=path, **signed(secret))
    found = result(answer)
    if not isinstance(found, dict) or not found.get("id"):
        return unknown(http, refused(answer, "verify")), ""
    status = str(found.get("status", ""))
    if status == "active":
        return live(http, "verify says active", status=status), str(found["id"])
    if status in ("disabled", "expired"):
        return dead(http, f"verify says {status}", status=status), str(found["id"])
    return unknown(http, "verify says none of active, disabled and expired"), ""


def owned(http: Reader, settings: Settings, secret: Secret) -> tuple[Check, str, str]:
    """What the account that knows the token says of it, the token's id, and the account's id."""
    seen = unknown(http, "no account is configured: set `accounts` in offkey.toml")
    for account in settings.accounts:
        seen, number = verified(http, "/accounts/{account}/tokens/verify", secret, account=account)
        if number:
            return seen, number, account
    return seen, "", ""


def end(http: Writer, settings: Settings, action: Action, secret: Secret) -> Exchange:
    """Switch an account's token off, or delete it, by the id that `verify` names for the value."""
    if action is Action.DISABLE:
        return _switch(http, settings, secret, "disabled")
    seen, number, account = owned(http, settings, secret)
    if not number:
        raise NotIdentified(f"the token's id is not known: {seen.reason}", advice="name its account in `accounts`")
    options = signed(configured(settings, write=True))
    http.request("DELETE", _TOKEN_OF, path={"account": account, "id": number}, **options)
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Make a disabled account token active again."""
    if point.kind != ACCOUNT_TOKEN:
        raise NotAutomatic(f"a {point.kind} is never switched off", advice="there is nothing to take back")
    return _switch(http, settings, given(point, credential).secret, "active")


def _switch(http: Writer, settings: Settings, secret: Secret, status: str) -> Exchange:
    seen, number, account = owned(http, settings, secret)
    if not number:
        raise NotIdentified(f"the token's id is not known: {seen.reason}", advice="name its account in `accounts`")
    options, path = signed(configured(settings, write=True)), {"account": account, "id": number}
    answer = http.request("GET", _TOKEN_OF, path=path, **options)
    token = result(answer)
    if not isinstance(token, dict) or token.get("id") != number or not token.get("policies"):
        raise Unclear(
            refused(answer, "the token as it is"), advice="the write credential needs Account API Tokens Write"
        )
    body = {name: token[name] for name in _KEPT if name in token}
    http.request("PUT", _TOKEN_OF, path=path, json={**body, "status": status}, **options)
    return last(http)
