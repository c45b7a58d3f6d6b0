"""Tailscale by the tailnet's administrator: users and keys, each in one answer that is never empty.

https://tailscale.com/api#tag/keys
https://tailscale.com/api#tag/users
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Reader, bearer
from offkey.model import AccessPoint, Account, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, dead, fields, live, or_gap, trouble, unknown
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "tailscale"
KEY, USER = "tailscale.key", "tailscale.user"
ONE_KEY = "/tailnet/{tailnet}/keys/{id}"
NEEDS: Mapping[str, str] = {
    "users:read": "reading users",
    "auth_keys:read, api_access_tokens:read, oauth_keys:read": "reading keys",
    "users": "apply: suspending and deleting users",
    "auth_keys, api_access_tokens": "apply: deleting keys",
}
_OF_A_PERSON = frozenset({"auth", "api"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`tailnet` is the tailnet's id; "-" is the one of the access tokens `read` and `write`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    tailnet: str = "-"


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the keys that the user made; OAuth clients and keys with tags among them are shared."""
    yield from or_gap("tailscale: users", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    found = [user for user in _all(http, settings, "users") if rosters.same(_holder(user), account)]
    user = rosters.the_one(found, account, "the tailnet")
    if user is None:
        return
    owner = (LAST_OWNER,) if user["role"] == "owner" else ()
    evidence = (f"the tailnet lists a {user['role']}", *owner)
    yield rosters.point(USER, str(user["id"]), _holder(user), _standing(http, user), *evidence)
    yield from or_gap("tailscale: keys", _made_by(http, settings, _holder(user)), needs=NEEDS)


def _made_by(http: Reader, settings: Settings, holder: Account) -> Iterator[AccessPoint]:
    for listed in _all(http, settings, "keys"):
        key = listed if "userId" in listed else _key(http, settings, str(listed["id"]))
        if key is None or str(key.get("userId")) != holder.id or key.get("invalid") is True:
            continue
        yield _point(http, key, holder)


def _point(http: Reader, key: Mapping[str, Any], holder: Account) -> AccessPoint:
    made = rosters.point(KEY, str(key["id"]), holder, live(http, "listed", holder), "a key that the user made")
    tagged = key.get("tags") or ((key.get("capabilities") or {}).get("devices") or {}).get("create", {}).get("tags")
    personal = key.get("keyType") in _OF_A_PERSON and not tagged
    return replace(made, ownership=Ownership.PERSONAL if personal else Ownership.SHARED)


def point_of(http: Reader, settings: Settings, ident: str) -> AccessPoint:
    """The key of this id with the user who made it. Raises NotIdentified where the tailnet has no such living key."""
    key = _key(http, settings, ident)
    if key is None or key.get("invalid") is True:
        raise NotIdentified(f"the tailnet has no valid key {ident}", advice="it has ended, or is another tailnet's")
    users = [user for user in _all(http, settings, "users") if str(user["id"]) == str(key.get("userId"))]
    if len(users) != 1:
        raise NotIdentified(f"the tailnet does not say who made the key {ident}", advice="see who it is under Keys")
    return _point(http, key, _holder(users[0]))


def _holder(user: Mapping[str, Any]) -> Account:
    """A login name is an address with most identity providers."""
    name = str(user["loginName"])
    return Account(provider=PROVIDER, id=str(user["id"]), login=name, email=name if "@" in name else "")


def _all(http: Reader, settings: Settings, what: str) -> list[dict[str, Any]]:
    """Every user, or every key that offkey's token may see. Raises Unclear."""
    token = configured(settings)
    template = "/tailnet/{tailnet}/users" if what == "users" else "/tailnet/{tailnet}/keys"
    params = {"all": "true"} if what == "keys" else {}
    path = {"tailnet": settings.tailnet}
    answer = http.request("GET", template, path=path, params=params, headers=bearer(token), hide=(token,))
    return rosters.whole(fields(answer, what, what)[what], what)


def _key(http: Reader, settings: Settings, ident: str) -> dict[str, Any] | None:
    """A key's own answer, or None for 404. Raises Unclear."""
    token, path = configured(settings), {"tailnet": settings.tailnet, "id": ident}
    answer = http.request("GET", ONE_KEY, path=path, headers=bearer(token), hide=(token,))
    if answer.status == 404:
        return None
    key = fields(answer, f"key {ident}", "id")
    if str(key["id"]) != ident:
        raise Unclear(f"asked for the key {ident}, {trouble(200)}")
    return key


def _standing(http: Reader, user: Mapping[str, Any]) -> Check:
    if user["status"] == "suspended":
        return dead(http, "suspended", _holder(user), "suspended")
    return live(http, f"a user of the tailnet: {user['status']}", _holder(user), str(user["status"]))


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    if point.kind == USER:
        user = next((row for row in _all(http, settings, "users") if str(row["id"]) == point.provider_id), None)
        return _standing(http, user) if user else rosters.listed(http, "the tailnet", point, there=False)
    key = _key(http, settings, point.provider_id)
    if key is not None:
        invalid = key.get("invalid") is True
        return dead(http, "invalid", point.holder, "invalid") if invalid else live(http, "a valid key", point.holder)
    if point.holder is None:
        return unknown(http, "no key of this tailnet; it may be another's")
    there = any(str(row["id"]) == point.provider_id for row in _all(http, settings, "keys"))
    return rosters.listed(http, "the tailnet", point, there=there)


def seen_again(http: Reader, settings: Settings, point: AccessPoint) -> str:
    """The point's id, if it is still there and of this holder. Raises NotIdentified, NotAutomatic for the owner."""
    if point.kind == USER:
        found = [row for row in _all(http, settings, "users") if str(row["id"]) == point.provider_id]
        known = bool(found)
        if known and found[0]["role"] == "owner":
            raise NotAutomatic(f"{point.id} is the tailnet's owner", advice="make somebody else the owner first")
    else:
        key = _key(http, settings, point.provider_id) or {}
        known = bool(key) and (point.holder is None or str(key.get("userId")) == point.holder.id)
    if not known:
        raise NotIdentified(f"the tailnet has no {point.id} of this person", advice="plan again")
    return point.provider_id
