"""Members of the configured Vercel team: listed, found by id, username or e-mail address, removed.

A member is gone when the team's list has them no more; that list names at least the owner who asks. Removing somebody
ends what their account and its tokens may do in this team; the account and its own projects stay.

https://vercel.com/docs/rest-api/teams/list-team-members
https://vercel.com/docs/rest-api/teams/remove-a-team-member
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, dead, fields, last, live, or_gap, pages
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
    members = _members(http, settings, configured(settings))
    row = _row(members, account)
    if row is None:
        if account.id or account.login:
            raise NotIdentified(f"{settings.team} has no such member", advice="correct the person's accounts")
        return
    holder = Account(provider=PROVIDER, id=row["uid"], login=row["username"], email=row["email"])
    told = f"{settings.team} lists a member with the role {row['role']}"
    yield AccessPoint(
        id=f"{MEMBER}:{settings.team}/{holder.id}",
        provider=PROVIDER,
        kind=MEMBER,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=f"{settings.team}/{holder.id}",
        check=live(http, f"a member of {settings.team}", holder),
        evidence=(told, LAST_OWNER) if _alone(members, holder.id) else (told,),
    )


def _row(members: Mapping[str, dict[str, Any]], account: Account) -> dict[str, Any] | None:
    """The account's row: by its id where that is known, else by name, else by address."""
    if account.id:
        return members.get(account.id)
    name, wanted = ("username", account.login) if account.login else ("email", account.email)
    if not wanted:
        raise NotIdentified("Vercel finds members by id, username or address", advice="add one to the directory")
    return next((row for row in members.values() if str(row[name]).lower() == wanted.lower()), None)


def _members(http: Reader, settings: Settings, token: Secret) -> dict[str, dict[str, Any]]:
    """Every member by id. Raises Unclear for none: the list has at least whoever asks."""
    if not settings.team:
        raise Unclear("no team is configured", advice="set `team` under [providers.vercel]")
    asked: dict[str, Any] = {"path": {"team": settings.team}, "headers": bearer(token), "hide": (token,)}
    members = {}
    for answer in pages(http, "/v3/teams/{team}/members", _next, params={"limit": "100"}, **asked):
        for row in fields(answer, "members", "members", "pagination")["members"]:
            told = {name: str(row[name]) for name in ("uid", "email", "username", "role")}
            members[told["uid"]] = {**told, "confirmed": row["confirmed"]}
    if not members:
        raise Unclear(f"{settings.team} shows no member", advice="the credential must be a member's")
    return members


def _next(answer: Answer) -> Mapping[str, str] | None:
    """Raises what reading an answer without its form raises."""
    told = fields(answer, "members", "pagination")["pagination"]
    return {"until": str(int(told["next"]))} if told["hasNext"] else None


def _alone(members: Mapping[str, Mapping[str, Any]], number: str) -> bool:
    """Who has not accepted the invitation owns nothing yet."""
    return [each for each, row in members.items() if row["role"] == "OWNER" and row["confirmed"] is True] == [number]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    if _number(settings, point) in _members(http, settings, configured(settings)):
        return live(http, "listed", point.holder)
    return dead(http, "no longer listed", point.holder, "removed")


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Raises NotAutomatic for the last owner."""
    token, number = configured(settings, write=True), _number(settings, point)
    members = _members(http, settings, token)
    if number not in members:
        raise NotIdentified(f"{settings.team} does not list the member", advice="plan again")
    if _alone(members, number):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another member an owner first")
    path = {"team": settings.team, "user": number}
    http.request("DELETE", "/v1/teams/{team}/members/{user}", path=path, headers=bearer(token), hide=(token,))
    return last(http)


def _number(settings: Settings, point: AccessPoint) -> str:
    team, _, number = point.provider_id.partition("/")
    if not number or team != settings.team:
        raise NotIdentified(f"{point.id} is not of the configured team", advice="plan again")
    return number
