"""Google Cloud's keys that carry their id: of service accounts (JSON files) and of Cloud Storage (HMAC).

A service account's key signs in with a JWT of its own making. Google answers invalid_grant "Invalid JWT Signature" for
a deleted or disabled key and for a private key that is not the account's, so this alone is no death: the id must also
be gone from the account's public certificates, which anybody may read. And the address beside a key may be another
account's, which has no such key either: only a key that has signed in for this address before is then dead. The token
that a living key gets for the question can read its holder's address, ends by itself within the hour, and is forgotten.

https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
https://cloud.google.com/iam/docs/keys-disable-enable
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Credential
from offkey.secret import Secret
from revokers.parts import dead, fields, known_here, live, pages, trouble, unexpected, unknown
from revokers.protocol import NotIdentified, Unclear

SERVICE, HMAC = "gcp.service_account", "gcp.hmac"
UNPUBLISHED = "unpublished"
EXCHANGE = "//oauth2.googleapis.com/token"
CERTIFICATES = "//www.googleapis.com/service_accounts/v1/metadata/x509/{email}"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/userinfo.email"
_KEYS = "/v1/projects/-/serviceAccounts/{email}/keys"
_KEY = _KEYS + "/{key}"
_HMAC_KEYS = "//storage.googleapis.com/storage/v1/projects/{project}/hmacKeys"
_HMAC_KEY = _HMAC_KEYS + "/{key}"
_CHANGES: Mapping[str, Operation] = {
    "DISABLE": ("POST", _KEY + ":disable"),
    "UNDO": ("POST", _KEY + ":enable"),
    "REVOKE": ("DELETE", _KEY),
}
_HMAC_CHANGES: Mapping[str, Operation] = {
    "DISABLE": ("PUT", _HMAC_KEY),
    "UNDO": ("PUT", _HMAC_KEY),
    "REVOKE": ("DELETE", _HMAC_KEY),
}
_HMAC_STATES = {"DISABLE": "INACTIVE", "UNDO": "ACTIVE"}
WRITES: frozenset[Operation] = frozenset({*_CHANGES.values(), *_HMAC_CHANGES.values()})


def key_id(point: AccessPoint, credential: Credential | None) -> str:
    """The key's id in the plan, which must be the one beside the value. Raises NotIdentified."""
    found = credential.parts.get("id", Secret(b"")).reveal().decode("latin-1") if credential else ""
    if point.provider_id and found and found != point.provider_id:
        raise NotIdentified("the value at hand is of another key than the plan's", advice="plan again")
    identity = point.provider_id or found
    if not re.fullmatch(r"[0-9a-f]{40}|GOOG1[A-Z0-9]{56}", identity):
        raise NotIdentified(f"no id of this {point.kind} is known", advice="scan again: the value was not found anew")
    return identity


def _email(credential: Credential | None, point: AccessPoint | None = None) -> str:
    """The account's address in the key file, or the one that Google named. Raises NotIdentified."""
    told = credential.parts.get("client_email", Secret(b"")).reveal().decode("latin-1") if credential else ""
    email = told or (point.holder.id if point and point.holder else "")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*@[a-z0-9.-]+\.gserviceaccount\.com", email):
        raise NotIdentified(
            "the service account is not known: its client_email does not stand beside the key",
            advice="look for the key's id in the projects' service accounts",
        )
    return email


def account_of(point: AccessPoint) -> str:
    """The address of the service account that a point is held by. Raises NotIdentified."""
    return _email(None, point)


def check(http: Reader, credential: Credential) -> Check:
    """Sign in as the account, for the scope of its address alone."""
    email = _email(credential)
    identity = credential.parts["id"].reveal().decode("latin-1")
    signed = Secret(_assertion(http, email, identity, credential.secret).encode())
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed.reveal().decode()}
    answer = http.request("POST", EXCHANGE, form=form, hide=(signed, credential.secret))
    body = answer.json if isinstance(answer.json, dict) else {}
    holder = Account(provider="gcp", id=email, login=email)
    if answer.status == 200 and body.get("access_token"):
        return live(http, f"signs in as {email}", holder, "service account")
    signature = "invalid jwt signature" in str(body.get("error_description", "")).lower()
    if answer.status != 400 or body.get("error") != "invalid_grant" or not signature:
        return unexpected(http, answer.status)
    if identity in _published(http, email):
        return unknown(http, "Invalid JWT Signature: disabled, or this private key is not that of the id beside it")
    return unknown(http, f"Invalid JWT Signature: deleted, or not a key of {email} beside it", status=UNPUBLISHED)


def _assertion(http: Reader, email: str, identity: str, secret: Secret) -> str:
    raw = re.sub(rb"\\[nrt]|[^A-Za-z0-9+/=]", b"", secret.reveal())
    try:
        private = load_der_private_key(base64.b64decode(raw + b"=" * (-len(raw) % 4)), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, RSAPrivateKey):
        raise NotIdentified("the private key beside the id is not whole", advice="its administrator can tell by the id")
    now = int(http.now().timestamp())
    claims = {"iss": email, "scope": _SCOPE, "aud": _AUDIENCE, "iat": now, "exp": now + 300}
    return jwt.encode(claims, private, algorithm="RS256", headers={"kid": identity})


def _published(http: Reader, email: str) -> frozenset[str]:
    """The ids of the account's keys, its own and Google's. Raises Unclear for an answer without any."""
    answer = http.request("GET", CERTIFICATES, path={"email": email})
    body = answer.json
    certified = isinstance(body, dict) and all("BEGIN CERTIFICATE" in str(pem) for pem in body.values())
    if answer.status != 200 or not certified or not body:
        raise Unclear(f"the account's public certificates: {trouble(answer.status)}")
    return frozenset(map(str, body))


def state(http: Reader, read: Secret, point: AccessPoint, credential: Credential | None) -> Check:
    """By the list of the account's keys: DEAD with "disabled" proves DISABLE, with "deleted" REVOKE."""
    identity, email = key_id(point, credential), _email(credential, point)
    answer = http.request("GET", _KEYS, path={"email": email}, headers=bearer(read), hide=(read,))
    rows = fields(answer, f"keys of {email}:", "keys")["keys"]
    holder = Account(provider="gcp", id=email, login=email)
    listed = {str(row["name"]).rpartition("/keys/")[2]: row for row in rows}
    if not listed:
        raise Unclear("the list of the account's keys has not even Google's own")
    if identity not in listed and known_here(point) and (point.holder is None or point.holder.id == email):
        return dead(http, f"{email} has no such key any more", holder, "deleted")
    if identity not in listed:
        return unknown(http, f"{email} has no such key: deleted, or of another account than the address beside it")
    if listed[identity].get("disabled") is True:
        return dead(http, f"a disabled key of {email}", holder, "disabled")
    return live(http, f"a key of {email}", holder, "service account")


def change(http: Writer, write: Secret, what: str, *, point: AccessPoint, credential: Credential | None) -> Answer:
    method, template = _CHANGES[what]
    path = {"email": _email(credential, point), "key": key_id(point, credential)}
    return http.request(
        method, template, path=path, headers=bearer(write), json={} if method == "POST" else None, hide=(write,)
    )


def state_of_hmac(http: Reader, read: Secret, project: str, key: str) -> Check:
    """By the configured project's list, deleted keys included; a key that is not in it is not known."""
    row = next((row for row in _hmac_rows(http, read, project) if row["accessId"] == key), None)
    if row is None:
        return unknown(http, f"project {project} lists no such HMAC key", status="unlisted")
    holder = Account(provider="gcp", id=str(row["serviceAccountEmail"]), login=str(row["serviceAccountEmail"]))
    tell = {"ACTIVE": live, "INACTIVE": dead, "DELETED": dead}.get(str(row["state"]), unknown)
    return tell(http, f"an HMAC key of {holder.id}: {row['state']}", holder, str(row["state"]).lower())


def _hmac_rows(http: Reader, read: Secret, project: str) -> list[dict[str, Any]]:
    if not project:
        raise NotIdentified("no project is configured", advice="set project under [providers.gcp]")
    answers = pages(
        http, _HMAC_KEYS, next_page, path={"project": project}, params={"showDeletedKeys": "true"},
        headers=bearer(read), hide=(read,),
    )  # fmt: skip
    return [row for answer in answers for row in fields(answer, f"HMAC keys of {project}:", "kind").get("items", [])]


def next_page(answer: Answer) -> dict[str, str] | None:
    token = answer.json.get("nextPageToken") if isinstance(answer.json, dict) else None
    return {"pageToken": str(token)} if token else None


def change_hmac(http: Writer, write: Secret, what: str, *, project: str, key: str) -> Answer:
    """Google deletes an inactive key only; plans disable it first."""
    if not project:
        raise NotIdentified("no project is configured", advice="set project under [providers.gcp]")
    method, template = _HMAC_CHANGES[what]
    body = {"state": _HMAC_STATES[what]} if what in _HMAC_STATES else None
    return http.request(
        method, template, path={"project": project, "key": key}, headers=bearer(write), json=body, hide=(write,)
    )
