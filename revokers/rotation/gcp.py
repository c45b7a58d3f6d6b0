"""Successors of Google Cloud service accounts' keys.

`keys.create` answers with the whole key file once and never again; an account has ten keys at most. A new key may take
a minute or more to be accepted. The IAM API does not say when a key was last used (only the Policy Analyzer does, some
days late, for whoever has it), so an old key is switched off after the configured hours, with nobody having seen
whether its successor was taken up; and a key that was made and lost cannot be told from somebody else's.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/create
https://cloud.google.com/iam/docs/keys-create-delete
https://cloud.google.com/iam/quotas
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from offkey.http import Answer, Gate, NoAnswer, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Credential, Exchange
from offkey.secret import Secret
from revokers import gcp, gcp_ways
from revokers.gcp import PROVIDER, URL, Settings, check
from revokers.gcp_keys import SERVICE, account_of
from revokers.parts import configured, fields, last, trouble, when
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from revokers.rotation import LastUse, Made, Replaceable

__all__ = ["KINDS", "NEEDS", "PROVIDER", "URL", "check", "create", "discard", "gate", "listed", "used"]

MOST_KEYS = 10
_KEYS = "/v1/projects/-/serviceAccounts/{email}/keys"
_KEY = _KEYS + "/{key}"
WRITES: frozenset[Operation] = frozenset({("POST", _KEYS), ("DELETE", _KEY)})
gate = Gate(provider=PROVIDER, hosts=gcp.HOSTS, reads=gcp.READS, writes=WRITES)
NEEDS: Mapping[str, str] = {
    "iam.serviceAccountKeys.list": "apply: seeing what keys the account has",
    "iam.serviceAccountKeys.create": "apply: making the successor",
    "iam.serviceAccountKeys.delete": "apply: deleting a successor that no store got",
}
KINDS: Mapping[str, Replaceable] = {
    SERVICE: Replaceable(
        parts=(frozenset({"file"}),),
        ends=gcp_ways.HANDLES[SERVICE],
        settles=120,
        breaks=(
            "nothing yet: both keys work; Google does not tell whether the old one is still used: once the hours are "
            "over, what has not taken up the new one",
        ),
    )
}


def listed(http: Reader, settings: Settings, point: AccessPoint, _: str) -> Mapping[str, datetime]:
    """The users' own keys of the account, disabled ones too; not Google's."""
    return _keys(http, configured(settings), point)


def _keys(http: Reader, token: Secret, point: AccessPoint) -> dict[str, datetime]:
    email = account_of(point)
    answer = http.request("GET", _KEYS, path={"email": email}, headers=bearer(token), hide=(token,))
    rows = [row for row in fields(answer, f"keys of {email}:", "keys")["keys"] if row["keyType"] == "USER_MANAGED"]
    found = {str(row["name"]).rpartition("/keys/")[2]: when(row.get("validAfterTime")) for row in rows}
    if point.provider_id not in found:
        raise NotIdentified(f"{email} has no key {point.provider_id}", advice="plan again: it may be deleted")
    # Without a time it is no key that offkey made a moment ago.
    return {identity: at or datetime.min.replace(tzinfo=UTC) for identity, at in found.items()}


def create(http: Writer, settings: Settings, point: AccessPoint, _: str) -> Made:
    """One more key for exactly this account."""
    token, email = configured(settings, write=True), account_of(point)
    keys = _keys(http, token, point)
    if len(keys) >= MOST_KEYS:
        raise NotAutomatic(
            f"{email} has {len(keys)} keys, as many as Google allows",
            advice="delete one that nobody uses, then plan again",
        )
    answer = http.request("POST", _KEYS, path={"email": email}, json={}, headers=bearer(token), hide=(token,))
    if answer.status >= 500:
        raise NoAnswer(f"keys.create {trouble(answer.status)}", advice="plan again later")
    if answer.status != 200:
        raise Unclear(f"keys.create {trouble(answer.status)}", advice="an organisation policy may forbid keys")
    return _made(answer, email)


def _made(answer: Answer, email: str) -> Made:
    """The key in the answer. Raises NoAnswer for one that has none: it may have been made all the same."""
    try:
        file = base64.b64decode(answer.json["privateKeyData"])
        told: dict[str, Any] = json.loads(file)
        identity = str(answer.json["name"]).rpartition("/keys/")[2]
        body = re.sub(r"-----[A-Z ]+-----|\s", "", told["private_key"])
        same = told["private_key_id"] == identity and told["client_email"] == email
    except (AttributeError, KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise NoAnswer(f"keys.create {trouble(200)}", advice="see what answers in Google's place")
    parts = {"id": identity, "client_email": email, "secret": body}
    secrets = {name: Secret(value.encode()) for name, value in parts.items()}
    return Made(provider_id=identity, credential=Credential(kind=SERVICE, parts={**secrets, "file": Secret(file)}))


def used(http: Reader, settings: Settings, point: AccessPoint, identity: str) -> LastUse:
    """Google does not tell."""
    return LastUse(tells=False)


def discard(http: Writer, settings: Settings, point: AccessPoint, identity: str) -> Exchange:
    """Delete one key of the same account, never the planned one."""
    token = configured(settings, write=True)
    if identity == point.provider_id or identity not in _keys(http, token, point):
        raise NotIdentified(f"{identity} is no successor of {point.provider_id}", advice="look at the account's keys")
    path = {"email": account_of(point), "key": identity}
    http.request("DELETE", _KEY, path=path, headers=bearer(token), hide=(token,))
    return last(http)
