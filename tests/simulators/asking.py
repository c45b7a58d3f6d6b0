"""Asks a simulator over real HTTP and holds every answer against the provider's own API description."""

from typing import Any

import httpx

from offboarding.demo.simulators.wire import LocalServer
from tests.contracts import at_hand, contract


def ask(
    sim: LocalServer, description: str, method: str, path: str, token: str | None = None, **more: Any
) -> httpx.Response:
    """One request, with the token as Bearer. The answer must fit the description, where that is at hand."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    answer = httpx.request(
        method, sim.url + path, headers=headers | more.pop("headers", {}), timeout=5, verify=False, **more
    )
    if at_hand():
        described = path.split("?", maxsplit=1)[0].removeprefix("/api")
        body = answer.json() if answer.content else None
        contract(description).check_answer(method, described, answer.status_code, body)
    return answer
