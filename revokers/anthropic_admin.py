"""Anthropic as an administrator sees it: members of the organisation, and the API keys that each made.

Lists go on while `has_more`, after `last_id`. A key says who made it (`created_by`, null for what no person made) and,
where it is bound to one, as whom it acts (`principal`). Only a key that acts as the member is the member's own: any
other belongs to the organisation or its workspace, whoever made it, and outlives its maker's membership.

https://platform.claude.com/docs/en/api/http/organization/api_keys
https://platform.claude.com/docs/en/api/admin/users/list
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Credential, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers.hints import only
from revokers.parts import configured, dead, fields, goes_on, live, objects, or_gap, pages, text, unknown
from revokers.protocol import LAST_OWNER, NotIdentified, Unclear
from revokers.rosters import whole

PROVIDER = "anthropic"
NEEDS: Mapping[str, str] = {"an Admin API key (sk-ant-admin…)": "reading members and keys; apply: changing them"}
KEY, MEMBER = "anthropic.api_key", "anthropic.member"
USERS, KEYS = "/v1/organizations/users", "/v1/organizations/api_keys"
KEY_PATH, USER_PATH = f"{KEYS}/{{api_key_id}}", f"{USERS}/{{user_id}}"
PUBLIC, ENDING = "sk-ant-api03-", "AA"
"""What all API keys begin and end with."""
OWNERS = frozenset({"admin", "owner", "primary_owner"})
_ENDED = frozenset({"inactive", "archived", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are Admin API keys of the organisation; one may serve as both."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def signed(key: Secret) -> dict[str, str]:
    return {"x-api-key": text(key), "anthropic-version": "2023-06-01"}


def rows(http: Reader, key: Secret, template: str, **params: str) -> Iterator[dict[str, Any]]:
    """Every row of a list. Raises Unclear at the first page that is none."""
    asked = {"limit": "100", **params}
    for answer in pages(http, template, _after, params=asked, headers=signed(key), hide=(key,)):
        yield from objects(answer, template, "data", "has_more")


def members(http: Reader, key: Secret) -> list[dict[str, Any]]:
    return whole(rows(http, key, USERS), "the members")


def _after(answer: Answer) -> Mapping[str, str] | None:
    return {"after_id": str(answer.json["last_id"])} if goes_on(answer, "has_more") else None


def only_owner(listed: list[dict[str, Any]], identity: str) -> bool:
    """Whether this member is the one who can administer the organisation."""
    return [str(row["id"]) for row in listed if row["role"] in OWNERS] == [identity]


def told(http: Reader, row: Mapping[str, Any], holder: Account | None) -> Check:
    """What a key's own status says: DEAD with it for inactive, archived and expired."""
    status = str(row["status"])
    if status == "active":
        return live(http, "active", holder, status)
    if status in _ENDED:
        return dead(http, f"its status is {status}", holder, status)
    return unknown(http, "the key has a status that is not documented", holder)


def by_id(http: Reader, key: Secret, point: AccessPoint) -> Check:
    if point.kind == MEMBER:
        member = next((row for row in members(http, key) if str(row["id"]) == point.provider_id), None)
        if member is None:
            return dead(http, "no longer a member of the organisation", point.holder, "removed")
        return live(http, f"a member: {member['role']}", point.holder, str(member["role"]))
    return told(http, row_of(http, key, point.provider_id), point.holder)


def row_of(http: Reader, key: Secret, identity: str) -> dict[str, Any]:
    """The key of this id. Raises Unclear: a 404 may as well be a foreign organisation's key."""
    answer = http.request("GET", KEY_PATH, path={"api_key_id": identity}, headers=signed(key), hide=(key,))
    row = fields(answer, KEY_PATH, "id", "status", "partial_key_hint")
    if row["id"] != identity:
        raise Unclear("Anthropic answered with another key", advice="plan again")
    return row


def fitting(http: Reader, key: Secret, credential: Credential) -> Mapping[str, Any]:
    return only(rows(http, key, KEYS), "partial_key_hint", credential.secret, PUBLIC, ENDING)


def point_of(http: Reader, key: Secret, credential: Credential) -> AccessPoint:
    """The one key whose shortened form fits, as `inventory` lists it. Raises NotIdentified, also where it has ended."""
    row = fitting(http, key, credential)
    if told(http, row, None).liveness is not Liveness.LIVE:
        raise NotIdentified(f"{row['id']} fits the value, which is alive, and has ended", advice="by hand")
    maker = row["created_by"] or {}
    holder = Account(provider=PROVIDER, id=str(maker["id"])) if maker.get("type") == "user" else None
    return _key(http, row, holder)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The member, and the keys that they made."""
    yield from or_gap(f"anthropic {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    key = configured(settings)
    listed = members(http, key)
    member = next((row for row in listed if _is(row, account)), None)
    if member is None and (account.id or not account.email):
        raise NotIdentified("Anthropic lists no such member", advice="correct the person's accounts: id or e-mail")
    if member is None:
        return
    holder = Account(
        provider=PROVIDER, id=str(member["id"]), login=str(member.get("name") or ""), email=str(member["email"])
    )
    alone = (LAST_OWNER,) if only_owner(listed, holder.id) else ()
    role = str(member["role"])
    yield _point(MEMBER, holder.id, holder, live(http, f"a member: {role}", holder, role), "a member", *alone)
    for row in rows(http, key, KEYS, created_by_user_id=holder.id):
        if (row["created_by"] or {}).get("id") == holder.id:
            yield _key(http, row, holder)


def _key(http: Reader, row: Mapping[str, Any], holder: Account | None) -> AccessPoint:
    principal = row.get("principal") or {}
    own = holder is not None and principal.get("type") == "user" and principal.get("id") == holder.id
    ownership = Ownership.PERSONAL if own else Ownership.SHARED
    shown = f"{row['name']}, shown as {row['partial_key_hint']}" + (", made by them" if holder else "")
    return _point(KEY, str(row["id"]), holder, told(http, row, holder), shown, ownership=ownership)


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id:
        return str(row["id"]) == account.id
    return bool(account.email) and str(row["email"]).casefold() == account.email.casefold()


def _point(
    kind: str,
    identity: str,
    holder: Account | None,
    check: Check,
    *evidence: str,
    ownership: Ownership = Ownership.PERSONAL,
) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=ownership,
        bond=Bond.THEIRS,
        provider_id=identity,
        check=check,
        evidence=evidence,
    )
