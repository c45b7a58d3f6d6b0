"""Google Cloud: service account keys, API keys, HMAC keys, OAuth tokens. A person's account: `revokers/google.py`.

What proves death. A service account key: the list of its account's keys says `disabled`, or has it no more though it
signed in for that account before (Google's own keys are always in that list, so an empty one is no answer). An API
key: `keys.list` with `showDeleted` says when it was deleted; asked as itself, the error reason API_KEY_INVALID. An
HMAC key: the state INACTIVE or DELETED. An access token: tokeninfo answers 400 `invalid_token`.
What does not: any 403, and every 404, which Google also answers to who may not see. An API key that its restrictions
keep from here lives. A refresh token nobody can ask about without its client's secret. A deleted service account key
leaves access tokens that were made with it alive, for an hour at most; disabling the account ends those too.

API keys are deleted reversibly: 30 days long they can be undeleted. `oauth2.googleapis.com/revoke` ends the whole
grant of the user to that application, all its tokens; tokens of service accounts it does not end. No e-mail is sent.
Google lists keys by project, not by person: nothing here is found by who holds it.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys
https://cloud.google.com/api-keys/docs/reference/rest
https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys
https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers import gcp_keys, gcp_values, gcp_ways
from revokers.gcp_keys import HMAC, SERVICE
from revokers.gcp_values import ACCESS, API_KEY, REFRESH
from revokers.parts import answered, given, last, refuse_unlisted, refused_here, trouble, unknown
from revokers.protocol import NotAutomatic, Option, Unclear

PROVIDER = "gcp"
URL = "https://iam.googleapis.com"
HOSTS = frozenset(
    {"iam.googleapis.com", "apikeys.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com"}
    | {"www.googleapis.com"}
)
READS: frozenset[Operation] = frozenset({("POST", gcp_keys.EXCHANGE)})
WRITES: frozenset[Operation] = gcp_keys.WRITES | gcp_values.WRITES
BY_EMAIL = False
NEEDS: Mapping[str, str] = {
    "iam.serviceAccountKeys.list": "reading the state of a service account key",
    "apikeys.keys.lookup": "finding an API key by its value",
    "apikeys.keys.list": "reading the state of an API key",
    "storage.hmacKeys.list": "reading the state of an HMAC key, in the configured project",
    "iam.serviceAccountKeys.disable": "apply alone",
    "iam.serviceAccountKeys.enable": "undo alone",
    "iam.serviceAccountKeys.delete": "apply alone",
    "apikeys.keys.delete": "apply alone",
    "apikeys.keys.undelete": "undo alone",
    "storage.hmacKeys.update": "apply and undo",
    "storage.hmacKeys.delete": "apply alone",
}
HANDLES: Mapping[str, tuple[Option, ...]] = gcp_ways.HANDLES
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are access tokens (`cmd:gcloud auth print-access-token`); `project` has the HMAC keys."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    project: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    """Google's revocation does not reach a service account's token."""
    if point.kind == ACCESS and point.check and point.check.status == gcp_values.SERVICE_ACCOUNT:
        return gcp_ways.OF_A_SERVICE_ACCOUNT
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder's `id` is a service account's address or a user's id. A key signs in to see whether it lives."""
    if credential.kind == SERVICE:
        return gcp_keys.check(http, credential)
    if credential.kind == API_KEY:
        return gcp_values.check_api_key(http, credential.secret)
    if credential.kind == ACCESS:
        return gcp_values.check_access(http, credential.secret)
    return unknown(http, f"nothing asks about a {credential.kind} without its other half")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: Google lists keys by project, and grants by user (`revokers/google.py`)."""
    return iter(())


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the administrator's list where there is one; without an administrator a value is asked as itself."""
    if settings.read is None or point.kind not in (SERVICE, HMAC, API_KEY):
        said = check(http, credential) if credential else unknown(http, "the value is not at hand")
        return replace(refused_here(said, point, gcp_keys.UNPUBLISHED), holder=said.holder or point.holder)
    if point.kind == API_KEY:
        return gcp_values.state(http, settings.read, given(point, credential).secret)
    if point.kind == HMAC:
        return gcp_keys.state_of_hmac(http, settings.read, settings.project, gcp_keys.key_id(point, credential))
    return gcp_keys.state(http, settings.read, point, credential)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Disable or delete exactly this key, or end the grant of exactly this token."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind in (ACCESS, REFRESH):
        gcp_values.end_grant(http, given(point, credential).secret)
        return last(http)
    return _change(http, settings, action.value, point=point, credential=credential)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Enable the key again, or undelete it."""
    if point.kind not in (SERVICE, HMAC, API_KEY):
        raise NotAutomatic(f"the end of a {point.kind} cannot be taken back")
    return _change(http, settings, "UNDO", point=point, credential=credential)


def _change(
    http: Writer, settings: Settings, what: str, *, point: AccessPoint, credential: Credential | None
) -> Exchange:
    if settings.write is None:
        raise NotAutomatic("no write credential is configured", advice="set write under [providers.gcp]")
    if point.kind == API_KEY:
        answer = gcp_values.change(http, settings.write, what, given(point, credential).secret)
    elif point.kind == HMAC:
        answer = gcp_keys.change_hmac(
            http, settings.write, what, project=settings.project, key=gcp_keys.key_id(point, credential)
        )
    else:
        answer = gcp_keys.change(http, settings.write, what, point=point, credential=credential)
    if 200 <= answer.status < 300 and isinstance(answer.json, dict) and answer.json.get("error"):
        raise Unclear(f"{what} of {point.kind} {trouble(answer.status)}", advice="look at it in the console")
    return last(http)
