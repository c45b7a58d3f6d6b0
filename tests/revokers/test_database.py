"""Passwords in database URLs, at real servers: the contract of every revoker, and what is true of databases alone."""

import base64
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from urllib.parse import quote

import pytest

import revokers
from offboarding.demo.simulators import tokens
from offkey import sql
from offkey.errors import UsageError
from offkey.http import Reader, Refused, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Gap, Liveness
from offkey.secret import Secret
from revokers import database, database_roles
from revokers.protocol import NotAutomatic, NotIdentified, Unclear, reached
from tests.revokers import servers
from tests.revokers.case import DIGEST, approval, credential, leak

LIVE, DEAD, UNKNOWN = Liveness.LIVE, Liveness.DEAD, Liveness.UNKNOWN
NAMES = ("ann", "dana", "zoe")
Start = Callable[[str], AbstractContextManager[servers.Database]]
ENGINES: dict[str, tuple[str, Start]] = {
    "database.postgres": (servers.POSTGRES, servers.postgres),
    "database.mysql": (servers.MARIADB, servers.mariadb),
    "database.redis": (servers.REDIS, servers.redis),
}


@dataclass
class World:
    """One server with three roles; `kind` is that of a leaked URL."""

    kind: str
    server: servers.Database
    passwords: dict[str, str]

    @property
    def settings(self) -> database.Settings:
        line = Secret(f"127.0.0.1:{self.server.port}:*:{servers.ADMIN}:{self.server.password}\n".encode())
        return database.Settings(url=self.server.url, read=line, write=line)

    def reader(self) -> Reader:
        return revokers.reader("database", self.settings, sleep=lambda _: None)

    def writer(self) -> Writer:
        return revokers.writer("database", self.settings, approval=approval(), plan_digest=DIGEST)

    def value(self, name: str, password: str = "", host: str = "") -> Credential:
        host = host or f"127.0.0.1:{self.server.port}"
        return credential(self.kind, secret=password or self.passwords[name], user=name, host=host)

    def check(self, name: str, **other: str) -> Check:
        return database.check(self.reader(), self.value(name, **other))

    def state(self, name: str) -> Check:
        return database.state(self.reader(), self.settings, leak(self.kind), self.value(name))

    def role(self, name: str) -> AccessPoint:
        (found,) = database.inventory(self.reader(), self.settings, Account(provider="database", id="", login=name))
        assert isinstance(found, AccessPoint)
        return found

    def kill(self, name: str, action: Action) -> None:
        database.revoke(self.writer(), self.settings, action, leak(self.kind), self.value(name))


@pytest.fixture(scope="module", params=sorted(ENGINES))
def server(request: pytest.FixtureRequest) -> Iterator[World]:
    program, start = ENGINES[request.param]
    if not program:
        pytest.skip(f"no server for {request.param} is installed")
    with start(tokens.pick("admin", "password", 24)) as made:
        yield World(request.param, made, {})


@pytest.fixture
def world(server: World, request: pytest.FixtureRequest) -> World:
    """Three fresh roles, named after the test."""
    tag = f"{abs(hash(request.node.name)) % 10**6}"
    passwords = {f"{name}{tag}": tokens.pick(name + tag, "password", 20) for name in NAMES}
    for name, password in passwords.items():
        server.server.add(name, password)
    return World(server.kind, server.server, passwords)


def test_the_second_of_three_dies_and_the_others_live(world: World) -> None:
    names = list(world.passwords)
    said = [world.check(name) for name in names]
    assert [one.liveness for one in said] == [LIVE] * 3
    assert [one.holder and one.holder.login for one in said] == names
    for action in (Action.DISABLE, Action.REVOKE):
        world.kill(names[1], action)
        assert reached(revokers.option(world.kind, action), world.state(names[1]))
        assert [world.state(name).liveness for name in names] == [LIVE, DEAD, LIVE]
    world.kill(names[0], Action.REVOKE)
    assert [world.state(name).liveness for name in names] == [DEAD, DEAD, LIVE]


def test_a_second_kill_harms_nobody(world: World) -> None:
    names = list(world.passwords)
    for _ in range(2):
        with suppress(NotIdentified):
            world.kill(names[1], Action.REVOKE)
    assert [world.state(name).liveness for name in names] == [LIVE, DEAD, LIVE]


def test_what_was_locked_can_be_let_in_again(world: World) -> None:
    name = list(world.passwords)[1]
    world.kill(name, Action.DISABLE)
    assert (world.state(name).liveness, world.state(name).status) == (DEAD, "locked")
    database.undo(world.writer(), world.settings, leak(world.kind), world.value(name))
    assert world.check(name).liveness is LIVE


def test_a_role_of_the_persons_is_listed_and_ended_by_its_id(world: World) -> None:
    names = list(world.passwords)
    point = world.role(names[1])
    assert point.check is not None
    assert (point.check.liveness, point.provider_id.startswith(f"{world.server.engine}://")) == (LIVE, True)
    for action in (Action.DISABLE, Action.REVOKE):
        database.revoke(world.writer(), world.settings, action, point)
        said = database.state(world.reader(), world.settings, point)
        assert reached(revokers.option("database.role", action), said), said
    assert [world.state(name).liveness for name in names] == [LIVE, DEAD, LIVE]
    assert (
        list(database.inventory(world.reader(), world.settings, Account(provider="database", id="", login="nobody")))
        == []
    )


def test_open_sessions_are_ended_with_the_lock(world: World) -> None:
    name = list(world.passwords)[1]
    with sql.session(
        world.reader(), sql.servers(world.server.url)[0], name, Secret(world.passwords[name].encode())
    ) as session:
        assert database_roles.me(sql.servers(world.server.url)[0], session)
        world.kill(name, Action.DISABLE)
        with pytest.raises((sql.NoAnswer, sql.Denied)):
            database_roles.me(sql.servers(world.server.url)[0], session)


def test_a_wrong_password_is_dead_and_ends_nothing(world: World) -> None:
    names = list(world.passwords)
    wrong = world.value(names[1], tokens.pick("another", "password", 20))
    assert database.state(world.reader(), world.settings, leak(world.kind), wrong).liveness is DEAD
    for action in (Action.DISABLE, Action.REVOKE):
        with pytest.raises(NotIdentified):
            database.revoke(world.writer(), world.settings, action, leak(world.kind), wrong)
    assert [world.check(name).liveness for name in names] == [LIVE] * 3


@pytest.mark.parametrize("server", ["database.mysql"], indirect=True)
def test_a_right_password_from_an_address_that_its_account_does_not_fit_is_not_dead(world: World) -> None:
    """Only MySQL's accounts have an address, and one error for both refusals."""
    far, password = "far" + next(iter(world.passwords)), tokens.pick("far", "password", 20)
    value = credential(world.kind, secret=password, user=far, host=f"127.0.0.1:{world.server.port}")
    own = Secret(world.server.password.encode())
    with sql.session(world.writer(), sql.servers(world.server.url)[0], servers.ADMIN, own) as session:
        for host in ("10.0.0.%", "%"):
            session.run("LOCK", "CREATE USER %s@%s IDENTIFIED BY %s", far, host, password)
            if host == "%":  # from here it is another account, with another password
                session.run("LOCK", "ALTER USER %s@'%%' IDENTIFIED BY 'another'", far)
            assert database.check(world.reader(), value).liveness is UNKNOWN
            assert database.state(world.reader(), world.settings, leak(world.kind), value).liveness is UNKNOWN
        session.run("LOCK", "DROP USER %s@'10.0.0.%%'", far)
    assert database.state(world.reader(), world.settings, leak(world.kind), value).liveness is DEAD


@pytest.mark.parametrize("server", ["database.postgres"], indirect=True)
def test_a_role_whose_password_has_expired_is_not_dead_and_is_ended_all_the_same(world: World) -> None:
    name = list(world.passwords)[1]
    (at,) = sql.servers(world.server.url)
    with sql.session(world.writer(), at, servers.ADMIN, Secret(world.server.password.encode())) as session:
        session.run("LOCK", f"ALTER ROLE \"{name}\" VALID UNTIL '2020-01-01'")
    assert world.check(name).status == "password"
    assert world.state(name).liveness is UNKNOWN
    point = world.role(name)
    assert point.check is not None
    assert (point.check.liveness, "expired" in point.check.reason) == (LIVE, True)
    for action in (Action.DISABLE, Action.REVOKE):
        database.revoke(world.writer(), world.settings, action, point)
        assert reached(revokers.option("database.role", action), database.state(world.reader(), world.settings, point))
    assert world.state(name).liveness is DEAD


def test_the_role_that_offkey_signs_in_as_is_not_locked(world: World) -> None:
    point = world.role(servers.ADMIN)
    for action in (Action.DISABLE, Action.REVOKE):
        with pytest.raises(NotAutomatic):
            database.revoke(world.writer(), world.settings, action, point)
    said = world.role(servers.ADMIN).check
    assert said
    assert said.liveness is LIVE


def test_a_reader_cannot_kill(world: World) -> None:
    name = list(world.passwords)[1]
    for action in (Action.DISABLE, Action.REVOKE):
        with pytest.raises(Refused, match="not on the list"):
            database.revoke(world.reader(), world.settings, action, leak(world.kind), world.value(name))  # type: ignore[arg-type]  # on purpose
    assert world.check(name).liveness is LIVE


def test_a_statement_that_changes_something_does_not_pass_as_a_read(world: World) -> None:
    (at,) = sql.servers(world.server.url)
    own = Secret(world.server.password.encode())
    for http in (world.reader(), world.writer()):
        with sql.session(http, at, servers.ADMIN, own) as session, pytest.raises(Refused, match="listed as a read"):
            session.run("LIST ROLES", "DROP USER dana" if at.engine != "redis" else "ACL DELUSER", "dana")


def test_asking_changes_nothing_that_the_list_shows(world: World) -> None:
    name = list(world.passwords)[1]
    before = world.role(name)
    for _ in range(3):
        assert world.check(name).liveness is LIVE
    after = world.role(name)
    assert (before.provider_id, before.check and before.check.status) == (
        after.provider_id,
        after.check and after.check.status,
    )


def test_nothing_secret_is_shown(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    name = list(world.passwords)[1]
    http = world.writer()
    seen: list[object] = [world.settings, world.value(name), database.check(http, world.value(name))]
    for action in (Action.DISABLE, Action.REVOKE):
        seen.append(database.revoke(http, world.settings, action, leak(world.kind), world.value(name)))
    seen += [database.check(http, world.value(name)), http.exchanges]
    assert http.exchanges
    shown = caplog.text + "\n".join(map(repr, seen))
    for value in (world.passwords[name], world.server.password):
        raw = value.encode()
        for form in (value, base64.b64encode(raw).decode(), raw.hex(), quote(value, safe="")):
            assert form not in shown


def test_a_host_that_is_not_configured_is_not_connected_to(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        host = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        said = world.check(next(iter(world.passwords)), host=host)
        assert (said.liveness, "not configured" in said.reason) == (UNKNOWN, True)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n<html>", b"\x00" * 64, None], ids=["closed", "http", "zeros", "silent"]
)
@pytest.mark.parametrize("kind", sorted(ENGINES))
def test_a_server_that_is_none_proves_nothing(kind: str, answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SECONDS", 1.0)
    engine = database.ENGINES[kind]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def serve() -> None:
            with suppress(OSError):
                while not stop.is_set():
                    taken, _ = listening.accept()
                    if answer is None:
                        stop.wait(3)
                    else:
                        taken.sendall(answer)
                    taken.close()

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        line = Secret(f"*:*:*:{servers.ADMIN}:{tokens.pick('x', 'password', 20)}".encode())
        settings = database.Settings(url=f"{engine}://{servers.ADMIN}@127.0.0.1:{port}", read=line, write=line)
        reader = revokers.reader("database", settings)
        value = credential(kind, secret=tokens.pick("dana", "password", 20), user="dana", host=f"127.0.0.1:{port}")
        said = database.check(reader, value)
        assert (said.liveness, bool(said.reason)) == (UNKNOWN, True)
        assert database.state(reader, settings, leak(kind), value).liveness is UNKNOWN
        (gap,) = database.inventory(reader, settings, Account(provider="database", id="", login="dana"))
        assert isinstance(gap, Gap)
        stop.set()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://offkey:hunter2hunter2@db/x", "has a password in it"),
        ("oracle://offkey@db", "is no database's"),
        ("oracle://offkey:hunter2hunter2@db", "has a password in it"),
        ("postgresql://", "is no database's"),
        ("mysql://offkey@db:99999999", "is no database's"),
        ("mysql://offkey:hunter2hunter2@db:99999999", "has a password in it"),
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refusal:
        sql.servers(url)
    assert "hunter2hunter2" not in str(refusal.value)


def test_servers_elsewhere_are_spoken_to_in_tls_alone_unless_the_address_says_otherwise() -> None:
    told = sql.servers(
        "postgresql://a@db.corp mysql://a@db.corp redis://a@db.corp rediss://a@db.corp "
        "postgresql://a@db.corp?sslmode=disable postgresql://a@127.0.0.1"
    )
    assert [at.tls for at in told] == [True, True, False, True, False, False]


@pytest.mark.parametrize(
    ("lines", "password"),
    [
        ("db:5432:app:offkey:one", "one"),
        ("other:5432:app:offkey:one\n# db:5432:app:offkey:two\n*:*:*:offkey:three:colon", "three:colon"),
        ("db:5432:app:offkey:with\\:colon\\\\", "with:colon\\"),
        ("db:5432:*:somebody:one", ""),
        ("nonsense", ""),
    ],
)
def test_passwords_are_found_as_in_pgpass(lines: str, password: str) -> None:
    (at,) = sql.servers("postgresql://offkey@db:5432/app")
    if password:
        assert database_roles.password_of(at, Secret(lines.encode())).reveal() == password.encode()
    else:
        with pytest.raises(Unclear, match="no password of offkey"):
            database_roles.password_of(at, Secret(lines.encode()))
