"""Atlassian Cloud: API tokens and accounts that an organisation manages.

What proves death: the account's list of API tokens has the token's id no more; an account says account_status inactive
or closed, and tokens of such an account answer 401 although they stay listed.
What does not: 401, 403 and 404 of the organisation's own calls, which also mean that the account is not managed by it.
A token's value is in no list, and it works only beside its owner's address at a site: neither comes with the finding,
so a leaked value is not asked about, and ended as one of all its owner's tokens. Deleting a token is for good; an
account is deactivated until it is activated again. Nobody is mailed, as far as is documented.
Accounts whose domain the organisation has not claimed are out of its reach. Access tokens of repositories, projects
and workspaces, app passwords and tokens of Bitbucket Data Center are ended by hand.

https://developer.atlassian.com/cloud/admin/user-management/rest/api-group-api-tokens/
https://developer.atlassian.com/cloud/admin/user-management/rest/api-group-lifecycle/
https://developer.atlassian.com/cloud/admin/user-management/rest/api-group-profile/
https://developer.atlassian.com/cloud/admin/organization/rest/api-group-users/
https://jira.atlassian.com/browse/AX-684
"""

from collections.abc import Mapping
from functools import partial

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import atlassian_admin as admin
from revokers import owners
from revokers.atlassian_admin import ACCOUNT, NEEDS, PROVIDER, TOKEN, Settings, inventory
from revokers.parts import answered, by_hand, configured, dead, last, live, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://api.atlassian.com"
HOSTS = frozenset({"api.atlassian.com"})
READS: frozenset[Operation] = frozenset()
_TOKEN, _LIFECYCLE = f"{admin.TOKENS}/{{token_id}}", "/users/{account_id}/manage/lifecycle"
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", _TOKEN), ("POST", f"{_LIFECYCLE}/disable"), ("POST", f"{_LIFECYCLE}/enable")}
)
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_UNNAMED = by_hand(
    "A token's value is in no list. Delete each of its owner's tokens (this plan lists those of a managed account), "
    "or revoke it at https://admin.atlassian.com under Insights, API token activity; an owner who is not managed does "
    "so at https://id.atlassian.com/manage-profile/security/api-tokens."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    TOKEN: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the account's list of API tokens has it no more",
            reason="deletes this one token for good",
            breaks=("scripts that sign in with it to Jira, Confluence or Bitbucket",),
        ),
        *_UNNAMED,
    ),
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("inactive", "closed"),
            proof="the account: account_status inactive",
            reason="deactivates the account everywhere; an administrator can activate it again",
            breaks=(
                "signing in to every Atlassian product",
                "all of the account's API tokens, until it is active again",
            ),
        ),
    ),
    "atlassian.access_token": by_hand(
        "It belongs to a repository, project, workspace or organisation. Revoke it in Bitbucket under Repository, "
        "Project or Workspace settings, Access tokens, at https://bitbucket.org, or an organisation's API key at "
        "https://admin.atlassian.com under Settings, API keys. Confirm that it is listed there no more."
    ),
    "atlassian.app_password": by_hand(
        "Its owner deletes it at https://bitbucket.org/account/settings/app-passwords; Atlassian announced that app "
        "passwords stop working on 2026-06-09. Confirm with GET https://api.bitbucket.org/2.0/user: 401."
    ),
    "atlassian.bitbucket_data_center": by_hand(
        "Its owner deletes it in their own Bitbucket under Manage account, HTTP access tokens; an administrator of the "
        "instance deactivates the user: https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html"
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """The last Organization admin is left to people; where others cannot be seen, it needs an extra yes."""
    ways = _UNNAMED if point.kind == TOKEN and not point.provider_id else HANDLES.get(point.kind, ())
    return owners.gated(ways, point, "atlassian-deactivate-unseen", admin.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    return unknown(http, "asking needs the owner's address and site, which do not come with the value")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the account's own list and status."""
    if point.kind not in (TOKEN, ACCOUNT) or not point.provider_id:
        return unknown(http, "nothing asks about it without its owner's address and site")
    key = configured(settings)
    account, _, identity = point.provider_id.partition("/")
    if point.kind == ACCOUNT:
        return admin.told(http, admin.profile(http, key, account), point.holder)
    if any(str(row["id"]) == identity for row in admin.listed(http, key, account)):
        return live(http, "listed for the account", point.holder, "listed")
    admin.profile(http, key, account)  # the list is an account's that is there and managed, not one of nothing
    return dead(http, "no longer listed for the account", point.holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Delete exactly this token of exactly this account, or deactivate the account."""
    refuse_unlisted(HANDLES, action, point)
    key = configured(settings, write=True)
    account, _, identity = point.provider_id.partition("/")
    if not account or (point.holder and point.holder.id != account):
        raise NotIdentified(f"{point.id} names no account of the holder's", advice=_UNNAMED[0].how)
    if point.kind == ACCOUNT:
        look = partial(admin.administrators, http, configured(settings), settings.organisation, account)
        owners.refuse_last(point, owners.seen(look), admin.ANOTHER)
        return _switch(http, key, account, "disable")
    if all(str(row["id"]) != identity for row in admin.listed(http, key, account)):
        raise NotIdentified(f"the account has no token {identity}", advice="plan again")
    path = {"account_id": account, "token_id": identity}
    http.request("DELETE", _TOKEN, path=path, headers=bearer(key), hide=(key,))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Activate the account again."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"{point.kind} cannot be brought back", advice="its owner makes another")
    return _switch(http, configured(settings, write=True), point.provider_id, "enable")


def _switch(http: Writer, key: Secret, account: str, word: str) -> Exchange:
    """No message is sent along: Atlassian shows its own to whom it blocks."""
    path = {"account_id": account}
    http.request("POST", f"{_LIFECYCLE}/{word}", path=path, json={}, headers=bearer(key), hide=(key,))
    return last(http)
