"""A simulator whose answers are altered on their way: what a provider may say and this simulator does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from offboarding.demo.simulators.wire import Answer, LocalServer, Request


@contextmanager
def changed(sim: LocalServer, change: Callable[[Any], Any]) -> Iterator[None]:
    """Each JSON body goes through `change` before it is sent; such answers are held against no description."""
    serve = sim.serve

    def altered(request: Request) -> Answer | None:
        answer = serve(request)
        return answer and replace(answer, body=change(answer.body))

    sim.serve = altered  # type: ignore[method-assign]
    try:
        yield
    finally:
        del sim.serve  # type: ignore[method-assign]
