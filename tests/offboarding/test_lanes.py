"""Lanes run side by side, each in its order; a failure lets nothing new begin and leaves nothing half done."""

import threading
import time

import pytest

from offboarding import lanes


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


def test_after_a_failure_what_was_begun_is_finished_and_nothing_new_is_begun() -> None:
    begun = threading.Event()
    failed = threading.Event()
    done: list[str] = []

    def work(item: str) -> None:
        if item == "a1":
            begun.wait(10)
            failed.set()
            raise ValueError("a1 went wrong")
        if item == "b1":
            begun.set()
            failed.wait(10)
            time.sleep(0.2)  # the failure has been noticed by now
        done.append(item)

    with pytest.raises(ValueError, match="a1 went wrong"):
        lanes.run({"a": ["a1", "a2"], "b": ["b1", "b2"]}, work)
    assert done == ["b1"]


def test_a_single_lane_runs_in_the_thread_that_asked() -> None:
    seen: list[threading.Thread] = []
    lanes.run({"a": [1, 2]}, lambda _: seen.append(threading.current_thread()))
    assert seen == [threading.main_thread()] * 2
    lanes.run({}, lambda _: pytest.fail("there is nothing to do"))


def test_more_lanes_than_threads_are_all_run() -> None:
    done: list[int] = []
    lanes.run({number: [number] for number in range(3 * lanes.MOST)}, done.append)
    assert sorted(done) == list(range(3 * lanes.MOST))
