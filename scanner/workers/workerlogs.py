"""Brings the log records of worker processes to the parent's handlers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


@contextmanager
def worker_logs(method: str, context: "BaseContext") -> Iterator[Any]:
    """For the time of the block. Gives the queue that spawned workers log to, or None."""
    import multiprocessing
    from logging.handlers import QueueListener

    root = logging.getLogger()
    originals = list(root.handlers)
    if method == "fork" and multiprocessing.get_start_method() == "fork":
        with _forked_logs(root, originals):
            yield None
        return
    queue: Any = context.Queue(-1)
    listener = QueueListener(queue, *originals, respect_handler_level=True)
    listener.start()
    try:
        yield queue
    finally:
        listener.stop()
        queue.close()


class _Relay(logging.Handler):
    """Stands before a handler while multiprocessing-logging wraps it, so that unwrapping does not close the handler."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__(handler.level)
        self._handler = handler
        self.setFormatter(handler.formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._handler.handle(record)


@contextmanager
def _forked_logs(root: logging.Logger, originals: list[logging.Handler]) -> Iterator[None]:
    from multiprocessing_logging import install_mp_handler, uninstall_mp_handler

    root.handlers[:] = [_Relay(handler) for handler in originals]
    install_mp_handler(root)
    wrapped = list(root.handlers)
    try:
        yield
    finally:
        uninstall_mp_handler(root)
        root.handlers[:] = originals
        for handler in wrapped:
            handler.close()
