"""A MongoDB Atlas organisation: its users, and the list of its API keys.

Atlas takes API keys by HTTP Digest and names its version in the Accept header. Lists have numbered pages and say how
many there are in all.

https://www.mongodb.com/docs/atlas/api/api-authentication/
https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-listorgusers
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from offkey.http import Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, dead, fields, last, live, or_gap, pair, text
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "mongodb"
NEEDS: Mapping[str, str] = {
    "Organization Read Only": "listing users and keys",
    "Organization Owner": "apply: removing users and ending keys",
}
KEY, USER = "mongodb.api_key", "mongodb.org_user"
ROOT = "/api/atlas/v2"
API_KEY, USER_OF = f"{ROOT}/orgs/{{org}}/apiKeys/{{id}}", f"{ROOT}/orgs/{{org}}/users/{{id}}"
WRITES: frozenset[Operation] = frozenset({("DELETE", API_KEY), ("DELETE", USER_OF)})
_VERSION = {"Accept": "application/vnd.atlas.2025-02-19+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`organisation` is Atlas' id of it; `read` and `write` are API keys of two words, `PUBLIC,PRIVATE`.

    `url` is empty, or `https://cloud.mongodbgov.com` for Atlas for Government.
    """

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisation: str = ""


def digest(public: Secret, private: Secret) -> dict[str, Any]:
    """The options of a request that this key signs; the private half itself is never sent."""
    return {"auth": httpx.DigestAuth(text(public), text(private)), "headers": _VERSION, "hide": (private,)}


def admin(settings: Settings, *, write: bool = False) -> tuple[dict[str, Any], str]:
    """Signing as the organisation's key, and the organisation. Raises Unclear where either is not configured."""
    if not settings.organisation:
        raise Unclear("no organisation is configured", advice="set organisation under [providers.mongodb]")
    return digest(*pair(configured(settings, write=write))), settings.organisation


def listed(http: Reader, token: Secret, settings: Settings, what: str) -> Iterator[dict[str, Any]]:
    """Each user or key of the organisation, page by page. Raises Unclear where the count is not reached."""
    options, seen = digest(*pair(token)), 0
    for number in range(1, 1001):
        params, path = {"itemsPerPage": "500", "pageNum": str(number)}, {"org": settings.organisation}
        answer = http.request("GET", f"{ROOT}/orgs/{{org}}/{what}", path=path, params=params, **options)
        body = fields(answer, f"list of {what}", "results", "totalCount")
        yield from body["results"]
        seen += len(body["results"])
        if seen >= int(body["totalCount"]):
            return
        if not body["results"]:
            break
    raise Unclear(f"the list of {what} breaks off", advice="try again later")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership of the organisation; keys and service accounts are nobody's."""
    where = f"mongodb {account.email or account.login or account.id}"
    yield from or_gap(where, _user(http, settings, account), needs=NEEDS)


def _user(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    email = (account.email or account.login).lower()
    if not account.id and not email:
        raise NotIdentified("Atlas finds users by id or e-mail address", advice="add either to the directory")
    admin(settings)
    users = list(listed(http, configured(settings), settings, "users"))
    for row in users:
        if (row["id"] == account.id) if account.id else (str(row["username"]).lower() == email):
            who = Account(provider=PROVIDER, id=str(row["id"]), login=row["username"], email=row["username"])
            alone = (LAST_OWNER,) if _owners(users) == {row["id"]} else ()
            yield AccessPoint(
                id=f"{USER}:{settings.organisation}/{who.id}",
                provider=PROVIDER,
                kind=USER,
                holder=who,
                ownership=Ownership.PERSONAL,
                bond=Bond.THEIRS,
                provider_id=f"{settings.organisation}/{who.id}",
                check=live(http, f"a user: {row.get('orgMembershipStatus', '')}", who),
                evidence=("the organisation lists the user", *alone),
            )


def _owners(users: list[dict[str, Any]]) -> set[str]:
    """Who was merely invited owns nothing yet."""
    joined = (row for row in users if row["orgMembershipStatus"] == "ACTIVE")
    return {row["id"] for row in joined if "ORG_OWNER" in row["roles"]["orgRoles"]}


def _there(http: Reader, token: Secret, settings: Settings, point: AccessPoint) -> tuple[str, list[dict[str, Any]]]:
    """The user's id and the organisation's users. Raises NotIdentified where the id is not the holder's."""
    org, _, number = point.provider_id.partition("/")
    if not org or org != settings.organisation or point.holder is None or number != point.holder.id:
        raise NotIdentified(f"{point.id} names no configured organisation and holder", advice="plan again")
    users = list(listed(http, token, settings, "users"))
    if not users:
        raise Unclear("the organisation lists nobody, not even its owner", advice="check its id")
    return number, users


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    number, users = _there(http, configured(settings), settings, point)
    if any(row["id"] == number for row in users):
        return live(http, "the organisation lists the user", point.holder)
    return dead(http, "no user of the organisation", point.holder, "removed")


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Take the user out, after seeing again that another owner remains."""
    options, org = admin(settings, write=True)
    number, users = _there(http, configured(settings, write=True), settings, point)
    if _owners(users) == {number}:
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another user one, then plan again")
    http.request("DELETE", USER_OF, path={"org": org, "id": number}, **options)
    return last(http)
