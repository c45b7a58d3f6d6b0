"""Passwords in database URLs: PostgreSQL, MySQL and MariaDB, Redis and Valkey, at servers that offkey.toml lists.

    [providers.database]
    url = "postgresql://offkey@db1.corp:5432/postgres mysql://offkey@db2.corp rediss://offkey@cache.corp"
    read = "file:databases.pgpass"      # a line a server, as in .pgpass: host:port:database:user:password

A leaked URL's host is compared with the listed ones and never connected to when it is not among them.

What proves death: signing in with the value is refused as a wrong password: PostgreSQL 28P01 (which it also says of a
right one after the role's VALID UNTIL: then it is UNKNOWN, and the role lives), Redis WRONGPASS; or the
administrator's list says that the role may not sign in or is not there: pg_roles.rolcanlogin, mysql.user or
mysql.global_priv `account_locked`, ACL GETUSER `off`. MySQL and MariaDB answer 1045 to a wrong password, and to a right
one from an address that its account does not fit (`app@10.%`): it proves death only where the user has one account, and
that one fits offkey's own address. What does not: PostgreSQL 28000 (pg_hba.conf has no entry for our address, or the
role may not sign in: the same code), too many connections, a network error.
Sessions outlive a lock: DISABLE and REVOKE end the open ones as well.
Roles are what programs sign in as: a value found is held to be shared, and ended only where the role is the person's.

https://www.postgresql.org/docs/current/errcodes-appendix.html
https://www.postgresql.org/docs/current/sql-alterrole.html
https://dev.mysql.com/doc/refman/8.4/en/account-locking.html
https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/alter-user
https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from offkey import sql
from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import database_roles
from revokers.database_kinds import ENGINES, HANDLES, ROLE
from revokers.database_roles import EXPIRED, Role
from revokers.parts import answered, configured, dead, given, last, live, or_gap, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "ENGINES", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "ROLE", "URL", "WRITES", "Settings",
    "check", "gate", "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

PROVIDER = "database"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset({("SQL", "SIGN IN"), *database_roles.READS})
WRITES: frozenset[Operation] = database_roles.WRITES
NEEDS: Mapping[str, str] = {
    "PostgreSQL: a role with CREATEROLE, or ADMIN over the roles to be ended": "apply: ALTER ROLE",
    "PostgreSQL: pg_signal_backend": "apply: ending open sessions",
    "MySQL: CREATE USER, CONNECTION_ADMIN, SELECT on mysql": "reading and apply",
    "Redis: +acl|getuser +acl|setuser +acl|whoami +client|kill": "reading and apply",
}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES, databases=True)

_REFUSED = {"postgresql": frozenset({"28P01"}), "mysql": frozenset[str](), "redis": frozenset({"WRONGPASS"})}
_PERHAPS = "1045"
"""MySQL's refusal of a wrong password, or of where it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` lists the servers; `read` and `write` hold the passwords of the users in it, in the form of .pgpass."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


def _server(http: Reader, credential: Credential) -> sql.Server:
    """The configured server that the URL names. Raises NotIdentified for any other: nothing is connected to."""
    host = credential.parts["host"].reveal().decode("latin-1").lower() if "host" in credential.parts else ""
    engine = ENGINES[credential.kind]
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
    number = int(port) if port.isdigit() else sql.PORTS[engine]
    for at in sql.servers(http.base):
        if (at.engine, at.host.lower(), at.port) == (engine, name, number):
            return at
    raise NotIdentified("instance not configured", advice="list the server in `url` under [providers.database]")


def _user(credential: Credential) -> str:
    return credential.parts["user"].reveal().decode("utf-8", "replace") if "user" in credential.parts else ""


@answered
def check(http: Reader, credential: Credential) -> Check:
    """Signs in at the configured server that the URL names. The holder's id is `engine://host:port/user`."""
    if credential.kind not in ENGINES:
        return unknown(http, f"nothing here asks about a {credential.kind}")
    at, user = _server(http, credential), _user(credential)
    if not user and at.engine != "redis":
        return unknown(http, "no user stands in the URL")
    try:
        with sql.session(http, at, user, credential.secret) as session:
            name = database_roles.me(at, session)
    except sql.Denied as error:
        return _refusal(http, at, error)
    role = Role(at, name)
    return live(http, f"signs in as {name} at {at.where}", Account(provider=PROVIDER, id=role.id, login=role.login))


def _refusal(http: Reader, at: sql.Server, error: sql.Denied) -> Check:
    if error.code in _REFUSED[at.engine]:
        return dead(http, f"{at.where}: the password is refused ({error.code})", status="password")
    if error.code in database_roles.AFTER_SIGNING_IN[at.engine]:
        return live(http, f"{at.where} let it in, and refused what came next ({error.code})")
    perhaps = (at.engine, error.code) == ("mysql", _PERHAPS)
    why = f"{at.where} refuses the password, or the user from offkey's address ({_PERHAPS})"
    return unknown(http, why if perhaps else str(error), status=error.code)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The roles of the account's login at every configured server."""
    for at in sql.servers(settings.url):
        yield from or_gap(at.where, _roles(http, settings, at, account), "try again later", NEEDS)


def _roles(http: Reader, settings: Settings, at: sql.Server, account: Account) -> Iterator[AccessPoint]:
    if not account.login:
        raise NotIdentified("roles are found by their name", advice="add the role's name to the person's accounts")
    with _signed_in(http, at, configured(settings)) as session:
        for role in database_roles.named(at, session, account.login):
            said = _listed(http, role, database_roles.status(role, session))
            yield AccessPoint(
                id=f"{ROLE}:{role.id}", provider=PROVIDER, kind=ROLE, provider_id=role.id, holder=said.holder,
                ownership=Ownership.PERSONAL, bond=Bond.THEIRS, check=said,
                evidence=(f"{at.where} lists the role {role.name}",),
            )  # fmt: skip


def _listed(http: Reader, role: Role, status: str) -> Check:
    holder = Account(provider=PROVIDER, id=role.id, login=role.login)
    if status in ("open", EXPIRED):
        without = ", though its password has expired" if status == EXPIRED else ""
        return live(http, f"{role.at.where} lets {role.name} sign in{without}", holder)
    return dead(http, f"{role.at.where}: {role.name} is {status}", holder, status)


def _signed_in(http: Reader, at: sql.Server, passwords: Secret) -> AbstractContextManager[sql.Session]:
    """A session as the user in the configured URL."""
    return sql.session(http, at, at.user, database_roles.password_of(at, passwords))


def _role(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None) -> Role:
    """Which role it is: by the id; for a value by signing in with it, or by its user where that one is locked.

    Raises NotIdentified.
    """
    if point.kind == ROLE:
        found = next((at for at in sql.servers(settings.url) if point.provider_id.startswith(at.where + "/")), None)
        if found is None:
            raise NotIdentified("instance not configured", advice="list the server in `url` under [providers.database]")
        return Role(found, point.provider_id.removeprefix(found.where + "/"))
    value = given(point, credential)
    said, at = check(http, value), _server(http, value)
    if said.holder is not None:
        return Role(at, said.holder.id.removeprefix(at.where + "/"))
    locked = [role for role, status in _closed(http, settings, value) if status == "locked"]
    refused = said.liveness is Liveness.DEAD or said.status == _PERHAPS
    if len(locked) != 1 or (refused and at.engine != "redis"):
        raise NotIdentified(f"the value does not sign in: {said.reason}", advice="it may be dead already: verify")
    return locked[0]


def _closed(http: Reader, settings: Settings, value: Credential) -> list[tuple[Role, str]]:
    """The roles of the value's user with their status, where none of them may sign in; else nothing."""
    at, passwords = _server(http, value), settings.write or settings.read
    if passwords is None or not _user(value):
        return []
    with _signed_in(http, at, passwords) as session:
        named = database_roles.named(at, session, _user(value))
        found = [(role, database_roles.status(role, session)) for role in named]
        if at.engine == "redis":  # which refuses a right password and a wrong one in the same words
            held = {role for role, _ in found if database_roles.holds(role, session, value.secret)}
            found = [(role, status if role in held else "password") for role, status in found]
    return [] if any(status in ("open", EXPIRED) for _, status in found) else found


def _rests(http: Reader, settings: Settings, value: Credential, said: Check) -> Check:
    """A refused password is dead unless its role's validity has passed: a longer one would make it right again."""
    at, user = _server(http, value), _user(value)
    if said.liveness is not Liveness.DEAD or at.engine != "postgresql" or settings.read is None:
        return said
    with _signed_in(http, at, settings.read) as session:
        status = [database_roles.status(role, session) for role in database_roles.named(at, session, user)]
    if EXPIRED not in status:
        return said
    return unknown(http, f"{at.where}: {said.reason}, and {user}'s VALID UNTIL has passed: it may live again")


def _wrong(http: Reader, settings: Settings, value: Credential) -> Check:
    """What MySQL's 1045 means, by the list of the user's accounts."""
    at = _server(http, value)
    with _signed_in(http, at, configured(settings)) as session:
        if database_roles.fits_here(session, _user(value)):
            return dead(http, f"{at.where}: the password is refused ({_PERHAPS})", status="password")
    return unknown(http, f"{at.where}: the user may be let in from another address alone ({_PERHAPS})")


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """For a role by the server's own list. A value is tried; where that says nothing, its user is looked up there."""
    if point.kind != ROLE:
        value = given(point, credential)
        said = _rests(http, settings, value, check(http, value))
        redis = value.kind == "database.redis" and said.liveness is Liveness.DEAD
        if not redis and (said.liveness is not Liveness.UNKNOWN or not said.status):
            return said
        closed = _closed(http, settings, value)
        if closed:
            return _listed(http, *closed[0])
        return _wrong(http, settings, value) if said.status == _PERHAPS and settings.read else said
    role = _role(http, settings, point, credential)
    with _signed_in(http, role.at, configured(settings)) as session:
        return _listed(http, role, database_roles.status(role, session))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Lock the role, or take its password away; then end its sessions."""
    refuse_unlisted(HANDLES, action, point)
    role = _role(http, settings, point, credential)
    if role.login == role.at.user:
        raise NotAutomatic(f"{role.login} is the user that offkey signs in as", advice="give offkey one of its own")
    with _signed_in(http, role.at, configured(settings, write=True)) as session:
        if action is Action.DISABLE:
            database_roles.lock(role, session)
        else:
            database_roles.take_password(role, session, credential.secret if credential else None)
        done = last(http)
        database_roles.end_sessions(role, session)
    return done


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Let the role sign in again."""
    role = _role(http, settings, point, credential)
    with _signed_in(http, role.at, configured(settings, write=True)) as session:
        database_roles.unlock(role, session)
        return last(http)
