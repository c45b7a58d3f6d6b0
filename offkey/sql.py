"""Database servers under the gates of `offkey/http.py`: configured ones alone, each statement asked like an operation.

`Reader.base` holds the configured servers as URLs without passwords, separated by spaces. What is asked passes `permit`
as `("SQL", "ALTER ROLE NOLOGIN")`, and is recorded without its values. Nothing is retried.
"""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from offkey.errors import OffkeyError, UsageError
from offkey.http import NoAnswer, Reader, Refused, is_loopback
from offkey.secret import Secret

SECONDS = 20.0
PORTS = {"postgresql": 5432, "mysql": 3306, "redis": 6379}
_SCHEMES = {"postgres": "postgresql", "mariadb": "mysql", "rediss": "redis", "valkey": "redis", "valkeys": "redis"}
_ENCRYPTED = frozenset({"rediss", "valkeys"})
_ONLY_READ = ("SELECT ", "ACL WHOAMI", "ACL GETUSER", "CLIENT LIST")
EXTRA = "install offkey[databases]"


class Denied(OffkeyError):
    """The server refused the login or the statement; `code` is its own: an SQLSTATE, an error number, a word."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One configured server. `user` is whom offkey signs in as; `tls` is off at loopback, and where the URL says so."""

    engine: str
    host: str
    port: int
    user: str
    database: str
    tls: bool

    @property
    def where(self) -> str:
        """`postgresql://host:port`."""
        return f"{self.engine}://{self.host}:{self.port}"


class Session(Protocol):
    """A signed-in connection."""

    def run(self, operation: str, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Ask the gate for `("SQL", operation)`, then run it; rows, or none. Raises Refused, Denied, NoAnswer."""


def servers(text: str) -> tuple[Server, ...]:
    """The configured servers. Raises UsageError for an address that is none, or has a password in it."""
    return tuple(map(_server, text.split()))


def _server(url: str) -> Server:
    parts = urlsplit(url)
    engine = _SCHEMES.get(parts.scheme, parts.scheme)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.password is not None:
        raise UsageError("a database's address has a password in it", advice="put it where `read` refers to; it leaked")
    if engine not in PORTS or not parts.hostname or port == -1:
        advice = "write postgresql://user@host:5432/database"
        raise UsageError(f"the address at {parts.hostname} is no database's", advice=advice)
    plain = engine == "redis" and parts.scheme not in _ENCRYPTED
    off = parse_qs(parts.query).get("sslmode", [""])[-1] == "disable"
    return Server(
        engine=engine,
        host=parts.hostname,
        port=port or PORTS[engine],
        user=unquote(parts.username or ""),
        database=parts.path.strip("/"),
        tls=not (plain or off or is_loopback(parts.hostname)),
    )


@contextmanager
def session(http: Reader, at: Server, user: str, password: Secret) -> Iterator[Session]:
    """Sign in at one of the Reader's servers. Raises Refused for any other, Denied, and NoAnswer."""
    http.permit(("SQL", "SIGN IN"))
    if at.where not in {known.where for known in servers(http.base)}:
        raise UsageError(f"{at.where} is not configured", advice="list it in `url` under [providers.database]")
    try:
        made = _OPEN[at.engine](http, at, user, password)
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed", advice=EXTRA) from error
    http.record("SQL", f"{at.host}:{at.port} SIGN IN", 200, "")
    try:
        yield made
    finally:
        with suppress(Exception):  # the server may have ended it
            made.close()


class _Driver:
    """What all three have in common: the gate before, the record after, and errors without what they quote."""

    def __init__(self, http: Reader, at: Server) -> None:
        self.http, self.at = http, at

    def run(self, operation: str, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
        self.http.permit(("SQL", operation))
        if ("SQL", operation) in self.http.gate.reads and not statement.startswith(_ONLY_READ):
            raise Refused(f"{operation} is listed as a read, and its statement is none", advice="report this")
        rows = self.tried(operation, lambda: self.execute(statement, values))
        self.http.record("SQL", f"{self.at.host}:{self.at.port} {operation}", 200, "")
        return list(rows or ())

    def execute(self, statement: str, values: Sequence[Any]) -> Any:
        raise NotImplementedError

    def refusal(self, error: Exception) -> str:
        """The server's code, or "" where it did not answer."""
        raise NotImplementedError

    def tried(self, operation: str, action: Any) -> Any:
        try:
            return action()
        except OffkeyError:
            raise
        except Exception as error:  # noqa: BLE001 - three drivers' errors and whatever strangers' servers provoke in them
            code = self.refusal(error)
            shown = f"{self.at.host}:{self.at.port} {operation}"
            self.http.record("SQL", shown, 400 if code else 0, code or type(error).__name__)
            if code:
                raise Denied(f"{self.at.where}: {operation} was refused ({code})", code) from None
            raise NoAnswer(f"{self.at.where}: {operation}: {type(error).__name__}", advice="try again later") from None


class _Postgres(_Driver):
    def __init__(self, http: Reader, at: Server, user: str, password: Secret) -> None:
        import pg8000.native

        super().__init__(http, at)
        context = ssl.create_default_context() if at.tls else None
        self._made = self.tried(
            "SIGN IN",
            lambda: pg8000.native.Connection(
                user, at.host, at.database or None, at.port, password.reveal(), ssl_context=context, timeout=SECONDS
            ),
        )

    def execute(self, statement: str, values: Sequence[Any]) -> Any:
        return self._made.run(statement, **{f"v{number}": value for number, value in enumerate(values)})

    def refusal(self, error: Exception) -> str:
        told = error.args[0] if error.args else None
        return str(told.get("C", "")) if isinstance(told, dict) else ""

    def close(self) -> None:
        self._made.close()


class _MySql(_Driver):
    def __init__(self, http: Reader, at: Server, user: str, password: Secret) -> None:
        import pymysql

        super().__init__(http, at)
        self._made = self.tried(
            "SIGN IN",
            lambda: pymysql.connect(
                host=at.host,
                port=at.port,
                user=user,
                password=password.reveal(),
                database=at.database or None,
                ssl=ssl.create_default_context() if at.tls else None,
                connect_timeout=int(SECONDS),
                read_timeout=int(SECONDS),
                write_timeout=int(SECONDS),
                autocommit=True,
                local_infile=False,
            ),
        )

    def execute(self, statement: str, values: Sequence[Any]) -> Any:
        with self._made.cursor() as cursor:
            cursor.execute(statement, tuple(values) or None)
            return cursor.fetchall()

    def refusal(self, error: Exception) -> str:
        import pymysql

        number = error.args[0] if error.args and isinstance(error, pymysql.MySQLError) else 0
        return (
            str(number) if isinstance(number, int) and (number // 1000) not in (0, 2) else ""
        )  # 2000 on: the client's

    def close(self) -> None:
        self._made.close()


class _Redis(_Driver):
    """`statement` is the command; its values are arguments."""

    def __init__(self, http: Reader, at: Server, user: str, password: Secret) -> None:
        import redis
        import redis.backoff
        import redis.retry

        super().__init__(http, at)
        made: Any = redis.Redis(
            at.host, at.port, username=user or None, password=password.reveal().decode("utf-8", "surrogateescape"),
            ssl=at.tls, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, decode_responses=True, protocol=2,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0), driver_info=None,
        )  # fmt: skip
        self._made = made
        self.tried("SIGN IN", lambda: made.execute_command("ACL", "WHOAMI"))

    def execute(self, statement: str, values: Sequence[Any]) -> Any:
        return [[self._made.execute_command(*statement.split(), *values)]]

    def refusal(self, error: Exception) -> str:
        import redis.exceptions

        if "WRONGPASS" in str(error) or "invalid username-password pair" in str(error):
            return "WRONGPASS"
        if isinstance(error, redis.exceptions.NoPermissionError):
            return "NOPERM"
        return "ERR" if isinstance(error, redis.ResponseError | redis.AuthenticationError) else ""

    def close(self) -> None:
        self._made.close()


_OPEN: dict[str, Any] = {"postgresql": _Postgres, "mysql": _MySql, "redis": _Redis}
