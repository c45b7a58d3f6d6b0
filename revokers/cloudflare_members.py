"""Cloudflare accounts' members, by each account's own list.

The list has several pages; `result_info` says how many. The last super administrator is left to people; a
member beside whom nobody is seen to be one needs an extra yes.

https://developers.cloudflare.com/api/resources/accounts/subresources/members/methods/list/
https://developers.cloudflare.com/api/resources/accounts/subresources/members/methods/delete/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from offkey.http import Answer, Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.cloudflare_account import MEMBER, MEMBER_OF, NEEDS, PROVIDER, Settings, refused, result, signed
from revokers.parts import configured, dead, last, live, or_gap, pages
from revokers.protocol import NotIdentified, Unclear

ANOTHER = "make another member a Super Administrator at https://dash.cloudflare.com (Manage Account, Members) first"


def _members(http: Reader, token: Secret, account: str) -> Iterator[dict[str, Any]]:
    """Every member of every page. Raises Unclear at the first answer that is no page."""
    template, what = "/accounts/{account}/members", "list of members"
    params = {"per_page": "50", "page": "1"}
    for answer in pages(http, template, _after, params=params, path={"account": account}, **signed(token)):
        found = result(answer)
        if not isinstance(found, list):
            raise Unclear(refused(answer, what))
        for row in found:
            user = row.get("user") or {}
            email = str(row.get("email") or user["email"])
            roles = [str(role["name"]) for role in row.get("roles") or ()]
            joined = row["status"] == "accepted"
            yield {
                "id": str(row["id"]),
                "user": str(user.get("id") or ""),
                "email": email,
                "roles": roles,
                "joined": joined,
            }


def _after(answer: Answer) -> Mapping[str, str] | None:
    if result(answer) is None:
        return None
    told = answer.json["result_info"]
    page, total = int(told["page"]), int(told["total_pages"])
    return {"page": str(page + 1)} if page < total else None


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership of each configured account; the tokens of a user are listed to nobody else."""
    where = f"cloudflare {account.email or account.login or account.id}"
    if not settings.accounts:
        yield Gap(where=where, why="no account is configured", advice="set accounts under [providers.cloudflare]")
    for number in settings.accounts:
        yield from or_gap(f"{where}: account {number}", _membership(http, settings, number, account), needs=NEEDS)


def _membership(http: Reader, settings: Settings, number: str, account: Account) -> Iterator[AccessPoint]:
    email = (account.email or account.login).lower()
    if not account.id and not email:
        raise NotIdentified(
            "Cloudflare finds members by user id or e-mail address", advice="add either to the directory"
        )
    members = list(_members(http, configured(settings), number))
    for row in members:
        if (row["user"] == account.id) if account.id else (row["email"].lower() == email):
            who = Account(provider=PROVIDER, id=row["user"], login=row["email"], email=row["email"])
            alone = _administrators(members, row["id"])
            yield AccessPoint(
                id=f"{MEMBER}:{number}/{row['id']}",
                provider=PROVIDER,
                kind=MEMBER,
                holder=who,
                ownership=Ownership.PERSONAL,
                bond=Bond.THEIRS,
                provider_id=f"{number}/{row['id']}",
                check=live(http, f"a member of {number}", who),
                evidence=(f"{number} lists the member: {', '.join(row['roles'])}", *alone),
            )


def _administrators(members: list[dict[str, Any]], member: str) -> tuple[str, ...]:
    """What is seen of other super administrators; who was merely invited is none yet.

    Where a member's rights are policies, the list names no roles: then nobody is seen to be one.
    """
    rulers = [row for row in members if any(role.startswith("Super Administrator") for role in row["roles"])]
    others = [row for row in rulers if row["id"] != member and row["joined"]]
    return owners.beside(any(row["id"] == member for row in rulers), others)


def _member(
    http: Reader, token: Secret, settings: Settings, point: AccessPoint
) -> tuple[str, str, bool, tuple[str, ...]]:
    """Account, membership, whether it is listed for its holder, and what is seen of other administrators."""
    number, _, member = point.provider_id.partition("/")
    if number not in settings.accounts or not member or point.holder is None:
        raise NotIdentified(f"{point.id} names no configured account and holder", advice="plan again")
    members = list(_members(http, token, number))
    there = next((row for row in members if row["id"] == member), None)
    if there and there["email"].lower() != point.holder.login.lower():
        raise NotIdentified(f"{point.id} is another person's", advice="plan again")
    if not members:
        raise Unclear(f"{number} lists nobody, not even an administrator", advice="check the account's id")
    return number, member, there is not None, _administrators(members, member)


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    number, _, there, _ = _member(http, configured(settings), settings, point)
    if there:
        return live(http, f"a member of {number}", point.holder)
    return dead(http, f"no member of {number}", point.holder, "removed")


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End the membership, after seeing again whose it is."""
    token = configured(settings, write=True)
    number, member, there, alone = _member(http, token, settings, point)
    if not there:
        raise NotIdentified(f"{point.id} is no longer listed", advice="plan again")
    owners.refuse_last(point, alone, ANOTHER)
    http.request("DELETE", MEMBER_OF, path={"account": number, "id": member}, **signed(token))
    return last(http)
