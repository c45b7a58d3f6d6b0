"""Roles of PostgreSQL, accounts of MySQL and MariaDB, users of Redis and Valkey: found by name, locked, cut off.

Identifiers and literals are quoted by each driver's own means; nothing of a leaked value gets into a statement.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from offkey import sql
from offkey.http import Operation
from offkey.secret import Secret
from revokers.protocol import NotIdentified, Unclear

READS: frozenset[Operation] = frozenset({("SQL", "WHO AM I"), ("SQL", "LIST ROLES")})
WRITES: frozenset[Operation] = frozenset(
    {("SQL", "LOCK"), ("SQL", "UNLOCK"), ("SQL", "TAKE PASSWORD"), ("SQL", "END SESSIONS")}
)
EXPIRED = "expired"  # a role that may sign in, and whose password's VALID UNTIL has passed
AFTER_SIGNING_IN = {
    "postgresql": frozenset({"3D000", "42501"}),
    "mysql": frozenset({"1044", "1049", "1142", "1820", "1862"}),
    "redis": frozenset({"NOPERM"}),
}
"""What a server says only to who has signed in: no such database, no privilege, a password that must be changed."""


@dataclass(frozen=True, slots=True)
class Role:
    """`name` is the server's own: a role, `user@host` for MySQL, a Redis user."""

    at: sql.Server
    name: str

    @property
    def id(self) -> str:
        return f"{self.at.where}/{self.name}"

    @property
    def login(self) -> str:
        """What a client signs in as."""
        return self.name.rpartition("@")[0] if self.at.engine == "mysql" else self.name

    @property
    def host(self) -> str:
        return self.name.rpartition("@")[2]


def password_of(at: sql.Server, passwords: Secret) -> Secret:
    """The password for a server's user, from lines `host:port:database:user:password` as in .pgpass.

    https://www.postgresql.org/docs/current/libpq-pgpass.html: `*` fits all, a backslash escapes `:` and itself. Raises
    Unclear.
    """
    wanted = (at.host, str(at.port), at.database, at.user)
    for line in passwords.reveal().decode("utf-8", "surrogateescape").splitlines():
        fields = [re.sub(r"\\(.)", r"\1", field) for field in re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line)]
        if line.startswith("#") or len(fields) < len(wanted) + 1:
            continue
        if all(have in ("*", want) for have, want in zip(fields, wanted, strict=False)):
            rest = re.sub(r"\\(.)", r"\1", re.split(r"(?<!\\):", line, maxsplit=4)[4])
            return Secret(rest.encode("utf-8", "surrogateescape"))
    raise Unclear(
        f"no password of {at.user} at {at.where} is configured", advice="add a line host:port:*:user:password"
    )


def me(at: sql.Server, session: sql.Session) -> str:
    """The name of the role that this session is signed in as."""
    statement = {
        "postgresql": "SELECT session_user",
        "mysql": "SELECT CURRENT_USER()",
        "redis": "ACL WHOAMI",
    }[at.engine]
    return str(session.run("WHO AM I", statement)[0][0])


def named(at: sql.Server, session: sql.Session, login: str) -> Iterator[Role]:
    """The roles that a client signs in to as `login`; MySQL may have several, one for each host pattern."""
    if at.engine == "postgresql":
        rows = session.run("LIST ROLES", "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = :v0", login)
    elif at.engine == "mysql":
        query = "SELECT CONCAT(user, '@', host) FROM mysql.user WHERE user = %s ORDER BY host"
        rows = session.run("LIST ROLES", query, login)
    else:
        rows = [[login]] if session.run("LIST ROLES", "ACL GETUSER", login)[0][0] else []
    yield from (Role(at, str(row[0])) for row in rows)


def fits_here(session: sql.Session, login: str) -> bool:
    """Whether MySQL can only have held a login from here against this user's one account, and so its password.

    https://dev.mysql.com/doc/refman/8.4/en/connection-access.html: the most specific host goes first.
    """
    here = str(session.run("LIST ROLES", "SELECT SUBSTRING_INDEX(USER(), '@', -1)")[0][0])
    query = "SELECT user, host FROM mysql.user WHERE user IN (%s, '')"
    accounts = [(str(user), str(host)) for user, host in session.run("LIST ROLES", query, login)]
    return len(accounts) == 1 and accounts[0] in {(login, here), (login, "%")}


def status(role: Role, session: sql.Session) -> str:
    """`open`, EXPIRED; or `locked`, `password` (there is none that could be right) and `gone`."""
    return {"postgresql": _postgres, "mysql": _mysql, "redis": _redis}[role.at.engine](role, session)


def _postgres(role: Role, session: sql.Session) -> str:
    query = "SELECT rolcanlogin, coalesce(rolvaliduntil < now(), false) FROM pg_catalog.pg_roles WHERE rolname = :v0"
    rows = session.run("LIST ROLES", query, role.name)
    if not rows:
        return "gone"
    may, ended = rows[0]
    if may:  # a certificate or a directory lets it in all the same, and its password when that is made valid longer
        return EXPIRED if ended else "open"
    return "password" if ended else "locked"


def _mysql(role: Role, session: sql.Session) -> str:
    """MariaDB keeps it in mysql.global_priv, MySQL in mysql.user."""
    version = str(session.run("LIST ROLES", "SELECT VERSION()")[0][0])
    if "MariaDB" in version:
        query = "SELECT Priv FROM mysql.global_priv WHERE User = %s AND Host = %s"
        rows = session.run("LIST ROLES", query, role.login, role.host)
        told = json.loads(rows[0][0]) if rows else {}
        locked, ended = told.get("account_locked") is True, told.get("password_last_changed") == 0
    else:
        query = "SELECT account_locked, password_expired FROM mysql.user WHERE user = %s AND host = %s"
        rows = session.run("LIST ROLES", query, role.login, role.host)
        locked, ended = (rows[0][0] == "Y", rows[0][1] == "Y") if rows else (False, False)
    if not rows:
        return "gone"
    return "open" if not locked else "password" if ended else "locked"


def _redis(role: Role, session: sql.Session) -> str:
    told = session.run("LIST ROLES", "ACL GETUSER", role.name)[0][0]
    if not told:
        return "gone"
    known = dict(zip(told[::2], told[1::2], strict=False)) if isinstance(told, list) else told
    if not known["passwords"] and "nopass" not in known["flags"]:
        return "password"
    return "locked" if "off" in known["flags"] else "open"


def holds(role: Role, session: sql.Session, value: Secret) -> bool:
    """Whether this very password is one of the user's: Redis alone lists their SHA-256."""
    if role.at.engine != "redis":
        return False
    told = session.run("LIST ROLES", "ACL GETUSER", role.name)[0][0] or {}
    known = dict(zip(told[::2], told[1::2], strict=False)) if isinstance(told, list) else told
    return hashlib.sha256(value.reveal()).hexdigest() in {str(one).lstrip("#") for one in known.get("passwords", ())}


def lock(role: Role, session: sql.Session) -> None:
    _change(role, session, "LOCK", ("ALTER ROLE {} NOLOGIN", "ACCOUNT LOCK", "off"))


def unlock(role: Role, session: sql.Session) -> None:
    _change(role, session, "UNLOCK", ("ALTER ROLE {} LOGIN", "ACCOUNT UNLOCK", "on"))


def take_password(role: Role, session: sql.Session, value: Secret | None = None) -> None:
    """No password is right any more: none, or one that nobody was told; a Redis user loses the value alone."""
    if role.at.engine == "postgresql":
        ended = "ALTER ROLE {} NOLOGIN PASSWORD NULL VALID UNTIL '-infinity'"
        _change(role, session, "TAKE PASSWORD", (ended, "", ""))
    elif role.at.engine == "mysql":
        statement = "ALTER USER %s@%s IDENTIFIED BY %s PASSWORD EXPIRE ACCOUNT LOCK"
        session.run("TAKE PASSWORD", statement, role.login, role.host, secrets.token_urlsafe(30))
    else:
        rule = "resetpass" if value is None else f"!{hashlib.sha256(value.reveal()).hexdigest()}"
        session.run("TAKE PASSWORD", "ACL SETUSER", role.name, rule)


def _change(role: Role, session: sql.Session, operation: str, words: tuple[str, str, str]) -> None:
    if role.at.engine == "postgresql":
        from pg8000.native import identifier

        session.run(operation, words[0].format(identifier(role.name)))
    elif role.at.engine == "mysql":
        session.run(operation, f"ALTER USER %s@%s {words[1]}", role.login, role.host)
    else:
        session.run(operation, "ACL SETUSER", role.name, words[2])


def end_sessions(role: Role, session: sql.Session) -> None:
    """Ends what is signed in as the role. Raises Denied where offkey's user may not: the lock holds all the same."""
    if role.at.engine == "postgresql":
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :v0 AND pid <> pg_backend_pid()"
        session.run("END SESSIONS", query, role.name)
    elif role.at.engine == "redis":
        session.run("END SESSIONS", "CLIENT KILL", "USER", role.name)
    else:
        query = "SELECT id FROM information_schema.processlist WHERE user = %s AND id <> CONNECTION_ID()"
        for row in session.run("LIST ROLES", query, role.login):
            if not isinstance(row[0], int):
                raise NotIdentified("a session has no number")
            session.run("END SESSIONS", f"KILL {row[0]}")
