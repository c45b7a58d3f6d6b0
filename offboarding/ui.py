"""What a command talks to: results on `out`, progress and warnings on `err`. Quiet when piped."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from scanner.output.printable import printable

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console
    from rich.progress import TaskID


class Advance(Protocol):
    """Report that `done` of `total` units are finished; `what` names the present one."""

    def __call__(self, done: int, total: int, what: str = "") -> None: ...


class Lane(Protocol):
    """Report what the lane of this name does now, or "" for nothing."""

    def __call__(self, name: str, what: str) -> None: ...


class UI:
    """`out` and `err` are the consoles given, or those of the standard streams.

    Each is made when something is drawn: rich takes longer to import than a second scan takes.
    """

    def __init__(self, out: "Console | None" = None, err: "Console | None" = None, assume_yes: bool = False) -> None:
        self._out = out
        self._err = err
        self.assume_yes = assume_yes

    @cached_property
    def out(self) -> "Console":
        return self._out or _console(stderr=False)

    @cached_property
    def err(self) -> "Console":
        return self._err or _console(stderr=True)

    @property
    def stream(self) -> "TextIO":
        """Where `out` writes, for text that is not drawn."""
        return sys.stdout if self._out is None else self._out.file  # type: ignore[return-value]

    @property
    def watched(self) -> bool:
        """Whether somebody may look at standard error while we work."""
        if self._err is not None:
            return self._err.is_terminal
        return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        """A bar on a terminal, nothing when standard error is piped."""
        if not self.watched:
            yield lambda done, total, what="": None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[what]}"),
        )
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(title, total=None, what="")
            yield lambda done, total, what="": bar.update(task, completed=done, total=total, what=what)

    @contextmanager
    def lanes(self, title: str) -> "Iterator[tuple[Advance, Lane]]":
        """A bar, and below it a line for each lane with what it does now; nothing when standard error is piped."""
        if not self.watched:
            yield (lambda done, total, what="": None), (lambda name, what: None)
            return
        from rich.console import Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = Progress(TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
        # What is done there names strangers' things: it is no markup, and drives no terminal.
        plain = [TextColumn(f"{{task.{name}}}", markup=False) for name in ("description", "fields[what]")]
        rows = Progress(SpinnerColumn(), *plain, TimeElapsedColumn())
        task = bar.add_task(title, total=None)
        known: dict[str, TaskID] = {}

        def lane(name: str, what: str) -> None:
            if name not in known:
                known[name] = rows.add_task(printable(name), total=None, what="")
            rows.reset(known[name], start=bool(what), visible=bool(what), what=printable(what))

        with Live(Group(bar, rows), console=self.err, transient=True):
            yield (lambda done, total, what="": bar.update(task, completed=done, total=total)), lane

    def confirm(self, question: str) -> bool:
        """A yes typed on a terminal, or given in advance with `--yes`. Never a yes by silence."""
        if self.assume_yes:
            return True
        if not sys.stdin.isatty():
            return False
        return self.out.input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def make(*, assume_yes: bool = False) -> UI:
    """The user interface of this process's standard streams. What their encoding lacks is written out (`\\u2026`)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return UI(assume_yes=assume_yes)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr)
