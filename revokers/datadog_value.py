"""Datadog, asked with a value: whether it lives, and which listed key it is.

An API key names its own id. An application key that works beside the organisation's API key is of this organisation, so
the one key in the whole list with its last four characters is it.
"""

from offkey.http import Reader
from offkey.model import AccessPoint, Check, Credential
from revokers.datadog_admin import API_KEY, APP_KEY, Admin, Settings, account_of, admin, owner, row_point
from revokers.identified import exactly
from revokers.parts import answered, fields, live, text, unexpected, unknown
from revokers.protocol import NotIdentified

IDENTIFIES = {
    API_KEY: "it names its own id",
    APP_KEY: "it works beside the organisation's API key, and one application key listed there ends in its last four",
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """An API key names no holder; an application key cannot be asked about without an API key."""
    if credential.kind != API_KEY:
        return unknown(http, "it is asked about only beside an API key of its organisation")
    signed = {"DD-API-KEY": text(credential.secret)}
    answer = http.request("GET", "/api/v1/validate", headers=signed, hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("valid") is True:
        return live(http, "valid; API keys are the organisation's", status="shared")
    if answer.status == 403 and body.get("errors") == ["Forbidden"]:
        return unknown(http, "validate: 403 Forbidden: deleted, or of another site", status="403")
    return unexpected(http, answer.status)


@exactly
def identify(http: Reader, settings: Settings, credential: Credential) -> AccessPoint:
    """The listed key, with its user."""
    asker = admin(http, settings)
    identity = identified(asker, credential)
    row = next((row for row in asker.listed(credential.kind) if str(row["id"]) == identity), None)
    if row is None:
        raise NotIdentified(f"the organisation does not list {identity}", advice="it may be another organisation's")
    user = asker.user_of(owner(credential.kind, row))
    robot = bool(user["attributes"].get("service_account"))
    return row_point(asker, credential.kind, row, account_of(user), robot=robot)


def identified(asker: Admin, credential: Credential) -> str:
    """The id of a value: as an API key says itself, or of the one key in the list that ends alike."""
    if credential.kind == API_KEY:
        signed = {"DD-API-KEY": text(credential.secret)}
        answer = asker.http.request("GET", "/api/v2/validate", headers=signed, hide=(credential.secret,))
        if answer.status == 403:
            raise NotIdentified("the API key is not valid at this site", advice="see whether it is of another site")
        return str(fields(answer, "validate", "data")["data"]["attributes"]["api_key_id"])
    if not asker.works(credential):
        raise NotIdentified("the key does not work beside the organisation's API key", advice="it may be another's")
    ends = text(credential.secret)[-4:]
    found = [str(row["id"]) for row in asker.listed(APP_KEY) if row["attributes"]["last4"] == ends]
    if len(found) != 1:
        raise NotIdentified(f"{len(found) or 'no'} application keys end alike", advice=f"by hand: {', '.join(found)}")
    return found[0]
