"""HCP Terraform and Terraform Enterprise: API tokens by their value.

What proves death: `GET /account/details`, asked as the token, answers 401 with a JSON API error. HashiCorp reserves 401
for "problems with the authentication token"; forbidden requests with a valid token get 404, so 404 proves nothing.
That answer also names the very token that asked (`links.auth-token`), and a user's token may delete its user's tokens:
so it ends itself, exactly. Team and organisation tokens answer as a service account and belong to no person.
What an organisation's administrator ends is in `revokers/terraform_org.py`.

https://developer.hashicorp.com/terraform/cloud-docs/api-docs#authentication
https://developer.hashicorp.com/terraform/cloud-docs/api-docs/account
https://developer.hashicorp.com/terraform/cloud-docs/api-docs/user-tokens
"""

import re
from collections.abc import Mapping
from typing import Any

from offkey.http import Answer, Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import terraform_org
from revokers.parts import (
    answered,
    by_hand,
    ended,
    fields,
    given,
    gone,
    last,
    live,
    refuse_unlisted,
    unexpected,
    unknown,
)
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option
from revokers.terraform_org import MEMBERSHIP, NEEDS, PROVIDER, Settings, inventory

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://app.terraform.io/api/v2"
HOSTS = frozenset({"app.terraform.io"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/authentication-tokens/{id}"), ("DELETE", "/organization-memberships/{id}")}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

VALUE = "terraform.token"
SERVICE = "service account"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    VALUE: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /account/details: 401",
            reason="the token deletes itself; its user's other tokens live on",
            breaks=("runs and scripts that sign in with this token",),
        ),
    ),
    MEMBERSHIP: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="the organisation's memberships have it no more",
            reason="ends the user's access, tokens and all, to this organisation; to come back takes an invitation",
            breaks=("workspaces whose VCS connection or runs use this user's tokens",),
        ),
    ),
}
_SHARED = by_hand(
    "A token of a team or of the organisation is nobody's own. An owner deletes it at "
    "https://app.terraform.io/app/ORGANISATION/settings/authentication-tokens once its users have another; afterwards "
    "GET /account/details as the token answers 401."
)
_LAST_OWNER = by_hand(
    "This is the last owner: add another user to the owners team at "
    "https://app.terraform.io/app/ORGANISATION/settings/teams, then plan again."
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    if point.kind == VALUE and point.check and point.check.status == SERVICE:
        return _SHARED
    return _LAST_OWNER if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's id, name and address; of a team's or organisation's token the status says so."""
    answer = _account(http, credential.secret)
    if answer.status == 401 and isinstance(answer.json, dict) and isinstance(answer.json.get("errors"), list):
        return gone(http, "401 unauthorized", "401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    user = fields(answer, "GET /account/details", "data")["data"]
    named = user["attributes"]
    holder = Account(
        provider=PROVIDER, id=str(user["id"]), login=str(named["username"]), email=str(named.get("email") or "")
    )
    return live(http, f"signs in as {holder.login}", holder, SERVICE if _serves(user) else "user")


def _account(http: Reader, token: Secret) -> Answer:
    return http.request("GET", "/account/details", headers=bearer(token), hide=(token,))


def _serves(user: Mapping[str, Any]) -> bool:
    behind = ((user.get("relationships") or {}).get("authenticated-resource") or {}).get("data") or {}
    return user["attributes"].get("is-service-account") is not False or behind.get("type", "users") != "users"


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == MEMBERSHIP:
        return terraform_org.state(http, settings, point)
    return ended(http, point, check(http, credential)) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind == MEMBERSHIP:
        return terraform_org.revoke(http, settings, point)
    token = given(point, credential).secret
    path = {"id": _own_id(http, token)}
    http.request("DELETE", "/authentication-tokens/{id}", path=path, headers=bearer(token), hide=(token,))
    return last(http)


def _own_id(http: Writer, token: Secret) -> str:
    """The id of the token that asks, as the account's answer links it. Raises NotIdentified without that link."""
    answer = _account(http, token)
    user = (answer.json or {}).get("data") if isinstance(answer.json, dict) else None
    if answer.status != 200 or not isinstance(user, dict):
        raise NotIdentified("the token does not name itself", advice="it may be dead already: plan again")
    if _serves(user):
        raise NotAutomatic("a team's or organisation's token", advice=_SHARED[0].how)
    linked = re.search(r"/authentication-tokens/(at-[A-Za-z0-9]+)$", str((user.get("links") or {}).get("auth-token")))
    if linked is None:
        raise NotIdentified(
            "the account's answer does not link the token that asked",
            advice="the owner deletes it at https://app.terraform.io/app/settings/tokens, by description and last use",
        )
    return linked[1]
