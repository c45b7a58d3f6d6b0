"""Atlassian Cloud as an organisation's administrator sees it: managed accounts and their API tokens.

The list of managed accounts goes on at the address in `links.next`, of which the cursor is used and nothing else. The
list of an account's API tokens is one page. Accounts that are not managed are in no list, and asking for them is 403.

https://developer.atlassian.com/cloud/admin/organization/rest/api-group-users/
https://developer.atlassian.com/cloud/admin/user-management/rest/api-group-api-tokens/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from offkey.http import Answer, Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.parts import configured, dead, fields, live, objects, or_gap, pages, rows, unknown, when
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "atlassian"
TOKEN, ACCOUNT = "atlassian.api_token", "atlassian.account"
NEEDS: Mapping[str, str] = {
    "an API key of the organisation, made by an Organization admin": "reading managed accounts and their tokens; "
    "apply: deleting tokens, deactivating accounts"
}
ORG_ADMIN = "atlassian/org-admin"
ANOTHER = (
    "make another user an Organization admin at https://admin.atlassian.com (Directory, Users) first, then plan again"
)
TOKENS, PROFILE = "/users/{account_id}/manage/api-tokens", "/users/{account_id}/manage/profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are API keys of the organisation (no user's tokens), `organisation` its id."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisation: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The managed account and each of its API tokens."""
    yield from or_gap(f"atlassian {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    key = configured(settings)
    identity = account.id or _by_email(http, key, settings.organisation, account.email)
    if not identity:
        return
    about = profile(http, key, identity)
    holder = Account(
        provider=PROVIDER, id=identity, login=str(about.get("nickname") or ""), email=str(about.get("email") or "")
    )
    own = Ownership.PERSONAL if about.get("account_type") == "atlassian" else Ownership.SHARED
    alone, gaps = owners.looked("atlassian", lambda: administrators(http, key, settings.organisation, identity), NEEDS)
    account_point = _point(
        ACCOUNT, identity, holder, own, check=told(http, about, holder), evidence="a managed account"
    )
    yield replace(account_point, evidence=(*account_point.evidence, *alone))
    yield from gaps
    yield from or_gap("atlassian: API tokens", _tokens(http, key, holder, own), needs=NEEDS)


def _tokens(http: Reader, key: Secret, holder: Account, own: Ownership) -> Iterator[AccessPoint]:
    for row in listed(http, key, holder.id):
        there = live(http, "listed for the account", holder, "listed")
        identity, used = f"{holder.id}/{row['id']}", when(row.get("lastAccess"))
        evidence = f"labelled {row.get('label') or ''}, made {row.get('createdAt') or ''}"
        yield _point(TOKEN, identity, holder, own, check=there, evidence=evidence, used=used)


def listed(http: Reader, key: Secret, account: str) -> list[dict[str, Any]]:
    answer = http.request("GET", TOKENS, path={"account_id": account}, headers=bearer(key), hide=(key,))
    return list(rows([answer], "the account's API tokens", "id"))


def profile(http: Reader, key: Secret, account: str) -> Mapping[str, Any]:
    answer = http.request("GET", PROFILE, path={"account_id": account}, headers=bearer(key), hide=(key,))
    found: Mapping[str, Any] = fields(answer, "the account's profile", "account")["account"]
    if found["account_id"] != account:
        raise Unclear("Atlassian answered with another account", advice="plan again")
    return found


def _by_email(http: Reader, key: Secret, organisation: str, email: str) -> str:
    """The id of the one managed account of exactly this address, or "". Raises NotIdentified, Unclear."""
    if not email or not organisation:
        raise NotIdentified(
            "accounts are found by id, or by address in an organisation",
            advice="add the account's id to the directory, or set `organisation` under [providers.atlassian]",
        )
    template, path = "/admin/v1/orgs/{org_id}/users", {"org_id": organisation}
    found = [
        str(row["account_id"])
        for answer in pages(http, template, _after, path=path, headers=bearer(key), hide=(key,))
        for row in objects(answer, "the managed accounts", "data")
        if str(row.get("email") or "").casefold() == email.casefold()
    ]
    if len(found) > 1:
        raise NotIdentified("several accounts have this address", advice=f"add the right id: {', '.join(found)}")
    return found[0] if found else ""


def administrators(http: Reader, key: Secret, organisation: str, account: str) -> tuple[str, ...]:
    """Who is Organization admin besides this account; nobody need be for one that is not.

    https://developer.atlassian.com/cloud/admin/organization/rest/api-group-users/ (the directory - is all of them)
    """
    if not organisation:
        raise Unclear("administrators are listed by organisation", advice="set `organisation` in [providers.atlassian]")
    template, path = "/admin/v2/orgs/{org_id}/directories/{all}/users", {"org_id": organisation, "all": "-"}
    params = {"roleIds": ORG_ADMIN, "accountStatus": "active"}
    found = {
        str(row["accountId"]): row["accountStatus"] == "active"
        for answer in pages(http, template, _after, path=path, params=params, headers=bearer(key), hide=(key,))
        for row in objects(answer, "the Organization admins", "data")
    }
    if account in found or not found:
        return owners.beside(account in found, (one for one, active in found.items() if active and one != account))
    return ()


def _after(answer: Answer) -> Mapping[str, str] | None:
    """Only the cursor of the next page's address is used: the address itself is not followed."""
    following = (answer.json.get("links") or {}).get("next")
    if not following:
        return None
    return {"cursor": parse_qs(urlsplit(str(following)).query)["cursor"][0]}


def told(http: Reader, about: Mapping[str, Any], holder: Account | None) -> Check:
    status = str(about["account_status"])
    if status == "active":
        return live(http, "an active account", holder, status)
    if status in ("inactive", "closed"):
        return dead(http, f"account_status {status}", holder, status)
    return unknown(http, "the account has a status that is not documented", holder)


def _point(
    kind: str, identity: str, holder: Account, own: Ownership, *, check: Check, evidence: str, used: Any = None
) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=own,
        bond=Bond.THEIRS,
        provider_id=identity,
        last_used=used,
        check=check,
        evidence=(evidence,),
    )
