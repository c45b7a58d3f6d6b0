"""One function over several arguments at a time, in copies of this process, which know all that it knows."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def side_by_side(job: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> Iterator[T]:
    """`job(*one)` for each of the arguments, in their order, at a time where processes can be forked safely.

    What `job` raises is raised here. A copy that dies costs its share of time: its part is done here.
    """
    if not sys.platform.startswith("linux"):
        yield from (job(*one) for one in arguments)
        return
    context = multiprocessing.get_context("fork")
    started = []
    for one in arguments[1:]:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(job, one, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    yield from (job(*one) for one in arguments[:1])
    for one, (process, ours) in zip(arguments[1:], started, strict=True):
        with ours:
            try:
                done, result = ours.recv()
            except EOFError:
                done, result = False, None
        process.join()
        yield result if done else job(*one)


def _work(job: Callable[..., Any], arguments: tuple[Any, ...], pipe: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked decides, and ends its copies
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        told = True, job(*arguments)
    except Exception:  # noqa: BLE001 - it is done again by the one who asked, who is to hear of it
        told = False, None
    pipe.send(told)
