"""Ledgers for tests: in a file, in a real PostgreSQL, and configurations with a checkpoint key and sinks."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy

from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.ledger import keys
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from tests.revokers import servers

NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
ORIGIN = "example.com/ledger"


def filled(state: Path | str, count: int = 4, actor: str = "sec@example.com") -> Ledger:
    """A ledger with so many events of one run."""
    book = Ledger(Store.open(state), lambda: NOW, actor)
    for number in range(count):
        book.append("step.intent", "r", {"step": number})
    return book


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a database of a real server on loopback, without tables."""
    password = secrets.token_urlsafe(16)
    with servers.postgres(password) as server:
        yield f"postgresql+psycopg://{servers.ADMIN}:{password}@127.0.0.1:{server.port}/postgres"


def emptied(url: str) -> str:
    """The same database with every table gone."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for table in ("events", "openings", "meta"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    engine.dispose()
    return url


def configured(folder: Path, sinks: str, more: str = "") -> Config:
    """A configuration with a checkpoint key of its own and these [[ledger.sink]] tables."""
    if not (folder / "ledger.key").exists():
        keys.write(folder / "ledger.key", ORIGIN)
    file = folder / "offkey.toml"
    file.write_text(f'[ledger]\nkey = "file:ledger.key"\n{more}\n{sinks}')
    return config.load(file)


def open_ledger(settings: Config, state: Path) -> Ledger:
    """The configured ledger."""
    return Ledger(opened(settings, state), lambda: NOW, "sec@example.com")


def bare_remote(folder: Path) -> Path:
    """An empty repository that takes no forced push."""
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    for setting in ("receive.denyNonFastForwards", "receive.denyDeletes"):
        subprocess.run(["git", "-C", folder, "config", setting, "true"], check=True)
    return folder
