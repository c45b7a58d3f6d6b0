"""Anthropic, asked with a value: whether it lives, and which listed key it is.

https://platform.claude.com/docs/en/api/errors
"""

from offkey.http import Reader
from offkey.model import AccessPoint, Check, Credential
from revokers import anthropic_admin as admin
from revokers.anthropic_admin import Settings
from revokers.identified import alive, exactly
from revokers.parts import answered, configured, dead, live, unexpected, unknown

ADMIN, OAUTH = "anthropic.admin_key", "anthropic.oauth"


@answered
def check(http: Reader, credential: Credential) -> Check:
    """Anthropic names no holder to a key; the organisation's list says who made it."""
    if credential.kind == OAUTH:
        return unknown(http, "an OAuth token is not tried: it belongs to a person's own session")
    template = "/v1/organizations/me" if credential.kind == ADMIN else "/v1/models"
    answer = http.request("GET", template, headers=admin.signed(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    error = body.get("error")
    if answer.status == 401 and isinstance(error, dict) and error.get("type") == "authentication_error":
        return dead(http, "401 authentication_error", status="401")
    if answer.status == 200 and (isinstance(body.get("data"), list) or body.get("type") == "organization"):
        return live(http, f"GET {template} is answered")
    return unexpected(http, answer.status)


@exactly
def identify(http: Reader, settings: Settings, credential: Credential) -> AccessPoint:
    """By the shortened form, of a living value and a key that is active."""
    alive(check(http, credential))
    return admin.point_of(http, configured(settings), credential)
