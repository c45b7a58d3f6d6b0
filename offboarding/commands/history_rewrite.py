"""`offkey history-rewrite RUN -o DIR`: write how to take a run's values out of the history. Runs nothing.

No value is written but with `--write-literals FILE`, for a tool of the user's own. Exit code: 0 when it is written, 2
when it cannot be (the file would lie open, in evidence, or in a repository).
"""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from offboarding import mirror
from offboarding.commands.report import run_name
from offboarding.configuration import config
from offboarding.ledger.access import opened
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.remedy import history
from offboarding.state import PRIVATE_FILE, PRIVATE_FOLDER
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import Plan

WRITTEN = "literals.written"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey history-rewrite`."""
    parser.add_argument("run", metavar="RUN", help="the name that `offkey plan` printed, or its plan file")
    parser.add_argument("--output", "-o", type=Path, metavar="DIR", help="a new folder for instructions and script")
    parser.add_argument(
        "--write-literals", type=Path, metavar="FILE",
        help="write the values themselves to a new file of mode 0600, outside evidence and repositories",
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder in which the run was made")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Write the folder, the literals, or both."""
    if args.output is None and args.write_literals is None:
        raise UsageError("nothing to write", advice="name a folder with -o")
    settings = config.load(args.config)
    state, name = settings.state_dir(args.state), run_name(args.run)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, lambda: datetime.now(UTC), "offkey")
        plan = past(ledger.events(name)).plan
        if plan is None:
            raise UsageError(f"no plan was made in a run {name!r}", advice="see `offkey ledger export`")
        if args.output:
            _write_folder(args.output, history.kit(plan))
            ui.out.print(f"{args.output / 'README.md'}", markup=False, highlight=False, soft_wrap=True)
        if args.write_literals:
            _write_literals(args.write_literals, plan, settings, state, ledger)
            ui.out.print(f"{args.write_literals} holds the values: delete it when done", markup=False, soft_wrap=True)
    finally:
        store.close()
    return Exit.DONE


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", advice="name a new folder")
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", advice="name a folder that you can write") from error


def _write_literals(path: Path, plan: Plan, settings: config.Config, state: Path, ledger: Ledger) -> None:
    """Recorded before it is done: that values left the mirror must not go unsaid."""
    history.check_private(path)
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    content = history.literals(plan, mirror.reader(state, plan.run, key))
    ledger.append(WRITTEN, plan.run, {"file": str(path.absolute()), "values": content.count(b"\n")})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
