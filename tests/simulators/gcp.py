"""Google Cloud, stateful: keys of service accounts, API keys, HMAC keys, OAuth tokens.

Facts (discovery documents iam.v1, apikeys.v2, storage.v1; Google's pages on OAuth): a service account's list of keys
has Google's own beside the users'; a deleted API key stays listed for 30 days with `showDeleted`, with a `deleteTime`;
an HMAC key is deleted only when inactive, and stays listed as DELETED. A JWT of a disabled, deleted or foreign key is
answered 400 invalid_grant "Invalid JWT Signature.". `/revoke` ends all tokens of the grant.
Simpler than Google: a disabled key stays in the public certificates, permissions are all or nothing, operations are
done at once. Other hosts than IAM's are asked under `/host/path`.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.discovery import DiscoveredSimulator, failed
from tests.simulators.rest import bearer_of, done, fold, ok, route

PROJECT = "acme-prod"
_KEYS = "/v1/projects/-/serviceAccounts/{email}/keys"
_API_KEYS = "/apikeys.googleapis.com/v2/projects/{project}/locations/global/keys"
_HMAC_KEYS = "/storage.googleapis.com/storage/v1/projects/{project}/hmacKeys"


@cache
def private_key(seed: str) -> rsa.RSAPrivateKey:
    """One a seed and process: making it takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key_body(seed: str) -> str:
    """The base64 between the lines of the PEM, with the line ends as JSON escapes, as a key file has it."""
    der = private_key(seed).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    text = base64.b64encode(der).decode()
    return "\\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def access_token(seed: str) -> str:
    return "ya29." + tokens.pick(seed, "ya29", 180, tokens.URL_SAFE)


def refresh_token(seed: str) -> str:
    return "1//0" + tokens.pick(seed, "1//0", 99, tokens.URL_SAFE)


def hmac_id(seed: str) -> str:
    return "GOOG1" + tokens.pick(seed, "GOOG1", 56, tokens.UPPER + "234567")


@dataclass
class Key:
    """`seed` names the private key that `private_key` has."""

    email: str
    seed: str
    disabled: bool = False
    since: str = "2026-01-02T03:04:05Z"


@dataclass
class Row:
    """An API key, or a grant, or an HMAC key, with what its provider says of it."""

    told: dict[str, Any]
    deleted: bool = False
    members: set[str] = field(default_factory=set)


class GcpSimulator(DiscoveredSimulator):
    """`admin` is the access token of an administrator."""

    PROVIDER = "gcp"
    DOCUMENTS = (
        ("/v1/", "iam.v1"),
        ("/apikeys.googleapis.com", "apikeys.v2"),
        ("/storage.googleapis.com", "storage.v1"),
        ("/www.googleapis.com/discovery", "discovery.v1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.admin = access_token("the administrator's")
        self.keys: dict[str, Key] = {}
        self.api_keys: dict[str, Row] = {}
        self.hmacs: dict[str, Row] = {}
        self.grants: list[Row] = []

    def add_key(self, name: str) -> tuple[str, str]:
        """A service account with one key: its address and the key's id."""
        email, identity = f"{name}@{PROJECT}.iam.gserviceaccount.com", tokens.pick(name, "key id", 40, tokens.HEX)
        self.keys[identity] = Key(email, name)
        return email, identity

    def add_api_key(self, value: str) -> str:
        identity = tokens.pick(value, "api key", 12, tokens.HEX)
        name = f"projects/1234567/locations/global/keys/{identity}"
        self.api_keys[fold(value)] = Row({"name": name, "uid": identity, "displayName": "a key"})
        return identity

    def add_hmac(self, name: str) -> str:
        identity = hmac_id(name)
        email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
        told = {"kind": "storage#hmacKeyMetadata", "accessId": identity, "projectId": PROJECT}
        self.hmacs[identity] = Row({**told, "serviceAccountEmail": email, "state": "ACTIVE"})
        return identity

    def add_grant(self, user: str, *values: str) -> None:
        told = {"azp": "app.apps.googleusercontent.com", "aud": "app.apps.googleusercontent.com", "sub": f"1{user}"}
        more = {"email": user, "scope": "email", "exp": "1800000000", "expires_in": "3500", "access_type": "offline"}
        self.grants.append(Row(told | more, members={fold(value) for value in values}))

    def _closed(self, request: Request) -> Answer | None:
        return None if bearer_of(request) == self.admin else failed(401, "Request had invalid credentials.")

    @route("GET", _KEYS)
    def list_keys(self, request: Request, email: str) -> Answer:
        rows = [{"name": f"projects/{PROJECT}/serviceAccounts/{email}/keys/{'0' * 40}", "keyType": "SYSTEM_MANAGED"}]
        for identity, key in self.keys.items():
            if key.email == email:
                told: dict[str, Any] = {"name": f"projects/{PROJECT}/serviceAccounts/{email}/keys/{identity}"}
                told |= {"keyType": "USER_MANAGED", "validAfterTime": key.since}
                rows.append({**told, **({"disabled": True} if key.disabled else {})})
        return self._closed(request) or ok({"keys": rows})

    @route("POST", _KEYS)
    def create(self, request: Request, email: str) -> Answer:
        """The key file is in this answer alone."""
        if closed := self._closed(request):
            return closed
        seed = f"{email} {len(self.keys)} {self.admin[-8:]}"
        identity = tokens.pick(seed, "key id", 40, tokens.HEX)
        since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.keys[identity] = Key(email, seed, since=since)
        pem = private_key(seed).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        file = {"type": "service_account", "project_id": PROJECT, "private_key_id": identity, "private_key": pem}
        told = json.dumps({**file, "client_email": email}).encode()
        name = f"projects/{PROJECT}/serviceAccounts/{email}/keys/{identity}"
        return done(200, {"name": name, "validAfterTime": since, "privateKeyData": base64.b64encode(told).decode()})

    @route("POST", _KEYS + "/{key}:disable")
    def disable(self, request: Request, email: str, key: str) -> Answer:
        return self._set(request, email, key, disabled=True)

    @route("POST", _KEYS + "/{key}:enable")
    def enable(self, request: Request, email: str, key: str) -> Answer:
        return self._set(request, email, key, disabled=False)

    def _set(self, request: Request, email: str, key: str, *, disabled: bool) -> Answer:
        if closed := self._closed(request):
            return closed
        if key not in self.keys or self.keys[key].email != email:
            return failed(404, f"Service account key {key} does not exist.")
        self.keys[key].disabled = disabled
        return done(200, {})

    @route("DELETE", _KEYS + "/{key}")
    def delete(self, request: Request, email: str, key: str) -> Answer:
        if closed := self._closed(request):
            return closed
        if key not in self.keys or self.keys[key].email != email:
            return failed(404, f"Service account key {key} does not exist.")
        del self.keys[key]
        return done(200, {})

    @route("POST", "/oauth2.googleapis.com/token")
    def exchange(self, request: Request) -> Answer:
        assertion = request.form().get("assertion", "")
        try:
            key = self.keys.get(jwt.get_unverified_header(assertion).get("kid", ""))
            if key is None or key.disabled:
                raise jwt.InvalidSignatureError  # the same answer for all three
            audience = "https://oauth2.googleapis.com/token"
            said = jwt.decode(assertion, private_key(key.seed).public_key(), algorithms=["RS256"], audience=audience)
        except jwt.InvalidTokenError:
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return Answer(status=400, body=body)
        if said["iss"] != key.email:
            body = {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
            return Answer(status=400, body=body)
        return ok({"access_token": access_token(key.seed), "expires_in": 3599, "token_type": "Bearer"})

    @route("GET", "/www.googleapis.com/service_accounts/v1/metadata/x509/{email}")
    def certificates(self, _: Request, email: str) -> Answer:
        pem = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
        return ok(dict.fromkeys(["0" * 40, *(i for i, k in self.keys.items() if k.email == email)], pem))

    @route("GET", "/www.googleapis.com/discovery/v1/apis")
    def directory(self, request: Request) -> Answer:
        row = self.api_keys.get(fold(request.headers.get("x-goog-api-key", "")))
        if row is None or row.deleted:
            return failed(400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
        if row.told.get("restrictions"):
            return failed(403, "Requests to this API are blocked.", "API_KEY_SERVICE_BLOCKED")
        return ok({"kind": "discovery#directoryList", "discoveryVersion": "v1", "items": []})

    @route("GET", "/apikeys.googleapis.com/v2/keys:lookupKey")
    def lookup(self, request: Request) -> Answer:
        row = self.api_keys.get(fold(request.query["keyString"][0]))
        if row is None:
            return self._closed(request) or failed(403, "Permission denied")
        return self._closed(request) or ok({"parent": "projects/1234567", "name": row.told["name"]})

    @route("GET", _API_KEYS)
    def list_api_keys(self, request: Request, project: str) -> Answer:
        rows = [row.told for row in self.api_keys.values() if not row.deleted or request.query.get("showDeleted")]
        shown, after = self.slice(rows, request, offset="pageToken")
        return self._closed(request) or ok({"keys": shown, **({"nextPageToken": str(after)} if after else {})})

    @route("DELETE", _API_KEYS + "/{key}")
    def delete_api_key(self, request: Request, project: str, key: str) -> Answer:
        return self._set_api_key(request, key, deleted=True)

    @route("POST", _API_KEYS + "/{key}:undelete")
    def undelete_api_key(self, request: Request, project: str, key: str) -> Answer:
        return self._set_api_key(request, key, deleted=False)

    def _set_api_key(self, request: Request, key: str, *, deleted: bool) -> Answer:
        if closed := self._closed(request):
            return closed
        row = next(row for row in self.api_keys.values() if row.told["uid"] == key)
        row.deleted = deleted
        row.told.pop("deleteTime", None)
        row.told |= {"deleteTime": "2026-11-21T10:00:00Z"} if deleted else {}
        return done(200, {"name": "operations/akmf.1", "done": True, "response": {}})

    @route("GET", _HMAC_KEYS)
    def list_hmacs(self, request: Request, project: str) -> Answer:
        shown, after = self.slice([row.told for row in self.hmacs.values()], request, offset="pageToken")
        body = {"kind": "storage#hmacKeysMetadata", "items": shown}
        return self._closed(request) or ok(body | ({"nextPageToken": str(after)} if after else {}))

    @route("PUT", _HMAC_KEYS + "/{key}")
    def update_hmac(self, request: Request, project: str, key: str) -> Answer:
        if closed := self._closed(request):
            return closed
        self.hmacs[key].told["state"] = request.json()["state"]
        return done(200, self.hmacs[key].told)

    @route("DELETE", _HMAC_KEYS + "/{key}")
    def delete_hmac(self, request: Request, project: str, key: str) -> Answer:
        if closed := self._closed(request):
            return closed
        if self.hmacs[key].told["state"] != "INACTIVE":
            return failed(400, "Cannot delete keys in this state.")
        self.hmacs[key].told["state"] = "DELETED"
        return done(204)

    @route("GET", "/oauth2.googleapis.com/tokeninfo")
    def tokeninfo(self, request: Request) -> Answer:
        row = self._grant(request.query["access_token"][0])
        if row is None:
            return Answer(status=400, body={"error": "invalid_token", "error_description": "Invalid Value"})
        return ok(row.told)

    @route("POST", "/oauth2.googleapis.com/revoke")
    def revoke(self, request: Request) -> Answer:
        row = self._grant(request.form().get("token", ""))
        if row is None:
            return Answer(status=400, body={"error": "invalid_token", "error_description": "Token expired or revoked"})
        row.deleted = True
        return done(200, {})

    def _grant(self, value: str) -> Row | None:
        return next((row for row in self.grants if fold(value) in row.members and not row.deleted), None)
