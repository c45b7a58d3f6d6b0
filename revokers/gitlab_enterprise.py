"""gitlab.com: the personal access tokens and SSH keys of a group's enterprise users, by the group's owner.

For a top-level group with a verified domain (Premium, Ultimate; GitLab 18.7 and later). Of people who are no enterprise
users of it nothing is listed. A group may demand DPoP for these calls, which offkey does not speak: then they fail.
What proves the end: of a token, the group's list says `revoked: true`, as it goes on listing it; of a key, the list has
it no more, while its user is still an enterprise user of the group. GitLab mails the user about either.

https://docs.gitlab.com/api/groups/#credentials-inventory-management
https://docs.gitlab.com/api/group_enterprise_users/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from offkey.http import Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from revokers.gitlab_admin import NEEDS, PROVIDER, Admin, Settings, judged
from revokers.gitlab_lists import made
from revokers.parts import configured, dead, last, live, or_gap, rows, when
from revokers.protocol import NotIdentified

TOKEN, KEY = "gitlab.enterprise_pat", "gitlab.enterprise_ssh_key"
_USERS = "/groups/{group}/enterprise_users"
_LISTS = {TOKEN: "/groups/{group}/manage/personal_access_tokens", KEY: "/groups/{group}/manage/ssh_keys"}
_ENDS = {kind: f"{template}/{{number}}" for kind, template in _LISTS.items()}
WRITES: frozenset[Operation] = frozenset(("DELETE", template) for template in _ENDS.values())


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's tokens and keys, where they are an enterprise user of the configured group; a Gap where not."""
    where = f"gitlab {account.login or account.id}: enterprise user"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    admin = Admin(http, configured(settings))
    user = admin.user(account)
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["username"]), email=account.email)
    if not _is_one(admin, settings, holder):
        why = f"no enterprise user of {settings.enterprise}: whose tokens and keys GitLab lists to nobody else"
        yield Gap(where=f"gitlab {holder.login}", why=why, advice="end the person's group memberships")
        return
    for row in _listed(admin, settings, TOKEN, holder):
        told = f"{settings.enterprise} lists the token {row.get('name', '')} with {' '.join(row.get('scopes') or ())}"
        check, used = judged(http, row, holder), when(row.get("last_used_at"))
        yield made(TOKEN, str(row["id"]), holder, check, told, user=user, used=used)
    for row in _listed(admin, settings, KEY, holder):
        told, used = f"{settings.enterprise} lists the SSH key {row.get('title', '')}", when(row.get("last_used_at"))
        yield made(KEY, str(row["id"]), holder, live(http, "listed by GitLab", holder), told, user=user, used=used)


def _is_one(admin: Admin, settings: Settings, holder: Account) -> bool:
    """Whether the group lists the holder as an enterprise user. Raises Unclear."""
    params = {"username": holder.login} if holder.login else {}
    found = admin.http.pages(_USERS, params=params, **admin.options(group=settings.enterprise))
    return any(str(row["id"]) == holder.id for row in rows(found, f"GET {_USERS}", "id", "username"))


def _listed(admin: Admin, settings: Settings, kind: str, holder: Account) -> Iterator[Mapping[str, Any]]:
    """The holder's, of all that the group lists."""
    params = {"state": "active"} if kind == TOKEN else {}
    for row in _all(admin, settings, kind, params):
        if str(row["user_id"]) == holder.id:
            yield row


def _all(admin: Admin, settings: Settings, kind: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    names = ("id", "user_id", "revoked") if kind == TOKEN else ("id", "user_id")
    pages = admin.http.pages(_LISTS[kind], params=params, **admin.options(group=settings.enterprise))
    return rows(pages, f"GET {_LISTS[kind]}", *names)


def _found(admin: Admin, settings: Settings, point: AccessPoint) -> Mapping[str, Any] | None:
    """This very token or key, as the group lists it now. Raises NotIdentified for another's, or without a group."""
    if not settings.enterprise or point.holder is None or not point.holder.id or not point.provider_id:
        raise NotIdentified(f"{point.id} names no holder in a configured group", advice="set enterprise, plan again")
    for row in _all(admin, settings, point.kind, {}):
        if str(row["id"]) == point.provider_id:
            if str(row["user_id"]) != point.holder.id:
                raise NotIdentified(f"{point.id} is not the holder's", advice="plan again")
            return row
    return None


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    admin = Admin(http, configured(settings))
    row, holder = _found(admin, settings, point), point.holder
    if row is not None:
        return judged(http, row, holder) if point.kind == TOKEN else live(http, "listed by GitLab", holder)
    assert holder is not None
    if point.kind == TOKEN or not _is_one(admin, settings, holder):
        raise NotIdentified(f"{settings.enterprise} does not list it, nor that it ended", advice="plan again")
    return dead(http, "no longer listed", holder, "removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this holder's."""
    admin = Admin(http, configured(settings, write=True))
    if _found(admin, settings, point) is None:
        raise NotIdentified(f"{settings.enterprise} does not list it", advice="plan again")
    http.request("DELETE", _ENDS[point.kind], **admin.options(group=settings.enterprise, number=point.provider_id))
    return last(http)
