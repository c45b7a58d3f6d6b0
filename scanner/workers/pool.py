"""Runs tasks over processes. A worker's death costs one retry alone, then the smallest task that kills it; no hang.

Linux forks; elsewhere, or on request, processes are spawned. Workers' log records reach the parent's handlers either
way: through multiprocessing-logging under fork (which it needs), through the standard QueueHandler under spawn.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from scanner.workers.workerlogs import worker_logs

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

# What runs processes is imported where they are started: it costs 30 ms, and most scans have nothing for them to do.

FEW = 4
"""Small tasks up to which no processes are started."""
AHEAD = 8
"""Tasks under way for each process: so many that the one who hands them out has time for work of its own."""
T = TypeVar("T")
R = TypeVar("R")
_In_contra = TypeVar("_In_contra", contravariant=True)
_Out_co = TypeVar("_Out_co", covariant=True)


class Works(Protocol[_In_contra, _Out_co]):
    """What a worker process holds: made once in it, asked for each task."""

    def examine(self, task: _In_contra) -> _Out_co: ...

    def close(self) -> None: ...


Make = Callable[[Any, Callable[[], bool]], Works[T, R]]


@dataclass(frozen=True)
class Lost(Generic[T]):
    """A task whose worker died twice over it."""

    task: T


def default_start_method() -> str:
    """Fork where it is safe and cheap (Linux), spawn elsewhere."""
    return "fork" if sys.platform.startswith("linux") else "spawn"


def run(
    rounds: Iterable[Iterable[T]],
    make: Make[T, R],
    setup: Any,
    *,
    jobs: int,
    split: Callable[[T], Iterator[T]],
    start_method: str | None = None,
    small: Callable[[T], bool] | None = None,
) -> Iterator[R | Lost[T]]:
    """Give each task to a worker made by `make(setup, stopped)`; outcomes come as they are ready.

    The tasks of a round are asked for when all outcomes of the rounds before have been taken. `jobs` processes, which
    start with the first task and work to the end; with one the work is done in this process, and so is a round of no
    more than FEW tasks that are all `small`: done in less time than processes take to start. `make` must be importable,
    `setup` picklable for spawn. Exceptions of a worker are raised here. Leaving the iterator early stops the workers
    between two objects.
    """
    here: Works[T, R] | None = None
    with ExitStack() as stack:
        crew: _Crew[T, R] | None = None
        for tasks in rounds:
            if jobs <= 1 or crew is None:
                few, waiting = (True, iter(tasks)) if jobs <= 1 else _few(iter(tasks), small)
                if few:
                    for task in waiting:
                        here = here or stack.enter_context(closing(make(setup, lambda: False)))
                        yield here.examine(task)
                    continue
                crew = stack.enter_context(_crew(make, setup, jobs, start_method or default_start_method()))
            else:
                waiting = iter(tasks)
            yield from _spread(waiting, crew, split)


def at_once(ask: Callable[[T], R], items: Iterable[T], jobs: int) -> Iterator[R]:
    """`map`, by `jobs` threads where there is more than one item: for work that mostly waits for git."""
    first = list(islice(items := iter(items), 2))
    items = chain(first, items)
    if jobs <= 1 or len(first) <= 1:
        yield from map(ask, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(ask, items)


def _few(tasks: Iterator[T], small: Callable[[T], bool] | None) -> tuple[bool, Iterator[T]]:
    """Whether the tasks are few and small, or none, and all of them again."""
    taken: list[T] = []
    for task in tasks:
        taken.append(task)
        if len(taken) > FEW or small is None or not small(task):
            return False, chain(taken, tasks)
    return True, iter(taken)


class _Crew(Generic[T, R]):
    """A pool of worker processes, made anew when one of them died."""

    def __init__(self, context: "BaseContext", make: Make[T, R], setup: Any, logs: Any, jobs: int) -> None:
        self.jobs = jobs
        self.stop = context.Event()
        self._context = context
        self._initargs = (make, setup, self.stop, logs, logging.getLogger().level)
        self._executor: ProcessPoolExecutor | None = None

    @property
    def executor(self) -> "ProcessPoolExecutor":
        if self._executor is None:
            self._executor = self._made(self.jobs)
        return self._executor

    def end(self) -> None:
        """Let the workers go."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    @contextmanager
    def alone(self) -> "Iterator[ProcessPoolExecutor]":
        """A pool of one."""
        executor = self._made(1)
        try:
            yield executor
        except BaseException:
            self.stop.set()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    def _made(self, jobs: int) -> "ProcessPoolExecutor":
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(jobs, self._context, initializer=_begin, initargs=self._initargs)


@contextmanager
def _crew(make: Make[T, R], setup: Any, jobs: int, method: str) -> Iterator[_Crew[T, R]]:
    import multiprocessing

    context = multiprocessing.get_context(method)
    with worker_logs(method, context) as logs:
        crew = _Crew(context, make, setup, logs, jobs)
        try:
            yield crew
        finally:
            crew.stop.set()
            crew.end()


def _spread(tasks: Iterator[T], crew: _Crew[T, R], split: Callable[[T], Iterator[T]]) -> Iterator[R | Lost[T]]:
    """Feed the crew until the tasks end; after a death, try what was under way alone and go on with a new pool."""
    more = True
    while more:
        suspects: list[T] = []
        more = yield from _feed(tasks, crew.executor, crew.jobs * AHEAD, suspects)
        if more:
            crew.end()
        for task in suspects:
            yield from _alone(task, crew, split)


def _feed(
    waiting: Iterator[T], executor: "ProcessPoolExecutor", ahead: int, suspects: list[T]
) -> Generator[R | Lost[T], None, bool]:
    """Keep `ahead` tasks under way. True when the pool broke: `suspects` then holds those whose outcome is unknown."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    under_way: dict[Future[R], T] = {}
    while True:
        while len(under_way) < ahead:
            task = next(waiting, None)
            if task is None:
                break
            try:
                under_way[executor.submit(_examine, task)] = task
            except BrokenProcessPool:
                suspects += [*under_way.values(), task]
                return True
        if not under_way:
            return False
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            task = under_way.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                suspects.append(task)
            else:
                yield future.result()
        if suspects:
            suspects += under_way.values()
            return True


def _alone(task: T, crew: _Crew[T, R], split: Callable[[T], Iterator[T]]) -> Iterator[R | Lost[T]]:
    from concurrent.futures.process import BrokenProcessPool

    with crew.alone() as executor:
        future = executor.submit(_examine, task)
        if not isinstance(future.exception(), BrokenProcessPool):
            yield future.result()
            return
    logging.getLogger(__name__).warning("a worker died; looking for the object that kills it")
    halves = list(split(task))
    if not halves:
        yield Lost(task)
    for half in halves:
        yield from _alone(half, crew, split)


_worker: Any = None


def _begin(make: Make[T, R], setup: Any, stop: Any, logs: Any, level: int) -> None:
    """First thing in a worker process."""
    global _worker  # noqa: PLW0603 - a process holds one worker; the executor has no other place for it
    # The parent decides about Ctrl-C; a worker ends when told, or when the parent is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # forked from a parent that tidies up on it
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if logs is not None:
        from logging.handlers import QueueHandler

        root = logging.getLogger()
        root.handlers[:] = [QueueHandler(logs)]
        root.setLevel(level)
    _worker = make(setup, stop.is_set)


def _examine(task: Any) -> Any:
    return _worker.examine(task)


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
