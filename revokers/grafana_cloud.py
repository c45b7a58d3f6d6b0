"""Grafana Cloud: the members of an organisation at grafana.com, as an access policy token sees them.

What proves the end: the organisation's list of members has them no more; it must come whole and name somebody, for an
empty one shows that the token may not see it. The list is one page; how a longer one goes on is not described, so that
one is a gap. Removing a member ends signing in to all stacks of the organisation; what they made there stays.

https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/
https://github.com/grafana/grafana-com-public-clients: openapi.json
"""

import uuid
from collections.abc import Iterator
from typing import Any

from offkey.http import Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from offkey.secret import Secret
from revokers import rosters
from revokers.grafana_admin import PROVIDER, Settings
from revokers.parts import configured, fields, last, live, or_gap
from revokers.protocol import LAST_OWNER, NotAutomatic, Unclear

MEMBER = "grafana.cloud_member"
NEEDS = {
    "org-members:read (Grafana Cloud)": "listing the members",
    "org-members:delete (Grafana Cloud)": "apply: removing members",
}
_LIST = "/orgs/{org}/members"
_ONE = f"{_LIST}/{{user}}"
WRITES: frozenset[Operation] = frozenset({("DELETE", _ONE)})


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    where = f"grafana {settings.organisation}: members"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    members = _members(http, configured(settings), settings.organisation)
    found = (one for one in members if rosters.same(one[1], account))
    row = rosters.the_one(found, account, f"grafana {settings.organisation}")
    if row is None:
        return
    about, holder = row
    check = live(http, f"a member of {settings.organisation}: {about['role']}", holder, str(about["role"]))
    alone = (LAST_OWNER,) if _only_admin(members, holder.id) else ()
    identity = f"{settings.organisation}/{holder.id}"
    yield rosters.point(MEMBER, identity, holder, check, "the organisation lists the member", *alone)


def _members(http: Reader, key: Secret, org: str) -> list[tuple[dict[str, Any], Account]]:
    """Every member with the account. Raises Unclear for a list that is empty, or longer than its page."""
    answer = http.request("GET", _LIST, path={"org": org}, headers=bearer(key), hide=(key,))
    body = fields(answer, "the organisation's members", "items")
    found = rosters.whole(body["items"], f"{org}: members")
    if int(body.get("pages") or 1) > 1 or int(body.get("total") or 0) > len(found):
        raise Unclear(f"{org}: the list of members is longer than one page", advice="remove the member by hand")
    return [(row, _account(row)) for row in found]


def _account(row: dict[str, Any]) -> Account:
    return Account(
        provider=PROVIDER, id=str(int(row["userId"])), login=str(row["userUsername"]), email=str(row["userEmail"])
    )


def _only_admin(members: list[tuple[dict[str, Any], Account]], identity: str) -> bool:
    return [holder.id for about, holder in members if about["role"] == "Admin"] == [identity]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    org, ident = rosters.where((settings.organisation,), point)
    members = _members(http, configured(settings), org)
    return rosters.listed(http, org, point, there=any(holder.id == ident for _, holder in members))


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Remove exactly this member, after seeing that they are one still."""
    key = configured(settings, write=True)
    org, ident = rosters.where((settings.organisation,), point)
    members = _members(http, key, org)
    about = rosters.the_holders(members, point, org)
    if _only_admin(members, ident):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another member an Admin first, then plan again")
    user = str(int(about["userId"]))
    headers = {**bearer(key), "X-Request-Id": str(uuid.uuid4())}
    http.request("DELETE", _ONE, path={"org": org, "user": user}, headers=headers, hide=(key,))
    return last(http)
