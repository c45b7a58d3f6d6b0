"""Shopify: an Admin API access token ends when its app uninstalls itself, and that only with an extra yes.

What proves death: `GET /admin/oauth/access_scopes.json` at the token's own shop answers 401 "Invalid API key or access
token". Any other shop says the same of a living token, so the answer counts only where the shop was found beside the
token and is the configured one; a token without its shop is LIVE or UNKNOWN, one of another shop is not asked about.
Uninstalling is irreversible: the app's webhooks, script tags and admin links are deleted for the whole shop, all its
tokens die, and the app's maker is told (app/uninstalled). There is no call that ends one token alone; a custom app's
token is replaced in the admin. Tokens are the app's, so none is listed for a person.

https://shopify.dev/docs/apps/build/authentication-authorization/app-installation/uninstall-app-api-request
https://shopify.dev/docs/api/admin-rest/latest/resources/accessscope
https://shopify.dev/docs/api/usage/response-codes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Liveness
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

PROVIDER = "shopify"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
_SCOPES, _UNINSTALL = "/admin/oauth/access_scopes.json", "/admin/api_permissions/current.json"
WRITES: frozenset[Operation] = frozenset({("DELETE", _UNINSTALL)})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

ACCESS, APP_SECRET = "shopify.access_token", "shopify.app_secret"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCESS: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="shopify-uninstall",
            by="value",
            via="self",
            proof="GET /admin/oauth/access_scopes.json at its shop: 401 Invalid API key or access token",
            reason="the app uninstalls itself from the shop; that ends all of its tokens there",
            breaks=("the app for the whole shop", "its webhooks, script tags and admin links are deleted for good"),
            how="A shop owner replaces the token of a custom app at https://admin.shopify.com (Settings, Apps, Develop "
            "apps, API credentials), or uninstalls the app there.",
        ),
    ),
    APP_SECRET: by_hand(
        "The app's owner rotates the client secret at https://partners.shopify.com (Apps, API credentials), lets all "
        "installations take the new one, and then revokes the old one there."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the shop, `https://SHOP.myshopify.com`. A token ends as itself; neither credential is used."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


options = by_itself.by_kind(HANDLES)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """No person holds a token: it is an app's."""
    if credential.kind != ACCESS:
        return unknown(http, "nothing asks about an app's secret without using it")
    here = urlsplit(http.base).netloc
    shop = text(credential.parts["host"]) if "host" in credential.parts else ""
    if shop and shop != here:
        return unknown(http, f"instance not configured: {shop}")
    secret = credential.secret
    answer = http.request("GET", _SCOPES, headers=_signed(secret), hide=(secret,))
    errors = answer.json.get("errors") if isinstance(answer.json, dict) else None
    if answer.status == 401 and "Invalid API key or access token" in str(errors):
        if not shop:
            return unknown(http, f"{here} does not know it; it may be another shop's")
        return dead(http, f"401 at {shop}: invalid API key or access token", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    scopes = ", ".join(str(row["handle"]) for row in fields(answer, "the scopes", "access_scopes")["access_scopes"])
    return live(http, f"an app's token of {here} with scopes {scopes}", status="app")


# Tokens are the apps', not their makers'.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Uninstall the app of exactly this token from the configured shop, where it must be alive."""
    way = refuse_unlisted(HANDLES, action, point)
    known = given(point, credential)
    found = check(http, known)
    if found.liveness is not Liveness.LIVE:
        raise NotIdentified(f"no living token of the configured shop: {found.reason}", advice=way.how)
    http.request("DELETE", _UNINSTALL, headers=_signed(known.secret), hide=(known.secret,))
    return last(http)


def _signed(secret: Secret) -> dict[str, str]:
    return {"X-Shopify-Access-Token": text(secret)}
