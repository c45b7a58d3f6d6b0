"""Approvals, gates and a scripted transport for the tests of the gates."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from offkey.http import Gate, Reader, Writer
from offkey.model import Approval

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DIGEST = "sha256:of-this-plan"
GATE = Gate(
    provider="example",
    hosts=frozenset({"api.example.com"}),
    reads=frozenset({("POST", "/auth.test")}),
    writes=frozenset({("DELETE", "/tokens/{id}"), ("POST", "/revoke")}),
)
BASE = "https://api.example.com"


def approval(**changes: Any) -> Approval:
    given: dict[str, Any] = {
        "plan_digest": DIGEST,
        "approver": "ann@example.com",
        "at": NOW,
        "expires_at": NOW + timedelta(hours=1),
        "signature": "signed",
    }
    return Approval(**(given | changes))


class Script:
    """A transport that answers each request with the next of its answers (the last for ever) and keeps them all."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers) or [httpx.Response(200, json={})]
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def options(self) -> dict[str, Any]:
        return {"transport": httpx.MockTransport(self), "sleep": self.waits.append, "now": lambda: NOW}

    def reader(self, base: str = BASE, **more: Any) -> Reader:
        return Reader(GATE, base, **self.options(), **more)

    def writer(self, base: str = BASE, **more: Any) -> Writer:
        given = {"approval": approval(), "plan_digest": DIGEST} | more
        return Writer(GATE, base, **self.options(), **given)


class Canned(LocalServer):
    """A real HTTP server on loopback that answers each request with the next of its answers (the last for ever)."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self.answers = list(answers)
        self.seen: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.seen.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def who(self, request: Request) -> str:
        return ""

    def error(self, status: int) -> Answer:
        return Answer(status=status)
