"""LaunchDarkly by an administrator: members, and with `showAll` every access token.

Both lists are followed by their `next` link and are never empty: the token that asks is in the one, its maker in the
other. Deleting a member ends the member's personal tokens, and is refused where SCIM manages the account (409).

https://launchdarkly.com/docs/api/access-tokens/get-tokens
https://launchdarkly.com/docs/api/account-members/delete-member
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import owners, rosters
from revokers.parts import configured, fields, live, or_gap, pages, text
from revokers.protocol import LAST_OWNER, NotIdentified

PROVIDER = "launchdarkly"
TOKENS, MEMBER = "launchdarkly.access_token", "launchdarkly.member"
NEEDS: Mapping[str, str] = {"Admin": "reading members and every access token; apply: deleting them"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is another instance's address, such as the one for the EU or for governments. Tokens are an admin's."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def signed(token: Secret) -> dict[str, str]:
    """The bare token, without a scheme."""
    return {"Authorization": text(token)}


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The member, and the access tokens that the member made; service tokens among them are shared."""
    yield from or_gap("launchdarkly: members", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    everybody = _all(http, settings, "members")
    found = [row for row in everybody if rosters.same(_holder(row), account)]
    row = rosters.the_one(found, account, "launchdarkly")
    if row is None:
        return
    holder = _holder(row)
    alone = _alone(everybody, holder.id)
    check = live(http, f"a member with the role {row['role']}", holder)
    yield rosters.point(MEMBER, holder.id, holder, check, f"listed as {row['role']}", *alone)
    yield from or_gap("launchdarkly: access tokens", _tokens_of(http, settings, holder), needs=NEEDS)


def _alone(everybody: list[dict[str, Any]], member: str) -> tuple[str, ...]:
    return (LAST_OWNER,) if [str(row["_id"]) for row in everybody if row["role"] == "owner"] == [member] else ()


def _holder(row: Mapping[str, Any]) -> Account:
    return Account(provider=PROVIDER, id=str(row["_id"]), email=str(row["email"]))


def _tokens_of(http: Reader, settings: Settings, holder: Account) -> Iterator[AccessPoint]:
    for row in _all(http, settings, "tokens"):
        if row["memberId"] == holder.id:
            evidence = f"a token that the member made: {row.get('name', '')}"
            point = rosters.point(TOKENS, str(row["_id"]), holder, live(http, "listed", holder), evidence)
            shared = Ownership.PERSONAL if row.get("serviceToken") is False else Ownership.SHARED
            yield replace(point, ownership=shared, last_used=_when(row.get("lastUsed")))


def _when(told: object) -> datetime | None:
    """LaunchDarkly counts milliseconds since 1970."""
    return datetime.fromtimestamp(told / 1000, UTC) if isinstance(told, int) and told > 0 else None


def _all(http: Reader, settings: Settings, what: str, *, write: bool = False) -> list[dict[str, Any]]:
    """Every member or token. Raises Unclear."""
    token = configured(settings, write=write)
    params = {"limit": "100", **({"showAll": "true"} if what == "tokens" else {})}
    found: list[dict[str, Any]] = []
    template = "/api/v2/tokens" if what == "tokens" else "/api/v2/members"
    for answer in pages(http, template, _next, params=params, headers=signed(token), hide=(token,)):
        found += fields(answer, what, "items", "_links")["items"]
    return rosters.whole(found, what)


def _next(answer: Answer) -> Mapping[str, str] | None:
    after = fields(answer, "list", "_links")["_links"].get("next")
    return {"offset": str(int(parse_qs(urlsplit(after["href"]).query)["offset"][0]))} if after else None


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    rows = _all(http, settings, "members" if point.kind == MEMBER else "tokens")
    there = any(str(row["_id"]) == point.provider_id for row in rows)
    return rosters.listed(http, "launchdarkly", point, there=there)


def seen_again(http: Reader, settings: Settings, point: AccessPoint) -> str:
    """The point's id, if the list still has it for this holder. Raises NotIdentified, NotAutomatic for the owner."""
    owner = "_id" if point.kind == MEMBER else "memberId"
    found = _all(http, settings, "members" if point.kind == MEMBER else "tokens", write=True)
    if point.kind == MEMBER:
        owners.refuse_last(point, _alone(found, point.provider_id), "make another member an owner first")
    for row in found:
        if str(row["_id"]) == point.provider_id and point.holder and str(row[owner]) == point.holder.id:
            return point.provider_id
    raise NotIdentified(f"{point.id} is not listed for this member", advice="plan again")
