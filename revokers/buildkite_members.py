"""Members of the configured Buildkite organisation: listed, found by id or e-mail address, removed.

A member is gone when the organisation's list has them no more; that list names at least offkey's own account. Removing
somebody ends the access of the account and of all its tokens to this organisation; the account itself stays.

https://buildkite.com/docs/apis/rest-api/organizations/members
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, last, live, or_gap, rows
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "buildkite"
MEMBER = "buildkite.member"
NEEDS: Mapping[str, str] = {
    "read_organizations": "reading the organisation's members",
    "write_organizations, of an administrator": "apply: removing members",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`organisation` is the slug in the organisation's address. A token ends itself, without `write`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisation: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The membership; Buildkite's administrators see tokens in the console alone."""
    where = f"buildkite {account.email or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    if not account.id and not account.email:
        raise NotIdentified("Buildkite finds members by id or e-mail address", advice="add either to the directory")
    org, members = settings.organisation, _members(http, settings, configured(settings))
    found = rosters.the_one((one for one in members if rosters.same(one[1], account)), account, f"buildkite {org}")
    if found is None:
        return
    row, holder = found
    told = f"{org} lists a member with the role {row['role']}"
    alone = (LAST_OWNER,) if _alone(members, holder.id) else ()
    check = live(http, f"a member of {org}", holder)
    yield rosters.point(MEMBER, f"{org}/{holder.id}", holder, check, told, *alone)


def _members(http: Reader, settings: Settings, token: Secret) -> list[tuple[dict[str, Any], Account]]:
    """Every member with the account. Raises Unclear for none: the list has at least whoever asks."""
    if not settings.organisation:
        raise Unclear("no organisation is configured", advice="set `organisation` under [providers.buildkite]")
    path = {"org": settings.organisation}
    pages = http.pages("/organizations/{org}/members", path=path, headers=bearer(token), hide=(token,))
    found = rosters.whole(rows(pages, "members", "id", "email", "role"), f"{settings.organisation}: members")
    return [(row, Account(provider=PROVIDER, id=str(row["id"]), email=str(row["email"]))) for row in found]


def _alone(members: list[tuple[dict[str, Any], Account]], number: str) -> bool:
    return [holder.id for row, holder in members if row["role"] == "admin"] == [number]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    org, number = rosters.where((settings.organisation,), point)
    members = _members(http, settings, configured(settings))
    return rosters.listed(http, org, point, there=any(holder.id == number for _, holder in members))


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Raises NotAutomatic for the last administrator."""
    token, (org, number) = configured(settings, write=True), rosters.where((settings.organisation,), point)
    members = _members(http, settings, token)
    rosters.the_holders(members, point, org)
    if _alone(members, number):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another member an administrator first")
    path = {"org": org, "user": number}
    http.request("DELETE", "/organizations/{org}/members/{user}", path=path, headers=bearer(token), hide=(token,))
    return last(http)
