"""Entra, asked with an application's secret: whether it signs in, and which of the application's secrets it is.

The application's client id must stand beside the value; the tenant comes from offkey.toml alone. The access token that
a living secret gets for the question ends by itself within the hour, and is forgotten at once. No refusal is a death:
the tenant may be another, and Microsoft says not to rely on the codes AADSTS... .

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from typing import Any

from offkey.http import Operation, Reader
from offkey.model import AccessPoint, Bond, Check, Credential, Ownership
from revokers import azure_graph
from revokers.azure_graph import PROVIDER, SECRET
from revokers.identified import alive, exactly
from revokers.parts import answered, configured, live, text, unexpected, unknown

SIGN_IN: Operation = ("POST", "//login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
IDENTIFIES = {SECRET: "it signs in as the application beside it, of whose secrets this one alone begins so"}
_SCOPE = "https://graph.microsoft.com/.default"


@answered
def sign_in(http: Reader, settings: Any, credential: Credential) -> Check:
    """LIVE where the secret gets a token for its application, else UNKNOWN."""
    if not settings.tenant:
        return unknown(http, "the tenant is not configured: set `tenant` under [providers.azure] in offkey.toml")
    if "client_id" not in credential.parts:
        return unknown(http, "which application's it is, is not known: its client id was not found near the value")
    secret, client = credential.secret, text(credential.parts["client_id"])
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": text(secret), "scope": _SCOPE}
    method, template = SIGN_IN
    answer = http.request(method, template, path={"tenant": settings.tenant}, form=form, hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("access_token"):
        return live(http, f"signs in as application {client}", status="application")
    return unexpected(http, answer.status)


@exactly
def identify(http: Reader, settings: Any, credential: Credential) -> AccessPoint:
    """By the application as which a living secret signs in, and by how it begins. An application is nobody's own."""
    alive(sign_in(http, settings, credential))
    read = azure_graph.token(configured(settings))
    application, key, told = azure_graph.one_secret(http, read, credential)
    return AccessPoint(
        id=f"{SECRET}:{application}/{key}", provider=PROVIDER, kind=SECRET, bond=Bond.THEIRS, check=told,
        ownership=Ownership.SHARED, provider_id=f"{application}/{key}",
    )  # fmt: skip
