"""What can be done about passwords in database URLs, and about roles."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from offkey.model import Action
from revokers.parts import by_hand
from revokers.protocol import Option

ROLE = "database.role"
ENGINES = {"database.postgres": "postgresql", "database.mysql": "mysql", "database.redis": "redis"}
_HOW = (
    "Give what uses the role another password first (see https://www.postgresql.org/docs/current/sql-alterrole.html, "
    "https://dev.mysql.com/doc/refman/8.4/en/alter-user.html, https://redis.io/commands/acl-setuser)."
)


def _ended(by: Literal["value", "id"], via: Literal["admin", "person"]) -> tuple[Option, ...]:
    off = Option(
        action=Action.DISABLE,
        reversible=True,
        by=by,
        via=via,
        reason="the role may not sign in any more, and its sessions are ended; an administrator can let it in again",
        breaks=("whatever signs in as this role, and its open sessions",),
        proof="the server's list: NOLOGIN, account locked, or off",
    )
    reason = "the role's password is taken away for good; the role and what it owns stay"
    proof = (
        "signing in: 28P01 or WRONGPASS; MySQL: 1045 for the only account that fits"
        if by == "value"
        else "the server's list: no password that is right"
    )
    gone = ("gone", "password")
    return off, replace(off, action=Action.REVOKE, reversible=False, reason=reason, shows=gone, how=_HOW, proof=proof)


_ASK = "Ask the database's administrator to change that user's password or lock it, and to end its open sessions: "
_BY_HAND = {
    "mongodb": "https://www.mongodb.com/docs/manual/reference/method/db.updateUser/",
    "amqp": "https://www.rabbitmq.com/docs/access-control",
    "mssql": "https://learn.microsoft.com/sql/t-sql/statements/alter-login-transact-sql",
    "ado": "https://learn.microsoft.com/sql/t-sql/statements/alter-login-transact-sql",
    "jdbc": "https://docs.oracle.com/javase/tutorial/jdbc/basics/connecting.html",
    "snowflake": "https://docs.snowflake.com/en/sql-reference/sql/alter-user",
    "clickhouse": "https://clickhouse.com/docs/sql-reference/statements/alter/user",
    "oracle": "https://docs.oracle.com/en/database/oracle/oracle-database/",
    "neo4j": "https://neo4j.com/docs/operations-manual/current/authentication-authorization/",
}
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(ENGINES, _ended("value", "admin")),
    ROLE: _ended("id", "person"),
    **{f"database.{name}": by_hand(_ASK + page) for name, page in _BY_HAND.items()},
}
