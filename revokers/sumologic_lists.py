"""Sumo Logic as an administrator lists it: users, and the access keys that each made.

Both lists go on while `next` has a token. A key's row says who made it; a key acts with its maker's rights, so it is
the maker's own unless that is a service account, which is in no list of users. `lastUsed` is not in use yet.

https://api.sumologic.com/docs/#tag/accessKeyManagement
https://api.sumologic.com/docs/#tag/userManagement
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.parts import basic, configured, dead, fields, live, or_gap, pages, pair, text
from revokers.protocol import LAST_OWNER, NotIdentified, Unclear

PROVIDER = "sumologic"
NEEDS: Mapping[str, str] = {
    "View Users and Roles": "finding a user",
    "Manage Access Keys": "reading all access keys; apply: deactivating and deleting them",
    "Manage Users and Roles": "apply: deactivating a user",
}
KEY, USER = "sumologic.access_key", "sumologic.user"
KEYS, USERS, OWNER = "/accessKeys", "/users", "/account/accountOwner"
ANOTHER = (
    "make another administrator the account's owner at https://service.sumologic.com (Administration, Organization) "
    "first, then plan again"
)
KEY_PATH, USER_PATH = f"{KEYS}/{{id}}", f"{USERS}/{{id}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are an access id and key, as "ID,KEY". `url` is the deployment's API, with /api/v1."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def signed(signer: Secret) -> dict[str, str]:
    user, password = pair(signer)
    return basic(text(user), password)


def rows(http: Reader, signer: Secret, template: str, *names: str, **params: str) -> list[dict[str, Any]]:
    """Every row of a list. Raises Unclear at the first page that is none."""
    asked = {"limit": "100", **params}
    found: list[dict[str, Any]] = []
    for answer in pages(http, template, _after, params=asked, headers=signed(signer), hide=pair(signer)):
        found += fields(answer, template, "data")["data"]
    if any(name not in row for row in found for name in names):
        raise Unclear(f"{template}: a row lacks its fields", advice="try again later")
    return found


def _after(answer: Answer) -> Mapping[str, str] | None:
    following = answer.json.get("next")
    return {"token": str(following)} if following else None


def keys(http: Reader, signer: Secret) -> list[dict[str, Any]]:
    """All keys. Raises Unclear where the list lacks the key that asks: then it is not all."""
    found = rows(http, signer, KEYS, "id", "createdBy", "disabled")
    if all(row["id"] != text(pair(signer)[0]) for row in found):
        raise Unclear("the list of access keys lacks the key that asks", advice="it needs Manage Access Keys")
    return found


def user(http: Reader, signer: Secret, identity: str) -> dict[str, Any]:
    """The user of this id. Raises Unclear."""
    answer = http.request("GET", USER_PATH, path={"id": identity}, headers=signed(signer), hide=pair(signer))
    found = fields(answer, "the user", "id", "email", "isActive", "firstName", "lastName", "roleIds")
    if found["id"] != identity or not isinstance(found["isActive"], bool):
        raise Unclear("Sumo Logic answered with another user", advice="plan again")
    return found


def administrators(http: Reader, signer: Secret, identity: str) -> tuple[str, ...]:
    """The account's owner is an administrator whom nobody but an owner can take that from.

    https://www.sumologic.com/help/docs/manage/manage-subscription/manage-org-settings/ (change account owner)
    """
    answer = http.request("GET", OWNER, headers=signed(signer), hide=pair(signer))
    if answer.status != 200 or not isinstance(answer.json, str) or not answer.json:
        raise Unclear("the account's owner is not told", advice="offkey's key must be an administrator's")
    return (LAST_OWNER,) if answer.json == identity else ()


def told(http: Reader, row: Mapping[str, Any], holder: Account | None) -> Check:
    """What a key's own row says. Raises KeyError for a row without its fields."""
    if row["disabled"] is True:
        return dead(http, "deactivated", holder, "disabled")
    if row["disabled"] is False:
        return live(http, "listed as active", holder)
    raise Unclear("the key is neither active nor deactivated", advice="see it in the console")


def told_of_user(http: Reader, row: Mapping[str, Any], holder: Account | None) -> Check:
    if row["isActive"] is False:
        return dead(http, "deactivated", holder, "disabled")
    return live(http, "an active user", holder)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the access keys that they made."""
    where = f"sumologic {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    signer = configured(settings)
    if account.id:
        found = [user(http, signer, account.id)]
    elif account.email:
        found = rows(http, signer, USERS, "id", "email", "isActive", email=account.email)
        found = [row for row in found if str(row["email"]).casefold() == account.email.casefold()]
    else:
        raise NotIdentified("Sumo Logic finds users by id or e-mail address", advice="add either to the directory")
    if not found:
        return
    if len(found) > 1:
        raise NotIdentified(f"{len(found)} users have this address", advice="give the user's id in the directory")
    holder = Account(provider=PROVIDER, id=str(found[0]["id"]), email=str(found[0]["email"]))
    alone, gaps = owners.looked("sumologic", lambda: administrators(http, signer, holder.id), NEEDS)
    person = _point(USER, holder.id, holder, told_of_user(http, found[0], holder), "listed as a user")
    yield replace(person, evidence=(*person.evidence, *alone))
    yield from gaps
    for row in keys(http, signer):
        if row["createdBy"] == holder.id:
            evidence = f"listed as made by this user: {row.get('label', '')}"
            yield _point(KEY, str(row["id"]), holder, told(http, row, holder), evidence)


def _point(kind: str, identity: str, holder: Account, check: Check, evidence: str) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        check=check,
        evidence=(evidence,),
    )
