"""Snowflake: users, and their programmatic access tokens, by the statements that an administrator runs.

What proves death: `DESCRIBE USER` says DISABLED true; the user's list of tokens has the one in question as DISABLED or
EXPIRED, or no more. What does not: any refusal, and "does not exist or not authorized", which is one answer for both.
A token is known by its name alone: which one a value is, Snowflake tells nobody. Disabling a user ends running sessions
and disables the tokens, which stay so when the user is enabled again. A session that was itself opened by a
programmatic access token cannot change one: `write` is a key pair's JWT or an OAuth token. No e-mail is sent.
There is no fixed host: `url` is the account's, https://ORG-ACCOUNT.snowflakecomputing.com.

https://docs.snowflake.com/en/sql-reference/sql/alter-user
https://docs.snowflake.com/en/sql-reference/sql/alter-user-modify-programmatic-access-token
https://docs.snowflake.com/en/sql-reference/sql/show-user-programmatic-access-tokens
https://docs.snowflake.com/en/developer-guide/sql-api/reference
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import owners, snowflake_ways
from revokers.parts import answered, configured, dead, last, live, or_gap, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear
from revokers.snowflake_sql import (
    ALTER,
    DESCRIBE,
    READ,
    SHOW,
    SHOW_GRANTS,
    SHOW_TOKENS,
    WRITE,
    Sql,
    administrators,
    everybody,
    quoted,
)
from revokers.snowflake_ways import ACCOUNT, PAT

PROVIDER = "snowflake"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset({READ, DESCRIBE, SHOW, SHOW_GRANTS, SHOW_TOKENS})
WRITES: frozenset[Operation] = frozenset({WRITE, ALTER})
BY_EMAIL = True
NEEDS: Mapping[str, str] = {
    "MANAGE GRANTS or ownership of the users": "reading SHOW USERS, DESCRIBE USER and who is ACCOUNTADMIN",
    "MODIFY PROGRAMMATIC AUTHENTICATION METHODS": "the users' tokens; apply: disabling and removing them",
    "OWNERSHIP of the user": "apply and undo: disabling the user",
}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = snowflake_ways.HANDLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`token_type` says what `read` and `write` are: KEYPAIR_JWT, OAUTH or PROGRAMMATIC_ACCESS_TOKEN (read alone)."""

    url: str
    read: Secret | None = None
    write: Secret | None = None
    token_type: str = "KEYPAIR_JWT"  # noqa: S105 - a kind of token
    role: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    """The last ACCOUNTADMIN is left to people; where others cannot be seen, disabling needs an extra yes."""
    return owners.gated(HANDLES.get(point.kind, ()), point, "snowflake-disable-unseen", snowflake_ways.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    return unknown(http, "nothing of Snowflake's is asked by its value")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the user's programmatic access tokens."""
    where = f"snowflake {account.login or account.id or account.email}"
    yield from or_gap(where, _inventory(http, settings, account, where), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account, where: str) -> Iterator[AccessPoint | Gap]:
    sql = _sql(http, settings)
    users = _users(sql, account)
    if len(users) > 1:
        names = ", ".join(str(user["name"]) for user in users)
        raise NotIdentified(f"several users have this address: {names}", advice="add the right one's name")
    if not users and (account.id or account.login):
        raise NotIdentified("the account has no such user", advice="correct the person's accounts")
    for user in users:
        name = str(user["name"])
        holder = Account(provider=PROVIDER, id=name, login=name, email=str(user.get("email") or ""))
        shared = "SERVICE" in str(user.get("type") or "").upper()
        ownership = Ownership.SHARED if shared else Ownership.PERSONAL
        alone, gaps = owners.looked(where, partial(administrators, sql, name), NEEDS)
        yield _point(ACCOUNT, holder, name, ownership, _account_check(http, str(user["disabled"]), holder), *alone)
        yield from gaps
        yield from or_gap(f"{where}: tokens", _tokens(sql, holder, ownership), needs=NEEDS)


def _users(sql: Sql, account: Account) -> list[dict[str, str]]:
    if not (account.id or account.login or account.email):
        raise NotIdentified("Snowflake finds users by name or address", advice="add either to the directory")
    rows = everybody(sql)
    if account.id or account.login:
        return [row for row in rows if row["name"] == (account.id or account.login)]
    return [row for row in rows if str(row["email"] or "").lower() == account.email.lower()]


def _tokens(sql: Sql, holder: Account, ownership: Ownership) -> Iterator[AccessPoint]:
    for row in sql.rows(SHOW_TOKENS, f"SHOW USER PROGRAMMATIC ACCESS TOKENS FOR USER {quoted(holder.login)}"):
        asked = _token_check(sql.http, row, holder)
        yield _point(PAT, holder, f"{holder.login}/{row['name']}", ownership, asked)


def _point(kind: str, holder: Account, identity: str, ownership: Ownership, check: Check, *alone: str) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}", provider=PROVIDER, kind=kind, holder=holder, ownership=ownership, bond=Bond.THEIRS,
        provider_id=identity, check=check, evidence=(f"Snowflake lists it for user {holder.login}", *alone),
    )  # fmt: skip


def _account_check(http: Reader, disabled: str, holder: Account | None) -> Check:
    if disabled.lower() not in ("true", "false"):
        raise Unclear("Snowflake does not say whether the user is disabled")
    if disabled.lower() == "true":
        return dead(http, "a disabled user", holder, "disabled")
    return live(http, "an enabled user", holder)


def _token_check(http: Reader, row: Mapping[str, str], holder: Account | None) -> Check:
    status = str(row["status"])
    if status in ("DISABLED", "EXPIRED"):
        return dead(http, f"listed as {status}", holder, status.lower())
    if status != "ACTIVE":
        return unknown(http, "listed with a status that is not documented", holder)
    return live(http, "listed as ACTIVE", holder)


def _sql(http: Reader, settings: Settings, *, write: bool = False) -> Sql:
    return Sql(http, configured(settings, write=write), settings.token_type, settings.role)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By Snowflake's own lists: DEAD with "disabled" proves DISABLE, with "deleted" REVOKE."""
    sql, (user, token) = _sql(http, settings), _named(point)
    if point.kind == ACCOUNT:
        told = {row["property"]: row["value"] for row in sql.rows(DESCRIBE, f"DESCRIBE USER {quoted(user)}")}
        return _account_check(http, str(told["DISABLED"]), point.holder)
    for row in sql.rows(SHOW_TOKENS, f"SHOW USER PROGRAMMATIC ACCESS TOKENS FOR USER {quoted(user)}"):
        if row["name"] == token:
            return _token_check(http, row, point.holder)
    return dead(http, f"not listed for {user} any more", point.holder, "deleted")


def _named(point: AccessPoint) -> tuple[str, str]:
    """The names of the user and of the token. Raises NotIdentified."""
    if point.kind == ACCOUNT and point.provider_id:
        return point.provider_id, ""
    user = point.holder.login if point.holder else ""
    if point.kind != PAT or not user or not point.provider_id.startswith(f"{user}/"):
        raise NotIdentified("whose it is and what it is called is not known", advice="list the user anew")
    return user, point.provider_id.removeprefix(f"{user}/")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Disable exactly this user, or disable or remove exactly this token of exactly this user."""
    refuse_unlisted(HANDLES, action, point)
    user, token = _named(point)
    change = "SET DISABLED = TRUE"
    if point.kind == ACCOUNT:
        sql = _sql(http, settings)
        owners.refuse_last(point, owners.seen(partial(administrators, sql, user)), snowflake_ways.ANOTHER)
    if point.kind == PAT:
        removed = f"REMOVE PROGRAMMATIC ACCESS TOKEN {quoted(token)}"
        change = f"MODIFY PROGRAMMATIC ACCESS TOKEN {quoted(token)} {change}" if action is Action.DISABLE else removed
    _alter(http, settings, f"ALTER USER {quoted(user)} {change}")
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Enable the user or the token again."""
    if point.kind not in HANDLES:
        raise NotAutomatic(f"there is nothing to take back for {point.kind}")
    user, token = _named(point)
    what = f"MODIFY PROGRAMMATIC ACCESS TOKEN {quoted(token)} " if point.kind == PAT else ""
    _alter(http, settings, f"ALTER USER {quoted(user)} {what}SET DISABLED = FALSE")
    return last(http)


def _alter(http: Writer, settings: Settings, statement: str) -> None:
    answer = _sql(http, settings, write=True).run(ALTER, statement)
    if answer.status == 200 and not (isinstance(answer.json, dict) and answer.json.get("statementHandle")):
        raise Unclear("ALTER USER: answered 200 without the expected fields", advice="look at the user")
