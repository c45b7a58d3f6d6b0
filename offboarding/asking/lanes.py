"""Work in lanes: side by side, one thing at a time in each. Providers are slow, and wait for us, not for each other."""

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

MOST = 32
"""Lanes at once. A thread waits for one provider most of its time."""


def run(lanes: Mapping[Hashable, Sequence[T]], work: Callable[[T], None]) -> None:
    """Do all work, each lane in its order. After a failure no lane begins anything new; the failure is raised.

    What was begun is finished first: no request is left without its receipt. A single lane runs in this thread.
    """
    if len(lanes) < 2:
        for lane in lanes.values():
            for item in lane:
                work(item)
        return
    stop = threading.Event()
    ends: list[threading.Event] = []

    def through(lane: Iterable[T]) -> None:
        ends.append(end := threading.Event())
        try:
            for item in lane:
                if stop.is_set():
                    return
                work(item)
        except BaseException:
            stop.set()
            raise
        finally:
            end.set()

    pool = ThreadPoolExecutor(min(MOST, len(lanes)), thread_name_prefix="lane")
    try:
        begun = [pool.submit(through, lane) for lane in lanes.values()]
        wait(begun)
    except BaseException:  # the user broke off: what was begun is finished, nothing more is begun
        stop.set()
        _finish(ends)
        raise
    finally:
        pool.shutdown(wait=False)
    for one in begun:
        one.result()


def _finish(ends: Sequence[threading.Event]) -> None:
    """Wait for what was begun, even where the user breaks off again: the caller holds its lock until the receipts.

    Threads are not joined: before Python 3.13 an interrupted `join` takes its thread for ended.
    """
    while not all(end.is_set() for end in ends):
        with suppress(KeyboardInterrupt):
            for end in tuple(ends):
                end.wait()
