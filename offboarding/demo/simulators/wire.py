"""The HTTP side of every simulator: a threaded server on 127.0.0.1, a log of requests, faults on demand.

A simulator gives `answer(request)`; this module does the rest. Nothing here records a header, a body or a query value
that could hold a token: the log says who asked, never with what.
"""

import json
import re
import socket  # noqa: TID251  # a server's side only: nothing is connected to
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

Trouble = int | Literal["timeout", "garbage", "reset", "drip"]
DROP = "drop"
"""What an `after_write` hook returns to have the connection broken without an answer."""
_HANG_SECONDS = 60.0
DRIP = b"{" + b" " * 99
_DRIP_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came. `path` is decoded and without the query; header names are in lower case."""

    method: str
    path: str
    target: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        """The body as form fields; the last of equal names wins."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode("latin-1")).items()}


@dataclass(kw_only=True)
class Answer:
    """`body` is JSON data, raw bytes, or None for no body. `wrote` says that state was changed for good."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    wrote: bool = False

    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One line of the request log. `status` 0 means that no answer was sent."""

    method: str
    path: str
    who: str
    status: int


@dataclass(kw_only=True)
class _Fault:
    method: str
    path: re.Pattern[str]
    trouble: Trouble
    times: int
    retry_after: int
    after: bool


class LocalServer(ABC):
    """A simulator's HTTP server: `with Simulator() as sim: client(sim.url)`.

    `requests` is the log. `after_write`, when set, is called with the `Recorded` request after state has changed and
    before the answer is sent; returning `DROP` breaks the connection, so that the client never learns of its success.

    `before` is called with each request before anything else; `observer`, when set, sees each request with its answer,
    or None where trouble was ordered.
    """

    observer: ClassVar[Callable[["LocalServer", Request, Answer | None], None] | None] = None

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.requests: list[Recorded] = []
        self.after_write: Callable[[Recorded], object] | None = None
        self.before: Callable[[Request], object] | None = None
        self.stopping = threading.Event()
        self._faults: list[_Fault] = []
        self._http: _Server | None = None

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """What the provider answers. Called from many threads at once."""

    @abstractmethod
    def who(self, request: Request) -> str:
        """A name for whoever asks, for the log: a login or a key id, never a token."""

    @abstractmethod
    def error(self, status: int) -> Answer:
        """The provider's own form of an answer that tells of trouble."""

    def label(self, request: Request) -> str:
        """What the log and `fail` call a request: its path, or the operation where the path says nothing."""
        return request.path

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`. Raises RuntimeError before `start`."""
        if self._http is None:
            raise RuntimeError("the simulator is not running")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> Self:
        self.stopping.clear()
        self._http = _Server(self)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name=type(self).__name__, daemon=True).start()
        return self

    def stop(self) -> None:
        """Closes the port and every open connection. Harmless when it is not running."""
        if self._http is not None:
            self.stopping.set()
            self._http.close_all()
            self._http = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def fail(
        self,
        method: str,
        path_regex: str,
        trouble: Trouble,
        times: int = 1,
        *,
        retry_after: int = 1,
        after: bool = False,
    ) -> None:
        """Makes the next `times` requests that match go wrong.

        `trouble` is a status (429 carries Retry-After in seconds), "timeout" (no answer at all), "garbage" (200 and a
        page that is no JSON), "drip" (an answer that comes a byte at a time and never ends) or "reset" (the connection
        breaks). `method` may be "*"; `path_regex` is searched in the
        path. Nothing changes at the provider, unless `after` is set: then the request takes effect first.
        """
        fault = _Fault(
            method=method,
            path=re.compile(path_regex),
            trouble=trouble,
            times=times,
            retry_after=retry_after,
            after=after,
        )
        with self.lock:
            self._faults.append(fault)

    def serve(self, request: Request) -> Answer | None:
        """The answer to send, or None to break the connection. Writes the log."""
        if self.before:
            self.before(request)
        fault = self._take_fault(request)
        line = Recorded(method=request.method, path=self.label(request), who=self.who(request), status=0)
        answer = self.answer(request) if fault is None or fault.after else None
        hooked = self.after_write(line) if answer is not None and answer.wrote and self.after_write else None
        if LocalServer.observer is not None:
            LocalServer.observer(self, request, answer if fault is None else None)
        if fault is not None:
            answer = self._troubled(fault)
        if hooked == DROP:
            answer = None
        with self.lock:
            status = answer.status if answer else 0
            self.requests.append(Recorded(method=line.method, path=line.path, who=line.who, status=status))
        return answer

    def _take_fault(self, request: Request) -> _Fault | None:
        label = self.label(request)
        with self.lock:
            for fault in self._faults:
                if fault.times > 0 and fault.method in (request.method, "*") and fault.path.search(label):
                    fault.times -= 1
                    return fault
        return None

    def _troubled(self, fault: _Fault) -> Answer | None:
        if fault.trouble == "timeout":
            self.stopping.wait(_HANG_SECONDS)
            return None
        if fault.trouble == "reset":
            return None
        if fault.trouble == "drip":
            return Answer(status=200, body=DRIP)
        if fault.trouble == "garbage":
            return Answer(
                status=200, body=b"<html>\x00\xff not what you asked for", headers={"Content-Type": "text/html"}
            )
        answer = self.error(fault.trouble)
        if fault.trouble == 429:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, simulator: LocalServer) -> None:
        self.simulator = simulator
        self.open_connections: set[Any] = set()
        self.broken: set[Any] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        if request in self.broken:
            # With a zero linger time closing sends RST; the base class would say goodbye with FIN first.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.broken.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)
        self.open_connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the simulator; anything else is and goes to stderr."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close_all(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self.open_connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.open_connections.discard(connection)  # closed by its own thread meanwhile
        deadline = time.monotonic() + 5
        while self.open_connections and time.monotonic() < deadline:
            time.sleep(0.002)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            target=self.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        answer = self.server.simulator.serve(request)
        if answer is None:
            self.server.broken.add(self.connection)
            self.close_connection = True
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        content = answer.content()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if answer.body is DRIP:
            self._drip(content)
        elif self.command != "HEAD" and answer.status != 204:
            self.wfile.write(content)

    def _drip(self, content: bytes) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.simulator.stopping.wait(_DRIP_SECONDS):
                return

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the simulator keeps its own log, without query values."""
