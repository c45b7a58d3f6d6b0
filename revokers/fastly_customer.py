"""What an account's superuser sees and ends at Fastly: users, and the tokens of each.

A user or token is gone when the customer's list has it no more; each list must have somebody in it, for offkey's own
credential is a user's token. Both ends are final.

https://www.fastly.com/documentation/reference/api/auth-tokens/user/
https://www.fastly.com/documentation/reference/api/account/user/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, dead, last, live, or_gap, rows, text, when
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "fastly"
USER, LISTED = "fastly.user", "fastly.listed_token"
NEEDS: Mapping[str, str] = {
    "a superuser's token with global:read": "reading the customer's users and tokens",
    "a superuser's token with global": "apply: ending tokens and deleting users",
}
LISTS = {
    USER: ("/customer/{customer}/users", ("id", "login", "role")),
    LISTED: ("/customer/{customer}/tokens", ("id", "user_id", "name")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`customer` is the account's id, in the console under Account. A token ends itself, without `write`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    customer: str = ""


def signed(token: Secret) -> dict[str, str]:
    return {"Fastly-Key": text(token)}


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and each of the user's tokens."""
    where = f"fastly {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    token = configured(settings)
    users = _listed(http, settings, token, USER)
    user = _user(users, account)
    if user is None:
        if account.id or account.login:
            raise NotIdentified("Fastly has no such user", advice="correct the person's accounts")
        return
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["login"]), email=account.email)
    told = f"the customer lists a user with the role {user['role']}"
    check = live(http, "listed", holder)
    yield _point(USER, holder.id, holder, check, told, *((LAST_OWNER,) if _alone(users, holder.id) else ()))
    yield from or_gap(f"fastly {holder.login}: tokens", _tokens(http, settings, token, holder), needs=NEEDS)


def _tokens(http: Reader, settings: Settings, token: Secret, holder: Account) -> Iterator[AccessPoint]:
    for number, row in _listed(http, settings, token, LISTED).items():
        if row["user_id"] == holder.id:
            told = f"the customer lists the token {row['name']} with {row.get('scope', '')}"
            used = when(row.get("last_used_at"))
            yield _point(LISTED, number, holder, live(http, "listed", holder), told, used=used)


def _point(kind: str, number: str, holder: Account, check: Check, *evidence: str, used: Any = None) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{number}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=number,
        last_used=used,
        check=check,
        evidence=evidence,
    )


def _listed(http: Reader, settings: Settings, token: Secret, kind: str) -> dict[str, dict[str, Any]]:
    """Every row by id that is not deleted. Raises Unclear for none."""
    if not settings.customer:
        raise Unclear("no customer is configured", advice="set `customer` under [providers.fastly]")
    template, names = LISTS[kind]
    path = {"customer": settings.customer}
    answer = http.request("GET", template, path=path, headers=signed(token), hide=(token,))
    found = {str(row["id"]): row for row in rows([answer], kind, *names) if not row.get("deleted_at")}
    if not found:
        raise Unclear(f"the list of each {kind} is empty", advice="the credential must be a superuser's")
    return found


def _user(users: Mapping[str, dict[str, Any]], account: Account) -> dict[str, Any] | None:
    """The account's row: by its id where that is known, else by its login, which is an address."""
    if account.id:
        return users.get(account.id)
    wanted = account.login or account.email
    if not wanted:
        raise NotIdentified("Fastly finds users by id, login or address", advice="add one to the directory")
    return next((row for row in users.values() if str(row["login"]).lower() == wanted.lower()), None)


def _alone(users: Mapping[str, Mapping[str, Any]], number: str) -> bool:
    return [each for each, row in users.items() if row["role"] == "superuser"] == [number]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    if point.provider_id in _listed(http, settings, configured(settings), point.kind):
        return live(http, "listed", point.holder)
    return dead(http, "no longer listed", point.holder, "removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this holder's. Raises NotAutomatic for the last superuser."""
    token, number = configured(settings, write=True), point.provider_id
    listed = _listed(http, settings, token, point.kind)
    owner = listed.get(number, {}).get("id" if point.kind == USER else "user_id")
    if point.holder is None or not owner or owner != point.holder.id:
        raise NotIdentified(f"{point.id} is not listed for its holder", advice="plan again")
    if point.kind == USER and _alone(listed, number):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another user a superuser first")
    template = "/user/{id}" if point.kind == USER else "/tokens/{id}"
    http.request("DELETE", template, path={"id": number}, headers=signed(token), hide=(token,))
    return last(http)
