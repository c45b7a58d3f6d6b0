"""GitLab by id: accounts, listed tokens and SSH keys of a self-managed instance, and members of groups.

What proves the end of each:
account: `GET /users/{id}` says a blocked state. A deactivated account is not ended: signing in activates it again.
listed token: `GET /personal_access_tokens/{id}`, asked by an administrator, says `revoked: true`.
SSH key: no longer in the list of the user's keys. Group member: no longer in the list of the group's direct members,
which must name somebody, for it shows what offkey's credential may see. Removing a member from a group removes direct
memberships of its subgroups and projects too; groups that were invited into it are not seen.

https://docs.gitlab.com/api/user_moderation/
https://docs.gitlab.com/api/personal_access_tokens/
https://docs.gitlab.com/api/user_keys/
https://docs.gitlab.com/api/members/
https://docs.gitlab.com/user/group/settings/group_access_tokens/ (bot users)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from revokers import owners
from revokers.gitlab_admin import NEEDS, PROVIDER, Admin, Settings, judged
from revokers.parts import configured, dead, last, live, or_gap, trouble, when
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear
from revokers.public_keys import fingerprint

ACCOUNT, LISTED, KEY, MEMBER = "gitlab.account", "gitlab.listed_pat", "gitlab.ssh_key", "gitlab.group_member"
BLOCKED = frozenset({"blocked", "ldap_blocked", "banned", "blocked_pending_approval"})
OWNER = 50
_ROBOT = re.compile(r"(group|project)_\d+_bot|service_account_")
"""How the user of a group's or project's access token, or a service account, is called; lists of members have them."""
ANOTHER = (
    "make another user an administrator of the instance (Admin area, Users: "
    "https://docs.gitlab.com/administration/) first, then plan again"
)
_ACTIVE = (
    "unblock it in the Admin area, Users, which makes it active, and deactivate it again: "
    "https://docs.gitlab.com/administration/moderate_users/"
)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The account, its tokens and keys (self-managed), and its membership of each configured group."""
    where = f"gitlab {account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)
    if settings.server == "gitlab.com" and not settings.groups:
        yield Gap(where=where, why="no group is configured", advice="set groups under [providers.gitlab]")


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    admin = Admin(http, configured(settings))
    user = admin.user(account)
    number, where = str(user["id"]), f"gitlab {user['username']}"
    holder = Account(provider=PROVIDER, id=number, login=str(user["username"]), email=account.email)
    if settings.server == "self-managed":
        alone, gaps = owners.looked(where, lambda: admin.administrators(user), NEEDS)
        told = ("the instance's account", *alone)
        yield made(ACCOUNT, number, holder, _account(http, user, holder), *told, user=user)
        yield from gaps
        yield from or_gap(f"gitlab {holder.login}: tokens", _tokens(admin, holder, user))
        yield from or_gap(f"gitlab {holder.login}: SSH keys", _keys(admin, holder, user))
    for group in settings.groups:
        yield from or_gap(f"gitlab {group}: members", _membership(admin, group, holder, user))


def _tokens(admin: Admin, holder: Account, user: Mapping[str, Any]) -> Iterator[AccessPoint]:
    for row in admin.listed("tokens", "/personal_access_tokens", "id", "user_id", "revoked", user_id=holder.id):
        if str(row["user_id"]) == holder.id:
            told = f"GitLab lists the token {row.get('name', '')} with {' '.join(row.get('scopes') or ())}"
            check, used = judged(admin.http, row, holder), when(row.get("last_used_at"))
            yield made(LISTED, str(row["id"]), holder, check, told, user=user, used=used)


def _keys(admin: Admin, holder: Account, user: Mapping[str, Any]) -> Iterator[AccessPoint]:
    for row in admin.listed("keys", "/users/{id}/keys", "id", "title", id=holder.id):
        check = live(admin.http, "listed by GitLab", holder)
        identity = f"{holder.id}/{row['id']}"
        point = made(KEY, identity, holder, check, f"GitLab lists the SSH key {row['title']}", user=user)
        yield replace(point, redacted=fingerprint(row.get("key")))


def _membership(admin: Admin, group: str, holder: Account, user: Mapping[str, Any]) -> Iterator[AccessPoint]:
    members = admin.members(group)
    if holder.id not in members:
        return
    alone = (LAST_OWNER,) if _alone(members, holder.id) else ()
    check = live(admin.http, f"a direct member of {group}", holder)
    told = (f"{group} lists a member with access level {members[holder.id]['access_level']}", *alone)
    yield made(MEMBER, f"{group}/{holder.id}", holder, check, *told, user=user)


def _alone(members: Mapping[str, Mapping[str, Any]], number: str) -> bool:
    """Whether this owner leaves no other who can sign in: a blocked one cannot, nor can an access token's own user."""
    owners = {each: row for each, row in members.items() if row["access_level"] == OWNER}
    others = (row for each, row in owners.items() if each != number and row["state"] == "active")
    return number in owners and all(_ROBOT.match(str(row.get("username") or "")) for row in others)


def made(
    kind: str, identity: str, holder: Account, check: Check, *evidence: str, user: Mapping[str, Any], used: Any = None
) -> AccessPoint:
    """The point of something that GitLab lists for this user."""
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.SHARED if user.get("bot") is True else Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        last_used=used,
        check=check,
        evidence=evidence,
    )


def _account(http: Reader, user: Mapping[str, Any], holder: Account) -> Check:
    if user["state"] in BLOCKED:
        return dead(http, f"the account is {user['state']}", holder, "blocked")
    if user["state"] in ("active", "deactivated"):
        return live(http, f"the account is {user['state']}", holder, str(user["state"]))
    raise Unclear(f"the account's state {trouble(200)}")


def _holder(point: AccessPoint) -> Account:
    if point.holder is None or not point.holder.id or not point.provider_id:
        raise NotIdentified(f"{point.id} has no holder", advice="plan again")
    return point.holder


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    admin, holder = Admin(http, configured(settings)), _holder(point)
    if point.kind == ACCOUNT:
        return _account(http, admin.user(holder), holder)
    if point.kind == LISTED:
        return judged(http, admin.token_of(holder, point.provider_id), holder)
    if point.kind == KEY:
        listed = {
            f"{holder.id}/{row['id']}" for row in admin.listed("keys", "/users/{id}/keys", "id", "title", id=holder.id)
        }
        there = point.provider_id in listed
    else:
        there = holder.id in admin.members(_group(settings, point))
    return live(http, "listed by GitLab", holder) if there else dead(http, "no longer listed", holder, "removed")


def _group(settings: Settings, point: AccessPoint) -> str:
    group = point.provider_id.rpartition("/")[0]
    if group not in settings.groups:
        raise NotIdentified(f"{point.id} names no configured group", advice="plan again")
    return group


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this holder's."""
    admin, holder = Admin(http, configured(settings, write=True)), _holder(point)
    if point.kind == ACCOUNT:
        user = admin.user(holder)
        owners.refuse_last(point, owners.seen(lambda: admin.administrators(user)), ANOTHER)
        http.request("POST", "/users/{id}/block", **admin.options(id=str(user["id"])))
    elif point.kind == LISTED:
        number = str(admin.token_of(holder, point.provider_id)["id"])
        http.request("DELETE", "/personal_access_tokens/{id}", **admin.options(id=number))
    elif point.kind == KEY:
        number = point.provider_id.rpartition("/")[2]
        http.request("DELETE", "/users/{id}/keys/{key_id}", **admin.options(id=holder.id, key_id=number))
    else:
        group = _group(settings, point)
        members = admin.members(group)
        if holder.id not in members:
            raise NotIdentified(f"{group} does not list the holder", advice="plan again")
        if _alone(members, holder.id):
            raise NotAutomatic(
                f"{holder.login} is {LAST_OWNER} of {group}", advice="make another member an owner first"
            )
        http.request("DELETE", "/groups/{group}/members/{id}", **admin.options(group=group, id=holder.id))
    return last(http)


def unblock(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Raises NotAutomatic for an account that was deactivated before: unblocking it would make it active."""
    if point.check is not None and point.check.status == "deactivated":
        raise NotAutomatic("the account was deactivated before it was blocked", advice=_ACTIVE)
    admin = Admin(http, configured(settings, write=True))
    http.request("POST", "/users/{id}/unblock", **admin.options(id=_holder(point).id))
    return last(http)
