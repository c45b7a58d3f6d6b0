"""Grafana: tokens of service accounts and users of one configured instance, self-managed or a Grafana Cloud stack.

What proves death: `GET /api/user`, asked as the token, answers 401 with the messageId api-key.invalid, api-key.revoked
or api-key.expired; of a user: the organisation's list has them no more.
What does not: any other 401 (a proxy's, a session's), 403, 404, and everything another instance says: a token is of one
instance, so it is asked about at the configured one alone, and "invalid" means unknown there.
A token's value is in no list. It answers with the login of its service account, whose list of tokens has ids and names;
only where that account has one token is it this one. Service accounts are nobody's own: an extra yes. Nobody is mailed.
Access policy tokens of Grafana Cloud name no person, and what stands inside them is not documented; they are ended by
hand, and so are API keys from before service accounts. Cloud's members are in `revokers/grafana_cloud.py`.

https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/
https://grafana.com/docs/grafana/latest/developers/http_api/org/
https://github.com/grafana/grafana/blob/main/pkg/services/authn/clients/api_key.go
https://github.com/grafana/grafana/blob/main/pkg/api/user.go
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from offkey.secret import Secret
from revokers import grafana_admin, grafana_cloud
from revokers.grafana_admin import (
    PROVIDER,
    TOKENS,
    USER,
    USERS,
    Settings,
    account_of,
    only_admin,
    users_of,
)
from revokers.parts import (
    answered,
    by_hand,
    configured,
    dead,
    ended,
    given,
    last,
    live,
    refuse_unlisted,
    refused,
    rows,
    text,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
_USER, _TOKEN = f"{USERS}/{{user_id}}", f"{TOKENS}/{{token_id}}"
WRITES: frozenset[Operation] = frozenset({("DELETE", _TOKEN), ("DELETE", _USER)}) | grafana_cloud.WRITES
NEEDS: Mapping[str, str] = {**grafana_admin.NEEDS, **grafana_cloud.NEEDS}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

TOKEN, LEGACY = "grafana.service_account", "grafana.api_key.legacy"
_DEAD, _NOT_KNOWN = frozenset({"api-key.revoked", "api-key.expired"}), "api-key.invalid"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    TOKEN: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="grafana-delete-service-account-token",
            by="value",
            proof="GET /api/user: 401 api-key.invalid",
            reason="deletes the token of a service account, which programs share",
            breaks=("whatever reads or provisions Grafana with it",),
            how="Add a token to the service account under Administration, Users and access, Service accounts "
            "(https://grafana.com/docs/grafana/latest/administration/service-accounts/), put it where this one is "
            "used, then delete this one.",
        ),
    ),
    USER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of users has them no more",
            reason="removes the user from the organisation; they can be added again",
            breaks=("signing in to this organisation", "what the user alone may edit"),
        ),
    ),
    grafana_cloud.MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's list of members has them no more",
            reason="removes the member from the Grafana Cloud organisation; they can be invited again",
            breaks=("signing in to the organisation's stacks", "what the member alone may edit"),
        ),
    ),
    "grafana.cloud": by_hand(
        "In the Cloud portal at https://grafana.com/orgs open the organisation, Access policies, find the token by its "
        "name and delete it; setting the policy inactive stops all its tokens. Confirm that it is listed no more."
    ),
    LEGACY: by_hand(
        "An administrator of the instance migrates or deletes it under Administration, Users and access: "
        "https://grafana.com/docs/grafana/latest/administration/service-accounts/migrate-api-keys/. Asking again then "
        "answers 401 api-key.invalid."
    ),
}
_LAST = by_hand(
    "Nobody else administers this organisation: make another an Admin first "
    "(https://grafana.com/docs/grafana/latest/administration/user-management/manage-org-users/)."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _LAST if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user of the instance, or the member of the Cloud organisation."""
    where = grafana_cloud if settings.organisation else grafana_admin
    yield from where.inventory(http, settings, account)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The status is "bot" for a service account's token, whose holder is that account."""
    if credential.kind not in (TOKEN, LEGACY):
        return unknown(http, "nothing documented asks about an access policy token")
    if urlsplit(http.base).hostname == "grafana.com":
        return unknown(http, "instance not configured: grafana.com has no instance's tokens")
    text(credential.secret)
    answer = http.request("GET", "/api/user", headers=bearer(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("messageId") in _DEAD:
        return dead(http, f"401 {body['messageId']} at this instance", status="401")
    if answer.status == 401 and body.get("messageId") == _NOT_KNOWN:
        return refused(http, f"401 {_NOT_KNOWN} at this instance")
    login = body.get("login")
    if answer.status == 200 and isinstance(login, str) and isinstance(body.get("orgId"), int):
        holder = Account(provider=PROVIDER, id=login, login=login) if login else None
        return live(http, f"signs in as {login or 'an API key'}", holder, "bot")
    return unexpected(http, answer.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """A user by the organisation's list; a token as itself."""
    if point.kind == grafana_cloud.MEMBER:
        return grafana_cloud.state(http, settings, point)
    if point.kind != USER:
        return ended(http, point, check(http, credential)) if credential else unknown(http, "the value is not at hand")
    if any(str(row["userId"]) == point.provider_id for row in users_of(http, configured(settings))):
        return live(http, "a user of the organisation", point.holder, "listed")
    return dead(http, "no longer a user of the organisation", point.holder, "removed")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Remove exactly this user, or delete the one token that this can be."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind == grafana_cloud.MEMBER:
        return grafana_cloud.revoke(http, settings, point)
    key = configured(settings, write=True)
    if point.kind == USER:
        users = users_of(http, key)
        if all(str(row["userId"]) != point.provider_id for row in users):
            raise NotIdentified("the organisation does not list this user", advice="plan again")
        if only_admin(users, point.provider_id):
            raise NotAutomatic(f"this is {LAST_OWNER}", advice=_LAST[0].how)
        http.request("DELETE", _USER, path={"user_id": point.provider_id}, headers=bearer(key), hide=(key,))
        return last(http)
    known = given(point, credential)
    if known.secret in (settings.read, settings.write):
        raise NotAutomatic("this is the token that offkey uses", advice="configure another token, plan again")
    account = _account(http, key, known)
    answer = http.request("GET", TOKENS, path={"account_id": account}, headers=bearer(key), hide=(key,))
    tokens = [str(row["id"]) for row in rows([answer], "the service account's tokens", "id")]
    if len(tokens) != 1:
        several = ", ".join(tokens) or "none"
        raise NotIdentified("the service account has not one token alone", advice=f"by hand, one of: {several}")
    path = {"account_id": account, "token_id": tokens[0]}
    http.request("DELETE", _TOKEN, path=path, headers=bearer(key), hide=(key,))
    return last(http)


def _account(http: Reader, key: Secret, credential: Credential) -> str:
    """The id of the service account as which the token signs in. Raises NotIdentified."""
    told = check(http, credential)
    if told.holder is None:
        raise NotIdentified(f"the token does not say whose it is: {told.reason}", advice="look at the instance")
    return account_of(http, key, told.holder.login)
