"""Real database servers on loopback, each in a folder of its own, with an administrator `offkey`."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADMIN = "offkey"
POSTGRES = shutil.which("postgres") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), "")
MARIADB = (
    shutil.which("mariadbd")
    or shutil.which("mysqld")
    or ("/usr/sbin/mariadbd" if Path("/usr/sbin/mariadbd").exists() else "")
)
REDIS = shutil.which("redis-server") or ""


@dataclass
class Database:
    """`password` is the administrator's; `add` makes a role that may sign in."""

    engine: str
    port: int
    password: str
    add: Callable[[str, str], object]

    @property
    def url(self) -> str:
        database = {"postgresql": "/postgres", "mysql": "", "redis": ""}[self.engine]
        return f"{self.engine}://{ADMIN}@127.0.0.1:{self.port}{database}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_nobody(folder: Path) -> dict[str, Any]:
    """PostgreSQL and MariaDB do not run as root: give the folder to `nobody` and start them as such."""
    if os.getuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _done(words: list[str], folder: Path, options: dict[str, Any]) -> None:
    ended = subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder, **options)
    assert ended.returncode == 0, f"{words[0]}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"


def _waited(ready: Callable[[], object], server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            ready()
        except Exception:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def _running(command: list[str], folder: Path, ready: Callable[[], object], **options: Any) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **options)
    try:
        _waited(ready, server)
        yield
    finally:
        # On SIGTERM PostgreSQL would wait for whoever is still connected.
        server.send_signal(signal.SIGINT if Path(command[0]).name == "postgres" else signal.SIGTERM)
        server.wait(30)


@contextmanager
def _folder() -> Iterator[Path]:
    """Not pytest's: those lie in a folder of root's alone, which each run of pytest shuts again."""
    with tempfile.TemporaryDirectory(prefix="offkey-db-") as made:
        yield Path(made)


@contextmanager
def postgres(password: str, *, durable: bool = False) -> Iterator[Database]:
    """`durable` leaves fsync on, as a server in use has it."""
    import pg8000.native

    with _folder() as folder:
        nobody = _as_nobody(folder)
        data, secret, port = folder / "data", folder / "secret", free_port()
        secret.write_text(password)
        secret.chmod(0o644)
        initdb = str(Path(POSTGRES).resolve().with_name("initdb"))
        words = [initdb, "-D", str(data), "-U", ADMIN, "--pwfile", str(secret), "-A", "scram-sha-256", "--no-sync"]
        _done(words, folder, nobody)

        def admin() -> Any:
            return pg8000.native.Connection(ADMIN, "127.0.0.1", "postgres", port, password, timeout=10)

        def add(name: str, value: str) -> None:
            with admin() as made:
                made.run(f"CREATE ROLE {pg8000.native.identifier(name)} LOGIN PASSWORD {pg8000.native.literal(value)}")

        command = [
            POSTGRES,
            "-D",
            str(data),
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
            *(() if durable else ("-F",)),
        ]
        with _running(command, folder, lambda: admin().close(), **nobody):
            yield Database("postgresql", port, password, add)


@contextmanager
def mariadb(password: str) -> Iterator[Database]:
    import pymysql

    with _folder() as folder:
        nobody = _as_nobody(folder)
        data, port = folder / "data", free_port()
        install = shutil.which("mariadb-install-db") or "mysql_install_db"
        words = [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        _done(words, folder, nobody)
        first = folder / "first.sql"
        first.write_text(
            f"CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{password}';\n"
            f"GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;\n"
        )
        first.chmod(0o644)

        def admin() -> Any:
            return pymysql.connect(host="127.0.0.1", port=port, user=ADMIN, password=password, autocommit=True)

        def add(name: str, value: str) -> None:
            with admin() as made, made.cursor() as cursor:
                cursor.execute("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", (name, value))

        command = [
            MARIADB, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
            f"--socket={folder}/s", f"--init-file={first}", "--skip-name-resolve", f"--pid-file={folder}/pid",
        ]  # fmt: skip
        with _running(command, folder, lambda: admin().close(), **nobody):
            yield Database("mysql", port, password, add)


@contextmanager
def redis(password: str) -> Iterator[Database]:
    import redis as driver

    with _folder() as folder:
        port = free_port()

        def admin() -> Any:
            return driver.Redis("127.0.0.1", port, username=ADMIN, password=password, protocol=2)

        def add(name: str, value: str) -> None:
            admin().execute_command("ACL", "SETUSER", name, "on", f">{value}", "~*", "+@all")

        command = [
            REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder),
            "--user", ADMIN, "on", f">{password}", "~*", "&*", "+@all",
        ]  # fmt: skip
        with _running(command, folder, lambda: admin().ping()):
            yield Database("redis", port, password, add)
