"""A base for simulators of REST providers: routes as decorated methods, tokens kept folded, lists in pages.

    class FastlySimulator(RestSimulator):
        PROVIDER = "fastly"

        @route("GET", "/tokens/self")
        def own(self, request: Request) -> Answer: ...

A path template's `{names}` are keyword arguments of the method, percent-decoded. A provider with several hosts is asked
for the others under `/host/path`.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from offkey.secret import Secret

Handler = Callable[..., Answer]


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Make a method answer `method` requests whose path fits the template. One method may have several routes."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__.setdefault("routes", []).append((method, template))
        return handler

    return mark


def fold(value: str | bytes | Secret) -> str:
    """What stands for a token in a simulator's state: SHA-256, so that no state holds a value."""
    raw = value.reveal() if isinstance(value, Secret) else value.encode() if isinstance(value, str) else value
    return hashlib.sha256(raw).hexdigest()


def ok(body: Any = None, status: int = 200, **headers: str) -> Answer:
    return Answer(status=status, body=body, headers=headers)


def done(status: int = 204, body: Any = None) -> Answer:
    """The answer to a request that has changed something for good."""
    return Answer(status=status, body=body, wrote=True)


class RestSimulator(LocalServer):
    """`PROVIDER` is the revoker's name. `CONTRACTS` are pairs of a path's beginning on this simulator and the name of
    an official description in ../shared/contracts that has the rest of the path; the longest beginning wins.

    `UNDESCRIBED` and `DEVIATIONS` are what the description lacks and says otherwise, as in tests/watching.py.
    `page_size` is how many rows a page of a list has at most: small, so that a list has a second page.
    """

    PROVIDER: ClassVar[str] = ""
    CONTRACTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    UNDESCRIBED: ClassVar[dict[tuple[str, str, str], str]] = {}
    DEVIATIONS: ClassVar[dict[tuple[str, str, str, str], str]] = {}
    _routes: ClassVar[tuple[tuple[str, str, "re.Pattern[str]", str], ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.page_size = 2

    def __init_subclass__(cls) -> None:
        own = [
            (method, template, _pattern(template), name)
            for name, handler in vars(cls).items()
            for method, template in getattr(handler, "routes", ())
        ]
        # a literal segment goes before a name: /tokens/self before /tokens/{id}
        cls._routes = tuple(sorted((*cls._routes, *own), key=lambda found: found[1].count("{")))

    def answer(self, request: Request) -> Answer:
        for method, _, pattern, name in self._routes:
            fits = pattern.fullmatch(request.path)
            if method == request.method and fits:
                with self.lock:
                    answer: Answer = getattr(self, name)(request, **fits.groupdict())
                    return answer
        return self.error(404)

    def template(self, request: Request) -> str:
        """The path template that the request is an instance of; its path where it is of none."""
        fits = (
            t for method, t, pattern, _ in self._routes if method == request.method and pattern.fullmatch(request.path)
        )
        return next(fits, request.path)

    def who(self, request: Request) -> str:
        """Subclasses may say a login; never a token."""
        return "somebody"

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"error": f"trouble {status}"})

    def page(
        self, rows: Sequence[Any], request: Request, *, number: str = "page", first: int = 1
    ) -> tuple[list[Any], bool]:
        """The rows of the page that the query asks for by number, and whether there is another."""
        at = (_number(request.query, number, first) - first) * self.page_size
        return list(rows[at : at + self.page_size]), at + self.page_size < len(rows)

    def slice(self, rows: Sequence[Any], request: Request, *, offset: str = "offset") -> tuple[list[Any], int | None]:
        """The rows from the query's offset on, and the next offset or None at the end."""
        at = _number(request.query, offset, 0)
        end = at + self.page_size
        return list(rows[at:end]), end if end < len(rows) else None


def bearer_of(request: Request, scheme: str = "Bearer") -> str:
    """The token in the Authorization header, or "" where there is none of this scheme."""
    word, _, value = request.headers.get("authorization", "").partition(" ")
    return value if word.lower() == scheme.lower() else ""


def basic_of(request: Request) -> tuple[str, str]:
    """User and password in the Authorization header (RFC 7617), or two empty strings."""
    user, _, password = base64.b64decode(bearer_of(request, "Basic")).decode().partition(":")
    return user, password


def _number(query: Mapping[str, list[str]], name: str, default: int) -> int:
    value = query.get(name, [""])[-1]
    return int(value) if value.isdigit() else default


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(re.escape(p) if n % 2 == 0 else f"(?P<{p}>[^/]+)" for n, p in enumerate(pieces)))
