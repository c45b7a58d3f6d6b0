"""GitHub Enterprise Server, as a site administrator sees it: everybody's SSH keys.

What proves the end: the instance's list of public keys, read to its end, has the key no more. A personal token needs
the scope site_admin and a site administrator as its owner. Suspending an account is left to people: the description
of the server's API has no answer that says whether an account is suspended.

https://docs.github.com/en/enterprise-server@3.19/rest/enterprise-admin/users#list-public-keys
https://docs.github.com/en/enterprise-server@3.19/rest/enterprise-admin/users#delete-a-public-key
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from offkey.http import Writer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap
from revokers.github_admin import PROVIDER, SERVER_KEY, Admin, Settings, listed_point, signed, write_token
from revokers.parts import dead, last, live, or_gap, rows, when
from revokers.protocol import NotIdentified
from revokers.public_keys import fingerprint


def inventory(asker: Admin, holder: Account) -> Iterator[AccessPoint | Gap]:
    """The account's own SSH keys."""
    mine = (_key(asker, row, holder) for row in _keys(asker) if _owner(row) == holder.id)
    yield from or_gap(f"github {holder.login}: SSH keys", mine, "read must be a site administrator's, with site_admin")


def authorised(asker: Admin, keys: frozenset[str]) -> Iterator[AccessPoint]:
    """Accounts' keys among these; deploy keys are in their repositories' own lists."""
    for row in _keys(asker):
        if fingerprint(row["key"]) in keys and _owner(row):
            yield _key(asker, row, asker.holder(Account(provider=PROVIDER, id=_owner(row))))


def _keys(asker: Admin) -> Iterator[dict[str, Any]]:
    pages = asker.http.pages("/admin/keys", headers=signed(asker.token))
    return rows(pages, "the instance's SSH keys", "id", "key", "user_id", "repository_id")


def _owner(row: dict[str, Any]) -> str:
    return str(row["user_id"]) if row["user_id"] and not row["repository_id"] else ""


def _key(asker: Admin, row: dict[str, Any], holder: Account) -> AccessPoint:
    check = live(asker.http, f"an SSH key of {holder.login}", holder)
    told = f"the instance lists the SSH key {row.get('title', '')} for {holder.login}"
    point = listed_point(SERVER_KEY, f"{holder.id}/{row['id']}", holder, check, told)
    return replace(point, redacted=fingerprint(row["key"]), last_used=when(row.get("last_used")))


def state(asker: Admin, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    if _there(asker, point):
        return live(asker.http, "listed by the instance", point.holder)
    return dead(asker.http, "no longer listed by the instance", point.holder, "removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Delete exactly this key, after seeing that it is this account's."""
    token = write_token(settings)
    if not _there(Admin(http, token), point):
        raise NotIdentified(f"the instance does not list {point.provider_id}", advice="plan again")
    path = {"key_ids": point.provider_id.rpartition("/")[2]}
    http.request("DELETE", "/admin/keys/{key_ids}", path=path, headers=signed(token))
    return last(http)


def _there(asker: Admin, point: AccessPoint) -> bool:
    return any(f"{_owner(row)}/{row['id']}" == point.provider_id for row in _keys(asker) if _owner(row))
