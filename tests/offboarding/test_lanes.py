"""Lanes: what happens when work fails, or the user breaks off, while others are at it."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from offboarding.asking import lanes

SOON, LATEST = 0.2, 10.0


def test_after_a_failure_what_was_begun_is_finished_and_nothing_else_begins() -> None:
    begun = threading.Event()
    done: list[str] = []

    def work(item: str) -> None:
        if item == "fails":
            assert begun.wait(LATEST)
            raise OSError(item)
        begun.set()
        time.sleep(SOON)
        done.append(item)

    with pytest.raises(OSError, match="fails"):
        lanes.run({"a": ["fails", "never"], "b": ["first", "never"]}, work)
    assert done == ["first"]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, RuntimeError])
def test_breaking_off_while_lanes_are_being_begun_begins_nothing_more(
    trouble: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = threading.Event()
    done: list[str] = []
    submit = ThreadPoolExecutor.submit

    def submitted(pool: ThreadPoolExecutor, work: Callable[..., Any], lane: list[str]) -> Future[Any]:
        if lane[0] == "second":
            assert first.wait(LATEST)
            raise trouble("cannot start a thread")
        return submit(pool, work, lane)

    def work(item: str) -> None:
        first.set()
        time.sleep(SOON)
        done.append(item)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submitted)
    with pytest.raises(trouble):
        lanes.run({"a": ["first", "never"], "b": ["second"]}, work)
    assert done == ["first"]


def test_breaking_off_again_does_not_leave_work_behind() -> None:
    """Whoever calls holds the run's lock: another process must not look at a step whose request is under way."""
    done: list[str] = []
    main, begun = threading.main_thread().ident, threading.Event()
    assert main

    def work(item: str) -> None:
        if item == "first":
            begun.set()
            time.sleep(4 * SOON)
        if item == "breaks off":
            assert begun.wait(LATEST)
            for _ in range(3):
                signal.pthread_kill(main, signal.SIGINT)
                time.sleep(SOON)
        time.sleep(SOON)
        done.append(item)

    with pytest.raises(KeyboardInterrupt):
        lanes.run({"a": ["breaks off", "never"], "b": ["first"]}, work)
    assert sorted(done) == ["breaks off", "first"]


def test_lanes_run_at_the_same_time_and_each_in_its_order() -> None:
    both = threading.Barrier(2, timeout=10)
    done: list[str] = []

    def work(item: str) -> None:
        if item.endswith("1"):
            both.wait()  # would time out if one lane waited for the other
        done.append(item)

    lanes.run({"a": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"]}, work)
    assert [item for item in done if item[0] == "a"] == ["a1", "a2", "a3"]
    assert [item for item in done if item[0] == "b"] == ["b1", "b2", "b3"]


def test_a_single_lane_runs_in_the_thread_that_asked() -> None:
    seen: list[threading.Thread] = []
    lanes.run({"a": [1, 2]}, lambda _: seen.append(threading.current_thread()))
    assert seen == [threading.main_thread()] * 2
    lanes.run({}, lambda _: pytest.fail("there is nothing to do"))


def test_more_lanes_than_threads_are_all_run() -> None:
    done: list[int] = []
    lanes.run({number: [number] for number in range(3 * lanes.MOST)}, done.append)
    assert sorted(done) == list(range(3 * lanes.MOST))
