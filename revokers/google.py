"""Google Workspace, as the organisation's administrator sees a person: the account, grants to applications, passwords.

What proves death: `users.get` says `suspended`; the user's list of grants or of application passwords has the one in
question no more. What does not: any 403 or 404 (a user of another organisation and one that was renamed answer alike),
and `users.signOut`, which is an acknowledgement: what it ended is shown nowhere. Suspending keeps mail and files, and
can be taken back. The person is signed out first, because a suspended one cannot be. Deleting a grant ends all tokens
that the user gave that application. Google may show a person on their phone that they were signed out.

https://developers.google.com/workspace/admin/directory/reference/rest/v1/users
https://developers.google.com/workspace/admin/directory/reference/rest/v1/tokens
https://developers.google.com/workspace/admin/directory/reference/rest/v1/asps
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.google_directory import (
    GRANT,
    GRANTS,
    LISTS,
    PASSWORD,
    PASSWORDS,
    USER,
    administrators,
    find,
    rows,
    used_at,
)
from revokers.parts import answered, configured, dead, last, live, or_gap, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

PROVIDER = "google"
URL = "https://admin.googleapis.com"
HOSTS = frozenset({"admin.googleapis.com"})
_SIGN_OUT = USER + "/signOut"
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("PUT", USER), ("POST", _SIGN_OUT), ("DELETE", GRANTS + "/{item}"), ("DELETE", PASSWORDS + "/{item}")}
)
BY_EMAIL = True
NEEDS: Mapping[str, str] = {
    "https://www.googleapis.com/auth/admin.directory.user.readonly": "finding the user, and other super administrators",
    "https://www.googleapis.com/auth/admin.directory.user.security": "grants and application passwords; apply: ending",
    "https://www.googleapis.com/auth/admin.directory.user": "apply and undo: suspending the user",
}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

ACCOUNT = "google.account"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            reason="sign the user out everywhere and suspend the account; an administrator can activate it again",
            breaks=("the user's mail is no longer delivered, what the user shared stays",),
            shows=("suspended",),
            proof="users.get: suspended",
        ),
    ),
    GRANT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="end all tokens that the user gave this application; the user can grant them anew",
            breaks=("what the application does for this user",),
            shows=("deleted",),
            proof="tokens.list has it no more",
        ),
    ),
    PASSWORD: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="delete this application password; another can be made while the account is active",
            breaks=("the mail program or device that uses it",),
            shows=("deleted",),
            proof="asps.list has it no more",
        ),
    ),
}
_ANOTHER = "make another user a super administrator at https://admin.google.com/ac/users first, then plan again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are access tokens of an administrator, with the scopes in NEEDS."""

    read: Secret
    write: Secret | None = None
    url: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    return owners.gated(HANDLES.get(point.kind, ()), point, "google-suspend-unseen", _ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    return unknown(http, "nothing of an account's has a value that could be asked")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, the applications they granted access, and their application passwords."""
    where = f"google {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account, where), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account, where: str) -> Iterator[AccessPoint | Gap]:
    user = find(http, settings.read, account.id or account.login or account.email)
    if user is None:
        if account.id or account.login:
            raise NotIdentified("the directory has no such user", advice="correct the person's accounts")
        return
    names = {str(user["primaryEmail"]).lower(), *(str(alias).lower() for alias in user.get("aliases", []))}
    if (account.id and user["id"] != account.id) or (
        not account.id and (account.login or account.email).lower() not in names
    ):
        raise NotIdentified("the directory answered with another user", advice="correct the person's accounts")
    holder = Account(
        provider=PROVIDER, id=str(user["id"]), login=str(user["primaryEmail"]), email=str(user["primaryEmail"])
    )
    alone, gaps = owners.looked(where, lambda: administrators(http, settings.read, user), NEEDS)
    evidence = ("the directory lists the user", *(("a super administrator",) if user.get("isAdmin") else ()))
    yield _point(ACCOUNT, holder, holder.id, (*evidence, *alone), check=_account_check(http, user, holder))
    yield from gaps
    for kind in LISTS:
        yield from or_gap(f"{where}: {kind}", _listed(http, settings, kind, holder), needs=NEEDS)


def _listed(http: Reader, settings: Settings, kind: str, holder: Account) -> Iterator[AccessPoint]:
    for row in rows(http, settings.read, kind, holder.id):
        identity = str(row[LISTS[kind][2]])
        name = str(row.get("displayText") or row.get("name") or identity)
        yield _point(
            kind, holder, f"{holder.id}/{identity}", (f"{kind.partition('.')[2]} of the user: {name}",),
            check=live(http, f"listed for {holder.login}", holder), used=used_at(row.get("lastTimeUsed")),
        )  # fmt: skip


def _point(
    kind: str, holder: Account, identity: str, evidence: tuple[str, ...], *, check: Check, used: datetime | None = None
) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}", provider=PROVIDER, kind=kind, holder=holder, ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS, provider_id=identity, last_used=used, check=check, evidence=evidence,
    )  # fmt: skip


def _account_check(http: Reader, user: Mapping[str, Any], holder: Account) -> Check:
    if user["suspended"]:
        return dead(http, "suspended", holder, "suspended")
    return live(http, "an active user", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the directory: DEAD with "suspended" proves DISABLE, with "deleted" REVOKE."""
    user_id, _, item = point.provider_id.partition("/")
    user = find(http, settings.read, user_id)
    if user is None or user["id"] != user_id:
        return unknown(http, "the directory has no such user; a deleted one can be restored for 20 days")
    holder = Account(provider=PROVIDER, id=user_id, login=str(user["primaryEmail"]), email=str(user["primaryEmail"]))
    if point.kind == ACCOUNT:
        return _account_check(http, user, holder)
    if any(str(row[LISTS[point.kind][2]]) == item for row in rows(http, settings.read, point.kind, user_id)):
        return live(http, f"listed for {holder.login}", holder)
    return dead(http, f"not listed for {holder.login} any more", holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Suspend exactly this user, after signing them out, or delete exactly this grant or application password."""
    refuse_unlisted(HANDLES, action, point)
    user, _, item = point.provider_id.partition("/")
    if point.kind == ACCOUNT:
        now = owners.seen(lambda: administrators(http, settings.read, find(http, settings.read, user) or {}))
        owners.refuse_last(point, now, _ANOTHER)
        _send(http, settings, "POST", _SIGN_OUT, path={"user": user})
        return _send(http, settings, "PUT", USER, path={"user": user}, json={"suspended": True})
    return _send(http, settings, "DELETE", LISTS[point.kind][0] + "/{item}", path={"user": user, "item": item})


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Activate the user again."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"the end of a {point.kind} cannot be taken back")
    return _send(http, settings, "PUT", USER, path={"user": point.provider_id}, json={"suspended": False})


def _send(http: Writer, settings: Settings, method: str, template: str, **options: Any) -> Exchange:
    write = configured(settings, write=True)
    http.request(method, template, headers=bearer(write), hide=(write,), **options)
    return last(http)
