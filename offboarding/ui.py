"""What a command talks to: results on `out`, progress and warnings on `err`. Quiet when piped."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Advance(Protocol):
    """Report that `done` of `total` units are finished; `what` names the present one."""

    def __call__(self, done: int, total: int, what: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class UI:
    out: Console
    err: Console
    assume_yes: bool = False

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        """A bar on a terminal, nothing when standard error is piped."""
        if not self.err.is_terminal:
            yield lambda done, total, what="": None
            return
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
    return UI(Console(), Console(stderr=True), assume_yes)
