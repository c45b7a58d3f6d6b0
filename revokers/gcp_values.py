"""Google's credentials that are identified by their value: API keys, access tokens and refresh tokens."""

import re
from collections.abc import Mapping
from typing import Any

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import Account, Check
from offkey.secret import Secret
from revokers.gcp_keys import next_page
from revokers.parts import dead, fields, live, pages, text, trouble, unexpected
from revokers.protocol import NotIdentified, Unclear

API_KEY, ACCESS, REFRESH = "gcp.api_key", "gcp.oauth_access", "gcp.oauth_refresh"
SERVICE_ACCOUNT = "service account"
_DIRECTORY = "//www.googleapis.com/discovery/v1/apis"
_LOOKUP = "//apikeys.googleapis.com/v2/keys:lookupKey"
_KEYS = "//apikeys.googleapis.com/v2/projects/{project}/locations/global/keys"
_TOKENINFO = "//oauth2.googleapis.com/tokeninfo"
_REVOKE: Operation = ("POST", "//oauth2.googleapis.com/revoke")
_CHANGES: Mapping[str, Operation] = {
    "DISABLE": ("DELETE", _KEYS + "/{key}"),
    "UNDO": ("POST", _KEYS + "/{key}:undelete"),
}
WRITES: frozenset[Operation] = frozenset({*_CHANGES.values(), _REVOKE})


def check_api_key(http: Reader, key: Secret) -> Check:
    """Ask Google's public directory of APIs with the key: it needs none, and refuses a wrong one."""
    answer = http.request(
        "GET", _DIRECTORY, params={"name": "oauth2", "preferred": "true"}, headers={"X-Goog-Api-Key": text(key)},
        hide=(key,),
    )  # fmt: skip
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("kind") == "discovery#directoryList":
        return live(http, "Google's directory of APIs accepts the key")
    reason = _reason(body)
    if answer.status == 400 and reason == "API_KEY_INVALID":
        return dead(http, "API_KEY_INVALID", status="invalid")
    if answer.status == 403 and re.fullmatch("API_KEY_[A-Z_]+_BLOCKED", reason):
        return live(http, f"{reason}: its restrictions keep it from here, so there is such a key")
    return unexpected(http, answer.status, reason)


def _reason(body: Mapping[str, Any]) -> str:
    """The reason in google.rpc.ErrorInfo, or empty."""
    error = body.get("error")
    details = error.get("details", []) if isinstance(error, dict) else []
    told = (str(one.get("reason", "")) for one in details if str(one.get("@type", "")).endswith("google.rpc.ErrorInfo"))
    found = next(told, "")
    return found if re.fullmatch("[A-Z_]{1,60}", found) else ""


def state(http: Reader, read: Secret, key: Secret) -> Check:
    """By the list of the project that owns the value, deleted keys included."""
    project, identity = _named(http, read, key)
    holder = Account(provider="gcp", id=f"projects/{project}")
    if not identity:
        return dead(http, "purged: the value's key was deleted over 30 days ago", holder, "deleted")
    answers = pages(
        http, _KEYS, next_page, path={"project": project}, params={"showDeleted": "true"}, headers=bearer(read),
        hide=(read,),
    )  # fmt: skip
    listed = (row for answer in answers for row in fields(answer, "the project's API keys:", "keys")["keys"])
    row = next((row for row in listed if str(row["name"]).endswith(f"/keys/{identity}")), None)
    if row is None:
        raise Unclear("the project that owns the key does not list it", advice="look at it in the console")
    if row.get("deleteTime"):
        return dead(http, f"deleted at {row['deleteTime']}", holder, "deleted")
    return live(http, f"an API key of project {project}", holder)


def _named(http: Reader, admin: Secret, key: Secret) -> tuple[str, str]:
    """The project and the id of the key with this value; no id where it was purged. Raises Unclear."""
    answer = http.request("GET", _LOOKUP, params={"keyString": text(key)}, headers=bearer(admin), hide=(key, admin))
    body = fields(answer, "keys:lookupKey", "parent")
    name = str(body.get("name", ""))
    told = re.fullmatch(r"projects/([A-Za-z0-9-]+)/locations/global/keys/([A-Za-z0-9-]+)", name)
    parent = re.match(r"projects/([A-Za-z0-9-]+)", str(body["parent"]))
    if (name and not told) or not parent:
        raise Unclear(f"keys:lookupKey {trouble(200)}")
    return (told[1], told[2]) if told else (parent[1], "")


def change(http: Writer, write: Secret, what: str, key: Secret) -> Answer:
    project, identity = _named(http, write, key)
    if not identity:
        raise NotIdentified("the key was purged: there is nothing left to change", advice="nothing need be done")
    method, template = _CHANGES[what]
    return http.request(
        method, template, path={"project": project, "key": identity}, headers=bearer(write),
        json={} if method == "POST" else None, hide=(write,),
    )  # fmt: skip


def check_access(http: Reader, token: Secret) -> Check:
    """The status is "service account" where it is one's. Google takes the value in the query, and in no other way."""
    answer = http.request("GET", _TOKENINFO, params={"access_token": text(token)}, hide=(token,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("expires_in") and (body.get("aud") or body.get("azp")):
        email, identity = str(body.get("email", "")), str(body.get("sub", ""))
        holder = Account(provider="gcp", id=identity, email=email, login=email) if email or identity else None
        status = SERVICE_ACCOUNT if email.endswith(".gserviceaccount.com") else "user"
        return live(http, f"lives for {email or identity or 'somebody its scopes do not name'}", holder, status)
    if answer.status == 400 and body.get("error") == "invalid_token":
        return dead(http, "tokeninfo: invalid_token", status="invalid_token")
    return unexpected(http, answer.status)


def end_grant(http: Writer, token: Secret) -> Answer:
    method, template = _REVOKE
    return http.request(method, template, form={"token": text(token)}, hide=(token,))
