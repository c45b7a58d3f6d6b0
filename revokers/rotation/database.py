"""Successors of database passwords: by two roles that take turns.

A role has one password at PostgreSQL and MariaDB, and changing it cuts off all who have the old one. So a
`[[rotation]]` names a second role of the same rights that may not sign in. It is given a new password and let in; name
and password are stored; the old role, which is another one, is locked once it is out of use, and its password taken
away. Next time they change places. MySQL and Redis could keep two passwords for one role: one way does for all.

The server is told no password in the clear where it takes something else: PostgreSQL a SCRAM verifier, MariaDB and
Redis a hash. MySQL gets it in the statement, and keeps it out of its own logs. Only open sessions tell of use: where
the old role has none, the hours count.

https://www.postgresql.org/docs/current/sql-createrole.html (a verifier in place of the password)
https://datatracker.ietf.org/doc/html/rfc5802#section-3, https://datatracker.ietf.org/doc/html/rfc7677
https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/alter-user
https://dev.mysql.com/doc/refman/8.4/en/password-logging.html
https://redis.io/docs/latest/commands/acl-setuser/
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from offkey import sql
from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Credential, Exchange
from offkey.secret import Secret
from revokers import database, database_roles
from revokers.database import PROVIDER, URL, Settings, check
from revokers.database_kinds import ENGINES, HANDLES
from revokers.database_roles import Role
from revokers.parts import configured, last
from revokers.protocol import NotAutomatic, NotIdentified
from revokers.rotation import LastUse, Made, Replaceable

__all__ = ["KINDS", "NEEDS", "PROVIDER", "URL", "check", "create", "discard", "gate", "listed", "used"]

WRITES: frozenset[Operation] = frozenset({("SQL", "SET PASSWORD"), ("SQL", "TAKE PASSWORD"), ("SQL", "LOCK")})
gate = Gate(provider=PROVIDER, hosts=database.HOSTS, reads=database.READS, writes=WRITES, databases=True)
NEEDS: Mapping[str, str] = {
    "PostgreSQL: CREATEROLE, or ADMIN over both roles": "apply: giving the second role a password",
    "MySQL: CREATE USER, PROCESS, SELECT on mysql": "apply: the same, and seeing sessions",
    "Redis: +acl|getuser +acl|setuser +client|list": "apply: the same",
}
KINDS: Mapping[str, Replaceable] = {
    kind: Replaceable(
        parts=(frozenset({"user", "secret"}),),
        ends=HANDLES[kind],
        by_name=True,
        breaks=(
            "nothing yet: both roles may sign in; once the old one is locked, what has not taken up the new one, and "
            "whatever the second role has no rights to",
        ),
    )
    for kind in ENGINES
}
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_ROUNDS = 4096
_SESSIONS = {
    "postgresql": "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = :v0",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE user = %s",
}


@contextmanager
def _signed_in(http: Reader, settings: Settings, at: sql.Server) -> Iterator[sql.Session]:
    passwords = configured(settings, write=True)
    with sql.session(http, at, at.user, database_roles.password_of(at, passwords)) as session:
        yield session


def _role(settings: Settings, identity: str) -> Role:
    """The role behind `engine://host:port/name`, at a configured server. Raises NotIdentified."""
    at = next((at for at in sql.servers(settings.url) if identity.startswith(at.where + "/")), None)
    if at is None:
        raise NotIdentified("instance not configured", advice="list the server in `url` under [providers.database]")
    return Role(at, identity.removeprefix(at.where + "/"))


def _both(settings: Settings, point: AccessPoint, successor: str) -> tuple[Role, Role]:
    """The old role, as which the value signs in, and the one that takes its place. Raises NotIdentified."""
    old = _role(settings, point.holder.id if point.holder else "")
    if successor in ("", old.name):
        raise NotIdentified("no second role is named", advice="set `successor` in the [[rotation]]")
    return old, Role(old.at, successor)


def listed(http: Reader, settings: Settings, point: AccessPoint, successor: str) -> Mapping[str, datetime]:
    """Those of the two roles that may sign in."""
    old, new = _both(settings, point, successor)
    with _signed_in(http, settings, old.at) as session:
        found = {role.id: _BEGINNING for role in (old, new) if database_roles.status(role, session) == "open"}
    if old.id not in found:
        raise NotIdentified(f"{old.name} may not sign in at {old.at.where}", advice="plan again")
    return found


def create(http: Writer, settings: Settings, point: AccessPoint, successor: str) -> Made:
    """Give the second role a new password and let it in. Raises NotAutomatic where it may sign in already."""
    old, new = _both(settings, point, successor)
    with _signed_in(http, settings, old.at) as session:
        status = database_roles.status(new, session)
        if status == "gone":
            raise NotIdentified(
                f"{old.at.where} has no role {new.name}", advice="make it, with the rights of the old one"
            )
        if status == "open":
            raise NotAutomatic(
                f"{new.name} may sign in at {old.at.where}: it may be in use",
                advice="see who uses it, and lock it first",
            )
        password = Secret(secrets.token_urlsafe(30).encode())
        _set(new, session, password)
    parts = {"user": new.login.encode(), "host": f"{old.at.host}:{old.at.port}".encode()}
    known = {name: Secret(value) for name, value in parts.items()}
    return Made(provider_id=new.id, credential=Credential(kind=point.kind, parts={**known, "secret": password}))


def _set(role: Role, session: sql.Session, password: Secret) -> None:
    value = password.reveal()
    if role.at.engine == "postgresql":
        from pg8000.native import identifier, literal

        verifier = literal(scram_verifier(value, os.urandom(16)))
        statement = f"ALTER ROLE {identifier(role.name)} LOGIN PASSWORD {verifier} VALID UNTIL 'infinity'"
        session.run("SET PASSWORD", statement)
    elif role.at.engine == "redis":
        told = f"#{hashlib.sha256(value).hexdigest()}"
        session.run("SET PASSWORD", "ACL SETUSER", role.name, "resetpass", told, "on")
    elif "MariaDB" in str(session.run("LIST ROLES", "SELECT VERSION()")[0][0]):
        hashed = hashlib.sha1(hashlib.sha1(value).digest()).hexdigest().upper()  # noqa: S324 - MariaDB's own form
        statement = "ALTER USER %s@%s IDENTIFIED BY PASSWORD %s ACCOUNT UNLOCK"
        session.run("SET PASSWORD", statement, role.login, role.host, f"*{hashed}")
    else:
        statement = "ALTER USER %s@%s IDENTIFIED BY %s ACCOUNT UNLOCK"
        session.run("SET PASSWORD", statement, role.login, role.host, value.decode())


def scram_verifier(password: bytes, salt: bytes) -> str:
    """What PostgreSQL keeps of a password of ASCII (RFC 5802, RFC 7677), in the form that ALTER ROLE takes."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    keys = (hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256"))
    stored, server, salted_with = (base64.b64encode(raw).decode() for raw in (*keys, salt))
    return f"SCRAM-SHA-256${_ROUNDS}:{salted_with}${stored}:{server}"


def used(http: Reader, settings: Settings, point: AccessPoint, identity: str) -> LastUse:
    """Now, where the role has an open session; else nobody can tell."""
    role = _role(settings, identity or (point.holder.id if point.holder else ""))
    with _signed_in(http, settings, role.at) as session:
        if role.at.engine == "redis":
            told = str(session.run("LIST ROLES", "CLIENT LIST")[0][0])
            open_now = len(re.findall(rf"(?m) user={re.escape(role.name)}(?: |$)", told))
        else:
            open_now = int(session.run("LIST ROLES", _SESSIONS[role.at.engine], role.login)[0][0])
    if not open_now:
        return LastUse(tells=False)
    return LastUse(tells=True, at=http.now(), by=f"{open_now} open sessions")


def discard(http: Writer, settings: Settings, point: AccessPoint, identity: str) -> Exchange:
    """Lock the second role again, and take its new password away."""
    role = _role(settings, identity)
    if point.holder is None or identity == point.holder.id:
        raise NotIdentified(f"{identity} is the old role", advice="report this")
    with _signed_in(http, settings, role.at) as session:
        database_roles.take_password(role, session)
        database_roles.lock(role, session)
        return last(http)
