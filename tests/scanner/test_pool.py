"""Work over processes: every task is answered for, whatever happens to the worker that had it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.workers.pool import FEW, Lost, at_once, run

METHODS = ["fork", "spawn"]


class Numbers:
    """Adds up; a negative number kills the process, as the out-of-memory killer would."""

    def __init__(self, setup: str, stopped: Callable[[], bool]) -> None:
        self._setup = setup

    def examine(self, task: tuple[int, ...]) -> int:
        if self._setup == "log":
            logging.getLogger("worker").warning("looking at %d numbers", len(task))
        if self._setup == "raise":
            raise ValueError("a bug in the worker")
        if any(number < 0 for number in task):
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(task)

    def close(self) -> None:
        """Nothing to close."""


def halves(task: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(task) > 1:
        yield task[: len(task) // 2]
        yield task[len(task) // 2 :]


def answers(tasks: list[tuple[int, ...]], setup: str = "", *, jobs: int = 2, method: str = "fork") -> list[object]:
    return list(run(iter([tasks]), Numbers, setup, jobs=jobs, split=halves, start_method=method))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_answered_once(method: str, jobs: int) -> None:
    tasks = [(number, 1) for number in range(20)]
    assert sorted(answers(tasks, jobs=jobs, method=method)) == [sum(task) for task in tasks]  # type: ignore[type-var]


class Here:
    """Says in which process it works."""

    def __init__(self, setup: str, stopped: Callable[[], bool]) -> None:
        """Needs nothing."""

    def examine(self, task: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        return os.getpid(), task

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("tasks", "here"),
    [
        ([(1,), (2,)], True),
        ([], True),
        ([(number,) for number in range(FEW)], True),
        ([(number,) for number in range(FEW + 1)], False),
        ([(1,), (2, 2), (3,)], False),
    ],
    ids=["two", "none", "few", "many", "one is large"],
)
def test_a_few_small_tasks_start_no_processes(tasks: list[tuple[int, ...]], here: bool) -> None:
    found = list(
        run(iter([tasks]), Here, "", jobs=2, split=halves, start_method="fork", small=lambda task: len(task) < 2)
    )
    done = [one for one in found if not isinstance(one, Lost)]
    assert sorted(task for _, task in done) == tasks
    assert ({pid for pid, _ in done} <= {os.getpid()}) is here


@pytest.mark.parametrize("method", METHODS)
def test_a_task_that_kills_its_worker_is_narrowed_down_and_the_rest_is_done(method: str) -> None:
    found = answers([(1, 2), (3, 4, -1, 5), (6,), (7,), (8,)], method=method)
    assert [one.task for one in found if isinstance(one, Lost)] == [(-1,)]
    assert sum(one for one in found if isinstance(one, int)) == 36


def test_an_error_in_a_worker_is_raised_here() -> None:
    with pytest.raises(ValueError, match="a bug in the worker"):
        answers([(1,)], "raise")


@pytest.mark.parametrize("method", METHODS)
def test_what_workers_log_reaches_the_handlers_here(method: str, caplog: pytest.LogCaptureFixture) -> None:
    before = list(logging.getLogger().handlers)
    answers([(1,), (2, 3)], "log", method=method)
    said = sorted(record.getMessage() for record in caplog.records if record.name == "worker")
    assert said == ["looking at 1 numbers", "looking at 2 numbers"]
    assert logging.getLogger().handlers == before


def test_leaving_early_ends_the_workers() -> None:
    outcomes = run([[(n,) for n in range(1000)]], Numbers, "", jobs=2, split=halves, start_method="fork")
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]


SCRIPT = """
import sys
from scanner.workers.pool import run
from pathlib import Path
import time, os

class Slow:
    def __init__(self, setup, stopped): self.stopped = stopped
    def examine(self, task):
        Path(sys.argv[1], str(os.getpid())).touch()
        while not self.stopped(): time.sleep(0.02)
    def close(self): pass

if __name__ == "__main__":
    list(run([[1, 2, 3]], Slow, None, jobs=2, split=lambda task: iter(()), start_method=sys.argv[2]))
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_an_interrupted_or_killed_parent(tmp_path: Path, method: str, sent: signal.Signals) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SCRIPT)
    marks = tmp_path / "marks"
    marks.mkdir()
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    parent = subprocess.Popen(
        [sys.executable, str(script), str(marks), method], env=environment, stderr=subprocess.PIPE
    )
    until(lambda: len(list(marks.iterdir())) == 2)
    parent.send_signal(sent)
    parent.communicate(timeout=20)
    workers = [int(mark.name) for mark in marks.iterdir()]
    until(lambda: not any(alive(worker) for worker in workers))


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_is_asked_at_once_is_answered_in_order(jobs: int) -> None:
    def ask(number: int) -> int:
        time.sleep(0.01 if number % 2 else 0)
        return -number

    assert list(at_once(ask, range(20), jobs)) == [-number for number in range(20)]


def test_what_is_asked_at_once_is_asked_by_several() -> None:
    met = threading.Barrier(3, timeout=10)
    assert len(list(at_once(lambda _: met.wait(), range(3), 3))) == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_one_that_is_asked_is_raised(jobs: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(at_once(lambda number: 1 // number, [1, 0, 1], jobs))
