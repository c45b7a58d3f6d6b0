"""PyGithub under the gates of `offkey/http.py`: its connection class is replaced by one that asks them first.

It is imported where GitHub is first asked.
"""

import logging
import threading
from collections.abc import Callable, ItemsView, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx

from offkey.http import NO_NAMES, NoAnswer, Reader
from offkey.secret import Secret

if TYPE_CHECKING:
    from github import Github

logging.getLogger("github").setLevel(logging.WARNING)  # at DEBUG it logs whole bodies

T = TypeVar("T")
_injecting = threading.Lock()


def client(http: Reader, token: Secret) -> "Github":
    """A PyGithub client for the Reader's base; `retry=None` since its default repeats POST and DELETE.

    The gate sees each request by its real path, so WRITES of a module that works through PyGithub hold templates
    that are matched segment by segment.
    """
    import github.Auth
    from github.Requester import Requester

    with _injecting:  # the classes are read once, in Github's constructor
        bound = _connection(http)
        Requester.injectConnectionClasses(bound, bound)
        try:
            return github.Github(
                auth=github.Auth.Token(token.reveal().decode("ascii")),
                base_url=http.base,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
            )
        finally:
            Requester.resetConnectionClasses()


def ask(question: Callable[[], T]) -> tuple[int, T | None]:
    """Run PyGithub calls: (200, what they return), or (GitHub's error status, None).

    Raises NoAnswer when PyGithub cannot make sense of the answer: it raises all of these for a body that is no API's.
    """
    import github

    try:
        return 200, question()
    except github.GithubException as error:
        return int(error.status or 0), None
    except (github.BadAttributeException, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoAnswer(
            f"github: the answer is none of its API ({type(error).__name__})", advice="try again later"
        ) from None


def template_of(http: Reader, method: str, path: str) -> str:
    """The listed template that `path` is an instance of, or the path itself, which no list holds."""
    segments = path.split("/")
    for listed_method, template in http.gate.reads | http.gate.writes:
        if listed_method == method and _fits(template.split("/"), segments):
            return template
    return path


def _fits(wanted: list[str], segments: list[str]) -> bool:
    return len(wanted) == len(segments) and all(
        want == have or (want.startswith("{") and have not in NO_NAMES)
        for want, have in zip(wanted, segments, strict=True)
    )


class _Response:
    """The few members of PyGithub's response object, over httpx's."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = dict(response.headers)
        self._response = response

    def getheaders(self) -> ItemsView[str, str]:
        return self.headers.items()

    def read(self) -> str:
        return self._response.text

    def iter_content(self, chunk_size: int | None = 1) -> Iterator[bytes]:
        yield from self._response.iter_bytes(chunk_size)

    def raise_for_status(self) -> None:
        self._response.raise_for_status()


def _connection(http: Reader) -> Any:
    root = urlsplit(http.base)

    class Connection:
        def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
            self.host, self.port = host, port

        def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:
            self.pending = (verb, url, input, headers)

        def getresponse(self) -> _Response:
            verb, url, body, headers = self.pending
            path = urlsplit(url).path.removeprefix(root.path)
            http.permit((verb, template_of(http, verb, path)))
            content = body.encode() if isinstance(body, str) else body
            # Always to the Reader's own base: PyGithub may hold another host from an answer's links.
            return _Response(http.send_raw(verb, f"{root.scheme}://{root.netloc}{url}", headers, content))

        def close(self) -> None:
            pass

    return Connection
