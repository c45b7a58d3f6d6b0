"""What our SQLite files have in common: they are private, and an error of the engine is one of ours, with advice.

Light: the standard library alone, since every `offkey scan` reads this.
"""

import os
from pathlib import Path

from offboarding.state import PRIVATE_FILE, private_folder
from offkey.errors import OffkeyError

BUSY_SECONDS = 30
DISK_FULL = "53100"
"""PostgreSQL's own code (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


class StoreError(OffkeyError):
    """The store cannot be read or written."""


class StoreFull(StoreError):
    """No room, or a write that the disk refused. Nothing of it was kept."""


class StoreCorrupt(StoreError):
    """The file is no store, is damaged, or is of another version."""


def private_file(state: Path, name: str) -> Path:
    """The file `name` in a state folder, both made private if need be. Raises StoreError, StateUnusable."""
    path = private_folder(state) / name
    try:
        # SQLite gives its journal the mode of the database, so this one call settles all three files.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE))
        path.chmod(PRIVATE_FILE)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", advice="the state folder must be writable") from error
    return path


def told(error: BaseException | None, where: str, *, full: str, damaged: str) -> StoreError:
    """The family for the database's own error name (https://sqlite.org/rescode.html).

    `full` and `damaged` are the advice for a disk that refuses to write and for a file that does not read.
    """
    name = str(getattr(error, "sqlite_errorname", ""))
    if name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR") or getattr(error, "sqlstate", None) == DISK_FULL:
        return StoreFull(f"{where}: the disk is full or refuses to write", advice=full)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreCorrupt(f"{where} is damaged or no database", advice=damaged)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"{where} is busy for more than {BUSY_SECONDS} s", advice="let the other offkey end first")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(f"{where} cannot be opened for writing", advice="check its owner, mode and mount")
    return StoreError(f"{where}: {error}", advice="check the state folder or database URL")
