"""The command line: parses, calls one command, turns errors into documented exit codes."""

import argparse
import gc
import importlib
import keyword
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import offkey
from offboarding import ui
from offkey.errors import Exit, OffkeyError
from scanner.output.printable import printable

COMMANDS = {
    "scan": "find credentials in repositories, folders, files or standard input",
    "gate": "export what lets CI recognise departed people's credentials",
    "whois": "show which identities are a person, and why",
    "metadata": "list where repositories name a person as one in charge; --edit takes them out",
    "inventory": "list what a person holds at every configured provider; changes nothing",
    "stores": "list what CI's secret stores hold, which jobs use it, and what of it has leaked",
    "contain": "switch off at once what a standing approval covers, when somebody leaves",
    "plan": "work out what has to be ended when a person leaves; changes nothing",
    "optout": "keep something of a person's for a while, on an owner's word; list and cancel it",
    "approve": "sign a plan, so that it may be applied",
    "apply": "carry out an approved plan, proving each step",
    "undo": "switch on again what an apply has switched off",
    "attest": "sign that a step which was left to a person is done",
    "standing": "make, sign, list or revoke standing approvals for `offkey contain`",
    "leavers": "compare the directory with the runs: who should have been offboarded, and was not",
    "report": "write the evidence folder of a run",
    "history-rewrite": "write how to take a run's values out of the history; runs nothing",
    "verify": "check that everything is still dead, or that an evidence folder is intact",
    "ledger": "verify or export the hash-chained ledger",
    "doctor": "check configuration, credentials and installation; --init begins one",
    "revokers": "list what offkey can revoke, and how",
    "import": "find again what other scanners reported, and say who brought it in",
    "baseline": "keep known findings out of scans and the hook; --format detect-secrets for that tool",
    "rules": "list or check rules, or take over those of other scanners",
    "demo": "build a sample organisation and offboard somebody from it",
}
"""Each is `offboarding/commands/<name>.py` (`import_.py`) with `arguments(parser)` and `run(args, ui) -> Exit`."""
_GARBAGE = (50_000, 50, 50)


def parser(command: str = "") -> argparse.ArgumentParser:
    """The whole parser; only `command`'s own module is imported, so that `--help` and the rest start fast."""
    top = argparse.ArgumentParser(
        prog="offkey",
        description="When a developer leaves: find every credential that is theirs, revoke it, prove that it is dead.",
        epilog="Exit codes: 0 done, nothing open; 1 error; 2 usage; 3 nothing was examined; 10 findings or open access "
        "remain; 11 waits for approval; 12 plan refused as unsafe; 13 applied but not all confirmed dead; "
        "14 gaps remain.",
    )
    top.add_argument("--version", action="version", version=f"offkey {offkey.__version__}")
    top.add_argument("--config", type=Path, metavar="FILE", help="configuration (default: offkey.toml if it exists)")
    top.add_argument("--yes", action="store_true", help="answer yes to questions")
    top.add_argument("-v", "--verbose", action="count", default=0, help="say more on standard error; twice: debug")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        if name == command:
            _module(name).arguments(sub)
    return top


def _module(command: str) -> Any:
    name = command.replace("-", "_") + ("_" if keyword.iskeyword(command) else "")
    return importlib.import_module(f"offboarding.commands.{name}")


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Nothing that importing makes is garbage, nor are a history's million small objects: do not look for it much."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        gc.enable()


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns its exit code; argparse itself exits with 2 on a wrong call."""
    try:
        with _ended_orderly():
            return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        with suppress(OSError, AttributeError):
            sys.stderr.write("offkey: interrupted; `offkey apply --resume` goes on where a run was cut off\n")
        return int(Exit.ERROR)


@contextmanager
def _ended_orderly() -> Iterator[None]:
    """Until the end of the block SIGTERM and SIGHUP act like Ctrl-C, so that clones and child processes go, too."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    names = [name for name in ("SIGTERM", "SIGHUP") if ours and hasattr(signal, name)]
    changed = [one for name in names if signal.getsignal(one := getattr(signal, name)) is signal.SIG_DFL]
    for one in changed:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in changed:
            signal.signal(one, signal.SIG_DFL)


def _run(words: list[str]) -> int:
    command = next((word for word in words if word in COMMANDS), "")
    with _little_garbage():
        args = parser(command).parse_args(words)
    logging.basicConfig(
        level=(logging.WARNING, logging.INFO, logging.DEBUG)[min(args.verbose, 2)], format="%(message)s"
    )
    screen = ui.make(assume_yes=args.yes)
    try:
        return int(_module(args.command).run(args, screen))
    except OffkeyError as error:
        # What a repository names must not drive the terminal.
        said, advice = printable(str(error)), printable(error.advice)
        screen.err.print(f"offkey: {said}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        if advice:
            screen.err.print(f"  {advice}", markup=False, highlight=False, soft_wrap=True)
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (`offkey scan | head`); nothing more can be said to it.
        _drop_output()
        return int(Exit.ERROR)
    except OSError as error:
        logging.getLogger(__name__).debug("the error in full", exc_info=True)
        where = f"{error.filename}: " if error.filename else ""
        said = printable(f"offkey: {where}{error.strerror or error}")
        screen.err.print(said, style="bold red", markup=False, highlight=False, soft_wrap=True)
        _drop_output()
        return int(Exit.ERROR)


def _drop_output() -> None:
    """What cannot be printed is dropped: Python would try again at its end, with an exit code of its own."""
    with suppress(OSError, ValueError, AttributeError):
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
