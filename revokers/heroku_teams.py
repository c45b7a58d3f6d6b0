"""Heroku's teams: who belongs to each configured one, by its own list of members.

Lists go on by the Next-Range header, with status 206. A team that lists nobody, not even its administrator, is none.

https://devcenter.heroku.com/articles/platform-api-reference#team-member
https://devcenter.heroku.com/articles/platform-api-reference#ranges
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, live, or_gap, text, trouble
from revokers.protocol import LAST_OWNER, NotIdentified, Unclear

PROVIDER = "heroku"
NEEDS: Mapping[str, str] = {"a team administrator's token (scope global)": "listing members, and apply: removing them"}
MEMBER = "heroku.team_member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`teams` are the names or ids of the organisation's teams; `read` and `write` are an administrator's tokens."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    teams: tuple[str, ...] = ()


def signed(token: Secret) -> dict[str, Any]:
    text(token)
    return {"headers": {**bearer(token), "Accept": "application/vnd.heroku+json; version=3"}, "hide": (token,)}


def every(http: Reader, token: Secret, template: str, **path: str) -> Iterator[dict[str, Any]]:
    """Each object of a list, by Next-Range to its end. Raises Unclear at the first answer that is no page of it."""
    options = signed(token)
    for _ in range(1000):
        answer = http.request("GET", template, path=path, **options)
        whole = answer.status in (200, 206) and isinstance(answer.json, list)
        if not whole or not all(isinstance(row, dict) for row in answer.json):
            raise Unclear(f"GET {template} {trouble(answer.status)}")
        yield from answer.json
        following = answer.headers.get("next-range", "")
        if not following:
            return
        options = {**options, "headers": {**options["headers"], "Range": following}}
    raise Unclear(f"GET {template} does not end", advice="try again later")


def rulers(found: list[dict[str, Any]]) -> list[str]:
    """The ids of those who may administer the team; an owner may too."""
    return [row["id"] for row in found if row["role"] in ("admin", "owner")]


def members(http: Reader, token: Secret, team: str) -> list[dict[str, Any]]:
    found = list(every(http, token, "/teams/{team}/members", team=team))
    if not found:
        raise Unclear(f"{team} lists nobody, not even offkey's own administrator", advice="check the team's name")
    return [{"id": str(row["user"]["id"]), "email": row["email"], "role": row["role"]} for row in found]


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership of each configured team."""
    where = f"heroku {account.email or account.id or account.login}"
    if not settings.teams:
        yield Gap(where=where, why="no team is configured", advice="set teams under [providers.heroku]")
    for team in settings.teams:
        yield from or_gap(f"{where}: team {team}", _membership(http, settings, team, account), needs=NEEDS)


def _membership(http: Reader, settings: Settings, team: str, account: Account) -> Iterator[AccessPoint]:
    email = account.email or account.login
    if not account.id and not email:
        raise NotIdentified("Heroku finds members by id or e-mail address", advice="add either to the directory")
    found = members(http, configured(settings), team)
    admins = rulers(found)
    for row in found:
        if row["id"] == account.id or (not account.id and str(row["email"]).lower() == email.lower()):
            holder = Account(provider=PROVIDER, id=row["id"], login=row["email"], email=row["email"])
            alone = (LAST_OWNER,) if admins == [row["id"]] else ()
            yield AccessPoint(
                id=f"{MEMBER}:{team}/{holder.id}",
                provider=PROVIDER,
                kind=MEMBER,
                holder=holder,
                ownership=Ownership.PERSONAL,
                bond=Bond.THEIRS,
                provider_id=f"{team}/{holder.id}",
                check=live(http, f"{row['role']} of {team}", holder),
                evidence=(f"{team} lists a {row['role']}", *alone),
            )


def team_of(settings: Settings, point: AccessPoint) -> tuple[str, str]:
    team, _, member = point.provider_id.partition("/")
    if team not in settings.teams or not member or point.holder is None or point.holder.id != member:
        raise NotIdentified(f"{point.id} names no configured team and holder", advice="plan again")
    return team, member
