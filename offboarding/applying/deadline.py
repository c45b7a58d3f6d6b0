"""A deadline for each step: a provider that hangs holds up nobody else.

No thread can be ended from outside. So each question and each deed runs in a thread of its own, which is left to itself
when the time is up; until it has come back nothing more is asked or sent there, and the process need not wait for it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TypeVar

from offboarding.applying.executors import Executor
from offkey.errors import OffkeyError
from offkey.model import Check, Credential, Exchange, Step

T = TypeVar("T")
STEP_SECONDS = 120


class TimeUp(OffkeyError):
    """It did not answer in time. A deed may or may not have happened."""


class NotBegun(OffkeyError):
    """The time was up before anything was sent."""


class Deadlines:
    """How long a step may take, and who has not come back yet. For all lanes of one run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._gone: dict[int, threading.Thread] = {}

    def hangs(self, executor: Executor | None) -> bool:
        """Whether an earlier step's question or deed there has not come back."""
        thread = self._gone.get(id(executor))
        return thread is not None and thread.is_alive()

    def left(self, executor: Executor, thread: threading.Thread) -> None:
        """Note that a thread was left to itself."""
        self._gone[id(executor)] = thread

    def within(self, executor: Executor) -> Executor:
        """The executor, for one step that begins now."""
        return _Timed(executor, self, time.monotonic() + self.seconds)


@dataclass(frozen=True, slots=True)
class _Timed:
    executor: Executor
    deadlines: Deadlines
    until: float

    @property
    def exchanges(self) -> Sequence[Exchange]:
        return self.executor.exchanges

    def before(self, step: Step, credential: Credential | None) -> Check:
        return self._in_time(step, lambda: self.executor.before(step, credential))

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        if self.deadlines.hangs(self.executor) or time.monotonic() >= self.until:
            raise NotBegun(f"{self._said(step)}; nothing was sent", advice="plan again once it answers")
        return self._in_time(step, lambda: self.executor.act(step, credential))

    def after(self, step: Step, credential: Credential | None) -> Check:
        return self._in_time(step, lambda: self.executor.after(step, credential))

    def reached(self, step: Step, check: Check) -> bool:
        return self.executor.reached(step, check)

    def _said(self, step: Step) -> str:
        return f"{step.point.provider} did not answer within {self.deadlines.seconds:g} s (step_seconds)"

    def _in_time(self, step: Step, call: Callable[[], T]) -> T:
        """What the call returns or raises; TimeUp when it does neither in time."""
        left = self.until - time.monotonic()
        if left <= 0 or self.deadlines.hangs(self.executor):
            raise TimeUp(self._said(step), advice="see whether the provider is up")
        come_back: Future[T] = Future()
        thread = threading.Thread(target=_run, args=(come_back, call), name=f"step {step.id}", daemon=True)
        thread.start()
        if not wait([come_back], timeout=left).done:
            self.deadlines.left(self.executor, thread)
            raise TimeUp(self._said(step), advice="see whether the provider is up")
        return come_back.result()


def _run(come_back: "Future[T]", call: Callable[[], T]) -> None:
    try:
        come_back.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        come_back.set_exception(error)
