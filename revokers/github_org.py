"""GitHub by grant: what an organisation's administrator sees and ends.

What proves the end of each:
membership: `GET /orgs/{org}/memberships/{username}` is 404, while the same call for an owner is 200; a token without
`read:org` gets 404 for everybody. Removed members can be reinstated with their settings for three months.
outside collaborator, fine-grained token's grant, single sign-on authorization: no longer in the organisation's list.
All of an account's single sign-on authorizations can be ended at once; GitHub does it some time after its 202.
Ending a grant ends access to the organisation alone: the token itself lives on, and its owner is told.

https://docs.github.com/en/organizations/managing-membership-in-your-organization/reinstating-a-former-member-of-your-organization
https://docs.github.com/en/rest/orgs/members#get-organization-membership-for-a-user
"""

from collections.abc import Iterator
from dataclasses import replace

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from revokers import github_keys, github_server
from revokers.github_admin import (
    LISTS,
    NEEDS,
    PAT_GRANT,
    SSO,
    SSO_ADVICE,
    Admin,
    Settings,
    listed_point,
    signed,
    sso_fingerprint,
    write_token,
)  # fmt: skip
from revokers.parts import dead, last, live, or_gap, when
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

MEMBERSHIP, COLLABORATOR = "github.membership", "github.outside_collaborator"
ALL_SSO = "github.sso_authorizations"
"""All of an account's single sign-on authorizations at once."""
_ADVICE = {
    PAT_GRANT: "read must be a GitHub App's token with the organisation permission Personal access tokens",
    SSO: SSO_ADVICE,
}


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """What the account holds in each of the configured organisations."""
    where = f"github {account.login or account.id}"
    yield from or_gap(where, _inventory(Admin(http, settings.read), settings, account), needs=NEEDS)
    if not settings.organisations:
        yield Gap(where=where, why="no organisation is configured", advice="set organisations in [providers.github]")


def _inventory(asker: Admin, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    holder = asker.holder(account)
    for org in settings.organisations:
        yield from or_gap(f"github {org}: membership", _belonging(asker, org, holder))
        for kind in LISTS:
            if kind == SSO and (settings.server == "ghes" or not settings.sso):
                continue
            yield from or_gap(f"github {org}: {kind}", _credentials(asker, kind, org, holder), _ADVICE[kind])
    yield from github_keys.inventory(asker, settings, holder)
    if settings.server == "ghes":
        yield from github_server.inventory(asker, holder)


def _belonging(asker: Admin, org: str, holder: Account) -> Iterator[AccessPoint]:
    status, member = asker.membership(org, holder.login)
    if status == 200:
        owners = asker.owners(org) if member["role"] == "admin" else []
        alone = (LAST_OWNER,) if owners == [holder.login] else ()
        check = live(asker.http, f"{member['state']} {member['role']} of {org}", holder, member["state"])
        yield listed_point(
            MEMBERSHIP, f"{org}/{holder.login}", holder, check, f"{org} lists a {member['role']}", *alone
        )
    elif int(holder.id) in asker.collaborators(org):
        check = live(asker.http, f"outside collaborator of {org}", holder)
        yield listed_point(COLLABORATOR, f"{org}/{holder.login}", holder, check, f"{org} lists an outside collaborator")
    else:
        _control(asker, org)


def _credentials(asker: Admin, kind: str, org: str, holder: Account) -> Iterator[AccessPoint]:
    row = None
    for row in asker.listed(kind, org, holder.login):
        name = row.get("token_name") or row.get("authorized_credential_title") or row.get("credential_type") or ""
        used = when(row.get("token_last_used_at") or row.get("credential_accessed_at"))
        check = live(asker.http, f"listed by {org}", holder)
        evidence = f"{org} lists it for {holder.login}: {name}"
        point = listed_point(kind, f"{org}/{row[LISTS[kind][2]]}", holder, check, evidence, used=used)
        yield replace(point, redacted=sso_fingerprint(row)) if kind == SSO else point
    if kind == SSO and row is not None:
        check = live(asker.http, f"listed by {org}", holder)
        yield listed_point(ALL_SSO, f"{org}/{holder.id}", holder, check, f"{org} lists some for {holder.login}")


def _control(asker: Admin, org: str) -> None:
    """Raise Unclear unless this token sees memberships at all: else 404 would mean nothing."""
    owners = asker.owners(org)
    if not owners or asker.membership(org, owners[0])[0] != 200:
        raise Unclear(f"{org}: this token does not see memberships", advice="it needs read:org, or Members: read")


def _where(settings: Settings, point: AccessPoint) -> tuple[str, str, Account]:
    org, _, identity = point.provider_id.partition("/")
    if org not in settings.organisations or not identity or point.holder is None:
        raise NotIdentified(f"{point.id} names no configured organisation and holder", advice="plan again")
    return org, identity, point.holder


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    asker = Admin(http, settings.read)
    org, identity, account = _where(settings, point)
    holder = asker.holder(account)
    if point.kind == MEMBERSHIP:
        status, member = asker.membership(org, holder.login)
        if status == 200:
            return live(http, f"{member['state']} {member['role']} of {org}", holder, member["state"])
        _control(asker, org)
        return dead(http, f"no member of {org}", holder, "removed")
    if point.kind == ALL_SSO:
        there = any(True for _ in asker.listed(SSO, org, holder.login))
    elif point.kind == COLLABORATOR:
        there = int(holder.id) in asker.collaborators(org)
    else:
        there = any(str(row[LISTS[point.kind][2]]) == identity for row in asker.listed(point.kind, org, holder.login))
    if there:
        return live(http, f"listed by {org}", holder)
    return dead(http, f"no longer listed by {org}", holder, "removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this holder's."""
    token = write_token(settings)
    asker = Admin(http, token)
    org, identity, account = _where(settings, point)
    holder = asker.holder(account)
    path = {"org": org, "username": holder.login}
    if point.kind == MEMBERSHIP:
        if asker.owners(org) == [holder.login]:
            raise NotAutomatic(
                f"{holder.login} is {LAST_OWNER} of {org}", advice="make another member an owner first, then plan again"
            )
        http.request("DELETE", "/orgs/{org}/memberships/{username}", path=path, headers=signed(token))
        return last(http)
    if point.kind == COLLABORATOR:
        if int(holder.id) not in asker.collaborators(org):
            raise NotIdentified(f"{org} does not list {holder.login} as an outside collaborator")
        http.request("DELETE", "/orgs/{org}/outside_collaborators/{username}", path=path, headers=signed(token))
        return last(http)
    if point.kind == ALL_SSO:
        template = "/orgs/{org}/credential-authorizations/{username}/revoke"
        http.request("POST", template, path=path, headers=signed(token))
        return last(http)
    if all(str(row[LISTS[point.kind][2]]) != identity for row in asker.listed(point.kind, org, holder.login)):
        raise NotIdentified(f"{org} does not list {identity} for {holder.login}", advice="plan again")
    if point.kind == PAT_GRANT:
        path = {"org": org, "pat_id": identity}
        end = {"action": "revoke"}
        http.request("POST", "/orgs/{org}/personal-access-tokens/{pat_id}", path=path, json=end, headers=signed(token))
    else:
        path = {"org": org, "credential_id": identity}
        http.request(
            "DELETE", "/orgs/{org}/credential-authorizations/{credential_id}", path=path, headers=signed(token)
        )
    return last(http)
