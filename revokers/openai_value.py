"""OpenAI, asked with a value: whether it lives, and which listed key it is.

https://platform.openai.com/docs/guides/error-codes
"""

from offkey.http import Reader
from offkey.model import AccessPoint, Check, Credential
from revokers.identified import alive, exactly
from revokers.openai_admin import ADMIN, Admin, Settings
from revokers.parts import answered, configured, dead, live, text, unexpected


@answered
def check(http: Reader, credential: Credential) -> Check:
    """OpenAI names no holder to a key; the organisation's list does."""
    template = "/organization/projects" if credential.kind == ADMIN else "/models"
    signed = {"Authorization": f"Bearer {text(credential.secret)}"}
    answer = http.request("GET", template, headers=signed, hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    error = body.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    if answer.status == 401 and code == "invalid_api_key":
        return dead(http, "401 invalid_api_key", status="401")
    if answer.status == 200 and body.get("object") == "list" and isinstance(body.get("data"), list):
        return live(http, f"GET {template} is answered")
    return unexpected(http, answer.status)


@exactly
def identify(http: Reader, settings: Settings, credential: Credential) -> AccessPoint:
    """By the shortened form, of a living value."""
    alive(check(http, credential))
    return Admin(http, configured(settings)).point(credential.kind, credential.secret)
