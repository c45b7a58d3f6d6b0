"""The state folder: private to one user, and one holder at a time for each run in it."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from offkey.errors import OffkeyError, UsageError
from offkey.found import timestamp
from scanner.repository.gitenv import named_state, user_state

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
CONFIGURATION = Path("offkey.toml")
"""Where commands look for what names the state folder, among other things, unless told."""
DATABASE = "offkey.db"
SCANS = "scans.sqlite"
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class StateUnusable(OffkeyError):
    """The state folder cannot be made, is readable by others, or is not ours."""


class RunLocked(OffkeyError):
    """Another process works on this run."""


def private_folder(folder: Path) -> Path:
    """`folder`, made with mode 0700 if need be, and its full path.

    An existing folder with a looser mode is narrowed only when it is empty or already holds our store: never a
    folder of the user's that was named by mistake. Raises StateUnusable.
    """
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        status = folder.stat()
        if status.st_uid != os.geteuid():
            raise StateUnusable(
                f"{folder} belongs to another user", advice="name a folder of your own with --state or $OFFKEY_STATE"
            )
        if status.st_mode & 0o077:
            if any(folder.iterdir()) and not any((folder / name).is_file() for name in (DATABASE, SCANS)):
                raise StateUnusable(f"{folder} is open to other users", advice=f"run `chmod 700 {folder}`")
            folder.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise StateUnusable(
            f"{folder}: {error.strerror}", advice="name a folder that you can write with --state or $OFFKEY_STATE"
        ) from error
    return folder


def state_folder(override: Path | None, configured: Path | None) -> Path:
    """The state folder, made with mode 0700: the one named in the call, by $OFFKEY_STATE, by the configuration, or the
    XDG place. Raises StateUnusable.
    """
    named = named_state()
    return private_folder(override or (Path(named) if named else None) or configured or Path(user_state()))


def run_folder(state: Path, run: str) -> Path:
    """The private folder of one run, `<state>/runs/<run>`. Raises UsageError for a name that is no run's."""
    if not RUN_NAME.fullmatch(run):
        raise UsageError(f"{run!r} is no name of a run", advice="`offkey ledger export` lists the runs")
    return private_folder(private_folder(state / "runs") / run)


@contextmanager
def run_lock(state: Path, run: str, now: datetime) -> Iterator[None]:
    """Hold the run for the length of the block. The lock ends with the process, however that ends.

    Raises RunLocked, which says who holds it, when another process (or another block of this one) does.
    """
    path = run_folder(state, run) / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunLocked(
                f"run {run} is held by {_holder(descriptor)}",
                advice="wait until it ends, or stop that process: the lock goes with it",
            ) from error
        holder = {"pid": os.getpid(), "host": os.uname().nodename, "since": timestamp(now)}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {told['pid']} on {told['host']} since {told['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has not yet said who it is"
