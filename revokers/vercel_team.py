"""Members of the configured Vercel team: listed, found by id, username or e-mail address, removed.

A member is gone when the team's list has them no more; that list names at least the owner who asks. Removing somebody
ends what their account and its tokens may do in this team; the account and its own projects stay.

https://vercel.com/docs/rest-api/teams/list-team-members
https://vercel.com/docs/rest-api/teams/remove-a-team-member
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, fields, last, live, or_gap, pages
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "vercel"
MEMBER = "vercel.team_member"
NEEDS: Mapping[str, str] = {
    "a token of a team member": "reading the team's members",
    "a token of a team owner": "apply: removing members",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`team` is the team's id, `team_...`. A token ends itself, without `write`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    team: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The membership of the team; Vercel lists a person's tokens to that person alone."""
    where = f"vercel {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    if not account.id and not account.login and not account.email:
        raise NotIdentified("Vercel finds members by id, username or address", advice="add one to the directory")
    team, members = settings.team, _members(http, settings, configured(settings))
    wanted = replace(account, login=account.login.lower())  # as Vercel writes usernames
    found = rosters.the_one((one for one in members if rosters.same(one[1], wanted)), account, f"vercel {team}")
    if found is None:
        return
    row, holder = found
    told = f"{team} lists a member with the role {row['role']}"
    alone = (LAST_OWNER,) if _alone(members, holder.id) else ()
    yield rosters.point(MEMBER, f"{team}/{holder.id}", holder, live(http, f"a member of {team}", holder), told, *alone)


def _members(http: Reader, settings: Settings, token: Secret) -> list[tuple[dict[str, Any], Account]]:
    """Every member with the account. Raises Unclear for none: the list has at least whoever asks."""
    if not settings.team:
        raise Unclear("no team is configured", advice="set `team` under [providers.vercel]")
    asked: dict[str, Any] = {"path": {"team": settings.team}, "headers": bearer(token), "hide": (token,)}
    found = (
        row
        for answer in pages(http, "/v3/teams/{team}/members", _next, params={"limit": "100"}, **asked)
        for row in fields(answer, "members", "members", "pagination")["members"]
    )
    return [(row, _account(row)) for row in rosters.whole(found, f"{settings.team}: members")]


def _account(row: Mapping[str, Any]) -> Account:
    return Account(provider=PROVIDER, id=str(row["uid"]), login=str(row["username"]), email=str(row["email"]))


def _next(answer: Answer) -> Mapping[str, str] | None:
    """Raises what reading an answer without its form raises."""
    told = fields(answer, "members", "pagination")["pagination"]
    return {"until": str(int(told["next"]))} if told["hasNext"] else None


def _alone(members: list[tuple[dict[str, Any], Account]], number: str) -> bool:
    """Who has not accepted the invitation owns nothing yet."""
    owners = [holder.id for row, holder in members if row["role"] == "OWNER" and row["confirmed"] is True]
    return owners == [number]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    team, number = rosters.where((settings.team,), point)
    members = _members(http, settings, configured(settings))
    return rosters.listed(http, team, point, there=any(holder.id == number for _, holder in members))


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Raises NotAutomatic for the last owner."""
    token, (team, number) = configured(settings, write=True), rosters.where((settings.team,), point)
    members = _members(http, settings, token)
    rosters.the_holders(members, point, team)
    if _alone(members, number):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another member an owner first")
    path = {"team": team, "user": number}
    http.request("DELETE", "/v1/teams/{team}/members/{user}", path=path, headers=bearer(token), hide=(token,))
    return last(http)
