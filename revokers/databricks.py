"""Databricks: a workspace's users, and their personal access tokens, as a workspace administrator sees them.

What proves death: SCIM says `active` false; the token's id is answered 404 RESOURCE_DOES_NOT_EXIST while its owner's
list can be read. What does not: a 401 or 403 to the value itself (a network rule says the same), any other 404, and a
list alone, which without rows is empty JSON. Which token a value is, Databricks tells nobody: a living one is told by
its owner, and only where the whole workspace lists exactly one of theirs. Deactivating a user keeps what belongs to
them; their tokens do not sign in until they are activated again. No e-mail is sent.
There is no fixed host: `url` is the workspace's. A value goes there and nowhere else.

https://docs.databricks.com/api/workspace/tokenmanagement
https://docs.databricks.com/api/workspace/tokens
https://docs.databricks.com/api/workspace/users
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import databricks_ways, owners
from revokers.databricks_admin import (
    PROVIDER,
    TOKEN,
    USER,
    administrators,
    find,
    holder_of,
    one_user,
    token_rows,
)
from revokers.databricks_ways import ACCOUNT, PAT
from revokers.identified import alive, also, exactly
from revokers.parts import (
    answered,
    configured,
    dead,
    last,
    live,
    or_gap,
    refuse_unlisted,
    text,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("PATCH", USER), ("DELETE", TOKEN)})
BY_EMAIL = True
IDENTIFIES = {PAT: "it signs in as its owner, and the whole workspace lists one token of theirs"}
NEEDS: Mapping[str, str] = {
    "workspace administrator": "finding users and reading their tokens; apply: ending them",
}
HANDLES: Mapping[str, tuple[Option, ...]] = databricks_ways.HANDLES
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are tokens of a workspace administrator; `url` is the workspace's."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def options(point: AccessPoint) -> tuple[Option, ...]:
    """The last of the workspace's admins is left to people; where others cannot be seen, it needs an extra yes."""
    return owners.gated(HANDLES.get(point.kind, ()), point, "databricks-deactivate-unseen", databricks_ways.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """Who the token is, in the configured workspace. No refusal is its death."""
    if credential.kind != PAT:
        return unknown(http, f"nothing asks about a {credential.kind} without its client id")
    token = credential.secret
    headers = {"Authorization": f"Bearer {text(token)}"}
    answer = http.request("GET", "/api/2.0/preview/scim/v2/Me", headers=headers, hide=(token,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("id") and body.get("userName"):
        return live(http, f"signs in as {body['userName']}", holder_of(body))
    return unexpected(http, answer.status)


@exactly
def identify(http: Reader, settings: Settings, credential: Credential) -> AccessPoint:
    """The only token of the user as whom a living value signs in. Tokens made for others are their owner's."""
    holder = alive(check(http, credential)).holder
    rows = token_rows(http, configured(settings))
    own = [row for row in rows if holder is not None and str(row["owner_id"]) == holder.id]
    if holder is None or len(own) != 1:
        several = ", ".join(f"{row['token_id']} ({row.get('comment')})" for row in own)
        raise NotIdentified("its owner has not one token alone", advice=f"one of these, by hand: {several}")
    return _token(http, holder, own[0])


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user in the workspace, and the tokens that the user owns."""
    where = f"databricks {account.login or account.email or account.id}"
    yield from or_gap(where, _inventory(http, settings, account, where), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account, where: str) -> Iterator[AccessPoint | Gap]:
    read = configured(settings)
    user = find(http, read, account)
    if user is None:
        return
    holder = holder_of(user)
    alone, gaps = owners.looked(where, lambda: administrators(http, read, user), NEEDS)
    yield _point(ACCOUNT, holder, holder.id, _account_check(http, user, holder), "SCIM lists the user", *alone)
    yield from gaps
    yield from or_gap(f"{where}: tokens", _listed(http, read, holder), needs=NEEDS)


def _account_check(http: Reader, user: Mapping[str, Any], holder: Account) -> Check:
    if user["active"] is False:
        return dead(http, "deactivated in the workspace", holder, "inactive")
    if user["active"] is not True:
        raise Unclear("Databricks does not say whether the user is active")
    return live(http, "an active user", holder)


def _listed(http: Reader, read: Secret, holder: Account) -> Iterator[AccessPoint]:
    for row in token_rows(http, read, holder.id):
        if str(row["owner_id"]) == holder.id:
            yield _token(http, holder, row)


def _token(http: Reader, holder: Account, row: Mapping[str, Any]) -> AccessPoint:
    told, called = live(http, "listed for its owner", holder), f"a token called {row.get('comment') or 'nothing'}"
    used = int(row.get("last_used_day") or 0)
    return _point(PAT, holder, f"{holder.id}/{row['token_id']}", told, called, used=used)


def _point(kind: str, holder: Account, identity: str, check: Check, *evidence: str, used: int = 0) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}", provider=PROVIDER, kind=kind, holder=holder, ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS, provider_id=identity, check=check, evidence=evidence,
        last_used=datetime.fromtimestamp(used / 1000, UTC) if used else None,
    )  # fmt: skip


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the administrator's lists; a token of which no id is known is asked as itself."""
    user, _, token = point.provider_id.partition("/")
    if not user:
        return check(http, credential) if credential else unknown(http, "the value is not at hand")
    read = configured(settings)
    if point.kind == ACCOUNT:
        told = one_user(http, read, user)
        return _account_check(http, told, holder_of(told))
    answer = http.request("GET", TOKEN, path={"token": token}, headers=bearer(read), hide=(read,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("token_info", {}).get("token_id") == token:
        return live(http, "listed for its owner", point.holder)
    gone = answer.status == 404 and body.get("error_code") == "RESOURCE_DOES_NOT_EXIST"
    if gone and all(row["token_id"] != token for row in token_rows(http, read, user)):
        said = dead(http, "RESOURCE_DOES_NOT_EXIST, and its owner's list has it no more", point.holder, "deleted")
        return also(said, lambda value: check(http, value), credential, mute=True)
    return unexpected(http, answer.status)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Deactivate exactly this user, or delete exactly this token."""
    refuse_unlisted(HANDLES, action, point)
    user, _, token = point.provider_id.partition("/")
    if point.kind == ACCOUNT:
        read = configured(settings)
        person = one_user(http, read, user)
        owners.refuse_last(point, owners.seen(lambda: administrators(http, read, person)), databricks_ways.ANOTHER)
        return _activate(http, settings, user, active=False)
    if token:
        write = configured(settings, write=True)
        http.request("DELETE", TOKEN, path={"token": token}, headers=bearer(write), hide=(write,))
        return last(http)
    raise NotIdentified("which listed token the value is, nobody can tell", advice=HANDLES[PAT][0].how)


def _activate(http: Writer, settings: Settings, user: str, *, active: bool) -> Exchange:
    write = configured(settings, write=True)
    body = {"schemas": [_PATCH], "Operations": [{"op": "replace", "path": "active", "value": active}]}
    http.request("PATCH", USER, path={"user": user}, headers=bearer(write), json=body, hide=(write,))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Activate the user again."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"the end of a {point.kind} cannot be taken back")
    return _activate(http, settings, point.provider_id, active=True)
